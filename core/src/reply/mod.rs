//! Which request does this reply answer.
//!
//! A [`Ledger`] holds the requests that one connection sent and that still wait for their
//! replies. Call order: [`sent`](Ledger::sent) for each request, then
//! [`received`](Ledger::received) for each reply; where replies follow the order of the requests,
//! [`front`](Ledger::front) tells whose turn it is and [`received_in_order`](Ledger::received_in_order)
//! takes several replies at once.
//!
//! A request that is [abandoned](Ledger::abandon) leaves a mark in its place: its late reply is
//! recognised and dropped, never taken for another's. By order, the mark eats the next reply in
//! line, and the connection is of no more use if none comes in all of a quarantine; by id, it keeps the id from being used again until the reply came, the connection ended
//! or a quarantine is over ([`handle_timeout`](Ledger::handle_timeout)).

mod by_id;
mod in_order;

use crate::codec::CorrelationKind;
use crate::message::Correlation;
use by_id::ById;
use in_order::InOrder;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// The requests that one connection sent and that still wait for their replies.
#[derive(Debug)]
pub struct Ledger<T> {
    pending: Pending<T>,
}

#[derive(Debug)]
enum Pending<T> {
    InOrder(InOrder<T>),
    /// Larger than the other one, of which there may be thousands: one for each connection of HTTP.
    ById(Box<ById<T>>),
}

/// Names one entry of one ledger; never used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    sequence: u64,
    correlation: Correlation,
}

/// Whom a reply is for.
#[derive(Debug, PartialEq, Eq)]
pub enum Answers<T> {
    /// This request, which has all its replies now.
    Request(T),
    /// The request at the [front](Ledger::front), which gets more.
    Part,
    /// A request that was given up.
    Late,
    /// No request: it came unasked, twice, or with a wrong id.
    Unknown,
}

/// The correlation is that of a request which still waits, or was given up.
#[derive(Debug, PartialEq, Eq)]
pub struct InUse;

/// Whose replies come next, where they follow the order of the requests.
#[derive(Debug, PartialEq, Eq)]
pub struct Front<'a, T> {
    /// The request, unless it was given up.
    pub owner: Option<&'a T>,
    /// How many replies it still gets.
    pub replies: NonZeroU32,
}

/// What the passing of time means for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// Nothing.
    Fine,
    /// The reply to a request that was given up long ago never came, and nobody can tell which
    /// request the next reply answers: the connection is of no more use.
    Stuck,
}

impl<T> Ledger<T> {
    /// An empty ledger for a protocol with this kind of correlation.
    #[must_use]
    pub fn new(correlation: CorrelationKind) -> Self {
        let pending = match correlation {
            CorrelationKind::Fifo | CorrelationKind::None => Pending::InOrder(InOrder::default()),
            CorrelationKind::Id { bits } => Pending::ById(Box::new(ById::new(bits))),
            CorrelationKind::Key => Pending::ById(Box::new(ById::new(0))),
        };
        Self { pending }
    }

    /// An id that no request in the ledger has, or `None` if all are taken or the protocol has
    /// none. Ids go round, so that one is not used again for as long as possible.
    pub fn free_id(&mut self) -> Option<u64> {
        match &mut self.pending {
            Pending::InOrder(_) => None,
            Pending::ById(by_id) => by_id.free_id(),
        }
    }

    /// Whether a request with this correlation waits, or was given up and is not forgotten yet.
    #[must_use]
    pub fn is_taken(&self, correlation: &Correlation) -> bool {
        match &self.pending {
            Pending::InOrder(_) => false,
            Pending::ById(by_id) => by_id.is_taken(correlation),
        }
    }

    /// Notes requests that are being sent together and get so many `replies`. By id, a request
    /// has one reply.
    ///
    /// # Errors
    /// [`InUse`] if its correlation is taken.
    pub fn sent(
        &mut self,
        correlation: &Correlation,
        replies: NonZeroU32,
        owner: T,
    ) -> Result<Entry, InUse> {
        match &mut self.pending {
            Pending::InOrder(in_order) => Ok(in_order.sent(replies, owner)),
            Pending::ById(by_id) => by_id.sent(correlation, owner),
        }
    }

    /// Finds the request that one reply answers.
    pub fn received(&mut self, correlation: &Correlation, now: Instant) -> Answers<T> {
        match &mut self.pending {
            Pending::InOrder(in_order) => in_order.received(now),
            Pending::ById(by_id) => by_id.received(correlation),
        }
    }

    /// Whose replies come next. Nobody's where ids tell.
    #[must_use]
    pub fn front(&self) -> Option<Front<'_, T>> {
        match &self.pending {
            Pending::InOrder(in_order) => in_order.front(),
            Pending::ById(_) => None,
        }
    }

    /// Notes so many replies to the [`front`](Self::front), of those that it still gets at most.
    /// Gives it back once it has them all, unless it was given up.
    pub fn received_in_order(&mut self, replies: u32, now: Instant) -> Option<T> {
        match &mut self.pending {
            Pending::InOrder(in_order) => in_order.received_many(replies, now),
            Pending::ById(_) => None,
        }
    }

    /// Gives a request up, leaving its mark. `None` if it has its reply already.
    pub fn abandon(&mut self, entry: &Entry, now: Instant) -> Option<T> {
        match &mut self.pending {
            Pending::InOrder(in_order) => in_order.abandon(entry.sequence, now),
            Pending::ById(by_id) => by_id.abandon(entry, now),
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, if marks stand for `quarantine` at
    /// most.
    #[must_use]
    pub fn poll_timeout(&self, quarantine: Duration) -> Option<Instant> {
        let since = match &self.pending {
            Pending::InOrder(in_order) => in_order.marked_since(),
            Pending::ById(by_id) => by_id.marked_since(),
        };
        since.map(|since| since + quarantine)
    }

    /// Ends the quarantine of marks that have stood for so long.
    pub fn handle_timeout(&mut self, quarantine: Duration, now: Instant) -> Overdue {
        match &mut self.pending {
            Pending::InOrder(in_order) => match in_order.marked_since() {
                Some(since) if since + quarantine <= now => Overdue::Stuck,
                Some(_) | None => Overdue::Fine,
            },
            Pending::ById(by_id) => {
                by_id.release(quarantine, now);
                Overdue::Fine
            }
        }
    }

    /// Takes out all requests that still wait, as when their connection has ended.
    pub fn drain(&mut self) -> Vec<T> {
        match &mut self.pending {
            Pending::InOrder(in_order) => in_order.drain(),
            Pending::ById(by_id) => by_id.drain(),
        }
    }

    /// How many entries there are, marks included.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.pending {
            Pending::InOrder(in_order) => in_order.len(),
            Pending::ById(by_id) => by_id.len(),
        }
    }

    /// Whether nothing is waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests;
