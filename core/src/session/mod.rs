//! One downstream stream as a state machine.
//!
//! Call order: [`handle_request`](Session::handle_request) for each message read, or
//! [`handle_batch`](Session::handle_batch) for several that stay together (only while
//! [`wants_request`](Session::wants_request)), [`handle_reply`](Session::handle_reply) once per
//! exchange, after any number of [`handle_part`](Session::handle_part), then [`poll_transmit`](Session::poll_transmit) until it has no more. After
//! [`handle_eof`](Session::handle_eof) or [`handle_drain`](Session::handle_drain) the stream is
//! over when [`is_finished`](Session::is_finished) says so. Time comes in through `now`;
//! [`poll_timeout`](Session::poll_timeout) says when [`handle_timeout`](Session::handle_timeout)
//! is due, [`handle_pulse`](Session::handle_pulse) after it where the client is
//! [watched](Session::watch). LIFECYCLE.md beside this file has the transition table.

mod slots;

pub use slots::ExchangeKey;

use crate::codec::{
    Admission, Capabilities, CorrelationKind, HalfClose, Operation, ReplyOrder, Vigil,
};
use crate::health::{Beat, Pulse, Turn};
use crate::message::{Correlation, Kind, Message};
use slots::Slots;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// What one client may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Requests that wait for their replies, and replies that wait to be written. Bounds what is held
    /// in memory of both.
    pub in_flight: usize,
    /// How long the stream may stand still with nothing in flight.
    pub idle: Duration,
}

/// Why a stream ends before its peer closed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Two requests in flight with one id: their replies could not be told apart.
    DuplicateId,
    /// A message that only the other side may send.
    NotARequest,
}

impl Violation {
    /// The name that logs and metrics use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateId => "duplicate-id",
            Self::NotARequest => "not-a-request",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Requests come and replies go.
    Open,
    /// No more requests; replies still go.
    AwaitingReplies,
    /// Nothing more either way.
    Finished,
}

/// Whether the client has opened its session, where it has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gate {
    /// It has, or need not.
    Open,
    /// Only what opens it is taken.
    Shut,
}

/// One downstream stream: which requests wait, in which order replies may leave, when it is
/// over. Holds no request itself: the caller keeps what belongs to an exchange under its key.
/// Replies are of any type `R`.
#[derive(Debug)]
pub struct Session<R = Message> {
    limits: SessionLimits,
    half_close: HalfClose,
    order: ReplyOrder,
    correlated: bool,
    state: State,
    /// What a quiet stream has none of, so that an idle one costs no memory for it.
    busy: Option<Box<Busy<R>>>,
    /// What few streams have: it costs all others one word.
    rare: Option<Box<Rare>>,
    gate: Gate,
    /// Whether a request is half read or a reply half written.
    halfway: bool,
    next_sequence: u32,
    last_activity: Instant,
}

#[derive(Debug, Default)]
struct Rare {
    /// Of a protocol that has signs of life.
    pulse: Option<Pulse>,
    /// Of a gateway that is going away.
    drain_at: Option<Instant>,
}

/// The most requests and replies for which memory is kept: more is rare.
const SPARE: usize = 64;

#[derive(Debug)]
struct Busy<R> {
    slots: Slots<R>,
    /// Replies that may leave.
    ready: VecDeque<R>,
}

/// Memory for a stream that gets busy, from one that became quiet.
#[derive(Debug)]
pub struct Spare<R>(Box<Busy<R>>);

impl<R> Default for Busy<R> {
    fn default() -> Self {
        Self {
            slots: Slots::default(),
            ready: VecDeque::new(),
        }
    }
}

impl<R> Session<R> {
    /// A stream that was just opened.
    #[must_use]
    pub fn new(limits: SessionLimits, capabilities: &Capabilities, now: Instant) -> Self {
        Self {
            limits,
            half_close: capabilities.half_close,
            order: capabilities.reply_order,
            correlated: matches!(
                capabilities.correlation,
                CorrelationKind::Id { .. } | CorrelationKind::Key
            ),
            state: State::Open,
            busy: None,
            rare: None,
            gate: match capabilities.admission {
                Admission::AtOnce => Gate::Open,
                Admission::AfterOpening => Gate::Shut,
            },
            halfway: false,
            next_sequence: 0,
            last_activity: now,
        }
    }

