//! One connection to an upstream, as those who send on it and its driver share it.

mod overlong;
mod reach;
mod sending;
mod signs;
mod streamed;
mod unknown;
mod wire;

pub(in crate::upstream) use wire::Outgoing;

use super::flushed::Flushed;
use super::mailbox::{Contents, Mailbox};
use crate::clock;
use crate::framing::Framing;
use crate::observe::UpstreamMetrics;
use crate::upstream::GIVEN_UP;
use crate::upstream::stream::Stream;
use bytes::{Buf, BytesMut};
use gatewright_config::plan::{Sharing, Speech, UpstreamPlan};
use gatewright_core::codec::{
    Cause, Control, CorrelationKind, DecodeError, Descriptor, Event, Protocol, Side, Unasked,
};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::health::{ErrorReplies, Pulse};
use gatewright_core::message::{Body, Correlation, Kind, Message};
use gatewright_core::pool::ConnId;
use gatewright_core::reply::{Answers, Entry, Ledger, Overdue};
use overlong::Passed;
use reach::Reach;
use std::cell::RefCell;
use std::fmt;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};
use streamed::Streams;

/// Bytes that may wait to be written; then requests are refused as an overload.
const OUTBOUND: usize = 4 << 20;
/// Bytes at which clients are not read on. Each may add what it has read already.
const FULL: usize = 1 << 20;

/// One connection to an upstream.
pub(in crate::upstream) struct Link {
    id: ConnId,
    state: RefCell<State>,
    /// What carries it, until its driver ends.
    stream: RefCell<Option<Stream>>,
    outgoing: Rc<Outgoing>,
    descriptor: Arc<Descriptor>,
    sharing: Sharing,
    quarantine: Duration,
}

struct State {
    ledger: Ledger<Rc<Mailbox>>,
    framing: Framing,
    outbound: BytesMut,
    /// Where order tells whose a reply is: which requests the server can have read.
    flushed: Option<Flushed>,
    driver: Option<Waker>,
    /// The clients' tasks that wait for it to be less full.
    blocked: Vec<Waker>,
    /// Replies that nobody asked for, and since when they are counted.
    unknown: (u32, Instant),
    /// One-way messages that had an id: each may be refused by a reply, which nobody waits for.
    unanswered: u32,
    /// The last reply that found its request: others to that may follow.
    answered: Correlation,
    /// What is carried as it comes.
    streams: Streams,
    /// Bytes to come of a reply that is too long for anybody.
    skipping: usize,
    protocol: Arc<dyn Protocol>,
    /// Which replies speak against the server.
    errors: ErrorReplies,
    descriptor: Arc<Descriptor>,
    /// When the last reply came.
    heard: Instant,
    /// When the server is due a sign of life, where the protocol has them.
    pulse: Option<Box<Pulse>>,
    /// The last sign of life that has a reply.
    sign: Option<Box<Entry>>,
    /// Requests that were sent on it.
    served: u64,
    /// How far the last one got.
    reach: Reach,
    /// When the first of its bytes left.
    written: Instant,
    /// Whether nothing new is begun on it: who uses it goes on elsewhere once its replies are in.
    retiring: bool,
    /// Why it takes nothing more.
    closed: Option<Closed>,
}

/// Why a link takes nothing more.
#[derive(Clone, Copy, Debug)]
enum Closed {
    /// Replies that are due may still come.
    Leaving(&'static str),
    /// The same, of a server from which none came for long.
    Silent,
    /// The same, and what waits to be written still is: the server has done nothing wrong.
    Retired,
    /// Nothing more is waited for.
    AtOnce(&'static str),
}

/// Why a link cannot go on.
#[derive(Debug)]
pub(super) enum Broken {
    /// A reply is not what the protocol says.
    Unreadable(DecodeError),
    /// The server said something that nobody can have asked for.
    Unasked(&'static str),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(error) => error.fmt(f),
            Self::Unasked(what) => f.write_str(what),
        }
    }
}

impl Link {
    /// A connection that has said what it begins with, with the codec that did.
    pub(super) fn new(
        id: ConnId,
        speech: &Speech,
        (stream, framing): (Stream, Framing),
        outgoing: &Rc<Outgoing>,
        plan: &UpstreamPlan,
    ) -> Self {
        let descriptor = Arc::clone(speech.protocol.descriptor());
        let mut ledger = Ledger::new(descriptor.capabilities.correlation);
        // These ids were used: should their replies come twice, nobody has the second one.
        for _ in speech.opening.iter() {
            let _ = ledger.free_id();
        }
        let in_order = descriptor.capabilities.correlation == CorrelationKind::Fifo;
        let now = clock::now();
        let heartbeat = descriptor.heartbeat.as_ref();
        Self {
            id,
            state: RefCell::new(State {
                ledger,
                framing,
                outbound: BytesMut::new(),
                flushed: in_order.then(Flushed::default),
                driver: None,
                blocked: Vec::new(),
                unknown: (0, now),
                unanswered: 0,
                answered: Correlation::None,
                streams: Streams::default(),
                skipping: 0,
                protocol: Arc::clone(&speech.protocol),
                errors: plan.errors,
                descriptor: Arc::clone(&descriptor),
                heard: now,
                pulse: heartbeat.map(|h| Box::new(Pulse::new(h.of(Side::Client), now))),
                sign: None,
                served: 0,
                reach: Reach::Heard,
                written: now,
                retiring: false,
                closed: None,
            }),
            stream: RefCell::new(Some(stream)),
            outgoing: Rc::clone(outgoing),
            descriptor,
            sharing: speech.sharing,
            quarantine: plan.limits.quarantine,
        }
    }

