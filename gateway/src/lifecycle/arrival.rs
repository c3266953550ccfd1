//! A client that was let in, on its way to the task that serves it.

use super::worker::Worker;
use crate::listen::{ClientStream, Listener, Permit};
use crate::observe::ListenerMetrics;
use crate::relay::{Relay, RelayListener};
use crate::serve::{Connection, Handshake, Upgrade};
use crate::tls::ServerTls;
use gatewright_config::plan::WebSocketPlan;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;

/// A listener on one worker.
#[derive(Clone)]
pub(super) struct Served {
    pub(super) tls: Option<ServerTls>,
    pub(super) websocket: Option<Rc<WebSocketPlan>>,
    pub(super) service: Service,
}

/// What becomes of the bytes of a listener's clients.
#[derive(Clone)]
pub(super) enum Service {
    Messages(Rc<Listener>),
    Relays(Rc<RelayListener>),
}

impl Service {
    fn name(&self) -> &str {
        match self {
            Self::Messages(listener) => &listener.name,
            Self::Relays(listener) => listener.name(),
        }
    }

    fn metrics(&self) -> &ListenerMetrics {
        match self {
            Self::Messages(listener) => &listener.metrics,
            Self::Relays(listener) => listener.metrics(),
        }
    }

    fn handshake(&self) -> Duration {
        match self {
            Self::Messages(listener) => listener.limits.handshake,
            Self::Relays(listener) => listener.limits().handshake,
        }
    }
}

/// A client that no task serves yet. It counts as one of the worker's connections: dropped before
/// it is served, it counts no more.
pub(super) struct Arrival {
    pub(super) worker: Rc<Worker>,
    pub(super) peer: SocketAddr,
    pub(super) id: u64,
    /// Its place; whoever serves it takes it.
    pub(super) permit: Option<Permit>,
}

impl Arrival {
    /// Has the client served, after the handshakes if there are to be any.
    pub(super) fn serve(self, served: &Served, io: TcpStream) {
        if served.tls.is_none() && served.websocket.is_none() {
            return self.begin(&served.service, ClientStream::Tcp(io));
        }
        let shaking_hands = self.shake_hands(served.clone(), io);
        tokio::task::spawn_local(Box::pin(shaking_hands));
    }

    async fn shake_hands(self, served: Served, io: TcpStream) {
        if let Some(io) = self.encrypted(&served, io).await
            && let Some(io) = self.upgraded(&served, io).await
        {
            self.begin(&served.service, io);
        }
    }

    /// The connection behind TLS's handshake, if there is to be one.
    async fn encrypted(&self, served: &Served, io: TcpStream) -> Option<ClientStream> {
        let Some(tls) = &served.tls else {
            return Some(ClientStream::Tcp(io));
        };
        let handshake = Handshake {
            tls,
            limit: served.service.handshake(),
            listener: served.service.name(),
            metrics: served.service.metrics(),
            peer: self.peer,
        };
        handshake.run(io, &self.worker).await
    }

    /// The connection behind WebSocket's, if there is to be one.
    async fn upgraded(&self, served: &Served, io: ClientStream) -> Option<ClientStream> {
        let Some(plan) = &served.websocket else {
            return Some(io);
        };
        let upgrade = Upgrade {
            plan,
            limit: served.service.handshake(),
            listener: served.service.name(),
            metrics: served.service.metrics(),
            peer: self.peer,
        };
        upgrade.run(io, &self.worker).await
    }

    fn begin(mut self, service: &Service, io: ClientStream) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        let (peer, id) = (self.peer, self.id);
        // tokio aligns its tasks to 128 bytes, for which the allocator takes blocks of powers of two.
        // So a task holds a pointer only, and what it points to has a block that fits.
        match service {
            Service::Messages(listener) => {
                let connection = Connection::new(io, peer, id, listener, permit);
                tokio::task::spawn_local(Box::pin(connection));
            }
            Service::Relays(listener) => {
                let relay = Relay::new(io, peer, id, &self.worker, listener, permit);
                tokio::task::spawn_local(Box::pin(relay));
            }
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if self.permit.is_some() {
            self.worker.closed();
        }
    }
}