    /// From now on it is looked after that the client is there.
    pub fn watch(&mut self, vigil: &Vigil, now: Instant) {
        self.rare.get_or_insert_default().pulse = Some(Pulse::new(vigil, now));
    }

    /// Whether another request may be read: there is credit and the stream is open.
    #[must_use]
    pub fn wants_request(&self) -> bool {
        self.state == State::Open && self.credit() > 0
    }

    /// How many requests more may be in flight. A reply that nobody writes counts like its request.
    #[must_use]
    pub fn credit(&self) -> usize {
        let unwritten = self.busy.as_ref().map_or(0, |busy| busy.ready.len());
        let taken = self.in_flight() + unwritten;
        self.limits.in_flight.saturating_sub(taken)
    }

    /// Whether a message of this operation is taken by now: before the session is open, only what
    /// opens it is. The others are to be refused.
    #[must_use]
    pub fn admits(&self, operation: &Operation) -> bool {
        self.gate == Gate::Open || operation.opens
    }

    /// What opens the session has succeeded.
    pub const fn handle_opened(&mut self) {
        self.gate = Gate::Open;
    }

    /// Takes a message off the wire. A request opens an exchange that must be given its reply
    /// by `deadline`; an event opens none.
    ///
    /// # Errors
    /// With what the client did wrong; the stream is to be closed then.
    pub fn handle_request(
        &mut self,
        message: &Message,
        deadline: Instant,
        now: Instant,
    ) -> Result<Option<ExchangeKey>, Violation> {
        self.last_activity = now;
        match message.kind() {
            Kind::Event => return Ok(None),
            Kind::Reply => return Err(Violation::NotARequest),
            Kind::Request => {}
        }
        let id = message.correlation();
        if self.correlated && self.busy.as_ref().is_some_and(|busy| busy.slots.has_id(id)) {
            return Err(Violation::DuplicateId);
        }
        let id = if self.correlated {
            id.clone()
        } else {
            Correlation::None
        };
        Ok(Some(self.open(id, deadline, 1)))
    }

    /// Takes several requests of a protocol without ids off the wire, as one exchange that counts
    /// for all of them. There is [credit](Self::credit) for so many.
    pub fn handle_batch(
        &mut self,
        requests: NonZeroU32,
        deadline: Instant,
        now: Instant,
    ) -> ExchangeKey {
        self.last_activity = now;
        self.open(Correlation::None, deadline, requests.get())
    }

    /// Whether what comes for this exchange may leave before the replies that are due.
    #[must_use]
    pub fn is_next(&self, key: ExchangeKey) -> bool {
        let is_head = || {
            let busy = self.busy.as_ref();
            busy.is_some_and(|busy| busy.slots.is_head(key))
        };
        self.order == ReplyOrder::Any || is_head()
    }

    /// Puts a part of an exchange's reply in line, where more is to follow. `false` if the
    /// exchange is over, and the part is dropped.
    pub fn handle_part(&mut self, key: ExchangeKey, part: R, now: Instant) -> bool {
        let Some(busy) = self.busy.as_deref_mut() else {
            return false;
        };
        if !busy.slots.is_open(key) {
            return false;
        }
        self.last_activity = now;
        if self.order == ReplyOrder::Any || busy.slots.is_head(key) {
            busy.ready.push_back(part);
        } else {
            busy.slots.park(key, part);
        }
        true
    }