    pub(super) const fn id(&self) -> ConnId {
        self.id
    }

    /// Whether it takes nothing more.
    pub(super) fn is_closed(&self) -> bool {
        self.state.borrow().closed.is_some()
    }

    /// Nobody waits for a reply any more; on a connection of one request at a time, nobody can
    /// tell whose the next one would be.
    pub(super) fn abandon(&self, entry: &Entry, now: Instant) {
        let state = &mut *self.state.borrow_mut();
        let mailbox = state.ledger.abandon(entry, now);
        if mailbox.is_some() && self.sharing == Sharing::Exclusive {
            state.close("given-up");
        }
        // The driver sets its alarm for the end of the quarantine.
        wake(state.driver.take());
    }

    /// Lets the driver end the connection.
    pub(super) fn close(&self, reason: &'static str) {
        let state = &mut *self.state.borrow_mut();
        state.close(reason);
        wake(state.driver.take());
    }

    /// Lets the driver end a connection that nobody uses any more, once all that is due has come.
    pub(super) fn leave(&self) {
        self.state
            .borrow_mut()
            .closed
            .get_or_insert(Closed::Retired);
    }

    /// Nothing new is begun on it: its driver looks whether it is used still.
    pub(in crate::upstream) fn retire(&self) {
        let state = &mut *self.state.borrow_mut();
        state.retiring = true;
        wake(state.driver.take());
    }

    /// Whether nothing new is begun on it.
    pub(in crate::upstream) fn is_retiring(&self) -> bool {
        self.state.borrow().retiring
    }

    /// Whether nothing new is begun on it, while its server answers what it has.
    pub(super) fn is_parting(&self) -> bool {
        let state = self.state.borrow();
        match state.closed {
            None => state.retiring,
            Some(Closed::Leaving(_) | Closed::Retired) => true,
            Some(Closed::Silent | Closed::AtOnce(_)) => false,
        }
    }

    /// Wakes its driver.
    pub(in crate::upstream) fn nudge(&self) {
        wake(self.state.borrow_mut().driver.take());
    }

    /// Requests that were sent on it.
    pub(in crate::upstream) fn served(&self) -> u64 {
        self.state.borrow().served
    }

    /// Fails all who wait.
    pub(super) fn fail_all(&self, detail: &str) {
        let (waiting, given_up) = {
            let state = &mut *self.state.borrow_mut();
            state.close("lost");
            let streams = std::mem::take(&mut state.streams);
            let flushed = state.outbound.is_empty();
            let given_up = flushed && streams.lack_the_rest(state.written, clock::now());
            (state.ledger.drain(), given_up)
        };
        let how_far = self.how_far();
        for mailbox in waiting {
            mailbox.fail(match given_up {
                true => Fault::sent(FaultClass::BadRequest, GIVEN_UP.to_owned()),
                false => how_far(FaultClass::Unreachable, detail.to_owned()),
            });
        }
    }

    fn tells_by_order(&self) -> bool {
        self.descriptor.capabilities.correlation == CorrelationKind::Fifo
    }

    // ---- for the driver

