use super::*;
use Correlation::{Id, None as NoId};

const ONE: NonZeroU32 = NonZeroU32::MIN;
const QUARANTINE: Duration = Duration::from_secs(5);

fn by_id<T>(bits: u8) -> Ledger<T> {
    Ledger::new(CorrelationKind::Id { bits })
}

#[test]
fn by_id_replies_come_in_any_order() {
    let now = Instant::now();
    let mut ledger = by_id(8);
    ledger.sent(&Id(1), ONE, 'a').unwrap();
    ledger.sent(&Id(2), ONE, 'b').unwrap();
    assert_eq!(ledger.sent(&Id(2), ONE, 'c'), Err(InUse));
    assert_eq!(ledger.received(&Id(2), now), Answers::Request('b'));
    assert_eq!(ledger.received(&Id(2), now), Answers::Unknown);
    assert_eq!(ledger.received(&Id(1), now), Answers::Request('a'));
    assert!(ledger.is_empty());
}

#[test]
fn a_late_reply_is_not_the_next_ones() {
    let now = Instant::now();
    let mut ledger = Ledger::new(CorrelationKind::Fifo);
    let a = ledger.sent(&NoId, ONE, 'a').unwrap();
    ledger.sent(&NoId, ONE, 'b').unwrap();
    assert_eq!(ledger.abandon(&a, now), Some('a'));
    assert_eq!(ledger.abandon(&a, now), None);
    assert_eq!(ledger.received(&NoId, now), Answers::Late);
    assert_eq!(ledger.received(&NoId, now), Answers::Request('b'));
    assert_eq!(ledger.received(&NoId, now), Answers::Unknown);
}

#[test]
fn several_replies_in_order_count_down() {
    let now = Instant::now();
    let mut ledger = Ledger::new(CorrelationKind::Fifo);
    let three = NonZeroU32::new(3).unwrap();
    ledger.sent(&NoId, three, 'a').unwrap();
    ledger.sent(&NoId, ONE, 'b').unwrap();
    assert_eq!(ledger.received_in_order(1, now), None);
    assert_eq!(ledger.received(&NoId, now), Answers::Part);
    let front = ledger.front().unwrap();
    assert_eq!((front.owner, front.replies), (Some(&'a'), ONE));
    assert_eq!(ledger.received_in_order(1, now), Some('a'));
    assert_eq!(ledger.received_in_order(1, now), Some('b'));
    assert_eq!(ledger.front(), None);
}

#[test]
fn a_mark_takes_all_replies_of_its_batch() {
    let now = Instant::now();
    let mut ledger = Ledger::new(CorrelationKind::Fifo);
    let two = NonZeroU32::new(2).unwrap();
    let a = ledger.sent(&NoId, two, 'a').unwrap();
    ledger.sent(&NoId, ONE, 'b').unwrap();
    ledger.abandon(&a, now);
    assert_eq!(
        ledger.front().map(|f| (f.owner, f.replies)),
        Some((None, two))
    );
    assert_eq!(ledger.received(&NoId, now), Answers::Late);
    assert_eq!(ledger.received(&NoId, now), Answers::Late);
    assert_eq!(ledger.received(&NoId, now), Answers::Request('b'));
}

#[test]
fn an_abandoned_id_stays_taken_until_its_reply() {
    let now = Instant::now();
    let mut ledger = by_id(8);
    let a = ledger.sent(&Id(1), ONE, 'a').unwrap();
    assert_eq!(ledger.abandon(&a, now), Some('a'));
    assert_eq!(ledger.sent(&Id(1), ONE, 'b'), Err(InUse));
    assert_eq!(ledger.received(&Id(1), now), Answers::Late);
    ledger.sent(&Id(1), ONE, 'b').unwrap();
    assert_eq!(ledger.abandon(&a, now), None, "the entry is another");
    assert_eq!(ledger.received(&Id(1), now), Answers::Request('b'));
}