    /// Gives an exchange its reply, or `None` where there is none to give. An exchange that is
    /// over already takes no second one: `false`, and the reply is dropped.
    pub fn handle_reply(&mut self, key: ExchangeKey, reply: Option<R>, now: Instant) -> bool {
        let Some(busy) = self
            .busy
            .as_deref_mut()
            .filter(|busy| busy.slots.is_open(key))
        else {
            return false;
        };
        self.last_activity = now;
        match self.order {
            ReplyOrder::Any => {
                busy.slots.close(key);
                if let Some(reply) = reply {
                    busy.ready.push_back(reply);
                }
            }
            ReplyOrder::OfRequests => {
                if let Some(reply) = reply {
                    busy.slots.park(key, reply);
                }
                busy.slots.finish(key);
                busy.slots.pop_parked(&mut busy.ready);
            }
        }
        self.settle();
        true
    }

    /// Puts an answer that belongs to no exchange (to a message that could not be read) in
    /// line: behind the replies still due where order matters, at once elsewhere.
    pub fn handle_local_answer(&mut self, answer: R, now: Instant) {
        match self.order {
            ReplyOrder::Any => self.busy.get_or_insert_default().ready.push_back(answer),
            ReplyOrder::OfRequests => {
                let key = self.open(Correlation::None, now, 1);
                self.handle_reply(key, Some(answer), now);
            }
        }
    }

    /// The client gave a sign of life that is no request.
    pub const fn handle_heartbeat(&mut self, now: Instant) {
        self.last_activity = now;
    }

    /// Says whether a request is half read or a reply half written, which are neither in flight nor in
    /// line: meanwhile the stream is not idle, and a drain waits.
    pub fn handle_halfway(&mut self, halfway: bool, now: Instant) {
        if self.halfway || halfway {
            self.last_activity = now;
        }
        self.halfway = halfway;
    }

    /// Bytes came from the client, or it is not read at the moment.
    pub fn handle_heard(&mut self, now: Instant) {
        if let Some(pulse) = self.pulse() {
            pulse.handle_heard(now);
        }
    }

    /// Bytes were written to the client.
    pub fn handle_written(&mut self, now: Instant) {
        if let Some(pulse) = self.pulse() {
            pulse.handle_sent(now);
        }
    }

    /// When [`handle_pulse`](Self::handle_pulse) is due.
    #[must_use]
    pub fn poll_pulse(&self) -> Option<Instant> {
        self.rare.as_ref()?.pulse.as_ref()?.poll_timeout()
    }

    /// Time has passed: whether the client is to get a sign of life, or is taken to be gone.
    pub fn handle_pulse(&mut self, now: Instant) -> Beat {
        let beat = |pulse: &mut Pulse| pulse.handle_timeout(Turn::Free, now);
        self.pulse().map_or(Beat::Wait, beat)
    }

    /// Whether a sign of life that came is but the answer to one that was sent.
    pub fn takes_echo(&mut self) -> bool {
        self.pulse().is_some_and(Pulse::takes_echo)
    }

    fn pulse(&mut self) -> Option<&mut Pulse> {
        self.rare.as_mut()?.pulse.as_mut()
    }

    /// The client sends no more.
    pub fn handle_eof(&mut self) {
        self.state = match self.half_close {
            HalfClose::FinishesReplies if self.state == State::Open => State::AwaitingReplies,
            HalfClose::FinishesReplies => self.state,
            HalfClose::Ends => State::Finished,
        };
        self.settle();
    }

    /// No more requests are taken; what is in flight is still answered.
    pub fn handle_close(&mut self) {
        if self.state == State::Open {
            self.state = State::AwaitingReplies;
        }
        self.settle();
    }

    /// There is no reply to this exchange, and none that could stand for it. No more requests are taken, and where
    /// replies leave in order those behind it are dropped: each would be taken for the one before.
    pub fn handle_gap(&mut self, key: ExchangeKey) {
        if let Some(busy) = self.busy.as_deref_mut()
            && busy.slots.is_open(key)
        {
            match self.order {
                ReplyOrder::Any => busy.slots.close(key),
                ReplyOrder::OfRequests => {
                    busy.slots.cut_behind(key);
                    busy.slots.finish(key);
                    busy.slots.pop_parked(&mut busy.ready);
                }
            }
        }
        self.handle_close();
    }

