use super::*;
use crate::codec::{Admission, Drain, Unasked};
use crate::message::{OperationId, Record};

const LIMITS: SessionLimits = SessionLimits {
    in_flight: 3,
    idle: Duration::from_secs(10),
};

fn session(order: ReplyOrder, half_close: HalfClose, now: Instant) -> Session<Message> {
    let correlation = match order {
        ReplyOrder::Any => CorrelationKind::Id { bits: 32 },
        ReplyOrder::OfRequests => CorrelationKind::Fifo,
    };
    let capabilities = Capabilities {
        correlation,
        reply_order: order,
        half_close,
        drain: Drain::MessageBoundary,
        unasked: Unasked::Nothing,
        admission: Admission::AtOnce,
        max_frame: 64,
    };
    Session::new(LIMITS, &capabilities, now)
}

fn message(kind: Kind, id: u64) -> Message {
    Message::new(kind, OperationId(0), Record::new()).with_correlation(Correlation::Id(id))
}

fn request(session: &mut Session, id: u64, now: Instant) -> ExchangeKey {
    session
        .handle_request(
            &message(Kind::Request, id),
            now + Duration::from_secs(1),
            now,
        )
        .unwrap()
        .unwrap()
}

fn reply(id: u64) -> Option<Message> {
    Some(message(Kind::Reply, id))
}

fn sent(session: &mut Session) -> Vec<u64> {
    std::iter::from_fn(|| session.poll_transmit())
        .map(|message| match message.correlation() {
            Correlation::Id(id) => *id,
            other => panic!("an id, not {other:?}"),
        })
        .collect()
}

#[test]
fn replies_with_ids_leave_as_they_come() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    let a = request(&mut s, 1, now);
    let b = request(&mut s, 2, now);
    assert!(s.handle_reply(b, reply(2), now));
    assert!(s.handle_reply(a, reply(1), now));
    assert_eq!(sent(&mut s), [2, 1]);
}

#[test]
fn replies_without_ids_keep_the_order_of_requests() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::OfRequests, HalfClose::FinishesReplies, now);
    let a = request(&mut s, 1, now);
    let b = request(&mut s, 2, now);
    s.handle_local_answer(message(Kind::Reply, 3), now);
    s.handle_reply(b, reply(2), now);
    assert!(sent(&mut s).is_empty());
    s.handle_reply(a, reply(1), now);
    assert_eq!(sent(&mut s), [1, 2, 3]);
    assert!(s.is_quiet());
}

/// Whoever counts replies would take the second for the first.
#[test]
fn where_a_reply_is_missing_none_of_those_behind_it_leaves() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::OfRequests, HalfClose::FinishesReplies, now);
    let keys = [1, 2, 3].map(|id| request(&mut s, id, now));
    s.handle_reply(keys[2], reply(3), now);
    s.handle_gap(keys[1]);
    assert!(!s.is_finished() && !s.wants_request());
    s.handle_reply(keys[0], reply(1), now);
    assert_eq!(sent(&mut s), [1]);
    assert!(s.is_finished());

    let mut s = session(ReplyOrder::OfRequests, HalfClose::FinishesReplies, now);
    let keys = [1, 2, 3].map(|id| request(&mut s, id, now));
    s.handle_part(keys[1], message(Kind::Reply, 2), now);
    s.handle_gap(keys[1]);
    assert!(!s.handle_part(keys[1], message(Kind::Reply, 2), now));
    assert!(!s.handle_reply(keys[2], reply(3), now), "it is forgotten");
    s.handle_reply(keys[0], reply(1), now);
    assert_eq!(sent(&mut s), [1, 2], "what came of it before");

    // With ids, nobody is mistaken.
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    let keys = [1, 2].map(|id| request(&mut s, id, now));
    s.handle_gap(keys[0]);
    s.handle_reply(keys[1], reply(2), now);
    assert_eq!(sent(&mut s), [2]);
    assert!(s.is_finished());
}

#[test]
fn where_a_reply_cannot_be_written_none_of_those_behind_it_leaves() {
    let now = Instant::now();
    for (order, after) in [(ReplyOrder::OfRequests, &[][..]), (ReplyOrder::Any, &[2])] {
        let mut s = session(order, HalfClose::FinishesReplies, now);
        let keys = [1, 2].map(|id| request(&mut s, id, now));
        for (key, id) in keys.into_iter().zip([1, 2]) {
            s.handle_reply(key, reply(id), now);
        }
        s.poll_transmit();
        s.handle_unwritten();
        assert_eq!(sent(&mut s), after);
        assert!(!s.wants_request());
    }
}

