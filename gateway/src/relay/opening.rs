//! From an accepted client to a pair: which upstream is it for, and can that be reached.

use super::ends::reset;
use super::pair::Pair;
use super::{RelayListener, RelayRoute};
use crate::lifecycle::{Alarm, Worker};
use crate::listen::ClientStream;
use crate::upstream::{Beginning, OwnConnection, Owner, Stream};
use bytestring::ByteString;
use gatewright_core::relay::{LONGEST_HELLO, Raw, Sni, server_name};
use gatewright_core::translate::{Carriage, Facts, Peer};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::ready;
use tokio::io::{AsyncRead, ReadBuf};

/// A client that is not connected to an upstream yet.
pub(super) struct Opening {
    pub(super) client: Stream,
    pub(super) peer: SocketAddr,
    pub(super) id: u64,
    pub(super) worker: Rc<Worker>,
    pub(super) listener: Rc<RelayListener>,
    /// What the client has sent so far, where that was looked at.
    pub(super) sent: Vec<u8>,
}

impl Opening {
    pub(super) fn new(
        io: ClientStream,
        peer: SocketAddr,
        id: u64,
        worker: &Rc<Worker>,
        listener: &Rc<RelayListener>,
    ) -> Self {
        Self {
            client: io.into(),
            peer,
            id,
            worker: Rc::clone(worker),
            listener: Rc::clone(listener),
            sent: Vec::new(),
        }
    }

    /// Connects the client.
    ///
    /// # Errors
    /// With the reason why there is no connection for it: it gets a reset, which nobody takes
    /// for an empty answer.
    pub(super) async fn open(mut self) -> Result<Pair, &'static str> {
        match self.connect().await {
            Ok(upstream) => {
                let alarm = Alarm::new(Rc::clone(self.worker.timers()));
                Ok(Pair::new(self.client, upstream, self.sent, alarm))
            }
            Err(reason) => {
                reset(&mut self.client);
                Err(reason)
            }
        }
    }

    async fn connect(&mut self) -> Result<OwnConnection, &'static str> {
        let sni = match &self.client {
            Stream::Accepted(tls) => tls.identity().and_then(|known| known.server_name.clone()),
            _ if self.listener.peeks => Box::pin(self.peek_in_time()).await?,
            _ => None,
        };
        let (route, owner) = self.route(sni).ok_or("unrouted")?;
        let connecting = route.upstream.connect_own(owner, Beginning::Bare);
        let upstream = connecting.await.ok_or("unreachable")?;
        self.note_route(&route);
        Ok(upstream)
    }

    /// Not a part of [`connect`](Self::connect), whose future would have to hold all of this.
    fn route(&self, sni: Option<ByteString>) -> Option<(Rc<RelayRoute>, Owner)> {
        let facts = Facts {
            peer: Arc::new(Peer {
                address: self.peer,
                identity: self.client.identity().cloned(),
                connection: self.id,
                listener: Arc::clone(&self.listener.name),
            }),
            client: self.peer.ip().to_canonical(),
            trace: self.worker.trace_id(),
            carriage: Carriage::default(),
        };
        let opening = Raw::connect(sni);
        let route = self.listener.route(&opening, &facts)?;
        Some((Rc::clone(route), route.owner(&opening, &facts)))
    }

    fn note_route(&self, route: &RelayRoute) {
        tracing::debug!(peer = %self.peer, listener = %self.listener.name, route = %route.plan.name, upstream = route.upstream.name(), "relaying");
    }

    async fn peek_in_time(&mut self) -> Result<Option<ByteString>, &'static str> {
        let limit = self.listener.limits.frame_time;
        let peeked = tokio::time::timeout(limit, self.peek()).await;
        peeked.unwrap_or(Err("frame-time"))
    }

    /// The name that a TLS client asks for. What is read for it is kept.
    async fn peek(&mut self) -> Result<Option<ByteString>, &'static str> {
        loop {
            match server_name(&self.sent) {
                Ok(Sni::Name(name)) => return Ok(Some(name)),
                Ok(Sni::Absent) => return Ok(None),
                Ok(Sni::Incomplete) => {}
                Err(error) => {
                    self.listener.metrics.listener.decode_error(&error);
                    tracing::info!(peer = %self.peer, listener = %self.listener.name, %error, "closing");
                    return Err(error.cause().as_str());
                }
            }
            match self.read().await {
                Ok(0) if self.sent.is_empty() => return Err("peer"),
                Ok(0) => return Err("cut-frame"),
                Ok(_) => {}
                Err(_) => return Err("reset"),
            }
        }
    }

    async fn read(&mut self) -> io::Result<usize> {
        poll_fn(|cx| {
            let mut scratch = self.worker.scratch();
            let room = scratch
                .len()
                .min(LONGEST_HELLO.saturating_sub(self.sent.len()));
            let mut buffer = ReadBuf::new(&mut scratch[..room]);
            ready!(Pin::new(&mut self.client).poll_read(cx, &mut buffer))?;
            self.sent.extend_from_slice(buffer.filled());
            std::task::Poll::Ready(Ok(buffer.filled().len()))
        })
        .await
    }
}
