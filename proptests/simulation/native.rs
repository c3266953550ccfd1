//! Lanes, links and mailboxes: mirrors gateway/src/upstream/native/{lane,link,mailbox,driver}.rs.

use super::setting::Sharing;
use super::shadow::payload;
use super::upstream::{Lease, Place, Turn};
use super::{ClientId, Nonce, Task, World, say};
use gatewright_core::codec::CorrelationKind;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::health::Verdict;
use gatewright_core::message::Correlation;
use gatewright_core::pool::{ConnId, Ticket};
use gatewright_core::reply::{Answers, Entry, Ledger, Overdue};
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Instant;

/// Replies with unknown ids after which the server is not believed any more.
const UNKNOWN: u32 = 16;

pub(super) type CallId = u64;

/// A client, and the key that its requests are spread by.
pub(super) type LaneKey = (ClientId, u64);

#[derive(Debug, Default)]
pub(super) struct Lane {
    link: Option<Lease>,
    waiting: Option<Ticket>,
    backlog: VecDeque<CallId>,
    pub(super) outstanding: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    Message,
    Frames,
}

/// A parcel on its way, and its mailbox.
#[derive(Debug)]
pub(super) struct Call {
    lane: LaneKey,
    contents: Contents,
    nonces: Vec<Nonce>,
    since: Instant,
    whereabouts: Whereabouts,
    replies: Vec<u64>,
    fault: Option<Fault>,
    pub(super) sent: Option<(ConnId, Instant)>,
}

#[derive(Debug)]
enum Whereabouts {
    Queued,
    Sent(ConnId, Entry),
    Over,
}

/// What came of a call since the last look.
pub(super) struct Part {
    pub(super) replies: Vec<u64>,
    pub(super) end: Option<Result<(), Fault>>,
}

#[derive(Debug)]
pub(super) struct Link {
    pub(super) ledger: Ledger<CallId>,
    outbound: VecDeque<Frame>,
    unknown: u32,
    pub(super) closed: Option<&'static str>,
    /// It ends once all that is due has come.
    retired: bool,
}

/// A request on the wire.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) correlation: Correlation,
    pub(super) nonce: Nonce,
}

/// A reply on the wire.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) correlation: Correlation,
    pub(super) payload: u64,
    /// The request that it answers; `None` if nobody asked for it.
    pub(super) nonce: Option<Nonce>,
}

impl Lane {
    pub(super) fn is_at_rest(&self) -> bool {
        let free = self.link.is_none() && self.waiting.is_none();
        free && self.outstanding == 0 && self.backlog.is_empty()
    }
}

impl Link {
    pub(super) fn new(correlation: CorrelationKind) -> Self {
        Self {
            ledger: Ledger::new(correlation),
            outbound: VecDeque::new(),
            unknown: 0,
            closed: None,
            retired: false,
        }
    }

    fn close(&mut self, reason: &'static str) {
        self.closed.get_or_insert(reason);
    }
}

// lane.rs
impl World {
    pub(super) fn send(
        &mut self,
        lane: LaneKey,
        contents: Contents,
        nonces: Vec<Nonce>,
        avoid: Option<usize>,
    ) -> Result<CallId, Fault> {
        let id = self.number();
        let call = Call {
            lane,
            contents,
            nonces,
            since: self.now,
            whereabouts: Whereabouts::Queued,
            replies: Vec::new(),
            fault: None,
            sent: None,
        };
        self.calls.insert(id, call);
        self.lane(lane).outstanding += 1;
        let sent = match self.usable_link(lane, avoid) {
            Ok(Some(conn)) => self.send_on(conn, id),
            Ok(None) => {
                self.lane(lane).backlog.push_back(id);
                Ok(())
            }
            Err(fault) => Err(fault),
        };
        match sent {
            Ok(()) => Ok(id),
            Err(fault) => {
                self.excuse(id, &fault);
                self.end_call(id);
                Err(fault)
            }
        }
    }

    /// Where a fault comes from, it was looked at whether it may.
    fn excuse(&mut self, id: CallId, fault: &Fault) {
        for nonce in &self.calls[&id].nonces {
            self.requests.excuse(*nonce, fault.class());
        }
    }

    fn lane(&mut self, lane: LaneKey) -> &mut Lane {
        self.lanes.entry(lane).or_default()
    }

    fn is_closed(&mut self, conn: ConnId) -> bool {
        self.link(conn)
            .is_none_or(|link| link.closed.is_some() || link.retired)
    }

