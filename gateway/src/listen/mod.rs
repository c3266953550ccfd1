//! Listeners: bind, accept, admit, hand over.

mod accept;
mod places;
mod stream;
mod unsent;

pub(crate) use accept::{Accepted, Acceptor};
pub(crate) use places::{Entrance, Permit};
pub(crate) use stream::ClientStream;
pub(crate) use unsent::bound_unsent;

use crate::dispatch::Dispatch;
use crate::lifecycle::Worker;
use crate::loopback;
use crate::observe::ListenerMetrics;
use crate::relay::RelayListener;
use crate::tls::Shown;
use gatewright_config::plan::{ForwardingPlan, ListenerLimits};
use gatewright_core::codec::{Event, Protocol};
use gatewright_core::message::Message;
use gatewright_core::translate::{Carriage, dated, is_undated};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::TcpListener;

/// Connections that the kernel completes before they are accepted.
const BACKLOG: u32 = 4096;

/// What the connections of one listener share on one worker.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) name: Arc<str>,
    pub(crate) worker: Rc<Worker>,
    pub(crate) protocol: Arc<dyn Protocol>,
    /// Whether its clients come over TLS.
    pub(crate) tls: bool,
    /// What servers are told of where its clients' requests came from.
    pub(crate) forwarding: ForwardingPlan,
    pub(crate) limits: ListenerLimits,
    pub(crate) dispatch: Dispatch,
    /// For clients that get a connection of their own.
    pub(crate) bound: Rc<RelayListener>,
    /// Bytes of replies that may wait for a client, where others would have to wait with it.
    pub(crate) reply_room: Option<usize>,
    pub(crate) metrics: ListenerMetrics,
}

impl Listener {
    /// Whether its clients speak HTTP, of whatever version.
    pub(crate) fn speaks_http(&self) -> bool {
        self.protocol.descriptor().http.is_some()
    }

    /// A response with the date, if it has none.
    pub(crate) fn dated(&self, event: &Event, now: Instant) -> Option<Event> {
        let (Event::Head(message), Some(shape)) = (event, &self.protocol.descriptor().http) else {
            return None;
        };
        is_undated(message, shape)
            .then(|| Event::Head(dated(message, shape, self.worker.date(now))))
    }

    /// What a request came in, from a client who was shown this certificate.
    pub(crate) fn carriage(
        &self,
        peer: SocketAddr,
        shown: Option<&Shown>,
        request: &Message,
    ) -> Carriage {
        Carriage {
            tls: self.tls,
            http2: false,
            misdirected: self.misdirects(shown, request),
            forwarding: self.forwarding.of(peer.ip()),
        }
    }

    /// Whose request it is that came from `peer` so.
    pub(crate) fn client(&self, peer: SocketAddr, carriage: Carriage, request: &Message) -> IpAddr {
        let shape = self.protocol.descriptor().http.as_ref();
        (self.forwarding).client(request, shape, peer.ip(), carriage)
    }

    /// Whether a request belongs on another connection than that of a client who was shown this
    /// certificate.
    fn misdirects(&self, shown: Option<&Shown>, request: &Message) -> bool {
        let (Some(shown), Some(shape)) = (shown, &self.protocol.descriptor().http) else {
            return false;
        };
        let authority = request.field(shape.authority).as_str();
        authority.is_some_and(|authority| shown.misdirects(authority))
    }
}

/// An address that the system refuses.
#[derive(Debug)]
pub(crate) struct BindError {
    /// The listener, by index; `None` is the admin listener.
    pub(crate) listener: Option<usize>,
    pub(crate) error: io::Error,
}

/// Binds an address. Needs a tokio runtime around it.
pub(crate) fn bind(listener: Option<usize>, address: SocketAddr) -> Result<TcpListener, BindError> {
    let bound = || {
        let socket = loopback::socket(address)?;
        // A restart must not wait for the connections of the last run to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|error| BindError { listener, error })
}
