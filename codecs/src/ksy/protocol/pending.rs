//! Requests whose replies are read and written with something that they said.

use gatewright_core::message::{Correlation, Value};
use std::collections::{HashMap, VecDeque};

/// The most requests that are remembered; then the oldest is forgotten, whose reply nobody waits
/// for any more.
const MAX: usize = 65_536;
/// Marks of forgotten requests that are kept at least, before they are swept out.
const SWEEP: usize = 64;

/// What is remembered of requests.
#[derive(Debug, Default)]
pub(super) struct Pending {
    by_id: HashMap<Correlation, Noted>,
    /// The requests in `by_id` in their order, and some that have had their replies.
    ages: VecDeque<(u64, Correlation)>,
    /// Of requests without ids, in their order.
    in_order: VecDeque<Vec<Value>>,
    next: u64,
}

#[derive(Debug)]
struct Noted {
    number: u64,
    arguments: Vec<Value>,
}

impl Pending {
    /// Remembers what the reply to a request is read with.
    pub(super) fn note(&mut self, correlation: &Correlation, arguments: Vec<Value>) {
        if *correlation == Correlation::None {
            if self.in_order.len() < MAX {
                self.in_order.push_back(arguments);
            }
            return;
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        let noted = Noted { number, arguments };
        self.by_id.insert(correlation.clone(), noted);
        self.ages.push_back((number, correlation.clone()));
        self.sweep();
    }

    /// What the reply with this correlation is read with; `None` if no request is known that it
    /// answers.
    pub(super) fn of(&self, correlation: &Correlation) -> Option<&[Value]> {
        match correlation {
            Correlation::None => self.in_order.front().map(Vec::as_slice),
            known => self.by_id.get(known).map(|noted| &*noted.arguments),
        }
    }

    /// A request has its reply.
    pub(super) fn forget(&mut self, correlation: &Correlation) {
        match correlation {
            Correlation::None => drop(self.in_order.pop_front()),
            known => drop(self.by_id.remove(known)),
        }
    }

    fn sweep(&mut self) {
        while self.by_id.len() > MAX
            && let Some((number, oldest)) = self.ages.pop_front()
        {
            if is_noted(&self.by_id, number, &oldest) {
                self.by_id.remove(&oldest);
            }
        }
        let useful = self.by_id.len().saturating_mul(2);
        if self.ages.len() > useful.saturating_add(SWEEP) {
            let by_id = &self.by_id;
            self.ages
                .retain(|(number, correlation)| is_noted(by_id, *number, correlation));
        }
    }
}

fn is_noted(by_id: &HashMap<Correlation, Noted>, number: u64, correlation: &Correlation) -> bool {
    by_id
        .get(correlation)
        .is_some_and(|noted| noted.number == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noting(pending: &mut Pending, id: u64) {
        pending.note(&Correlation::Id(id), vec![Value::from(id)]);
    }

    #[test]
    fn requests_are_known_until_they_have_their_replies() {
        let mut pending = Pending::default();
        noting(&mut pending, 1);
        noting(&mut pending, 2);
        pending.note(&Correlation::None, vec![Value::from(3_u8)]);
        assert_eq!(
            pending.of(&Correlation::Id(2)),
            Some(&[Value::from(2_u8)][..])
        );
        assert_eq!(
            pending.of(&Correlation::None),
            Some(&[Value::from(3_u8)][..])
        );
        pending.forget(&Correlation::Id(2));
        pending.forget(&Correlation::None);
        assert_eq!(pending.of(&Correlation::Id(2)), None);
        assert_eq!(pending.of(&Correlation::None), None);
        assert!(pending.of(&Correlation::Id(1)).is_some());
    }

    #[test]
    fn neither_answered_nor_unanswered_requests_pile_up() {
        let mut pending = Pending::default();
        for id in 0..1000 {
            noting(&mut pending, id);
            pending.forget(&Correlation::Id(id));
        }
        assert!(pending.ages.len() <= SWEEP + 1, "{}", pending.ages.len());
        let most = MAX as u64;
        for id in 0..2 * most {
            noting(&mut pending, id);
        }
        assert_eq!(pending.by_id.len(), MAX);
        // The latest are known, whatever became of those before.
        assert!(pending.of(&Correlation::Id(most)).is_some());
        assert_eq!(pending.of(&Correlation::Id(most - 1)), None);
    }
}
