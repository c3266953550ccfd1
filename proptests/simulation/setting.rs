//! What differs from seed to seed: protocol, limits, policies, and how bad the world is.

use super::dice::Dice;
use gatewright_core::balance::Policy;
use gatewright_core::codec::{
    Admission, Capabilities, CorrelationKind, Drain, HalfClose, ReplyOrder, Unasked,
};
use gatewright_core::health::{EjectPolicy, HealthPolicy};
use gatewright_core::limit::TryLimits;
use gatewright_core::pool::{Lifetime, PoolLimits, PoolPolicy, Rank};
use gatewright_core::retry::{Cause, RetryPolicy};
use gatewright_core::session::SessionLimits;
use std::time::Duration;

/// What the upstream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speech {
    /// Streams: an exchange has a place of its own.
    Http,
    /// The clients' protocol: a client has a place, and a ledger tells replies apart.
    Native(CorrelationKind),
}

/// Who uses a connection of one's own protocol at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    Shared,
    Exclusive,
}

/// Faults in a thousand chances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Of a connect: that it fails.
    pub(super) connect: u32,
    /// Of a reply: that it comes late, never, twice, with a wrong id, or is a failure.
    pub(super) reply: u32,
    /// Of a step: that something happens to a connection, a server or the clock.
    pub(super) world: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub(super) speech: Speech,
    pub(super) sharing: Sharing,
    pub(super) capabilities: Capabilities,
    pub(super) session: SessionLimits,
    pub(super) timeout: Duration,
    /// How long each try may take.
    pub(super) tries: TryLimits,
    pub(super) quarantine: Duration,
    /// How long a connect may take.
    pub(super) connect: Duration,
    /// How long an unused connection is kept.
    pub(super) idle: Duration,
    /// Replies that may wait to be written to a client.
    pub(super) send_buffer: usize,
    pub(super) limits: PoolLimits,
    pub(super) policy: PoolPolicy,
    pub(super) ranks: Vec<Rank>,
    /// When connections retire.
    pub(super) lifetime: Lifetime,
    /// Whether endpoints are looked for: then they come and go.
    pub(super) found: bool,
    pub(super) retry: RetryPolicy,
    pub(super) clients: usize,
    /// Of a thousand steps, those in which a client does something.
    pub(super) load: u32,
    pub(super) trouble: Trouble,
}

impl Setting {
    pub(super) fn drawn(dice: &mut Dice) -> Self {
        let (speech, reply_order) = speech(dice);
        let sharing = match speech {
            Speech::Native(_) if dice.permille(250) => Sharing::Exclusive,
            Speech::Native(_) | Speech::Http => Sharing::Shared,
        };
        let trouble = trouble(dice);
        let ms = |dice: &mut Dice, all: &[u64]| Duration::from_millis(dice.one_of(all));
        let timeout = match trouble.is_none() {
            true => Duration::from_secs(20),
            false => ms(dice, &[60, 250, 1_000]),
        };
        let correlation = match speech {
            Speech::Native(correlation) => correlation,
            Speech::Http if reply_order == ReplyOrder::OfRequests => CorrelationKind::Fifo,
            Speech::Http => CorrelationKind::Id { bits: 16 },
        };
        Self {
            speech,
            sharing,
            capabilities: Capabilities {
                correlation,
                reply_order,
                half_close: dice.one_of(&[HalfClose::FinishesReplies, HalfClose::Ends]),
                drain: Drain::MessageBoundary,
                unasked: Unasked::Nothing,
                admission: Admission::AtOnce,
                max_frame: 64,
            },
            session: SessionLimits {
                in_flight: dice.one_of(&[1, 4, 16]),
                idle: ms(dice, &[300, 5_000]),
            },
            timeout,
            tries: tries(dice, trouble),
            quarantine: ms(dice, &[100, 400, 2_000]),
            connect: ms(dice, &[50, 300]),
            idle: ms(dice, &[200, 3_000]),
            send_buffer: dice.one_of(&[1, 8, 64]),
            limits: PoolLimits {
                connections: dice.one_of(&[1, 2, 4]),
                streams: dice.one_of(&[1, 3, 16]),
                queue: dice.one_of(&[1, 8, 64]),
                queue_wait: ms(dice, &[20, 100, 600]),
            },
            policy: policy(dice),
            ranks: ranks(dice),
            lifetime: lifetime(dice),
            found: dice.permille(300),
            retry: retry(dice),
            clients: dice.one_of(&[2, 5, 9]),
            load: dice.one_of(&[60, 200, 450]),
            trouble,
        }
    }

