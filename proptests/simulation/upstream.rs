//! The pool's surroundings: mirrors gateway/src/upstream/mod.rs, retiring.rs, roster.rs and retry.rs there.

use super::native::Link;
use super::server::Net;
use super::{ClientId, Task, World, say};
use gatewright_core::balance::Policy;
use gatewright_core::codec::Retry;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::health::Verdict;
use gatewright_core::pool::{
    Acquired, Ask, ConnId, Found, Pool, PoolEvent, Refusal, Retirement, Ticket,
};
use gatewright_core::retry::Decision;
use gatewright_core::translate::Outcome;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A connection that is lost earlier and without an answer was of no use.
const YOUNG: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Connected {
    pub(super) id: ConnId,
    /// `None` of a connection for streams.
    pub(super) link: Option<Link>,
    since: Instant,
    last_used: Instant,
    answered: bool,
    retirement: Retirement,
    /// Requests that were sent on it.
    pub(super) served: u64,
    /// Nothing new is begun on it.
    pub(super) retiring: bool,
}

/// A place; whoever drops it without [`World::give_back`] leaks it, which shows at the end.
pub(super) struct Lease {
    pub(super) id: ConnId,
    pub(super) began: Instant,
}

/// Without the time, which differs from run to run.
impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({:?})", self.id)
    }
}

#[derive(Debug)]
pub(super) enum Place {
    Granted(Lease),
    Queued(Ticket),
}

#[derive(Debug)]
pub(super) enum Waiter {
    Waiting(Task),
    Granted(ConnId),
    Refused(Refusal),
}

/// What an exchange with a place in the queue finds there.
pub(super) enum Turn {
    NotYet,
    Granted(Lease),
    Failed(Fault),
}

fn refusal_fault(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::QueueFull | Refusal::WaitedTooLong => Fault::unsent(FaultClass::Overload, ""),
        Refusal::Unreachable => Fault::unsent(FaultClass::Unreachable, ""),
    }
}

impl World {
    pub(super) fn acquire(
        &mut self,
        client: ClientId,
        key: u64,
        avoid: Option<usize>,
        who: Task,
    ) -> Result<Place, Fault> {
        let ask = Ask {
            client,
            key,
            chance: self.dice.draw(),
            avoid,
        };
        let place = match self.pool.acquire_as(ask, self.now) {
            Acquired::Granted(id) => {
                self.places.granted(id);
                assert_eq!(
                    self.pool.queued(),
                    0,
                    "a place is given past those who wait"
                );
                Ok(Place::Granted(self.lease(id)))
            }
            Acquired::Queued(ticket) => {
                self.waiters.insert(ticket, Waiter::Waiting(who));
                Ok(Place::Queued(ticket))
            }
            Acquired::Refused(refusal) => {
                self.check_refusal(refusal);
                Err(refusal_fault(refusal))
            }
        };
        say!(self, "client {client} asks for a place: {place:?}");
        self.act();
        if let Ok(Place::Queued(ticket)) = place {
            let deadline = self.now + self.setting.limits.queue_wait;
            self.places.queued(ticket, deadline, &self.setting);
        }
        place
    }

    fn check_refusal(&self, refusal: Refusal) {
        let right = match refusal {
            Refusal::QueueFull => self.pool.queued() == self.setting.limits.queue,
            Refusal::Unreachable => self.requests.may_fail(),
            Refusal::WaitedTooLong => false,
        };
        assert!(right, "{refusal:?} for no reason");
    }

    const fn lease(&self, id: ConnId) -> Lease {
        let began = self.now;
        Lease { id, began }
    }

    pub(super) fn act(&mut self) {
        while let Some(event) = self.pool.poll_event() {
            say!(self, "pool: {event:?}");
            match event {
                PoolEvent::Connect(id) => {
                    assert!(self.there.contains(&id.endpoint()), "{id:?} goes nowhere");
                    self.places.connecting(id, &self.setting);
                    self.dial(id);
                }
                PoolEvent::Grant(ticket, id) => {
                    self.places.settled(ticket);
                    self.places.granted(id);
                    self.settle(ticket, Waiter::Granted(id));
                }
                PoolEvent::Refuse(ticket, refusal) => {
                    let deadline = self.places.settled(ticket);
                    match refusal {
                        Refusal::WaitedTooLong => assert!(deadline <= self.now, "too early"),
                        Refusal::QueueFull => panic!("it waited already"),
                        Refusal::Unreachable => self.check_refusal(refusal),
                    }
                    self.settle(ticket, Waiter::Refused(refusal));
                }
                PoolEvent::Standing(..) => {}
                PoolEvent::Arrived(endpoint) => {
                    assert!(self.there.insert(endpoint), "it was there");
                }
                PoolEvent::Left(endpoint) => {
                    assert!(self.there.remove(&endpoint), "it was not there");
                    self.gone += 1;
                }
                PoolEvent::Retire(id) => {
                    self.places.leaving(id);
                    self.mark_retiring(id);
                }
            }
        }
        assert!(
            self.pool.queued() <= self.setting.limits.queue,
            "a long queue"
        );
    }

