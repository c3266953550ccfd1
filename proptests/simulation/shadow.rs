//! What has to hold, from lists too plain to be wrong.

use super::client::{Out, Said};
use super::dice::mix;
use super::setting::Setting;
use super::{ClientId, Nonce};
use gatewright_core::fault::FaultClass;
use gatewright_core::limit::TryLimits;
use gatewright_core::message::Correlation;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// What the server answers to a request: nothing else tells it apart.
pub(super) const fn payload(nonce: Nonce) -> u64 {
    mix(nonce)
}

#[derive(Debug)]
struct Request {
    client: ClientId,
    id: Correlation,
    idempotent: bool,
    deadline: Instant,
    attempts: u32,
    executions: u32,
    /// Of the try that is on its way: when it was sent.
    tried: Option<Instant>,
    /// Whether the answer to it has begun.
    begun: bool,
    /// Why it may be refused.
    excuses: Vec<FaultClass>,
}

impl Request {
    /// Whether the try that is on its way takes longer than it may.
    fn is_late(&self, tries: TryLimits, now: Instant) -> bool {
        let exceeds = |limit: Option<Duration>| {
            let end = self.tried.zip(limit);
            end.is_some_and(|(since, limit)| now - since >= limit)
        };
        exceeds(tries.whole) || !self.begun && exceeds(tries.first_byte)
    }
}

#[derive(Debug, Default)]
pub(super) struct Requests {
    all: BTreeMap<Nonce, Request>,
    /// What each client waits for, in the order in which the gateway took it.
    awaited: BTreeMap<ClientId, VecDeque<Nonce>>,
    offered: VecDeque<Instant>,
    retried: VecDeque<Instant>,
    /// Whether any fault was injected yet.
    pub(super) troubled: bool,
    /// Whether requests have so little time that load alone may use it up.
    hasty: bool,
    /// How many ended in an answer, and in a refusal.
    pub(super) answered: u64,
    pub(super) refused: u64,
    /// Tries that were given up for their time.
    pub(super) tries_late: u64,
}

impl Requests {
    pub(super) fn new(hasty: bool) -> Self {
        Self {
            hasty,
            ..Self::default()
        }
    }

    pub(super) fn taken(
        &mut self,
        client: ClientId,
        nonce: Nonce,
        id: &Correlation,
        idempotent: bool,
        deadline: Instant,
    ) {
        let request = Request {
            client,
            id: id.clone(),
            idempotent,
            deadline,
            attempts: 0,
            executions: 0,
            tried: None,
            begun: false,
            excuses: Vec::new(),
        };
        let before = self.all.insert(nonce, request);
        assert!(before.is_none(), "request {nonce} is taken twice");
        self.awaited.entry(client).or_default().push_back(nonce);
    }

    /// Whether servers may have failed, or seem to: where requests have little time, those that
    /// took too long speak against their endpoint.
    pub(super) const fn may_fail(&self) -> bool {
        self.troubled || self.hasty
    }

    /// It goes upstream once more.
    pub(super) fn attempted(&mut self, nonce: Nonce, setting: &Setting, now: Instant) {
        let request = self.all.get_mut(&nonce).expect("a known request");
        request.attempts += 1;
        (request.tried, request.begun) = (Some(now), false);
        let most = setting.retry.attempts;
        assert!(
            request.attempts <= most,
            "request {nonce} is tried too often"
        );
    }

    /// Its answer has begun.
    pub(super) fn begun(&mut self, nonce: Nonce) {
        self.all.get_mut(&nonce).expect("a known request").begun = true;
    }

    /// It is not tried any more.
    pub(super) fn ended(&mut self, nonce: Nonce) {
        self.all.get_mut(&nonce).expect("a known request").tried = None;
    }

    /// A try is given up for its time: it has had it.
    pub(super) fn late(&mut self, nonce: Nonce, tries: TryLimits, now: Instant) {
        let request = self.all.get_mut(&nonce).expect("a known request");
        assert!(
            request.is_late(tries, now),
            "a try of {nonce} is given up early"
        );
        request.tried = None;
        self.tries_late += 1;
        request.excuses.push(FaultClass::Timeout);
    }

