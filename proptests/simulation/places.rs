//! What has to hold of the pool and of the connections, from lists too plain to be wrong.

use super::Nonce;
use super::native::CallId;
use super::setting::Setting;
use gatewright_core::message::Correlation;
use gatewright_core::pool::{ConnId, Ticket};
use gatewright_core::reply::Answers;
use std::collections::BTreeMap;
use std::time::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Usable(usize),
    Leaving,
    Closed,
}

#[derive(Debug)]
struct Conn {
    id: ConnId,
    state: State,
    places: usize,
    /// What was sent and has not got all replies, in order.
    sent: Vec<Sent>,
    /// What was given up so long ago that its id is free.
    freed: Vec<Nonce>,
}

#[derive(Debug)]
struct Sent {
    correlation: Correlation,
    call: CallId,
    nonces: Vec<Nonce>,
    replies: usize,
    given_up: Option<Instant>,
    /// When the last reply came, to this or to what was sent before.
    heard: Option<Instant>,
}

#[derive(Debug, Default)]
pub(super) struct Places {
    conns: Vec<Conn>,
    waiting: BTreeMap<Ticket, Instant>,
}

impl Places {
    fn conn(&mut self, id: ConnId) -> &mut Conn {
        let mut conns = self.conns.iter_mut();
        conns.find(|c| c.id == id).expect("a known connection")
    }

    pub(super) fn connecting(&mut self, id: ConnId, setting: &Setting) {
        assert!(self.conns.iter().all(|c| c.id != id), "an id is used again");
        self.conns.push(Conn {
            id,
            state: State::Connecting,
            places: 0,
            sent: Vec::new(),
            freed: Vec::new(),
        });
        let of_endpoint = self.conns.iter().filter(|c| {
            c.id.endpoint() == id.endpoint() && !matches!(c.state, State::Leaving | State::Closed)
        });
        let most = setting.limits.connections;
        assert!(of_endpoint.count() <= most, "too many connections");
    }

    pub(super) fn usable(&mut self, id: ConnId, capacity: usize) {
        let state = &mut self.conn(id).state;
        // What has been left is not come back to, whatever its server allows.
        if *state != State::Leaving {
            *state = State::Usable(capacity);
        }
    }

    pub(super) fn leaving(&mut self, id: ConnId) {
        self.conn(id).state = State::Leaving;
    }

    pub(super) fn closed(&mut self, id: ConnId) {
        self.conn(id).state = State::Closed;
        self.forget();
    }

    fn forget(&mut self) {
        self.conns
            .retain(|c| c.state != State::Closed || c.places > 0 || !c.sent.is_empty());
    }

    pub(super) fn granted(&mut self, id: ConnId) {
        let conn = self.conn(id);
        let State::Usable(capacity) = conn.state else {
            panic!("a place on a connection that is {:?}", conn.state);
        };
        assert!(conn.places < capacity, "more places than there are");
        conn.places += 1;
    }

    pub(super) fn released(&mut self, id: ConnId) {
        let conn = self.conn(id);
        conn.places = conn.places.checked_sub(1).expect("a place to give back");
        self.forget();
    }

    pub(super) fn queued(&mut self, ticket: Ticket, deadline: Instant, setting: &Setting) {
        let before = self.waiting.insert(ticket, deadline);
        assert!(before.is_none(), "a ticket is used again");
        assert!(self.waiting.len() <= setting.limits.queue, "a long queue");
    }

    /// One who waited waits no more.
    pub(super) fn settled(&mut self, ticket: Ticket) -> Instant {
        self.waiting.remove(&ticket).expect("one who waits")
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn check_waits(&self, now: Instant) {
        let late = self.waiting.values().any(|deadline| *deadline <= now);
        assert!(!late, "somebody waits for too long");
    }

    // ---- what is unanswered on a connection

    pub(super) fn sent(
        &mut self,
        id: ConnId,
        correlation: &Correlation,
        call: CallId,
        nonces: Vec<Nonce>,
    ) {
        let conn = self.conn(id);
        let known = |s: &Sent| s.correlation == *correlation && *correlation != Correlation::None;
        assert!(
            !conn.sent.iter().any(known),
            "an id is used again too early"
        );
        conn.sent.push(Sent {
            correlation: correlation.clone(),
            call,
            replies: nonces.len(),
            nonces,
            given_up: None,
            heard: None,
        });
    }

    pub(super) fn given_up(&mut self, id: ConnId, call: CallId, now: Instant) {
        let mut sent = self.conn(id).sent.iter_mut();
        let sent = sent.find(|s| s.call == call).expect("what was sent");
        let before = sent.given_up.replace(now);
        assert!(before.is_none(), "given up twice");
    }

    /// Whose a reply is.
    pub(super) fn received(
        &mut self,
        id: ConnId,
        correlation: &Correlation,
        now: Instant,
    ) -> Answers<CallId> {
        let sent = &mut self.conn(id).sent;
        let Some(place) = sent.iter().position(|s| s.correlation == *correlation) else {
            return Answers::Unknown;
        };
        for later in &mut sent[place..] {
            later.heard = Some(now);
        }
        sent[place].replies -= 1;
        match (sent[place].given_up, sent[place].replies) {
            (Some(_), left) => {
                if left == 0 {
                    sent.remove(place);
                }
                Answers::Late
            }
            (None, 0) => Answers::Request(sent.remove(place).call),
            (None, _) => Answers::Part,
        }
    }

    /// The ids of what was given up so long ago are free.
    pub(super) fn released_marks(&mut self, id: ConnId, setting: &Setting, now: Instant) {
        let Conn { sent, freed, .. } = self.conn(id);
        sent.retain(|s| {
            let stays = s
                .given_up
                .is_none_or(|since| since + setting.quarantine > now);
            if !stays {
                freed.extend(&s.nonces);
            }
            stays
        });
    }

    /// Whether the oldest was given up so long ago, and no reply came since.
    pub(super) fn is_stuck(&mut self, id: ConnId, setting: &Setting, now: Instant) -> bool {
        let oldest = self.conn(id).sent.first();
        let since = oldest.and_then(|s| Some(s.given_up?.max(s.heard.unwrap_or(s.given_up?))));
        since.is_some_and(|since| since + setting.quarantine <= now)
    }

    pub(super) fn unanswered(&mut self, id: ConnId) -> usize {
        self.conn(id).sent.len()
    }

    /// Whether the id of a request was freed, so that its reply comes too late to be told apart.
    pub(super) fn is_freed(&mut self, id: ConnId, nonce: Nonce) -> bool {
        self.conn(id).freed.contains(&nonce)
    }

    /// Whether a reply with this id would be taken for that of another request.
    pub(super) fn has_live(&self, id: ConnId, correlation: &Correlation) -> bool {
        let conn = self.conns.iter().find(|c| c.id == id);
        conn.is_some_and(|c| c.sent.iter().any(|s| s.correlation == *correlation))
    }

    /// All that waits on a connection that was lost, in order.
    pub(super) fn drained(&mut self, id: ConnId) -> Vec<CallId> {
        let sent = std::mem::take(&mut self.conn(id).sent);
        let live = sent.into_iter().filter(|s| s.given_up.is_none());
        live.map(|s| s.call).collect()
    }

    pub(super) fn check_empty(&self) {
        assert!(self.waiting.is_empty(), "somebody waits still");
        assert!(self.conns.is_empty(), "left over: {:?}", self.conns);
    }
}