#[test]
fn credit_stops_reading_and_a_reply_gives_it_back() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    let keys: Vec<_> = (0..3).map(|id| request(&mut s, id, now)).collect();
    assert!(!s.wants_request());
    s.handle_reply(keys[1], reply(1), now);
    assert!(!s.wants_request(), "nobody has written it");
    assert_eq!(sent(&mut s), [1]);
    assert!(s.wants_request());
}

#[test]
fn an_exchange_takes_one_reply() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    let a = request(&mut s, 1, now);
    assert!(s.handle_reply(a, reply(1), now));
    assert!(!s.handle_reply(a, reply(1), now));
    s.poll_transmit();
    let spare = s.release_memory().expect("it was busy and is quiet");
    assert!(s.busy.is_none());
    s.take_memory(spare);
    let b = request(&mut s, 2, now);
    assert_eq!(a.slot(), b.slot());
    assert!(
        !s.handle_reply(a, reply(1), now),
        "the old key must not answer the new request"
    );
    assert!(s.handle_reply(b, reply(2), now));
    assert_eq!(sent(&mut s), [2]);
}

#[test]
fn memory_is_given_back_by_quiet_sessions_and_not_without_end() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    let a = request(&mut s, 1, now);
    assert!(s.release_memory().is_none(), "a request waits");
    s.handle_reply(a, reply(1), now);
    assert!(s.release_memory().is_none(), "a reply waits");
    assert_eq!(sent(&mut s), [1]);
    (0..100).for_each(|id| s.handle_local_answer(message(Kind::Reply, id), now));
    assert_eq!(sent(&mut s).len(), 100);
    assert!(s.release_memory().is_none(), "too much to keep");
    assert!(s.busy.is_none());
}

#[test]
fn an_id_in_flight_cannot_be_used_again() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    let a = request(&mut s, 7, now);
    assert_eq!(
        s.handle_request(&message(Kind::Request, 7), now, now),
        Err(Violation::DuplicateId)
    );
    // Of the same tag.
    let b = request(&mut s, 7 << 32, now);
    assert_eq!(
        s.handle_request(&message(Kind::Request, 7), now, now),
        Err(Violation::DuplicateId)
    );
    s.handle_reply(a, reply(7), now);
    s.handle_reply(b, reply(7 << 32), now);
    assert!(
        s.handle_request(&message(Kind::Request, 7), now, now)
            .is_ok()
    );
    assert_eq!(
        s.handle_request(&message(Kind::Reply, 8), now, now),
        Err(Violation::NotARequest)
    );
    assert_eq!(
        s.handle_request(&message(Kind::Event, 7), now, now),
        Ok(None)
    );
}

#[test]
fn a_half_close_lets_replies_through_where_the_protocol_allows_it() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    let a = request(&mut s, 1, now);
    s.handle_eof();
    assert!(!s.wants_request() && !s.is_finished());
    s.handle_reply(a, reply(1), now);
    assert!(s.is_finished());
    assert_eq!(sent(&mut s), [1]);

    let mut s = session(ReplyOrder::Any, HalfClose::Ends, now);
    request(&mut s, 1, now);
    s.handle_eof();
    assert!(s.is_finished());
}

#[test]
fn time_runs_from_the_last_activity_and_for_each_exchange() {
    let now = Instant::now();
    let second = Duration::from_secs(1);
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    assert_eq!(s.poll_timeout(), Some(now + LIMITS.idle));
    let a = request(&mut s, 1, now + second);
    assert_eq!(s.poll_timeout(), Some(now + 2 * second));
    assert_eq!(s.handle_timeout(now + second), []);
    assert_eq!(s.handle_timeout(now + 2 * second), [a]);
    s.handle_reply(a, reply(1), now + 2 * second);
    sent(&mut s);
    assert_eq!(s.poll_timeout(), Some(now + 2 * second + LIMITS.idle));
    assert!(!s.is_finished());
    s.handle_timeout(now + 2 * second + LIMITS.idle);
    assert!(s.is_finished());
}

#[test]
fn a_drain_waits_for_what_is_in_flight() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    let a = request(&mut s, 1, now);
    s.handle_drain(now);
    s.handle_timeout(now);
    assert!(!s.is_finished());
    s.handle_reply(a, reply(1), now);
    assert_eq!(sent(&mut s), [1]);
    assert_eq!(s.poll_timeout(), Some(now));
    s.handle_timeout(now);
    assert!(s.is_finished());
}

