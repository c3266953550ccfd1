//! What a [`Session`] promises.

use super::{Seed, pick};
use gatewright_core::codec::{
    Admission, Capabilities, CorrelationKind, Drain, HalfClose, ReplyOrder, Unasked,
};
use gatewright_core::message::{Correlation, Kind, Message, OperationId, Record};
use gatewright_core::session::{ExchangeKey, Session, SessionLimits, Violation};
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

const IDLE: Duration = Duration::from_millis(50);
const OPERATION: OperationId = OperationId(0);

/// A protocol, as far as a session cares, and how much its client may have in flight.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    correlation: CorrelationKind,
    order: ReplyOrder,
    half_close: HalfClose,
    in_flight: usize,
}

impl From<u8> for Setting {
    fn from(bits: u8) -> Self {
        let (correlation, order) = match bits & 3 {
            0 => (CorrelationKind::Fifo, ReplyOrder::OfRequests),
            1 => (CorrelationKind::Key, ReplyOrder::Any),
            2 => (CorrelationKind::Id { bits: 32 }, ReplyOrder::OfRequests),
            _ => (CorrelationKind::Id { bits: 32 }, ReplyOrder::Any),
        };
        let half_close = if bits & 4 == 0 {
            HalfClose::FinishesReplies
        } else {
            HalfClose::Ends
        };
        Self {
            correlation,
            order,
            half_close,
            in_flight: usize::from(bits >> 3 & 3) + 1,
        }
    }
}

/// What a caller may do to a session, in any order.
#[derive(Clone, Copy, Debug)]
pub enum Operation {
    /// Reads a request, if there is credit.
    Request {
        /// Its correlation, where the protocol has one.
        id: u8,
        /// Its time, in milliseconds.
        ttl: u8,
    },
    /// Reads a message that wants no reply, or that no client may send.
    Stray(Kind),
    /// Settles any exchange there ever was.
    Reply {
        /// Which one.
        exchange: u8,
        /// Whether there is a reply to send.
        given: bool,
    },
    /// Answers a message that could not be read, if one may be read.
    LocalAnswer,
    /// Writes so many replies.
    Transmit(u8),
    /// Lets so many milliseconds pass.
    Pass(u8),
    /// Waits for the next timeout and handles it.
    Timeout,
    /// The client's half-close.
    Eof,
    /// The end of reading.
    Close,
    /// A request that is half read or a reply that is half written, or none any more.
    Halfway(bool),
    /// A drain, so many milliseconds from now.
    Drain(u8),
    /// Gives back memory.
    Release,
}

impl From<Seed> for Operation {
    fn from([what, a, b]: Seed) -> Self {
        match what % 32 {
            0..=8 => Self::Request {
                id: a % 6,
                ttl: b % 32,
            },
            9 => Self::Stray(if a & 1 == 0 { Kind::Event } else { Kind::Reply }),
            10..=16 => Self::Reply {
                exchange: a,
                given: b & 3 != 0,
            },
            17..=18 => Self::LocalAnswer,
            19..=22 => Self::Transmit(a % 4),
            23..=24 => Self::Pass(a % 64),
            25..=26 => Self::Timeout,
            27 => Self::Halfway(a & 1 == 0),
            28 => Self::Eof,
            29 => Self::Close,
            30 => Self::Drain(a % 64),
            _ => Self::Release,
        }
    }
}

/// An exchange that is open, or whose reply waits for its turn.
struct Exchange {
    key: Option<ExchangeKey>,
    id: Correlation,
    deadline: Instant,
    parked: Option<Option<u32>>,
}

/// What the session should be.
struct Model {
    setting: Setting,
    /// In the order of opening.
    exchanges: VecDeque<Exchange>,
    ready: VecDeque<u32>,
    open: bool,
    finished: bool,
    halfway: bool,
    last_activity: Instant,
    drain_at: Option<Instant>,
}

impl Model {
    fn is_quiet(&self) -> bool {
        self.exchanges.is_empty() && self.ready.is_empty()
    }

    /// Whether it may be idle, or drained.
    fn rests(&self) -> bool {
        self.is_quiet() && !self.halfway
    }

    fn wants_request(&self) -> bool {
        self.open && self.exchanges.len() + self.ready.len() < self.setting.in_flight
    }

    fn waiting(&self) -> impl Iterator<Item = &Exchange> {
        self.exchanges.iter().filter(|e| e.parked.is_none())
    }

    fn waits(&self, key: ExchangeKey) -> bool {
        self.waiting().any(|e| e.key == Some(key))
    }