    /// Whether it is to be ended now; mirrors `Link::ended`.
    fn is_over(&mut self, conn: ConnId) -> bool {
        self.link(conn).is_none_or(|link| {
            let done = link.ledger.is_empty() && link.outbound.is_empty();
            link.closed.is_some() || link.retired && done
        })
    }

    fn usable_link(&mut self, key: LaneKey, avoid: Option<usize>) -> Result<Option<ConnId>, Fault> {
        self.drop_closed_link(key);
        let conn = self.lane(key).link.as_ref().map(|lease| lease.id);
        let retiring = conn.is_some_and(|conn| self.is_retiring(conn));
        let shared = self.setting.sharing == Sharing::Shared && !retiring;
        let lane = self.lane(key);
        if lane.waiting.is_some() || !lane.backlog.is_empty() {
            return Ok(None);
        }
        if let Some(lease) = &lane.link {
            let free = shared || lane.outstanding == 1;
            return Ok(free.then_some(lease.id));
        }
        match self.acquire(key.0, key.1, avoid, Task::Lane(key))? {
            Place::Granted(lease) => self.keep_to(key, lease).map(Some),
            Place::Queued(ticket) => {
                self.lane(key).waiting = Some(ticket);
                Ok(None)
            }
        }
    }

    fn drop_closed_link(&mut self, key: LaneKey) {
        let conn = self.lane(key).link.as_ref().map(|lease| lease.id);
        if conn.is_some_and(|conn| self.is_closed(conn))
            && let Some(lease) = self.lane(key).link.take()
        {
            self.give_back(lease, None);
        }
    }

    /// Mirrors `Lane::settle`.
    fn keep_to(&mut self, key: LaneKey, lease: Lease) -> Result<ConnId, Fault> {
        let id = lease.id;
        if self.link(id).is_none() {
            self.give_back(lease, None);
            return Err(self.closed_before_use(id));
        }
        self.lane(key).link = Some(lease);
        Ok(id)
    }

    /// The task that waits for a lane's place.
    pub(super) fn poll_lane(&mut self, key: LaneKey) {
        let Some(ticket) = self.lanes.get(&key).and_then(|lane| lane.waiting) else {
            return;
        };
        match self.look_at_turn(ticket) {
            Turn::NotYet => {}
            Turn::Granted(lease) => self.go_on(key, Ok(lease)),
            Turn::Failed(fault) => self.go_on(key, Err(fault)),
        }
    }

    fn go_on(&mut self, key: LaneKey, place: Result<Lease, Fault>) {
        self.lane(key).waiting = None;
        let mut next = Some(place);
        while let Some(place) = next {
            match place.and_then(|lease| self.keep_to(key, lease)) {
                Ok(conn) => {
                    self.send_backlog(key, conn);
                    break;
                }
                Err(fault) => self.fail_first(key, &fault),
            }
            if self.lane(key).backlog.is_empty() {
                break;
            }
            next = self.ask(key).transpose();
        }
        self.rest(key);
    }

    fn fail_first(&mut self, key: LaneKey, fault: &Fault) {
        let mut failed = self.lane(key).backlog.pop_front();
        while let Some(id) = failed {
            self.fail(id, fault.clone());
            failed = self.lane(key).backlog.front().copied();
            let wait = self.setting.limits.queue_wait;
            failed = failed.filter(|id| self.calls[id].since + wait <= self.now);
            if failed.is_some() {
                self.lane(key).backlog.pop_front();
            }
        }
    }

    fn ask(&mut self, key: LaneKey) -> Result<Option<Lease>, Fault> {
        match self.acquire(key.0, key.1, None, Task::Lane(key))? {
            Place::Granted(lease) => Ok(Some(lease)),
            Place::Queued(ticket) => {
                self.lane(key).waiting = Some(ticket);
                Ok(None)
            }
        }
    }

    fn send_backlog(&mut self, key: LaneKey, conn: ConnId) {
        while let Some(id) = self.lane(key).backlog.pop_front() {
            if let Err(fault) = self.send_on(conn, id) {
                self.fail(id, fault);
            } else if self.setting.sharing == Sharing::Exclusive {
                return;
            }
        }
    }

    /// Mirrors `Lane::ended`: the call is dropped.
    pub(super) fn end_call(&mut self, id: CallId) {
        let call = self.calls.remove(&id).expect("a call");
        let key = call.lane;
        match call.whereabouts {
            Whereabouts::Sent(conn, entry) => self.abandon(conn, id, &entry),
            Whereabouts::Queued => self.lane(key).backlog.retain(|other| *other != id),
            Whereabouts::Over => {}
        }
        self.lane(key).outstanding -= 1;
        self.serve_next(key);
        self.rest(key);
    }

