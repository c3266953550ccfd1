//! Messages that need a connection of their own, where those upstream are shared; and clients that are
//! served in another way altogether.

use super::{Connection, Ended, Work};
use crate::dispatch::{Arrival, Route};
use crate::lifecycle::Alarm;
use crate::listen::ClientStream;
use crate::relay::{Binding, Bound};
use crate::serve::http2::{Http2, Opening};
use crate::upstream::OwnConnection;
use bytes::Bytes;
use gatewright_core::codec::Needs;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::Message;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// What keeps a client from being served like others. It is not read meanwhile.
#[derive(Debug)]
pub(super) enum Tie {
    /// This request is sent once all before it are answered: on another connection it could
    /// overtake them.
    AwaitingReplies(Message, Arrival),
    /// A request has a connection of its own: none after it is sent before it is answered.
    AwaitingOwnReply,
    /// The client is to get a connection of its own, and this is the first that goes there.
    AwaitingConnection(Binding, Message, Rc<Route>),
    /// It has one.
    Bound(Bound),
    /// The client speaks HTTP/2. Boxed: it is much larger than the others.
    Multiplexed(Box<Http2>),
}

impl Connection {
    /// Whether the connection is served in another way from now on: it is its client's own upstream,
    /// too, or speaks HTTP/2.
    pub(super) fn is_given_away(&self) -> bool {
        matches!(
            self.tie.as_deref(),
            Some(Tie::Bound(_) | Tie::Multiplexed(_))
        )
    }

    /// Whether the client's first bytes may say that it speaks HTTP/2. Over TLS nothing but ALPN does
    /// (RFC 9113, 3.2).
    pub(super) fn may_become_http2(&self) -> bool {
        let is_plain = matches!(self.io, Some(ClientStream::Tcp(_)));
        self.framing.is_new() && is_plain && self.listener.speaks_http()
    }

    /// Whether what came could be read on, rather than has to wait for more bytes.
    pub(super) fn may_have_frame(&self, work: &Work) -> bool {
        let unknown = self.may_become_http2() && Opening::of(&work.inbound) == Opening::Unknown;
        !unknown && self.framing.may_have_frame(&work.inbound)
    }

    /// Looks at a client's first bytes; `false` if its frames cannot be read, or not yet.
    pub(super) fn look_at_opening(
        &mut self,
        work: &mut Work,
        now: Instant,
        cx: &Context<'_>,
    ) -> bool {
        match Opening::of(&work.inbound) {
            Opening::Http2 => {
                let sent = work.inbound.split().freeze();
                work.partial_since = None;
                self.multiplex(sent);
                false
            }
            Opening::Unknown => {
                if !work.inbound.is_empty() && work.partial_since.is_none() {
                    work.partial_since = Some(now);
                    self.alarm.set(now + self.listener.limits.frame_time, cx);
                }
                false
            }
            Opening::Other => true,
        }
    }

    /// From here on the client is served as one of HTTP/2.
    pub(super) fn multiplex(&mut self, sent: Bytes) {
        let descriptor = self.listener.protocol.descriptor();
        if let (Some(io), Some(shape)) = (self.io.take(), descriptor.http) {
            let http2 = Http2::new(io, sent, shape, &self.listener);
            self.tie = Some(Box::new(Tie::Multiplexed(Box::new(http2))));
        }
    }

    /// Keeps back a request that needs a connection of its own, or makes the next ones wait for
    /// it. Gives it back if it is to be sent now.
    pub(super) fn tied(
        &mut self,
        work: &Work,
        request: Message,
        route: Option<&Rc<Route>>,
        needs: Needs,
        at: Arrival,
    ) -> Option<Message> {
        let Some(route) = route else {
            return Some(request);
        };
        if !self.is_settled(work) {
            self.tie = Some(Box::new(Tie::AwaitingReplies(request, at)));
            return None;
        }
        match (&route.own, needs) {
            (Some(own), Needs::Bound | Needs::Replay) => {
                let owner = own.bound.owner(&request, &self.facts(&request));
                let binding = Binding::begin(&own.bound, owner);
                let tie = Tie::AwaitingConnection(binding, request, Rc::clone(route));
                self.tie = Some(Box::new(tie));
                None
            }
            (Some(_), Needs::Exclusive) => {
                self.tie = Some(Box::new(Tie::AwaitingOwnReply));
                Some(request)
            }
            (None, _) | (_, Needs::Nothing) => Some(request),
        }
    }