    /// Why it is to be ended now.
    pub(super) fn ended(&self) -> Option<&'static str> {
        let state = self.state.borrow();
        match state.closed? {
            Closed::AtOnce(reason) => Some(reason),
            Closed::Leaving(reason) => state.ledger.is_empty().then_some(reason),
            Closed::Silent => state.ledger.is_empty().then_some("silent"),
            Closed::Retired => {
                let over = state.ledger.is_empty() && state.outbound.is_empty();
                over.then_some("retired")
            }
        }
    }

    /// Whether nothing waits and nothing is to be written.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state.borrow();
        let quiet = state.ledger.is_empty() && state.outbound.is_empty();
        quiet && !state.streams.are_busy()
    }

    pub(super) fn set_driver(&self, waker: &Waker) {
        let driver = &mut self.state.borrow_mut().driver;
        match driver {
            Some(known) => known.clone_from(waker),
            None => *driver = Some(waker.clone()),
        }
    }

    /// Whether so much waits to be written that no more should be read for it. If so, the task is
    /// woken once there is room.
    pub(super) fn is_full(&self, cx: &Context<'_>) -> bool {
        let state = &mut *self.state.borrow_mut();
        let full = state.outbound.len() >= FULL && state.closed.is_none();
        if full
            && !state
                .blocked
                .iter()
                .any(|waker| waker.will_wake(cx.waker()))
        {
            state.blocked.push(cx.waker().clone());
        }
        full
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let state = self.state.borrow();
        let quarantine = state.ledger.poll_timeout(self.quarantine);
        let pulse = state.pulse.as_deref().and_then(Pulse::poll_timeout);
        quarantine.into_iter().chain(pulse).min()
    }

    pub(super) fn handle_timeout(&self, now: Instant, metrics: &UpstreamMetrics) {
        self.keep_alive(now, metrics);
        let state = &mut *self.state.borrow_mut();
        let given_up = state.ledger.poll_timeout(self.quarantine);
        // Not one reply in all this time: nobody new is to wait for this server. Those who wait
        // already may do so for as long as they like.
        if given_up.is_some_and(|until| until <= now && state.heard + self.quarantine <= until) {
            match state.closed {
                None | Some(Closed::Retired) => state.closed = Some(Closed::Silent),
                Some(Closed::Leaving(_) | Closed::Silent | Closed::AtOnce(_)) => {}
            }
        }
        match state.ledger.handle_timeout(self.quarantine, now) {
            Overdue::Fine => {}
            Overdue::Stuck => state.close("stuck"),
        }
    }

    /// Hands out the replies in `inbound`, all that are whole.
    pub(super) fn deliver(
        &self,
        inbound: &mut BytesMut,
        metrics: &UpstreamMetrics,
        cx: &mut Context<'_>,
    ) -> Result<(), Broken> {
        let state = &mut *self.state.borrow_mut();
        let whole = inbound.len();
        // The end of a payload may be due when all of its bytes are read.
        while (!inbound.is_empty() || state.framing.may_have_frame(inbound))
            && !state.streams.is_choked(cx)
        {
            if state.skip(inbound) {
                continue;
            }
            if state.deliver_unread(inbound, metrics)? {
                continue;
            }
            let event = match state.framing.read(inbound) {
                Ok(Some(event)) => event,
                // A reply begins after its request was sent, or it is not the reply to that.
                Ok(None) if state.ledger.is_empty() && self.hears_replies_only() => {
                    return Err(Broken::Unasked("bytes that nobody asked for"));
                }
                Ok(None) => break,
                Err(error) => match state.pass_over(inbound, error, metrics)? {
                    Passed::Over => continue,
                    Passed::NotYet => break,
                },
            };
            state.deliver_event(event, metrics)?;
            if state.framing.has_ended() {
                state.closed.get_or_insert(Closed::Leaving("peer"));
            }
        }
        state.pass_on(metrics);
        if inbound.len() < whole {
            state.heard = clock::turn();
        }
        Ok(())
    }

    /// Whether nothing may come while no reply is due.
    fn hears_replies_only(&self) -> bool {
        self.tells_by_order() && self.descriptor.capabilities.unasked == Unasked::Nothing
    }
}

impl State {
    fn unblock(&mut self) {
        self.blocked.drain(..).for_each(Waker::wake);
    }

    fn close(&mut self, reason: &'static str) {
        self.unblock();
        if !matches!(self.closed, Some(Closed::AtOnce(_))) {
            self.closed = Some(Closed::AtOnce(reason));
        }
    }