    fn serve_next(&mut self, key: LaneKey) {
        let lane = self.lane(key);
        let busy = lane.outstanding > lane.backlog.len();
        if lane.backlog.is_empty() || lane.waiting.is_some() || busy {
            return;
        }
        let conn = lane.link.as_ref().map(|lease| lease.id);
        match conn {
            Some(conn) if !self.is_closed(conn) && !self.is_retiring(conn) => {
                self.send_backlog(key, conn);
            }
            Some(_) | None => self.reconnect(key),
        }
    }

    fn reconnect(&mut self, key: LaneKey) {
        if let Some(lease) = self.lane(key).link.take() {
            self.give_back(lease, None);
        }
        if let Some(place) = self.ask(key).transpose() {
            self.go_on(key, place);
        }
    }

    fn rest(&mut self, key: LaneKey) {
        let lane = self.lane(key);
        if lane.outstanding > 0 {
            return;
        }
        let (waiting, link) = (lane.waiting.take(), lane.link.take());
        if let Some(ticket) = waiting {
            self.leave_queue(ticket);
        }
        if let Some(lease) = link {
            self.give_back(lease, None);
        }
    }
}

// link.rs
impl World {
    fn send_on(&mut self, conn: ConnId, id: CallId) -> Result<(), Fault> {
        let (now, call) = (self.now, &self.calls[&id]);
        let nonces = call.nonces.clone();
        let by_order = self.setting.tells_by_order();
        if self.is_closed(conn) {
            return Err(self.closed_before_use(conn));
        }
        let connected = self.connected.iter_mut().find(|c| c.id == conn);
        let connected = connected.expect("a connection");
        let served = connected.served + nonces.len() as u64;
        let link = connected.link.as_mut().expect("a link");
        let correlation = match by_order {
            true => Correlation::None,
            false => match link.ledger.free_id() {
                Some(free) => Correlation::Id(free),
                None => {
                    self.check_ids_used_up(conn);
                    return Err(Fault::unsent(FaultClass::Overload, "no id left"));
                }
            },
        };
        let replies = NonZeroU32::new(nonces.len() as u32).expect("a request");
        let frames = nonces.iter().map(|nonce| Frame {
            correlation: correlation.clone(),
            nonce: *nonce,
        });
        link.outbound.extend(frames);
        let entry = link.ledger.sent(&correlation, replies, id);
        let entry = entry.expect("a free id is not in use");
        connected.served = served;
        say!(
            self,
            "call {id} of {nonces:?} is sent on {conn:?} as {correlation:?}"
        );
        for nonce in &nonces {
            self.requests.attempted(*nonce, &self.setting, now);
        }
        if self.setting.sharing == Sharing::Exclusive {
            let others = self.places.unanswered(conn);
            assert_eq!(others, 0, "one request at a time");
        }
        self.places.sent(conn, &correlation, id, nonces);
        let call = self.calls.get_mut(&id).expect("a call");
        call.sent = Some((conn, now));
        call.whereabouts = Whereabouts::Sent(conn, entry);
        self.wake(Task::Driver(conn));
        Ok(())
    }

    /// Only the fault of a connection excuses that it is offered and cannot be used.
    pub(super) fn closed_before_use(&self, conn: ConnId) -> Fault {
        assert!(
            self.broken.contains(&conn),
            "{conn:?} is offered, but closed"
        );
        Fault::unsent(FaultClass::Unreachable, "closed before its use")
    }

    fn check_ids_used_up(&mut self, conn: ConnId) {
        let Some(CorrelationKind::Id { bits }) = self.setting.native() else {
            panic!("there are no ids");
        };
        let used = self.places.unanswered(conn);
        // Zero is never given out.
        assert_eq!(used as u64, (1 << bits) - 1, "there are ids left");
    }

    fn abandon(&mut self, conn: ConnId, id: CallId, entry: &Entry) {
        let (now, exclusive) = (self.now, self.setting.sharing == Sharing::Exclusive);
        let Some(link) = self.link(conn) else { return };
        let owner = link.ledger.abandon(entry, now);
        if owner.is_some() && exclusive {
            link.close("given-up");
        }
        assert_eq!(owner, Some(id), "what was sent can be given up");
        say!(self, "call {id} on {conn:?} is given up");
        self.places.given_up(conn, id, now);
        if self.is_closed(conn) {
            self.places.leaving(conn);
            self.change_pool(|pool, now| pool.handle_leaving(conn, now));
        }
        self.wake(Task::Driver(conn));
    }