    /// The reply that was to leave cannot be written. No more requests are taken, and where replies leave in order
    /// none of those behind it leaves.
    pub fn handle_unwritten(&mut self) {
        if let (ReplyOrder::OfRequests, Some(busy)) = (self.order, self.busy.as_deref_mut()) {
            busy.ready.clear();
            busy.slots.clear();
        }
        self.handle_close();
    }

    /// The gateway is going away: the stream closes once nothing is in flight, but an idle one
    /// not before `at`.
    pub fn handle_drain(&mut self, at: Instant) {
        let drain_at = &mut self.rare.get_or_insert_default().drain_at;
        *drain_at = Some(drain_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// The next reply to write.
    pub fn poll_transmit(&mut self) -> Option<R> {
        self.busy.as_mut()?.ready.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due. Looks at every exchange: call it
    /// when a timer fired or has to be set, not per message.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.state == State::Finished {
            return None;
        }
        let quiet = self.is_quiet() && !self.halfway;
        let idle = quiet.then(|| self.last_activity + self.limits.idle);
        let drain = self.drain_at().filter(|_| quiet);
        let exchange = self
            .busy
            .as_ref()
            .and_then(|busy| busy.slots.next_deadline());
        let times = [exchange, idle, drain, self.poll_pulse()];
        times.into_iter().flatten().min()
    }

    /// Time has passed: closes a stream that was idle for too long or is being drained, and
    /// gives the exchanges whose deadline has passed. Each still needs its
    /// [`handle_reply`](Self::handle_reply).
    pub fn handle_timeout(&mut self, now: Instant) -> Vec<ExchangeKey> {
        if self.is_quiet() && !self.halfway {
            let idle = self.last_activity + self.limits.idle <= now;
            let drained = self.drain_at().is_some_and(|at| at <= now);
            if idle || drained {
                self.state = State::Finished;
            }
        }
        self.busy
            .as_ref()
            .map_or_else(Vec::new, |busy| busy.slots.expired(now))
    }

    /// Gives an exchange until then: what it waits for has got on.
    pub fn handle_progress(&mut self, key: ExchangeKey, deadline: Instant) {
        if let Some(busy) = &mut self.busy {
            busy.slots.postpone(key, deadline);
        }
    }

    /// How many requests wait for their replies.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.busy.as_ref().map_or(0, |busy| busy.slots.weight())
    }

    /// Whether nothing waits and nothing is to be written.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.busy
            .as_ref()
            .is_none_or(|busy| busy.slots.is_empty() && busy.ready.is_empty())
    }

    /// Whether it was told that the gateway is going away.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain_at().is_some()
    }

    fn drain_at(&self) -> Option<Instant> {
        self.rare.as_ref()?.drain_at
    }

    /// Whether nothing more will be read.
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.state != State::Open
    }

    /// Whether the stream is over once what [`poll_transmit`](Self::poll_transmit) gives is
    /// written.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Finished
    }

    /// Gives back the memory that a quiet stream does not need, unless it is too much to be kept
    /// for another.
    pub fn release_memory(&mut self) -> Option<Spare<R>> {
        let quiet = self.is_quiet();
        let mut busy = self.busy.take_if(|_| quiet)?;
        busy.slots.clear();
        (busy.slots.capacity() <= SPARE && busy.ready.capacity() <= SPARE).then_some(Spare(busy))
    }

    /// Takes memory that saves making new one.
    pub fn take_memory(&mut self, spare: Spare<R>) {
        self.busy.get_or_insert(spare.0);
    }

    fn open(&mut self, id: Correlation, deadline: Instant, weight: u32) -> ExchangeKey {
        let sequence = self.next_sequence;
        self.next_sequence = sequence.wrapping_add(1);
        let slots = &mut self.busy.get_or_insert_default().slots;
        let key = slots.open(sequence, id, deadline, weight);
        if self.order == ReplyOrder::OfRequests {
            slots.line_up(key);
        }
        key
    }

    fn settle(&mut self) {
        if self.state == State::AwaitingReplies && self.in_flight() == 0 {
            self.state = State::Finished;
        }
    }
}

#[cfg(test)]
mod tests;
