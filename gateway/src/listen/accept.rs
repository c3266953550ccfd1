//! The accept loop of one listener. It cannot fail: it logs, waits and goes on.

use super::{Entrance, Permit};
use crate::lifecycle::WorkerHandle;
use crate::observe::ListenerMetrics;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// The pause after a failed accept; doubled up to the longest.
const PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A client that was let in, on its way to a worker.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: std::net::TcpStream,
    pub(crate) peer: SocketAddr,
    /// The listener, by index.
    pub(crate) listener: usize,
    pub(crate) permit: Permit,
}

/// Accepts the clients of one listener and hands each to the worker with the fewest.
pub(crate) struct Acceptor {
    pub(crate) listener: usize,
    pub(crate) socket: TcpListener,
    /// To a place for each connection that the listener may have.
    pub(crate) entrance: Entrance,
    pub(crate) workers: Vec<WorkerHandle>,
    pub(crate) metrics: ListenerMetrics,
}

impl Acceptor {
    /// Runs until it is dropped.
    pub(crate) async fn run(self) {
        let mut pause = PAUSE;
        loop {
            let Some(permit) = self.place().await else {
                return;
            };
            match self.socket.accept().await {
                Ok((stream, peer)) => {
                    pause = PAUSE;
                    self.admit(stream, peer, permit).await;
                }
                Err(error) => {
                    // Out of descriptors or memory, or a client that left already: either way
                    // the next accept may work, but not sooner for spinning.
                    self.metrics.refused("accept-error");
                    tracing::warn!(%error, "cannot accept");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// A place for one more connection. Until there is one, clients wait in the kernel's queue.
    async fn place(&self) -> Option<Permit> {
        if self.entrance.is_full() {
            self.metrics.paused();
        }
        self.entrance.acquire().await
    }

    async fn admit(&self, stream: TcpStream, peer: SocketAddr, permit: Permit) {
        let Some(permit) = permit.of(peer.ip()) else {
            tracing::debug!(%peer, "its address has all the connections that it may have");
            return self.metrics.refused("address");
        };
        match self.prepare(stream, peer, permit) {
            Ok(accepted) => self.hand_over(accepted).await,
            Err(error) => {
                tracing::debug!(%peer, %error, "a client left at once");
                self.metrics.refused("gone");
            }
        }
    }

    fn prepare(&self, stream: TcpStream, peer: SocketAddr, permit: Permit) -> io::Result<Accepted> {
        stream.set_nodelay(true)?;
        Ok(Accepted {
            stream: stream.into_std()?,
            peer,
            listener: self.listener,
            permit,
        })
    }

    async fn hand_over(&self, accepted: Accepted) {
        // A worker that is gone would stay the least loaded of all.
        let alive = self.workers.iter().filter(|worker| worker.is_alive());
        let least_loaded = alive.min_by_key(|worker| worker.load());
        let taken = match least_loaded {
            Some(worker) => worker.hand_over(accepted).await,
            None => false,
        };
        if !taken {
            self.metrics.refused("worker-busy");
        }
    }
}
