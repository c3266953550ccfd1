//! Deadlines, beside a plain list of them.

use gatewright_core::limit::{Deadline, Deadlines};
use gatewright_proptests::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
enum Operation {
    /// So many milliseconds after the start.
    Insert(u8),
    /// Any name that was ever given.
    Remove(prop::sample::Index),
    /// Everything that has passed this many milliseconds after the start.
    Expire(u8),
    /// One entry, when it is due.
    ExpireNext,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        6 => any::<u8>().prop_map(Operation::Insert),
        4 => any::<prop::sample::Index>().prop_map(Operation::Remove),
        1 => any::<u8>().prop_map(Operation::Expire),
        2 => Just(Operation::ExpireNext),
    ]
}

/// One live entry; its value is its number.
#[derive(Clone, Copy, Debug)]
struct Entry {
    name: Deadline,
    at: Instant,
    number: usize,
}

/// Takes out what expires now, if anything does, and compares it with the list.
fn expire(set: &mut Deadlines<usize>, live: &mut Vec<Entry>, now: Instant) -> Option<usize> {
    let first = live.iter().map(|entry| entry.at).min();
    assert_eq!(set.next_deadline(), first);
    let expired = set.pop_expired(now);
    assert_eq!(expired.is_some(), first.is_some_and(|at| at <= now));
    let number = expired?;
    let place = live
        .iter()
        .position(|entry| entry.number == number)
        .expect("it is live");
    assert_eq!(
        Some(live.swap_remove(place).at),
        first,
        "an earlier one is left behind"
    );
    Some(number)
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn each_entry_leaves_once_and_in_time(operations in vec(operation(), 0..400)) {
        let start = Instant::now();
        let after = |ms: u8| start + Duration::from_millis(ms.into());
        let mut set = Deadlines::default();
        let mut names: Vec<Deadline> = Vec::new();
        let mut live: Vec<Entry> = Vec::new();
        for operation in operations {
            match operation {
                Operation::Insert(ms) => {
                    let (at, number) = (after(ms), names.len());
                    let name = set.insert(at, number);
                    prop_assert!(!names.contains(&name), "a name is used twice");
                    names.push(name);
                    live.push(Entry { name, at, number });
                }
                Operation::Remove(index) if !names.is_empty() => {
                    let name = *index.get(&names);
                    let place = live.iter().position(|entry| entry.name == name);
                    let expected = place.map(|place| live.swap_remove(place).number);
                    prop_assert_eq!(set.remove(name), expected);
                }
                Operation::Remove(_) => {}
                Operation::Expire(ms) => while expire(&mut set, &mut live, after(ms)).is_some() {},
                Operation::ExpireNext => {
                    let due = set.next_deadline();
                    let expired = due.and_then(|at| expire(&mut set, &mut live, at));
                    prop_assert_eq!(expired.is_some(), due.is_some());
                }
            }
            prop_assert_eq!(set.len(), live.len());
            prop_assert_eq!(set.is_empty(), live.is_empty());
            let mut held: Vec<usize> = set.values().copied().collect();
            let mut expected: Vec<usize> = live.iter().map(|entry| entry.number).collect();
            held.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(held, expected);
        }
    }
}
