//! Which request does this reply answer.

use crate::codec::CorrelationKind;
use crate::message::Correlation;
use std::collections::{HashMap, VecDeque};

/// The requests that one connection sent and that still wait for their replies.
///
/// A request that was given up leaves a mark in its place: its late reply is recognised and
/// dropped, never taken for another's. By order, the mark eats the next reply in line; by id, it
/// keeps the id from being used again until the reply came or the connection ended.
#[derive(Debug)]
pub struct Ledger<T> {
    pending: Pending<T>,
}

#[derive(Debug)]
enum Pending<T> {
    InOrder(VecDeque<Option<T>>),
    ById(HashMap<Correlation, Option<T>>),
}

/// Whom a reply is for.
#[derive(Debug, PartialEq, Eq)]
pub enum Answers<T> {
    /// This request.
    Request(T),
    /// A request that was given up.
    Late,
    /// No request: it came unasked, twice, or with a wrong id.
    Unknown,
}

/// The correlation is that of a request which still waits, or was given up.
#[derive(Debug, PartialEq, Eq)]
pub struct InUse;

impl<T> Ledger<T> {
    /// An empty ledger for a protocol with this kind of correlation.
    #[must_use]
    pub fn new(correlation: CorrelationKind) -> Self {
        let pending = match correlation {
            CorrelationKind::Fifo | CorrelationKind::None => Pending::InOrder(VecDeque::new()),
            CorrelationKind::Id { .. } | CorrelationKind::Key => Pending::ById(HashMap::new()),
        };
        Self { pending }
    }

    /// Notes a request that is being sent.
    ///
    /// # Errors
    /// [`InUse`] if its correlation is taken.
    pub fn sent(&mut self, correlation: &Correlation, request: T) -> Result<(), InUse> {
        match &mut self.pending {
            Pending::InOrder(queue) => queue.push_back(Some(request)),
            Pending::ById(map) if map.contains_key(correlation) => return Err(InUse),
            Pending::ById(map) => {
                map.insert(correlation.clone(), Some(request));
            }
        }
        Ok(())
    }

    /// Finds the request that a reply answers.
    pub fn received(&mut self, correlation: &Correlation) -> Answers<T> {
        let place = match &mut self.pending {
            Pending::InOrder(queue) => queue.pop_front(),
            Pending::ById(map) => map.remove(correlation),
        };
        match place {
            Some(Some(request)) => Answers::Request(request),
            Some(None) => Answers::Late,
            None => Answers::Unknown,
        }
    }

    /// Gives up the first request for which `given_up` says so, leaving its mark.
    pub fn abandon(&mut self, mut given_up: impl FnMut(&T) -> bool) -> Option<T> {
        let mut find = |place: &mut Option<T>| {
            if place.as_ref().is_some_and(&mut given_up) {
                place.take()
            } else {
                None
            }
        };
        match &mut self.pending {
            Pending::InOrder(queue) => queue.iter_mut().find_map(&mut find),
            Pending::ById(map) => map.values_mut().find_map(&mut find),
        }
    }

    /// How many requests and marks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.pending {
            Pending::InOrder(queue) => queue.len(),
            Pending::ById(map) => map.len(),
        }
    }

    /// Whether nothing is waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Correlation::{Id, None};

    #[test]
    fn by_id_replies_come_in_any_order() {
        let mut ledger = Ledger::new(CorrelationKind::Id { bits: 8 });
        ledger.sent(&Id(1), 'a').unwrap();
        ledger.sent(&Id(2), 'b').unwrap();
        assert_eq!(ledger.sent(&Id(2), 'c'), Err(InUse));
        assert_eq!(ledger.received(&Id(2)), Answers::Request('b'));
        assert_eq!(ledger.received(&Id(2)), Answers::Unknown);
        assert_eq!(ledger.received(&Id(1)), Answers::Request('a'));
        assert!(ledger.is_empty());
    }

    #[test]
    fn a_late_reply_is_not_the_next_ones() {
        let mut ledger = Ledger::new(CorrelationKind::Fifo);
        ledger.sent(&None, 'a').unwrap();
        ledger.sent(&None, 'b').unwrap();
        assert_eq!(ledger.abandon(|r| *r == 'a'), Some('a'));
        assert_eq!(ledger.received(&None), Answers::Late);
        assert_eq!(ledger.received(&None), Answers::Request('b'));
        assert_eq!(ledger.received(&None), Answers::Unknown);
    }

    #[test]
    fn an_abandoned_id_stays_taken_until_its_reply() {
        let mut ledger = Ledger::new(CorrelationKind::Id { bits: 8 });
        ledger.sent(&Id(1), 'a').unwrap();
        assert_eq!(ledger.abandon(|_| true), Some('a'));
        assert_eq!(ledger.sent(&Id(1), 'b'), Err(InUse));
        assert_eq!(ledger.received(&Id(1)), Answers::Late);
        assert_eq!(ledger.sent(&Id(1), 'b'), Ok(()));
    }
}