    /// The upstream's kind of correlation, if it has one.
    pub(super) const fn native(&self) -> Option<CorrelationKind> {
        match self.speech {
            Speech::Native(correlation) => Some(correlation),
            Speech::Http => None,
        }
    }

    pub(super) fn tells_by_order(&self) -> bool {
        self.native() == Some(CorrelationKind::Fifo)
    }

    /// Whether requests may pass unread; mirrors `passage` of gateway/src/dispatch/mod.rs.
    pub(super) fn passes_unread(&self) -> bool {
        let by_key = self.policy.balance == Policy::Hash;
        let timed = !self.tries.is_none();
        self.tells_by_order() && self.sharing == Sharing::Shared && !by_key && !timed
    }

    pub(super) fn is_in_order(&self) -> bool {
        self.capabilities.reply_order == ReplyOrder::OfRequests
    }
}

impl Trouble {
    pub(super) fn is_none(self) -> bool {
        self == Self::scaled(0)
    }

    const fn scaled(by: u32) -> Self {
        Self {
            connect: 40 * by,
            reply: 8 * by,
            world: 2 * by,
        }
    }
}

fn trouble(dice: &mut Dice) -> Trouble {
    Trouble::scaled(dice.one_of(&[0, 1, 1, 3, 3, 10]))
}

/// Where load alone uses up no time, it uses up none of a try's.
fn tries(dice: &mut Dice, trouble: Trouble) -> TryLimits {
    let mut one = |all: &[u64]| {
        let limited = dice.permille(300) && !trouble.is_none();
        let ms = dice.one_of(all);
        limited.then(|| Duration::from_millis(ms))
    };
    TryLimits {
        first_byte: one(&[8, 30, 120]),
        whole: one(&[15, 60, 400]),
    }
}

fn speech(dice: &mut Dice) -> (Speech, ReplyOrder) {
    let id = |bits| Speech::Native(CorrelationKind::Id { bits });
    dice.one_of(&[
        (Speech::Http, ReplyOrder::Any),
        (Speech::Http, ReplyOrder::OfRequests),
        (
            Speech::Native(CorrelationKind::Fifo),
            ReplyOrder::OfRequests,
        ),
        (
            Speech::Native(CorrelationKind::Fifo),
            ReplyOrder::OfRequests,
        ),
        (id(8), ReplyOrder::Any),
        (id(3), ReplyOrder::Any),
        (id(6), ReplyOrder::Any),
        (id(32), ReplyOrder::Any),
    ])
}

fn policy(dice: &mut Dice) -> PoolPolicy {
    let eject = EjectPolicy {
        failures: dice.one_of(&[2, 5]),
        time: Duration::from_millis(dice.one_of(&[50, 1_000])),
        longest: Duration::from_secs(5),
        share: dice.one_of(&[50, 100]),
        ..EjectPolicy::default()
    };
    let health = HealthPolicy {
        eject,
        fall: 2,
        rise: 1,
        slow_start: Duration::from_millis(dice.one_of(&[0, 500])),
    };
    let (_, balance) = dice.one_of(&Policy::NAMES);
    PoolPolicy {
        balance,
        panic: dice.one_of(&[0, 50]),
        health,
    }
}

fn ranks(dice: &mut Dice) -> Vec<Rank> {
    let endpoints = dice.one_of(&[1, 2, 3, 5]);
    let rank = |index: u32| Rank {
        weight: index + 1,
        priority: index / 3,
    };
    (0..endpoints).map(rank).collect()
}

fn lifetime(dice: &mut Dice) -> Lifetime {
    let age = dice.one_of(&[None, None, Some(100), Some(1_500)]);
    Lifetime {
        age: age.map(Duration::from_millis),
        requests: dice.one_of(&[None, None, Some(1), Some(6), Some(60)]),
    }
}

fn retry(dice: &mut Dice) -> RetryPolicy {
    let all = [
        Cause::Connect,
        Cause::Reset,
        Cause::Timeout,
        Cause::Status(503),
    ];
    RetryPolicy {
        attempts: dice.one_of(&[1, 2, 4]),
        causes: all[..dice.index(all.len() + 1)].to_vec(),
        budget: dice.one_of(&[0, 10, 50, 100]),
    }
}