#[test]
fn what_is_halfway_is_neither_idle_nor_drained() {
    let now = Instant::now();
    let later = now + LIMITS.idle;
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    s.handle_halfway(true, now);
    s.handle_drain(now);
    assert_eq!(s.poll_timeout(), None);
    s.handle_timeout(later);
    assert!(!s.is_finished());
    s.handle_halfway(false, later);
    assert_eq!(s.poll_timeout(), Some(now));
    s.handle_timeout(later);
    assert!(s.is_finished());

    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    s.handle_halfway(true, now);
    s.handle_halfway(false, later);
    assert_eq!(s.poll_timeout(), Some(later + LIMITS.idle));
}

#[test]
fn a_sign_of_life_keeps_a_stream_open() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    s.handle_heartbeat(now + LIMITS.idle / 2);
    s.handle_timeout(now + LIMITS.idle);
    assert!(!s.is_finished());
    s.handle_timeout(now + LIMITS.idle * 3 / 2);
    assert!(s.is_finished());
}

const MINUTE: Duration = Duration::from_secs(60);

fn part(id: u64) -> Message {
    message(Kind::Reply, id)
}

#[test]
fn a_batch_counts_for_all_its_requests() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::OfRequests, HalfClose::FinishesReplies, now);
    let three = NonZeroU32::new(3).unwrap();
    let key = s.handle_batch(three, now + MINUTE, now);
    assert_eq!((s.in_flight(), s.credit()), (3, 0));
    assert!(!s.wants_request());
    assert!(s.handle_reply(key, reply(1), now));
    assert_eq!((s.in_flight(), s.credit()), (0, 2));
    assert_eq!(sent(&mut s), [1]);
    assert_eq!(s.credit(), 3);
}

#[test]
fn parts_keep_their_place_in_the_order() {
    let now = Instant::now();
    let mut s = session(ReplyOrder::OfRequests, HalfClose::FinishesReplies, now);
    let one = NonZeroU32::MIN;
    let first = s.handle_batch(one, now + MINUTE, now);
    let second = s.handle_batch(one, now + MINUTE, now);
    assert!(s.handle_part(second, part(3), now));
    assert!(sent(&mut s).is_empty());
    assert!(s.handle_part(first, part(1), now));
    assert_eq!(sent(&mut s), [1]);
    assert!(s.handle_reply(first, reply(2), now));
    assert!(!s.handle_part(first, part(9), now), "it is over");
    assert_eq!(sent(&mut s), [2, 3]);
    assert!(s.handle_reply(second, reply(4), now));
    assert_eq!(sent(&mut s), [4]);
    assert!(s.is_quiet());
}

#[test]
fn only_what_opens_a_session_is_admitted_before_it_is_open() {
    use crate::codec::{Operation, StructId};
    let now = Instant::now();
    let other = Operation::new("other", Kind::Request, StructId(0));
    let open = Operation::new("open", Kind::Request, StructId(0)).opening();
    let free: Session = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    assert!(free.admits(&other) && free.admits(&open));
    let capabilities = Capabilities {
        correlation: CorrelationKind::Fifo,
        reply_order: ReplyOrder::OfRequests,
        half_close: HalfClose::FinishesReplies,
        drain: Drain::MessageBoundary,
        unasked: Unasked::Nothing,
        admission: Admission::AfterOpening,
        max_frame: 64,
    };
    let mut gated: Session = Session::new(LIMITS, &capabilities, now);
    assert!(!gated.admits(&other) && gated.admits(&open));
    gated.handle_opened();
    assert!(gated.admits(&other) && gated.admits(&open));
}

#[test]
fn a_watched_stream_tells_when_a_sign_is_due() {
    use crate::message::{OperationId, Record};
    let now = Instant::now();
    let mut s: Session = session(ReplyOrder::Any, HalfClose::FinishesReplies, now);
    assert_eq!(
        (s.poll_pulse(), s.handle_pulse(now + MINUTE)),
        (None, Beat::Wait)
    );
    let every = LIMITS.idle / 4;
    let vigil = Vigil {
        every,
        sign: Some(Message::new(Kind::Event, OperationId(0), Record::new())),
        silence: Some(every * 3),
        echoes: false,
    };
    s.watch(&vigil, now);
    assert_eq!(s.poll_timeout(), Some(now + every));
    assert_eq!(s.handle_pulse(now + every), Beat::Send(0));
    s.handle_written(now + every);
    s.handle_heard(now + every * 2);
    assert_eq!(s.handle_pulse(now + every * 2), Beat::Send(1));
    // A client with a request in flight is watched as well.
    request(&mut s, 1, now + every * 2);
    assert_eq!(s.handle_pulse(now + every * 4), Beat::GiveUp);
}