    /// No try takes longer than it may.
    pub(super) fn check_tries(&self, tries: TryLimits, now: Instant) {
        if tries.is_none() {
            return;
        }
        for nonce in self.awaited.values().flatten() {
            let late = self.all[nonce].is_late(tries, now);
            assert!(!late, "a try of {nonce} takes too long");
        }
    }

    /// The server carries it out.
    pub(super) fn executed(&mut self, nonce: Nonce) {
        let request = self.all.get_mut(&nonce).expect("a known request");
        request.executions += 1;
        let once = request.executions == 1 || request.idempotent;
        assert!(once, "request {nonce} is carried out twice");
    }

    pub(super) fn excuse(&mut self, nonce: Nonce, class: FaultClass) {
        let request = self.all.get_mut(&nonce).expect("a known request");
        request.tried = None;
        request.excuses.push(class);
    }

    /// Something reaches a client.
    pub(super) fn received(&mut self, client: ClientId, out: &Out, in_order: bool, now: Instant) {
        for said in &out.said {
            let awaited = self.awaited.entry(client).or_default();
            let place = match in_order {
                true => Some(0),
                false => awaited.iter().position(|n| self.all[n].id == out.id),
            };
            let nonce = place.and_then(|place| awaited.remove(place));
            let nonce = nonce.unwrap_or_else(|| panic!("client {client} awaits no such reply"));
            self.check(client, nonce, *said, now);
        }
    }

    fn check(&mut self, client: ClientId, nonce: Nonce, said: Said, now: Instant) {
        let request = &self.all[&nonce];
        assert_eq!(request.client, client, "request {nonce} is another's");
        match said {
            Said::Answer(got) => {
                assert_eq!(got, payload(nonce), "another reply than that to {nonce}");
                assert!(request.executions > 0, "{nonce} was never carried out");
                self.answered += 1;
            }
            Said::Refused(class) => {
                let excused = match class {
                    FaultClass::Timeout => {
                        let tried = request.excuses.contains(&FaultClass::Timeout);
                        self.may_fail() && (request.deadline <= now || tried)
                    }
                    other => request.excuses.contains(&other),
                };
                assert!(excused, "request {nonce} is lost for no reason: {class:?}");
                self.refused += 1;
            }
        }
    }

    /// A client is gone, and waits for nothing any more.
    pub(super) fn left(&mut self, client: ClientId) {
        self.awaited.remove(&client);
    }

    /// What a client still waits for.
    pub(super) fn awaited(&self, client: ClientId) -> usize {
        self.awaited.get(&client).map_or(0, VecDeque::len)
    }

    /// Whether one of those it waits for has this id.
    pub(super) fn awaits_id(&self, client: ClientId, id: &Correlation) -> bool {
        let mut awaited = self.awaited.get(&client).into_iter().flatten();
        awaited.any(|nonce| self.all[nonce].id == *id)
    }

    /// Whatever a client awaits that `takes` its replies has time left.
    pub(super) fn check_deadlines(&self, now: Instant, takes: impl Fn(ClientId) -> bool) {
        let clients = self.awaited.iter().filter(|(client, _)| takes(**client));
        for nonce in clients.flat_map(|(_, awaited)| awaited) {
            let late = self.all[nonce].deadline <= now;
            assert!(!late, "request {nonce} has no outcome in time");
        }
    }

    pub(super) fn offered(&mut self, now: Instant) {
        self.offered.push_back(now);
    }

    /// A retry that costs the budget was allowed: with it, the last second is within the budget.
    pub(super) fn retried(&mut self, percent: u32, now: Instant) {
        self.retried.push_back(now);
        let lately = |at: &Instant| now - *at < Duration::from_secs(1);
        self.offered.retain(lately);
        self.retried.retain(lately);
        let (retried, offered) = (self.retried.len(), self.offered.len());
        let within = retried * 100 <= offered * percent as usize;
        assert!(within, "{retried} retries for {offered} requests");
    }
}
