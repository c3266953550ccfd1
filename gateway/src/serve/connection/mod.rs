//! The task of one client connection.

mod answers;
mod reading;
mod tie;
mod timeouts;

use super::parting::Parting;
use crate::clock;
use crate::dispatch::{Exchanges, Reply};
use crate::framing::Framing;
use crate::lifecycle::{Alarm, Worker};
use crate::listen::{Listener, Permit};
use crate::upstream::Lanes;
use bytes::BytesMut;
use gatewright_core::codec::Side;
use gatewright_core::session::{Session, SessionLimits};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tie::Tie;
use tokio::net::TcpStream;

/// One client's connection. It has no buffer, timer or exchange of its own while it is idle.
pub(crate) struct Connection {
    /// Gone once the client is bound to a connection of its own, which has it then.
    io: Option<TcpStream>,
    worker: Rc<Worker>,
    listener: Rc<Listener>,
    _permit: Permit,
    peer: SocketAddr,
    id: u64,
    framing: Framing,
    session: Session<Reply>,
    inbound: BytesMut,
    outbound: BytesMut,
    exchanges: Option<Box<Exchanges>>,
    lanes: Option<Box<Lanes>>,
    /// What keeps the client from being served like others.
    tie: Option<Box<Tie>>,
    alarm: Alarm,
    /// Since when a frame is incomplete.
    partial_since: Option<Instant>,
    /// Since when the client takes none of the bytes that wait for it.
    stalled_since: Option<Instant>,
    /// Why the connection ends, once that is known.
    reason: Option<&'static str>,
    parting: Option<Box<Parting>>,
    seen_eof: bool,
    seen_drain: bool,
    /// Frames that may still be taken in this turn.
    frames_left: u16,
}

/// Frames that one turn takes; then the other connections have theirs. Bounds the replies to
/// frames that are answered at once, too: none of those is written before the frames are taken.
const FRAMES_A_TURN: u16 = 256;

/// A client that sends no more, or is not read, may leave unheard: how often it is looked after.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// The connection is over at once; what is in flight is cancelled.
struct Ended(&'static str);

impl From<io::Error> for Ended {
    fn from(_: io::Error) -> Self {
        Self("reset")
    }
}

impl Connection {
    pub(crate) fn new(
        io: TcpStream,
        peer: SocketAddr,
        id: u64,
        worker: &Rc<Worker>,
        listener: &Rc<Listener>,
        permit: Permit,
    ) -> Self {
        let limits = &listener.limits;
        let capabilities = &listener.protocol.descriptor().capabilities;
        let session_limits = SessionLimits {
            in_flight: limits.in_flight,
            idle: limits.idle,
        };
        listener.metrics.opened();
        Self {
            io: Some(io),
            worker: Rc::clone(worker),
            listener: Rc::clone(listener),
            _permit: permit,
            peer,
            id,
            framing: Framing::new(Arc::clone(&listener.protocol), Side::Server, limits.frame),
            session: Session::new(session_limits, capabilities, clock::now()),
            inbound: BytesMut::new(),
            outbound: BytesMut::new(),
            exchanges: None,
            lanes: None,
            tie: None,
            alarm: Alarm::new(Rc::clone(worker.timers())),
            partial_since: None,
            stalled_since: None,
            reason: None,
            parting: None,
            seen_eof: false,
            seen_drain: false,
            frames_left: 0,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        if let Some(Tie::Bound(bound)) = self.tie.as_deref_mut() {
            let ended = bound.poll(self.id, &self.worker, cx);
            return ended.map(|reason| Err(Ended(reason)));
        }
        let now = clock::now();
        self.frames_left = FRAMES_A_TURN;
        let drain_begins = !self.seen_drain && self.worker.is_draining();
        self.seen_drain |= drain_begins;
        let timer_due = self.alarm.is_due(now) || drain_begins;
        if timer_due {
            self.handle_timeouts(now)?;
        }
        if self.parting.is_none() {
            self.exchange_bytes(now, cx)?;
        }
        if self.is_bound() {
            // From here on the pair is polled.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if timer_due || self.parting.is_some() {
            self.set_alarm(now, cx);
        }
        self.part(now, cx)
    }

    /// Reads, forwards, answers and writes for as long as one makes room for the other.
    fn exchange_bytes(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<(), Ended> {
        loop {
            self.collect_answers(now, cx);
            self.untie(now, cx)?;
            let starved = self.read(now, cx)?;
            // New exchanges send their requests with their first poll.
            self.collect_answers(now, cx);
            self.write_replies();
            self.flush(now, cx)?;
            self.evict_if_slow()?;
            // Credit may come back with a write. A socket that was left for lack of it wakes
            // nobody before it is read again.
            let may_go_on = starved || self.framing.may_have_frame(&self.inbound);
            let may_read = self.has_credit() && may_go_on && !self.is_backed_up(cx);
            if !self.may_untie() && !may_read {
                break;
            }
        }
        if self.frames_left == 0 {
            cx.waker().wake_by_ref();
        } else if self.is_deaf() {
            self.alarm.set(now + LOOK_AFTER, cx);
        }
        if self.session.is_quiet() {
            let spares = &self.listener.dispatch.spares;
            spares.take_back(&mut self.session);
            self.lanes = None;
            // The alarm may be set for an exchange that has ended: later than the idle limit or
            // the drain, which count from now on.
            if let Some(at) = self.session.poll_timeout() {
                self.alarm.set(at, cx);
            }
        }
        Ok(())
    }

    // ---- the end

    /// Clients of one-way messages leave as soon as they have sent them: that takes none back.
    fn part(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let written = self.session.is_finished() && self.outbound.is_empty();
        if !written || self.unanswered().next().is_some() {
            return Poll::Pending;
        }
        if self.seen_eof {
            return Poll::Ready(Ok(()));
        }
        if self.parting.is_none() {
            self.parting = Some(Box::new(Parting::new(now)));
            self.set_alarm(now, cx);
        }
        let (Some(parting), Some(io)) = (&mut self.parting, &mut self.io) else {
            return Poll::Pending;
        };
        let mut scratch = self.worker.scratch();
        parting.poll(io, &mut scratch, now, cx).map_err(Ended::from)
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.turn(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(Ended(reason))) => {
                self.reason = Some(reason);
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(mut set) = self.exchanges.take() {
            set.clear();
            self.worker.give_back_exchanges(set);
        }
        self.listener.metrics.closed(self.reason.unwrap_or("drain"));
        self.worker.closed();
    }
}