    fn settle(&mut self, ticket: Ticket, settled: Waiter) {
        if let Some(Waiter::Waiting(task)) = self.waiters.insert(ticket, settled) {
            self.wake(task);
        }
    }

    pub(super) fn change_pool(&mut self, change: impl FnOnce(&mut Pool, Instant)) {
        change(&mut self.pool, self.now);
        self.act();
    }

    pub(super) fn look_at_turn(&mut self, ticket: Ticket) -> Turn {
        match self.waiters.get(&ticket) {
            Some(Waiter::Waiting(_)) => return Turn::NotYet,
            Some(Waiter::Granted(_) | Waiter::Refused(_)) | None => {}
        }
        match self.waiters.remove(&ticket) {
            Some(Waiter::Granted(id)) => Turn::Granted(self.lease(id)),
            Some(Waiter::Refused(refusal)) => Turn::Failed(refusal_fault(refusal)),
            Some(Waiter::Waiting(_)) | None => panic!("the ticket is used up"),
        }
    }

    pub(super) fn leave_queue(&mut self, ticket: Ticket) {
        match self.waiters.remove(&ticket) {
            Some(Waiter::Granted(id)) => {
                let lease = self.lease(id);
                self.give_back(lease, None);
            }
            Some(Waiter::Waiting(_)) => {
                self.places.settled(ticket);
                self.pool.abandon(ticket);
            }
            Some(Waiter::Refused(_)) | None => {}
        }
    }

    pub(super) fn give_back(&mut self, lease: Lease, verdict: Option<Verdict>) {
        let Lease { id, began } = lease;
        say!(self, "a place on {id:?} is given back, {verdict:?}");
        if let Some(verdict) = verdict {
            self.pool.handle_verdict(id, verdict, began, self.now);
        }
        self.places.released(id);
        self.pool.release(id);
        let now = self.now;
        if self.pool.is_idle(id)
            && let Some(connected) = self.connected(id)
        {
            connected.last_used = now;
            if connected.retiring {
                self.wake(Task::Driver(id));
            }
        }
        self.act();
    }

    pub(super) fn bad(&mut self) -> Verdict {
        let jitter = self.dice.jitter();
        Verdict::Bad { jitter }
    }

    /// How one exchange of several on a place ended.
    pub(super) fn judge(&mut self, id: ConnId, verdict: Verdict, began: Instant) {
        self.pool.handle_verdict(id, verdict, began, self.now);
        if verdict == Verdict::Good {
            self.answered(id, began);
        }
        self.act();
    }

    pub(super) fn answered(&mut self, id: ConnId, began: Instant) {
        if self.setting.policy.balance == Policy::P2c {
            self.pool.handle_first_byte(id, began, self.now);
        }
        let known = self.connected(id);
        if known.is_none_or(|c| !std::mem::replace(&mut c.answered, true)) {
            self.pool.handle_useful(id);
        }
    }

    // ---- connections

    pub(super) fn connected(&mut self, id: ConnId) -> Option<&mut Connected> {
        self.connected.iter_mut().find(|c| c.id == id)
    }

    pub(super) fn link(&mut self, id: ConnId) -> Option<&mut Link> {
        self.connected(id)?.link.as_mut()
    }

    pub(super) fn add(&mut self, id: ConnId) {
        let link = self.setting.native().map(Link::new);
        let jitter = self.dice.jitter();
        self.connected.push(Connected {
            id,
            link,
            since: self.now,
            last_used: self.now,
            answered: false,
            retirement: self.setting.lifetime.begin(self.now, jitter),
            served: 0,
            retiring: false,
        });
    }

    pub(super) fn remove(&mut self, id: ConnId) -> Option<Connected> {
        let place = self.connected.iter().position(|c| c.id == id)?;
        Some(self.connected.swap_remove(place))
    }

