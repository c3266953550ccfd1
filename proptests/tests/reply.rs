//! Ledgers, beside a list of what was sent.

use gatewright_core::codec::CorrelationKind;
use gatewright_core::message::Correlation;
use gatewright_core::reply::{Answers, Entry, InUse, Ledger};
use gatewright_proptests::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use std::num::NonZeroU32;
use std::time::Instant;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Sent(u8),
    Received(u8),
    /// Gives up the request of this number, if it still waits.
    Abandon(u8),
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        (0..12_u8).prop_map(Operation::Sent),
        (0..12_u8).prop_map(Operation::Received),
        any::<u8>().prop_map(Operation::Abandon),
    ]
}

fn kind() -> impl Strategy<Value = CorrelationKind> {
    prop_oneof![
        Just(CorrelationKind::Fifo),
        Just(CorrelationKind::Id { bits: 8 }),
        Just(CorrelationKind::Key),
    ]
}

fn correlation(kind: CorrelationKind, id: u8) -> Correlation {
    match kind {
        CorrelationKind::Id { .. } => Correlation::Id(id.into()),
        CorrelationKind::Key => Correlation::Key(vec![id; 3].into()),
        CorrelationKind::Fifo | CorrelationKind::None => Correlation::None,
    }
}

/// A request that was sent, in the order of sending, and whether it was given up.
struct Sent {
    correlation: Correlation,
    number: u8,
    entry: Entry,
    given_up: bool,
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn each_reply_finds_its_request_or_none(
        kind in kind(),
        operations in vec(operation(), 0..200),
    ) {
        let now = Instant::now();
        let mut ledger = Ledger::new(kind);
        let mut sent: Vec<Sent> = Vec::new();
        for (number, operation) in (0_u8..).zip(operations) {
            match operation {
                Operation::Sent(id) => {
                    let correlation = correlation(kind, id);
                    let taken = correlation != Correlation::None
                        && sent.iter().any(|s| s.correlation == correlation);
                    match ledger.sent(&correlation, NonZeroU32::MIN, number) {
                        Ok(entry) => {
                            prop_assert!(!taken);
                            sent.push(Sent { correlation, number, entry, given_up: false });
                        }
                        Err(InUse) => prop_assert!(taken),
                    }
                }
                Operation::Received(id) => {
                    let correlation = correlation(kind, id);
                    let place = sent.iter().position(|s| s.correlation == correlation);
                    let expected = match place.map(|place| sent.remove(place)) {
                        Some(Sent { given_up: true, .. }) => Answers::Late,
                        Some(Sent { number, .. }) => Answers::Request(number),
                        None => Answers::Unknown,
                    };
                    prop_assert_eq!(ledger.received(&correlation, now), expected);
                }
                Operation::Abandon(which) => {
                    let Some(found) = sent.iter_mut().find(|s| s.number == which) else {
                        continue;
                    };
                    let expected = (!found.given_up).then_some(found.number);
                    found.given_up = true;
                    prop_assert_eq!(ledger.abandon(&found.entry, now), expected);
                }
            }
            prop_assert_eq!(ledger.len(), sent.len());
            prop_assert_eq!(ledger.is_empty(), sent.is_empty());
        }
    }
}
