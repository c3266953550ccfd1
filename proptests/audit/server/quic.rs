//! A server of QUIC: each bidirectional stream is a connection of the protocol.

use super::Spec;
use super::frames::garbage;
use super::stream::{QuicPipe, Stream};
use quinn::{Endpoint, Incoming};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Open,
    /// Those that are there end, new ones are refused.
    Refusing,
    /// Those that are there end, new ones get no answer.
    Silent,
    Over,
}

/// One that can be killed and come back: it keeps its socket.
pub(super) struct QuicHost {
    address: SocketAddr,
    mood: watch::Sender<Mood>,
    running: JoinHandle<()>,
    killed: u32,
}

impl QuicHost {
    pub(super) fn start(config: quinn::ServerConfig, spec: &Spec) -> io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (mood, told) = watch::channel(Mood::Open);
        let (address, running) = if spec.is_plaintext() {
            let socket = std::net::UdpSocket::bind(any)?;
            socket.set_nonblocking(true)?;
            let address = socket.local_addr()?;
            let socket = UdpSocket::from_std(socket)?;
            (address, tokio::spawn(babble(socket, spec.clone(), told)))
        } else {
            let endpoint = Endpoint::server(config, any)?;
            let address = endpoint.local_addr()?;
            let hosting = Hosting {
                endpoint,
                spec: spec.clone(),
                mood: told,
            };
            (address, tokio::spawn(hosting.run()))
        };
        Ok(Self {
            address,
            mood,
            running,
            killed: 0,
        })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all its connections, and takes no new ones.
    pub(super) async fn kill(&mut self) {
        self.killed += 1;
        let mood = match self.killed % 2 {
            0 => Mood::Silent,
            _ => Mood::Refusing,
        };
        // It listens for as long as this value is there.
        let _ = self.mood.send(mood);
    }

    pub(super) fn revive(&self) {
        let _ = self.mood.send(Mood::Open);
    }

    pub(super) async fn stop(self) {
        // Who has panicked has said so.
        let _ = self.mood.send(Mood::Over);
        let _ = self.running.await;
    }
}

struct Hosting {
    endpoint: Endpoint,
    spec: Spec,
    mood: watch::Receiver<Mood>,
}

impl Hosting {
    async fn run(mut self) {
        let mut connections = JoinSet::new();
        loop {
            let mood = *self.mood.borrow_and_update();
            if mood != Mood::Open {
                // Each sees the change, and has written its notes when it has ended.
                while connections.join_next().await.is_some() {}
            }
            if mood == Mood::Over {
                return;
            }
            tokio::select! {
                incoming = self.endpoint.accept() => match incoming {
                    Some(incoming) => self.meet(incoming, mood, &mut connections),
                    None => return,
                },
                Some(_) = connections.join_next() => {}
                _ = self.mood.changed() => {}
            }
        }
    }

    fn meet(&mut self, incoming: Incoming, mood: Mood, connections: &mut JoinSet<()>) {
        match mood {
            Mood::Silent => incoming.ignore(),
            Mood::Refusing | Mood::Over => incoming.refuse(),
            Mood::Open => {
                let spec = Spec {
                    rng: self.spec.rng.fork(),
                    ..self.spec.clone()
                };
                connections.spawn(serve(spec, incoming, self.mood.clone()));
            }
        }
    }
}

async fn serve(mut spec: Spec, incoming: Incoming, mut mood: watch::Receiver<Mood>) {
    let connection = tokio::select! {
        connected = incoming => match connected {
            Ok(connection) => connection,
            // A peer that has given up in the middle of the handshake needs no answer.
            Err(_) => return,
        },
        _ = mood.changed() => return,
    };
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            stream = connection.accept_bi() => {
                let Ok((send, receive)) = stream else { break };
                let spec = Spec { rng: spec.rng.fork(), ..spec.clone() };
                let stream = Stream::Quic(Box::new(QuicPipe::new(send, receive)));
                streams.spawn(async move { spec.serve(stream).await });
            }
            Some(_) = streams.join_next() => {}
            _ = mood.changed() => break,
        }
    }
    connection.close(0_u32.into(), b"");
    streams.shutdown().await;
}

/// Answers each datagram with one that is no QUIC.
async fn babble(socket: UdpSocket, mut spec: Spec, mut mood: watch::Receiver<Mood>) {
    let mut buffer = vec![0; 2_048];
    loop {
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                let Ok((_, from)) = received else { continue };
                let mut bytes = Vec::new();
                garbage(&mut spec.rng, &mut bytes);
                // Nobody waits for it.
                let _ = socket.send_to(&bytes, from).await;
            }
            told = mood.changed() => if told.is_err() || *mood.borrow() == Mood::Over { return },
        }
    }
}
