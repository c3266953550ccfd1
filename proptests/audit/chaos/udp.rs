//! A relay of datagrams: it drops some, hands some on twice, delays some, so that others overtake
//! them, and now and then loses all for a while.

use crate::rng::Rng;
use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// The longest datagram.
const MOST: usize = 65_536;

/// Relays what comes to `front`; each peer has a socket of its own behind.
pub(super) async fn run(front: UdpSocket, target: SocketAddr, mut rng: Rng) {
    let front = Arc::new(front);
    let mut peers: HashMap<SocketAddr, Way> = HashMap::new();
    let mut returning = JoinSet::new();
    let mut buffer = vec![0; MOST];
    loop {
        // What a peer's closed port says is of no use here.
        let Ok((length, from)) = front.recv_from(&mut buffer).await else {
            continue;
        };
        if let Some(way) = peers.get_mut(&from) {
            way.hand_on(&buffer[..length]).await;
            continue;
        }
        let Ok(back) = behind(target).await.map(Arc::new) else {
            continue;
        };
        let return_way = Way::new(Arc::clone(&front), Some(from), rng.fork());
        returning.spawn(give_back(Arc::clone(&back), return_way));
        let mut way = Way::new(back, None, rng.fork());
        way.hand_on(&buffer[..length]).await;
        peers.insert(from, way);
    }
}

async fn behind(target: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(target).await?;
    Ok(socket)
}

async fn give_back(from: Arc<UdpSocket>, mut way: Way) {
    let mut buffer = vec![0; MOST];
    loop {
        match from.recv(&mut buffer).await {
            Ok(length) => way.hand_on(&buffer[..length]).await,
            // The server's port is closed for now.
            Err(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

/// One direction of one peer.
struct Way {
    through: Arc<UdpSocket>,
    /// Where the socket is not connected.
    to: Option<SocketAddr>,
    rng: Rng,
    lost_until: Instant,
    /// Those that come later; they go with this value.
    delayed: JoinSet<()>,
}

impl Way {
    fn new(through: Arc<UdpSocket>, to: Option<SocketAddr>, rng: Rng) -> Self {
        Self {
            through,
            to,
            rng,
            lost_until: Instant::now(),
            delayed: JoinSet::new(),
        }
    }

    async fn hand_on(&mut self, datagram: &[u8]) {
        while self.delayed.try_join_next().is_some() {}
        let now = Instant::now();
        match self.rng.below(512) {
            0 => self.lost_until = now + Duration::from_millis(20 + self.rng.below(100) as u64),
            1..8 => {}
            8..24 => {
                self.send(datagram).await;
                self.send_later(datagram);
            }
            24..64 => self.send_later(datagram),
            _ if now < self.lost_until => {}
            _ => self.send(datagram).await,
        }
    }

    async fn send(&self, datagram: &[u8]) {
        // Datagrams get lost.
        let _ = send(&self.through, self.to, datagram).await;
    }

    fn send_later(&mut self, datagram: &[u8]) {
        let (through, to, datagram) = (Arc::clone(&self.through), self.to, datagram.to_vec());
        let wait = Duration::from_millis(self.rng.below(12) as u64);
        self.delayed.spawn(async move {
            tokio::time::sleep(wait).await;
            let _ = send(&through, to, &datagram).await;
        });
    }
}

async fn send(through: &UdpSocket, to: Option<SocketAddr>, datagram: &[u8]) -> io::Result<usize> {
    match to {
        Some(to) => through.send_to(datagram, to).await,
        None => through.send(datagram).await,
    }
}
