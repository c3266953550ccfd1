//! A client that spoke messages, and has a connection of its own from now on.

use super::pair::Pair;
use super::{RelayListener, RelayRoute};
use crate::lifecycle::{Alarm, Worker};
use crate::listen::ClientStream;
use crate::upstream::{Beginning, OwnConnection, Owner};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// The connection of its own that a client is about to get.
pub(crate) struct Binding(Pin<Box<dyn Future<Output = Option<OwnConnection>>>>);

/// A client and the connection that is its own. Frames pass between them unread.
#[derive(Debug)]
pub(crate) struct Bound {
    pair: Pair,
    listener: Rc<RelayListener>,
}

impl Binding {
    /// Connects to an endpoint of the route.
    pub(crate) fn begin(route: &Rc<RelayRoute>, owner: Owner) -> Self {
        let upstream = Rc::clone(&route.upstream);
        Self(Box::pin(async move {
            upstream.connect_own(owner, Beginning::AsEach).await
        }))
    }

    /// The connection, or nothing if no endpoint can be reached.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<OwnConnection>> {
        self.0.as_mut().poll(cx)
    }
}

impl Bound {
    /// Binds a client that has sent something already.
    pub(crate) fn new(
        client: ClientStream,
        upstream: OwnConnection,
        listener: &Rc<RelayListener>,
        sent: Vec<u8>,
        alarm: Alarm,
    ) -> Self {
        Self {
            pair: Pair::new(client.into(), upstream, sent, alarm),
            listener: Rc::clone(listener),
        }
    }

    /// Carries frames until both sides have ended, and says why they did.
    pub(crate) fn poll(
        &mut self,
        id: u64,
        worker: &Worker,
        cx: &mut Context<'_>,
    ) -> Poll<&'static str> {
        let ended = self.pair.poll(id, worker, &self.listener, cx);
        ended.map(|end| end.reason())
    }
}

impl fmt::Debug for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding").finish_non_exhaustive()
    }
}