    /// Mirrors `Mailbox::fail`.
    fn fail(&mut self, id: CallId, fault: Fault) {
        say!(self, "call {id} fails: {fault}");
        self.excuse(id, &fault);
        let call = self.calls.get_mut(&id).expect("a call");
        call.whereabouts = Whereabouts::Over;
        call.fault = Some(fault);
        let client = call.lane.0;
        self.wake(Task::Client(client));
    }

    fn put(&mut self, id: CallId, payload: u64, last: bool) {
        let call = self.calls.get_mut(&id).expect("a call that lives");
        call.replies.push(payload);
        if last {
            call.whereabouts = Whereabouts::Over;
        }
        let client = call.lane.0;
        self.wake(Task::Client(client));
    }

    /// What came of a call, once there is anything new. Mirrors `Call::poll_message` and
    /// `poll_part`, with their `judge`.
    pub(super) fn poll_call(&mut self, id: CallId) -> Option<Part> {
        let call = &self.calls[&id];
        let over = matches!(call.whereabouts, Whereabouts::Over);
        let waits = call.contents == Contents::Message || call.replies.is_empty();
        if !over && waits {
            return None;
        }
        let part = self.take_part(id);
        if let Some(end) = &part.end {
            let verdict = match end {
                Ok(()) => Some(Verdict::Good),
                Err(fault) if fault.may_have_been_sent() => Some(self.bad()),
                Err(_) => None,
            };
            if let (Some(verdict), Some((conn, began))) = (verdict, self.calls[&id].sent) {
                self.judge(conn, verdict, began);
            }
        }
        Some(part)
    }

    pub(super) fn take_part(&mut self, id: CallId) -> Part {
        let call = self.calls.get_mut(&id).expect("a call");
        let over = matches!(call.whereabouts, Whereabouts::Over);
        Part {
            replies: std::mem::take(&mut call.replies),
            end: over.then(|| call.fault.take().map_or(Ok(()), Err)),
        }
    }

    /// Mirrors `Call::timed_out`.
    pub(super) fn call_timed_out(&mut self, id: CallId) {
        if let Some((conn, began)) = self.calls[&id].sent
            && self.now - began >= self.setting.timeout / 2
        {
            self.blame(conn, began);
        }
    }

    /// It took too long, which is the endpoint's fault.
    pub(super) fn blame_call(&mut self, id: CallId) {
        if let Some((conn, began)) = self.calls[&id].sent {
            self.blame(conn, began);
        }
    }

    fn blame(&mut self, conn: ConnId, began: Instant) {
        let verdict = self.bad();
        self.pool.handle_slow(conn, began, self.now);
        self.judge(conn, verdict, began);
    }
}

// driver.rs
impl World {
    pub(super) fn link_timeout(&mut self, conn: ConnId) -> Option<Instant> {
        let quarantine = self.setting.quarantine;
        let link = self.link(conn)?;
        let (marks, owes) = (
            link.ledger.poll_timeout(quarantine),
            !link.ledger.is_empty(),
        );
        // What waits for the end of a mark's quarantine is not looked at before.
        let idle = self.idle_end(conn).filter(|_| !owes);
        let age = self.retirement(conn);
        marks.into_iter().chain(idle).chain(age).min()
    }

    pub(super) fn drive(&mut self, conn: ConnId) {
        if self.link(conn).is_none() {
            return;
        }
        self.handle_link_timeout(conn);
        if self.retire_if_due(conn)
            && let Some(link) = self.link(conn)
        {
            link.retired |= link.closed.is_none();
        }
        self.write_outbound(conn);
        while let Some(reply) = self.wire(conn).and_then(|wire| wire.inbound.pop_front()) {
            if self.link(conn).is_none_or(|link| link.closed.is_some()) {
                break;
            }
            self.deliver(conn, &reply);
        }
        let lost = self.wire(conn).is_none_or(|wire| wire.is_lost);
        self.note_broken(conn);
        if lost || self.is_over(conn) {
            self.end_link(conn);
        }
    }

    /// Notes if a connection cannot be used by a fault of the world.
    fn note_broken(&mut self, conn: ConnId) {
        let lost = self.wire(conn).is_none_or(|wire| wire.is_lost);
        let closed = self.link(conn).and_then(|link| link.closed);
        if closed.is_none_or(|reason| !matches!(reason, "idle" | "given-up"))
            && (lost || closed.is_some())
        {
            self.broken.push(conn);
        }
    }