    /// Whether a request that may block has a connection of its own.
    pub(super) fn awaits_own_reply(&self) -> bool {
        matches!(self.tie.as_deref(), Some(Tie::AwaitingOwnReply))
    }

    /// Whether a request was read that is yet to begin.
    pub(super) fn keeps_back(&self) -> bool {
        matches!(
            self.tie.as_deref(),
            Some(Tie::AwaitingReplies(..) | Tie::AwaitingConnection(..))
        )
    }

    /// Whether all that was asked is answered, and the answers are written.
    fn is_settled(&self, work: &Work) -> bool {
        self.session.is_quiet() && work.outbound.is_empty()
    }

    /// Whether [`untie`](Self::untie) would change anything by now.
    pub(super) fn may_untie(&self, work: &Work) -> bool {
        match self.tie.as_deref() {
            Some(Tie::AwaitingReplies(..) | Tie::AwaitingOwnReply) => self.is_settled(work),
            Some(Tie::AwaitingConnection(..) | Tie::Bound(_) | Tie::Multiplexed(_)) | None => false,
        }
    }

    /// Goes on with a client that was kept back, as far as that is possible by now.
    pub(super) fn untie(
        &mut self,
        work: &mut Work,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<(), Ended> {
        let Some(tie) = self.tie.take() else {
            return Ok(());
        };
        match *tie {
            Tie::AwaitingReplies(request, at) if self.is_settled(work) => {
                return self.handle_message(work, request, at, cx);
            }
            Tie::AwaitingOwnReply if self.is_settled(work) => {}
            Tie::AwaitingConnection(mut binding, request, route) => match binding.poll(cx) {
                Poll::Ready(Some(upstream)) => self.bind(work, upstream, &request),
                Poll::Ready(None) => self.refuse_binding(request, &route, now),
                Poll::Pending => {
                    let tie = Tie::AwaitingConnection(binding, request, route);
                    self.tie = Some(Box::new(tie));
                }
            },
            waiting @ (Tie::AwaitingReplies(..)
            | Tie::AwaitingOwnReply
            | Tie::Bound(_)
            | Tie::Multiplexed(_)) => {
                self.tie = Some(Box::new(waiting));
            }
        }
        Ok(())
    }

    /// From here on frames pass both ways unread: what the client asked for may change what its
    /// connection says, and when.
    fn bind(&mut self, work: &mut Work, upstream: OwnConnection, request: &Message) {
        let Some(client) = self.io.take() else {
            return;
        };
        let mut sent = request
            .frame()
            .map_or_else(Vec::new, |frame| frame.to_vec());
        sent.extend_from_slice(&work.inbound.split());
        self.listener.metrics.requests(1);
        let alarm = Alarm::new(Rc::clone(self.listener.worker.timers()));
        let listener = &self.listener.bound;
        let bound = Bound::new(client, upstream, listener, sent, alarm);
        self.tie = Some(Box::new(Tie::Bound(bound)));
    }

    fn refuse_binding(&mut self, request: Message, route: &Route, now: Instant) {
        let fault = Fault::unsent(FaultClass::Unreachable, "no endpoint is reachable");
        route.metrics.faulted(fault.class(), Duration::ZERO);
        match self.listener.dispatch.refuse(request, &fault) {
            Some(refusal) => self.session.handle_local_answer(refusal.into(), now),
            None => self.session.handle_close(),
        }
    }
}