    pub(super) fn note_loss(&mut self, id: ConnId) {
        let now = self.now;
        let useless = |c: &mut Connected| !c.answered && now - c.since < YOUNG;
        if self.connected(id).is_some_and(useless) {
            let jitter = self.dice.jitter();
            self.pool.handle_useless(id, jitter, now);
        }
    }

    pub(super) fn connect_failed(&mut self, id: ConnId) {
        let jitter = self.dice.jitter();
        self.places.closed(id);
        self.change_pool(|pool, now| pool.handle_connect_failed(id, jitter, now));
    }

    fn dial(&mut self, id: ConnId) {
        if self.dice.permille(self.setting.trouble.connect) {
            self.requests.troubled = true;
            let pause = self.dice.one_of(&[Duration::ZERO, self.setting.connect]);
            return self.later(pause, Net::ConnectFailed(id));
        }
        let pause = self.dice.up_to_ms(5);
        self.later(pause, Net::Connected(id));
    }

    /// When a connection retires by its age, if it has not yet.
    pub(super) fn retirement(&mut self, id: ConnId) -> Option<Instant> {
        let connected = self.connected(id).filter(|c| !c.retiring)?;
        connected.retirement.at()
    }

    pub(super) fn is_retiring(&mut self, id: ConnId) -> bool {
        self.connected(id).is_some_and(|c| c.retiring)
    }

    /// Gives a connection nothing new once it is old enough. Whether it is done.
    pub(super) fn retire_if_due(&mut self, id: ConnId) -> bool {
        let now = self.now;
        let Some(connected) = self.connected(id) else {
            return false;
        };
        if !connected.retiring && connected.retirement.is_due(connected.served, now) {
            say!(self, "{id:?} retires");
            self.mark_retiring(id);
            self.places.leaving(id);
            self.change_pool(|pool, now| pool.handle_leaving(id, now));
        }
        self.is_retiring(id) && self.pool.is_idle(id)
    }

    /// Nothing new is begun on it: its task looks whether it is used still.
    fn mark_retiring(&mut self, id: ConnId) {
        if let Some(connected) = self.connected(id) {
            connected.retiring = true;
            self.retired += 1;
            self.wake(Task::Driver(id));
        }
    }

    /// Some endpoints come, some go. That is no fault, unless none is left.
    pub(super) fn endpoints_change(&mut self) {
        let all = 0..self.setting.ranks.len();
        let mut some: Vec<usize> = all.filter(|_| self.dice.permille(600)).collect();
        if some.is_empty() {
            match self.setting.trouble.is_none() {
                true => some.push(self.dice.index(self.setting.ranks.len())),
                false => self.requests.troubled = true,
            }
        }
        self.follow(some);
    }

    /// The endpoints of these places among the ranks are there from now on, and no others.
    pub(super) fn follow(&mut self, places: Vec<usize>) {
        say!(self, "there are {places:?}");
        let found = |place: usize| Found {
            address: SocketAddr::from(([10, 0, 0, place as u8], 80)),
            rank: self.setting.ranks[place],
        };
        let found: Vec<Found> = places.into_iter().map(found).collect();
        self.change_pool(|pool, now| pool.follow(&found, now));
        assert_eq!(
            self.there.len(),
            found.len(),
            "each place is one endpoint's"
        );
    }

    /// When an unused connection is to be closed.
    pub(super) fn idle_end(&mut self, id: ConnId) -> Option<Instant> {
        if !self.pool.is_idle(id) {
            return None;
        }
        let idle = self.setting.idle;
        self.connected(id).map(|c| c.last_used + idle)
    }

    // ---- retries

    pub(super) fn offered(&mut self) {
        self.budget.offer(self.now);
        self.requests.offered(self.now);
    }

    pub(super) fn tries_again(&mut self, outcome: &Outcome<'_>, retry: Retry, tried: u32) -> bool {
        let policy = &self.setting.retry;
        if tried >= policy.attempts {
            return false;
        }
        match policy.decide(outcome, retry) {
            Decision::Keep => false,
            Decision::Free => true,
            Decision::Unnoticed if tried == 1 => self.budget.retry_unnoticed(self.now),
            Decision::Unnoticed | Decision::Charged => {
                let percent = policy.budget;
                let allowed = self.budget.retry(self.now);
                if allowed {
                    self.requests.retried(percent, self.now);
                }
                allowed
            }
        }
    }
}
