//! A client that was let in, on its way to the task that serves it.

use super::worker::Worker;
use crate::listen::{ClientStream, Listener, Permit};
use crate::observe::ListenerMetrics;
use crate::relay::{Relay, RelayListener};
use crate::serve::{Connection, Hall, Handshake, Tunnels, Upgrade, Upgraded};
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
        let Some(io) = self.encrypted(&served, io).await else {
            return;
        };
        let Some(plan) = &served.websocket else {
            return self.begin(&served.service, io);
        };
        let upgrade = self.upgrade(&served.service, plan);
        match upgrade.run(io, &self.worker).await {
            Some(Upgraded::Carried(io)) => self.begin(&served.service, io),
            Some(Upgraded::Http2(io)) => {
                let streams = Streams {
                    arrival: &self,
                    service: &served.service,
                };
                Box::pin(Tunnels::new(upgrade, &self.worker, streams, self.id).run(io)).await;
            }
            None => {}
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

    fn upgrade<'a>(&self, service: &'a Service, plan: &'a WebSocketPlan) -> Upgrade<'a> {
        Upgrade {
            plan,
            limit: service.handshake(),
            listener: service.name(),
            metrics: service.metrics(),
            peer: self.peer,
        }
    }

    /// One more client on the same connection, if there is a place for it.
    fn another(&self) -> Option<Self> {
        let permit = self.permit.as_ref()?.another()?;
        self.worker.opened();
        Some(Self {
            worker: Rc::clone(&self.worker),
            peer: self.peer,
            id: self.worker.next_id(),
            permit: Some(permit),
        })
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

/// Where the streams of a connection of HTTP/2 are served.
struct Streams<'a> {
    arrival: &'a Arrival,
    service: &'a Service,
}

impl Hall for Streams<'_> {
    type Place = Arrival;

    fn place(&self) -> Option<Arrival> {
        self.arrival.another()
    }

    fn serve(&self, place: Arrival, io: ClientStream) {
        place.begin(self.service, io);
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        if self.permit.is_some() {
            self.worker.closed();
        }
    }
}