    /// Passes frames on without reading them, where their order says whose they are. `false` if
    /// there is none of that kind.
    fn deliver_unread(
        &mut self,
        inbound: &mut BytesMut,
        metrics: &UpstreamMetrics,
    ) -> Result<bool, Broken> {
        let Some(front) = self.ledger.front() else {
            return Ok(false);
        };
        let due = self.flushed.as_ref().map_or(u32::MAX, Flushed::due);
        let (owner, most) = (front.owner.cloned(), front.replies.get().min(due));
        if (owner.as_ref()).is_some_and(|mailbox| mailbox.contents() == Contents::Message) {
            return Ok(false);
        }
        let scanned = match self.framing.scan(inbound, most as usize) {
            Ok(scanned) => scanned,
            // It may be that it can be passed over.
            Err(error) if error.cause() == Cause::TooLong => return Ok(false),
            Err(error) => return Err(Broken::Unreadable(error)),
        };
        let replies = NonZeroU32::new(u32::try_from(scanned.frames).unwrap_or(0));
        let Some(replies) = replies else {
            return Ok(false);
        };
        self.note_replies(replies.get())?;
        match owner {
            Some(mailbox) => {
                mailbox.put_frames(&inbound[..scanned.bytes], replies.get());
                if let Some(mailbox) = self.ledger.received_in_order(replies.get(), clock::turn()) {
                    mailbox.complete();
                }
            }
            None => {
                self.ledger.received_in_order(replies.get(), clock::turn());
                metrics.dropped("late");
            }
        }
        inbound.advance(scanned.bytes);
        Ok(true)
    }

    fn deliver_event(&mut self, event: Event, metrics: &UpstreamMetrics) -> Result<(), Broken> {
        let message = match event {
            Event::Head(message) => message,
            Event::Control(Control::Heartbeat(None) | Control::Continue) => return Ok(()),
            Event::Control(Control::Heartbeat(Some(_))) if self.takes_echo() => return Ok(()),
            Event::Control(Control::Heartbeat(Some(answer))) => return self.answer_sign(&answer),
            Event::Control(Control::GoAway) => {
                self.closed.get_or_insert(Closed::Leaving("going-away"));
                return Ok(());
            }
            Event::Body(chunk) => return self.deliver_chunk(chunk, metrics),
            Event::End(trailers) => return self.deliver_end(trailers, metrics),
            Event::Reset(_) => return Err(Broken::Unasked("the end of a reply that is not whole")),
        };
        match message.kind() {
            Kind::Reply => self.deliver_reply(message, metrics),
            // Whom it is for cannot be told on a connection that clients share.
            Kind::Event => {
                metrics.dropped("push");
                Ok(())
            }
            Kind::Request => Err(Broken::Unasked("a request from the server")),
        }
    }

    fn deliver_reply(&mut self, message: Message, metrics: &UpstreamMetrics) -> Result<(), Broken> {
        if !self.ledger.is_empty() {
            self.note_replies(1)?;
        }
        let blames = self.blames(&message);
        if matches!(message.body(), Body::Awaited) {
            return self.deliver_head(Box::new(message), blames);
        }
        // One of several replies that are passed on unread, such as one that was not scanned.
        if let Some(mailbox) = self.ledger.front().and_then(|front| front.owner.cloned())
            && mailbox.contents() == Contents::Frames
        {
            if blames {
                mailbox.blame();
            }
            mailbox.put_frames(message.frame().map_or(&[], |frame| frame), 1);
            if let Some(mailbox) = self.ledger.received_in_order(1, clock::turn()) {
                mailbox.complete();
            }
            return Ok(());
        }
        match self.ledger.received(message.correlation(), clock::turn()) {
            Answers::Request(mailbox) => {
                if blames {
                    mailbox.blame();
                }
                self.answered = message.correlation().clone();
                mailbox.put_message(Box::new(message));
                self.note_answered();
            }
            Answers::Late | Answers::Part => metrics.dropped("late"),
            Answers::Unknown => return self.note_unknown(message.correlation(), metrics),
        }
        Ok(())
    }

    /// Whether a reply speaks against the server that gave it.
    fn blames(&self, reply: &Message) -> bool {
        self.errors.matter() && self.errors.blame(self.descriptor.grade(reply))
    }

    /// A reply to what the server cannot have read yet is a reply to something else.
    fn note_replies(&mut self, replies: u32) -> Result<(), Broken> {
        let flushed = self.flushed.as_mut();
        if flushed.is_none_or(|flushed| flushed.take(replies)) {
            Ok(())
        } else {
            Err(Broken::Unasked("a reply before its request was sent"))
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("sharing", &self.sharing)
            .finish_non_exhaustive()
    }
}