    fn timeout(&self) -> Option<Instant> {
        let exchanges = self.waiting().map(|e| e.deadline).min();
        let quiet = self.rests().then(|| {
            (self.last_activity + IDLE).min(self.drain_at.unwrap_or(self.last_activity + IDLE))
        });
        exchanges
            .into_iter()
            .chain(quiet)
            .min()
            .filter(|_| !self.finished)
    }

    fn overdue(&self, now: Instant) -> HashSet<ExchangeKey> {
        let overdue = self.waiting().filter(|e| e.deadline <= now);
        overdue.filter_map(|e| e.key).collect()
    }

    fn settle(&mut self, index: usize, reply: Option<u32>) {
        match self.setting.order {
            ReplyOrder::Any => {
                self.exchanges.remove(index);
                self.ready.extend(reply);
            }
            ReplyOrder::OfRequests => {
                self.exchanges[index].parked = Some(reply);
                while let Some(parked) = self.exchanges.front().and_then(|e| e.parked) {
                    self.exchanges.pop_front();
                    self.ready.extend(parked);
                }
            }
        }
        self.end_if_settled();
    }

    fn stop_reading(&mut self) {
        self.open = false;
        self.end_if_settled();
    }

    fn end_if_settled(&mut self) {
        self.finished |= !self.open && self.exchanges.is_empty();
    }

    fn finish(&mut self) {
        self.open = false;
        self.finished = true;
    }
}

/// A session beside its model.
struct Pair {
    session: Session<u32>,
    model: Model,
    keys: Vec<ExchangeKey>,
    now: Instant,
    next_reply: u32,
}

/// Drives a session through the operations and on to its end.
///
/// # Panics
/// If it breaks a promise.
pub fn run(setting: Setting, operations: &[Operation]) {
    let now = Instant::now();
    let capabilities = Capabilities {
        correlation: setting.correlation,
        reply_order: setting.order,
        half_close: setting.half_close,
        drain: Drain::MessageBoundary,
        unasked: Unasked::Nothing,
        admission: Admission::AtOnce,
        max_frame: 64,
    };
    let limits = SessionLimits {
        in_flight: setting.in_flight,
        idle: IDLE,
    };
    let mut pair = Pair {
        session: Session::new(limits, &capabilities, now),
        model: Model {
            setting,
            exchanges: VecDeque::new(),
            ready: VecDeque::new(),
            halfway: false,
            open: true,
            finished: false,
            last_activity: now,
            drain_at: None,
        },
        keys: Vec::new(),
        now,
        next_reply: 0,
    };
    for operation in operations {
        pair.apply(*operation);
        pair.compare();
    }
    pair.end();
}

impl Pair {
    fn apply(&mut self, operation: Operation) {
        match operation {
            Operation::Request { id, ttl } if self.session.wants_request() => self.request(id, ttl),
            Operation::LocalAnswer if self.session.wants_request() => self.local_answer(),
            Operation::Request { .. } | Operation::LocalAnswer => {}
            Operation::Stray(kind) => self.stray(kind),
            Operation::Reply { exchange, given } => {
                if let Some(key) = pick(&self.keys, exchange) {
                    self.reply(key, given);
                }
            }
            Operation::Transmit(count) => (0..count).for_each(|_| _ = self.transmit()),
            Operation::Pass(ms) => self.now += Duration::from_millis(ms.into()),
            Operation::Timeout => self.timeout(),
            Operation::Eof => {
                self.session.handle_eof();
                match self.model.setting.half_close {
                    HalfClose::FinishesReplies => self.model.stop_reading(),
                    HalfClose::Ends => self.model.finish(),
                }
            }
            Operation::Close => {
                self.session.handle_close();
                self.model.stop_reading();
            }
            Operation::Halfway(halfway) => {
                self.session.handle_halfway(halfway, self.now);
                if halfway || self.model.halfway {
                    self.model.last_activity = self.now;
                }
                self.model.halfway = halfway;
            }
            Operation::Drain(ms) => {
                let at = self.now + Duration::from_millis(ms.into());
                self.session.handle_drain(at);
                self.model.drain_at = Some(self.model.drain_at.map_or(at, |drain| drain.min(at)));
            }
            Operation::Release => {
                if let Some(spare) = self.session.release_memory() {
                    self.session.take_memory(spare);
                }
            }
        }
    }