#[test]
fn a_quarantine_ends() {
    let now = Instant::now();
    let mut ledger = by_id(8);
    let a = ledger.sent(&Id(1), ONE, 'a').unwrap();
    ledger.abandon(&a, now);
    let due = ledger.poll_timeout(QUARANTINE).unwrap();
    assert_eq!(due, now + QUARANTINE);
    ledger.handle_timeout(QUARANTINE, due - Duration::from_millis(1));
    assert_eq!(ledger.sent(&Id(1), ONE, 'b'), Err(InUse));
    assert_eq!(ledger.handle_timeout(QUARANTINE, due), Overdue::Fine);
    ledger.sent(&Id(1), ONE, 'b').unwrap();
    assert_eq!(ledger.poll_timeout(QUARANTINE), None);
}

#[test]
fn a_mark_in_front_for_too_long_ends_the_connection() {
    let now = Instant::now();
    let mut ledger = Ledger::new(CorrelationKind::Fifo);
    let a = ledger.sent(&NoId, ONE, 'a').unwrap();
    assert_eq!(ledger.poll_timeout(QUARANTINE), None);
    ledger.abandon(&a, now);
    assert_eq!(ledger.handle_timeout(QUARANTINE, now), Overdue::Fine);
    assert_eq!(
        ledger.handle_timeout(QUARANTINE, now + QUARANTINE),
        Overdue::Stuck
    );
}

#[test]
fn a_mark_behind_a_long_wait_has_all_its_time() {
    let began = Instant::now();
    let later = began + 2 * QUARANTINE;
    let mut ledger = Ledger::new(CorrelationKind::Fifo);
    ledger.sent(&NoId, ONE, 'a').unwrap();
    let two = NonZeroU32::new(2).unwrap();
    let b = ledger.sent(&NoId, two, 'b').unwrap();
    ledger.abandon(&b, began);
    assert_eq!(ledger.poll_timeout(QUARANTINE), None);
    assert_eq!(ledger.received(&NoId, later), Answers::Request('a'));
    assert_eq!(ledger.handle_timeout(QUARANTINE, later), Overdue::Fine);
    let latest = later + QUARANTINE / 2;
    assert_eq!(ledger.received(&NoId, latest), Answers::Late);
    assert_eq!(
        ledger.poll_timeout(QUARANTINE),
        Some(latest + QUARANTINE),
        "one of its replies came"
    );
}

#[test]
fn ids_go_round_their_width_past_those_in_use() {
    let now = Instant::now();
    let mut ledger = by_id(2);
    let ids: Vec<_> = (0..3)
        .map(|n| {
            let id = ledger.free_id().unwrap();
            ledger.sent(&Id(id), ONE, n).unwrap();
            id
        })
        .collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(ledger.free_id(), None);
    ledger.received(&Id(2), now);
    assert_eq!(ledger.free_id(), Some(2));
    let mut wide = by_id::<()>(64);
    assert_eq!(wide.free_id(), Some(1));
    assert_eq!(Ledger::<()>::new(CorrelationKind::Fifo).free_id(), None);
    assert_eq!(Ledger::<()>::new(CorrelationKind::Key).free_id(), None);
}

#[test]
fn marks_do_not_pile_up() {
    let now = Instant::now();
    let mut ledger = by_id(16);
    for _ in 0..10_000 {
        let id = ledger.free_id().unwrap();
        let entry = ledger.sent(&Id(id), ONE, ()).unwrap();
        ledger.abandon(&entry, now);
        ledger.received(&Id(id), now);
    }
    let Pending::ById(by_id) = &ledger.pending else {
        panic!("by id")
    };
    assert!(by_id.marks.len() <= 65);
}

#[test]
fn the_end_of_a_connection_gives_back_those_who_wait() {
    let now = Instant::now();
    for kind in [CorrelationKind::Fifo, CorrelationKind::Id { bits: 8 }] {
        let mut ledger = Ledger::new(kind);
        let a = ledger.sent(&Id(1), ONE, 'a').unwrap();
        ledger.sent(&Id(2), ONE, 'b').unwrap();
        ledger.abandon(&a, now);
        assert_eq!(ledger.drain(), ['b']);
        assert!(ledger.is_empty());
    }
}
