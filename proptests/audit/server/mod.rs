//! Servers of ours, honest or not, that can be killed and come back at the same address.

mod frames;
mod http;
mod log;
mod quic;
mod stream;
mod tamper;
mod telling;

use crate::hostile::{Deed, Hostile};
use crate::rng::Rng;
use crate::wire::Wire;
use log::Log;
use quic::QuicHost;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use stream::Stream;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

pub(crate) use log::{Deeds, Log as ServerLog};
pub(crate) use telling::Telling;

/// What a server is.
#[derive(Clone)]
pub(crate) struct Spec {
    pub(crate) wire: &'static dyn Wire,
    /// Its number: what it answers depends on it.
    pub(crate) server: u8,
    pub(crate) speaks: Speaks,
    pub(crate) below: Below,
    pub(crate) hostile: Option<&'static Hostile>,
    /// What is later than the gateway waits.
    pub(crate) late: Duration,
    pub(crate) log: Arc<Log>,
    pub(crate) rng: Rng,
}

/// How requests come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// One after the other, as the wire says.
    Frames,
    Http2(Telling),
}

/// What carries them.
#[derive(Clone)]
pub(crate) enum Below {
    Tcp,
    Tls(TlsAcceptor),
    Quic(quinn::ServerConfig),
}

/// A server. It ends with this value.
pub(crate) struct Server {
    address: SocketAddr,
    spec: Spec,
    state: State,
}

enum State {
    Up {
        stop: watch::Sender<bool>,
        running: JoinHandle<()>,
    },
    /// Its port is kept, so that nobody else gets it, but refuses connections.
    Down(TcpSocket),
    /// The same in one, up or down.
    Quic(QuicHost),
    Moving,
}

impl Server {
    pub(crate) fn start(spec: Spec) -> io::Result<Self> {
        if let Below::Quic(config) = &spec.below {
            let host = QuicHost::start(config.clone(), &spec)?;
            return Ok(Self {
                address: host.address(),
                spec,
                state: State::Quic(host),
            });
        }
        let socket = reserve((Ipv4Addr::LOCALHOST, 0).into())?;
        let mut server = Self {
            address: socket.local_addr()?,
            spec,
            state: State::Down(socket),
        };
        server.revive()?;
        Ok(server)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Resets all its connections and refuses new ones.
    pub(crate) async fn kill(&mut self) -> io::Result<()> {
        if let State::Quic(host) = &mut self.state {
            host.kill().await;
            return Ok(());
        }
        self.stop().await;
        // Somebody may be given the port between its end and this: then it is waited for.
        let socket = loop {
            match reserve(self.address) {
                Ok(socket) => break socket,
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => return Err(error),
            }
        };
        self.state = State::Down(socket);
        Ok(())
    }

    /// Takes connections again.
    pub(crate) fn revive(&mut self) -> io::Result<()> {
        let socket = match std::mem::replace(&mut self.state, State::Moving) {
            State::Down(socket) => socket,
            State::Quic(host) => {
                host.revive();
                self.state = State::Quic(host);
                return Ok(());
            }
            State::Up { .. } | State::Moving => return Ok(()),
        };
        let listener = socket.listen(1024)?;
        let (stop, stopped) = watch::channel(false);
        let accepting = Accepting {
            spec: Spec {
                rng: self.spec.rng.fork(),
                ..self.spec.clone()
            },
            listener,
            stopped,
        };
        let running = tokio::spawn(accepting.run());
        self.state = State::Up { stop, running };
        Ok(())
    }

    /// Ends it and all its connections, which have written their notes then.
    pub(crate) async fn stop(&mut self) {
        match std::mem::replace(&mut self.state, State::Moving) {
            State::Up { stop, running } => {
                // Who has ended needs no telling; who has panicked has said so.
                let _ = stop.send(true);
                let _ = running.await;
            }
            State::Quic(host) => host.stop().await,
            State::Down(_) | State::Moving => {}
        }
    }
}

fn reserve(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

struct Accepting {
    spec: Spec,
    listener: TcpListener,
    stopped: watch::Receiver<bool>,
}

impl Accepting {
    async fn run(mut self) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    if let Ok((tcp, _)) = accepted {
                        let spec = Spec { rng: self.spec.rng.fork(), ..self.spec.clone() };
                        connections.spawn(serve(spec, tcp));
                    }
                }
                Some(_) = connections.join_next() => {}
                _ = self.stopped.changed() => break,
            }
        }
        drop(self.listener);
        connections.shutdown().await;
    }
}

async fn serve(spec: Spec, tcp: TcpStream) {
    // Both fail only on a connection that is gone, which the first read tells.
    let _ = tcp.set_nodelay(true);
    let _ = tcp.set_zero_linger();
    let stream = match &spec.below {
        Below::Tls(acceptor) if !spec.is_plaintext() => match acceptor.accept(tcp).await {
            Ok(tls) => Stream::Tls(Box::new(tls)),
            Err(_) => return,
        },
        Below::Tls(_) | Below::Tcp | Below::Quic(_) => Stream::Plain(tcp),
    };
    spec.serve(stream).await;
}

impl Spec {
    fn is_plaintext(&self) -> bool {
        self.hostile.is_some_and(|h| h.deed == Deed::Plaintext)
    }

    async fn serve(&self, stream: Stream) {
        match self.speaks {
            Speaks::Frames => frames::Talk::new(self).run(stream).await,
            Speaks::Http2(telling) => http::serve(self, telling, stream).await,
        }
    }
}