    fn request(&mut self, id: u8, ttl: u8) {
        let id = match self.model.setting.correlation {
            CorrelationKind::Id { .. } => Correlation::Id(id.into()),
            CorrelationKind::Key => Correlation::Key(vec![id].into()),
            CorrelationKind::Fifo | CorrelationKind::None => Correlation::None,
        };
        let deadline = self.now + Duration::from_millis(ttl.into());
        let message = message(Kind::Request).with_correlation(id.clone());
        let taken = self.session.handle_request(&message, deadline, self.now);
        self.model.last_activity = self.now;
        let twice = id != Correlation::None && self.model.exchanges.iter().any(|e| e.id == id);
        if twice {
            return assert_eq!(taken, Err(Violation::DuplicateId));
        }
        let key = taken.unwrap().expect("a request opens an exchange");
        assert!(!self.keys.contains(&key), "a key is used twice: {key:?}");
        let mut open = self.model.exchanges.iter().filter_map(|e| e.key);
        assert!(
            open.all(|other| other.slot() != key.slot()),
            "a slot is shared"
        );
        self.keys.push(key);
        self.model.exchanges.push_back(Exchange {
            key: Some(key),
            id,
            deadline,
            parked: None,
        });
    }

    fn stray(&mut self, kind: Kind) {
        let taken = self
            .session
            .handle_request(&message(kind), self.now, self.now);
        self.model.last_activity = self.now;
        let expected = match kind {
            Kind::Reply => Err(Violation::NotARequest),
            Kind::Event | Kind::Request => Ok(None),
        };
        assert_eq!(taken, expected);
    }

    fn reply(&mut self, key: ExchangeKey, given: bool) {
        let reply = given.then(|| self.number());
        let taken = self.session.handle_reply(key, reply, self.now);
        assert_eq!(taken, self.model.waits(key), "one reply to each exchange");
        let mut exchanges = self.model.exchanges.iter();
        if taken && let Some(index) = exchanges.position(|e| e.key == Some(key)) {
            self.model.last_activity = self.now;
            self.model.settle(index, reply);
        }
    }

    fn local_answer(&mut self) {
        let answer = self.number();
        self.session.handle_local_answer(answer, self.now);
        match self.model.setting.order {
            ReplyOrder::Any => self.model.ready.push_back(answer),
            ReplyOrder::OfRequests => {
                self.model.exchanges.push_back(Exchange {
                    key: None,
                    id: Correlation::None,
                    deadline: self.now,
                    parked: None,
                });
                self.model.last_activity = self.now;
                self.model
                    .settle(self.model.exchanges.len() - 1, Some(answer));
            }
        }
    }

    fn transmit(&mut self) -> Option<u32> {
        let sent = self.session.poll_transmit();
        assert_eq!(sent, self.model.ready.pop_front());
        sent
    }

    /// Nothing happens before the timeout, and something does at it.
    fn timeout(&mut self) {
        let Some(at) = self.session.poll_timeout() else {
            return;
        };
        let early = at - Duration::from_nanos(1);
        if early > self.now {
            assert_eq!(self.session.handle_timeout(early), []);
            self.compare();
        }
        self.now = self.now.max(at);
        let given = self.session.handle_timeout(self.now);
        let quiet = self.model.rests();
        assert!(quiet || !given.is_empty(), "a timeout for nothing");
        let expected = self.model.overdue(self.now);
        assert_eq!(given.len(), expected.len());
        assert_eq!(given.into_iter().collect::<HashSet<_>>(), expected);
        if quiet {
            self.model.finish();
        }
    }

    fn number(&mut self) -> u32 {
        self.next_reply += 1;
        self.next_reply
    }

    fn compare(&self) {
        let (session, model) = (&self.session, &self.model);
        assert!(
            session.in_flight() <= model.setting.in_flight,
            "credit is exceeded"
        );
        assert_eq!(session.in_flight(), model.exchanges.len());
        assert_eq!(session.wants_request(), model.wants_request());
        assert_eq!(session.is_quiet(), model.is_quiet());
        assert_eq!(session.is_closing(), !model.open);
        assert_eq!(session.is_finished(), model.finished);
        assert_eq!(session.poll_timeout(), model.timeout());
    }

    /// Settles all there is: the stream then ends by itself, at its next timeout at the latest.
    fn end(mut self) {
        for key in self.keys.clone() {
            self.reply(key, true);
            self.compare();
        }
        while self.transmit().is_some() {}
        self.apply(Operation::Halfway(false));
        assert!(self.session.is_quiet());
        assert!(self.model.open || self.session.is_finished());
        self.timeout();
        self.compare();
        assert!(self.session.is_finished(), "all is settled, and it goes on");
    }
}

fn message(kind: Kind) -> Message {
    Message::new(kind, OPERATION, Record::new())
}
