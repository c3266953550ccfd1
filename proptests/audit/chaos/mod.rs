//! What stands between peers and spoils what they say.

mod tcp;
mod udp;

use crate::rng::Rng;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;

/// A relay to one address. It ends with this value.
#[derive(Debug)]
pub(crate) struct Chaos {
    address: SocketAddr,
    running: JoinHandle<()>,
}

impl Chaos {
    /// One of connections.
    pub(crate) async fn start(target: SocketAddr, rng: Rng) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            address: listener.local_addr()?,
            running: tokio::spawn(tcp::run(listener, target, rng)),
        })
    }

    /// One of datagrams.
    pub(crate) async fn start_udp(target: SocketAddr, rng: Rng) -> io::Result<Self> {
        let front = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        Ok(Self {
            address: front.local_addr()?,
            running: tokio::spawn(udp::run(front, target, rng)),
        })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Chaos {
    fn drop(&mut self) {
        self.running.abort();
    }
}
