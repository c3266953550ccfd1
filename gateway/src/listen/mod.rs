//! Listeners: bind, accept, admit, hand over.

mod accept;

pub(crate) use accept::{Accepted, Acceptor};

use crate::dispatch::Dispatch;
use crate::observe::ListenerMetrics;
use gatewright_config::plan::ListenerLimits;
use gatewright_core::codec::Protocol;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that the kernel completes before they are accepted.
const BACKLOG: u32 = 4096;

/// What the connections of one listener share on one worker.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) name: Arc<str>,
    pub(crate) protocol: Arc<dyn Protocol>,
    pub(crate) limits: ListenerLimits,
    pub(crate) dispatch: Dispatch,
    pub(crate) metrics: ListenerMetrics,
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

/// A listener's limit of connections, over all workers.
#[derive(Debug)]
pub(crate) struct Places {
    taken: AtomicUsize,
    limit: usize,
}

/// One connection's place; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Permit(Arc<Places>);

impl Places {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            limit,
        }
    }

    /// A place, if there is one.
    fn take(self: &Arc<Self>) -> Option<Permit> {
        let taken = self.taken.fetch_add(1, Ordering::Relaxed);
        let permit = Permit(Arc::clone(self));
        (taken < self.limit).then_some(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}
