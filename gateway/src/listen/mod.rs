//! Listeners: bind, accept, admit, hand over.

mod accept;
mod places;
mod stream;

pub(crate) use accept::{Accepted, Acceptor};
pub(crate) use places::{Entrance, Permit};
pub(crate) use stream::ClientStream;

use crate::dispatch::Dispatch;
use crate::lifecycle::Worker;
use crate::observe::ListenerMetrics;
use crate::relay::RelayListener;
use gatewright_config::plan::ListenerLimits;
use gatewright_core::codec::Protocol;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpSocket};

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
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        // A restart must not wait for the connections of the last run to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map_err(|error| BindError { listener, error })
}