    fn handle_link_timeout(&mut self, conn: ConnId) {
        let (now, quarantine) = (self.now, self.setting.quarantine);
        let idle_end = self.idle_end(conn);
        let Some(link) = self.link(conn) else { return };
        let overdue = link.ledger.handle_timeout(quarantine, now);
        let idle = link.ledger.is_empty() && link.outbound.is_empty();
        if overdue == Overdue::Stuck {
            link.close("stuck");
        } else if idle && idle_end.is_some_and(|at| at <= now) {
            link.close("idle");
        }
        if self.setting.tells_by_order() {
            let stuck = self.places.is_stuck(conn, &self.setting, now);
            assert_eq!(stuck, overdue == Overdue::Stuck, "{conn:?} is stuck or not");
        } else {
            self.places.released_marks(conn, &self.setting, now);
        }
    }

    fn write_outbound(&mut self, conn: ConnId) {
        let frames = self
            .link(conn)
            .map(|link| std::mem::take(&mut link.outbound));
        for frame in frames.into_iter().flatten() {
            self.transmit(conn, frame);
        }
    }

    fn deliver(&mut self, conn: ConnId, reply: &Reply) {
        let out_of_contract = (reply.nonce).is_none_or(|nonce| self.places.is_freed(conn, nonce));
        if out_of_contract && self.places.has_live(conn, &reply.correlation) {
            // Nobody could tell that it is wrong.
            return;
        }
        let expected = self.places.received(conn, &reply.correlation, self.now);
        let now = self.now;
        let Some(link) = self.link(conn) else { return };
        let front = link.ledger.front();
        let unread = front.is_some_and(|front| front.replies > NonZeroU32::MIN);
        let got = match unread {
            // As `deliver_unread` does with what it scanned.
            true => {
                let owner = link.ledger.front().and_then(|front| front.owner.copied());
                let last = link.ledger.received_in_order(1, now);
                assert_eq!(last, None, "more replies are due");
                let part = owner.map(|owner| (owner, false));
                (
                    if part.is_some() {
                        Answers::Part
                    } else {
                        Answers::Late
                    },
                    part,
                )
            }
            false => match link.ledger.received(&reply.correlation, now) {
                Answers::Request(owner) => (Answers::Request(owner), Some((owner, true))),
                other => (other, None),
            },
        };
        say!(self, "{conn:?}: {reply:?} answers {:?}", got.0);
        assert_eq!(got.0, expected, "whose reply it is");
        if let Some((owner, last)) = got.1 {
            let nonces = &self.calls[&owner].nonces;
            let theirs = nonces.iter().any(|nonce| payload(*nonce) == reply.payload);
            assert!(theirs, "a reply goes astray");
            self.put(owner, reply.payload, last);
        } else if expected == Answers::Unknown {
            self.note_unknown(conn, &reply.correlation);
        }
    }

    fn note_unknown(&mut self, conn: ConnId, correlation: &Correlation) {
        let Some(link) = self.link(conn) else { return };
        link.unknown += 1;
        if *correlation == Correlation::None || link.unknown >= UNKNOWN {
            link.close("unasked");
        }
    }

    fn end_link(&mut self, conn: ConnId) {
        // What the gateway itself ends says nothing of the server.
        let lost = self.wire(conn).is_none_or(|wire| wire.is_lost);
        let closed = (self.link(conn)).is_some_and(|link| link.closed.is_some());
        if !closed && (lost || !self.is_retiring(conn)) {
            self.note_loss(conn);
        }
        let Some(mut connected) = self.remove(conn) else {
            return;
        };
        let link = connected.link.as_mut().expect("a link");
        let reason = link.closed.unwrap_or("lost or retired");
        // Those with ids come in the order of a hash that has a secret key.
        let mut waiting = link.ledger.drain();
        waiting.sort_unstable();
        assert!(
            link.ledger.is_empty(),
            "a connection that is gone owes nothing"
        );
        say!(self, "{conn:?} ends: {reason}, {waiting:?} fail");
        let mut known = self.places.drained(conn);
        known.sort_unstable();
        assert_eq!(
            waiting, known,
            "all that waits for replies, and nothing else"
        );
        let innocent = !self.broken.contains(&conn);
        assert!(
            !innocent || waiting.is_empty(),
            "requests are lost for no reason"
        );
        for id in waiting {
            self.fail(id, Fault::sent(FaultClass::Unreachable, reason));
        }
        self.drop_wire(conn);
        self.places.closed(conn);
        self.change_pool(|pool, now| pool.handle_closed(conn, now));
    }
}
