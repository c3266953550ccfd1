//! Places on connections, and places in the queue for one.

use super::native::Link;
use super::{Carrier, HttpCarrier, Upstream, Waiter};
use crate::clock;
use crate::lifecycle::Awaited;
use gatewright_core::balance::Policy;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::health::Verdict;
use gatewright_core::pool::{ConnId, Refusal, Ticket};
use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

/// A place on a connection; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    upstream: Rc<Upstream>,
    id: ConnId,
    pub(super) began: Instant,
    /// What its end says of the endpoint, if anything.
    verdict: Cell<Option<Verdict>>,
    /// When that was known.
    ended: Cell<Option<Instant>>,
    /// Whether all of an answer came.
    whole: Cell<bool>,
    /// Whether nothing is due for it, though it is kept.
    settled: Cell<bool>,
}

/// A place in the queue; given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Queued {
    pub(super) upstream: Rc<Upstream>,
    pub(super) ticket: Ticket,
}

pub(crate) enum Place {
    Granted(Lease),
    Queued(Queued),
}

impl Lease {
    pub(super) fn new(upstream: &Rc<Upstream>, id: ConnId, began: Instant) -> Self {
        upstream.count_awaited(Awaited::begin);
        Self {
            upstream: Rc::clone(upstream),
            id,
            began,
            verdict: Cell::new(None),
            ended: Cell::new(None),
            whole: Cell::new(false),
            settled: Cell::new(false),
        }
    }

    /// Notes that the endpoint did its part.
    pub(super) fn praise(&self, now: Instant) {
        self.verdict.set(Some(Verdict::Good));
        self.ended.set(Some(now));
    }

    /// Notes that all of an answer came, be it a bad one.
    pub(super) fn complete(&self) {
        self.whole.set(true);
    }

    /// Notes that the endpoint failed.
    pub(super) fn blame(&self) {
        self.verdict.set(Some(self.bad()));
    }

    /// Tells it before the place is given back, which from now on is kept for what goes up behind a whole
    /// answer: the server owes nothing for it.
    pub(super) fn settle(&self) {
        let now = self.ended.take().unwrap_or_else(clock::turn);
        if let Some(verdict) = self.verdict.take() {
            (self.upstream).note_verdict(self.id, verdict, self.began, now);
        }
        if !self.settled.replace(true) {
            self.upstream.count_awaited(Awaited::end);
            let state = &mut *self.upstream.state.borrow_mut();
            state.pool.handle_settled(self.id);
            state.note_unowed(self.id, Some(now));
        }
    }

    /// Notes that the time ran out.
    pub(super) fn late(&self, now: Instant) {
        self.blame();
        let mut state = self.upstream.state.borrow_mut();
        state.pool.handle_slow(self.id, self.began, now);
    }

    fn bad(&self) -> Verdict {
        let jitter = self.upstream.jitter();
        Verdict::Bad { jitter }
    }

    /// Says that the endpoint has failed before this is over, which may take as long as anybody likes.
    pub(super) fn blame_now(&self, now: Instant) {
        (self.upstream).note_verdict(self.id, self.bad(), self.began, now);
    }

    /// Says that it did its part so far. How it ends is still to be said.
    pub(super) fn praise_head(&self, now: Instant) {
        (self.upstream).change_pool(|pool| pool.handle_head(self.id, self.began, now));
    }

    pub(super) const fn endpoint(&self) -> usize {
        self.id.endpoint()
    }

    /// Runs `send` with the HTTP/2 connection, unless it is gone.
    pub(super) fn with_http<T>(&self, send: impl FnOnce(&mut HttpCarrier) -> T) -> Option<T> {
        let mut state = self.upstream.state.borrow_mut();
        match &mut state.connected(self.id)?.carrier {
            Carrier::Http(carrier) => Some(send(carrier)),
            Carrier::Native(_) => None,
        }
    }

    /// The connection of a protocol of one's own, unless it is gone.
    pub(super) fn native(&self) -> Option<Rc<Link>> {
        let mut state = self.upstream.state.borrow_mut();
        match &state.connected(self.id)?.carrier {
            Carrier::Native(link) => Some(Rc::clone(link)),
            Carrier::Http(_) => None,
        }
    }

    /// Notes that an answer came.
    pub(super) fn answered(&self) {
        let state = &mut *self.upstream.state.borrow_mut();
        state.note_answered(self.id);
        if self.upstream.plan.policy.balance == Policy::P2c {
            let now = clock::now();
            state.pool.handle_first_byte(self.id, self.began, now);
        }
    }

    pub(super) fn upstream(&self) -> &Upstream {
        &self.upstream
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let settled = self.settled.get();
        if !settled {
            self.upstream.count_awaited(Awaited::end);
        }
        let (busy, worn) = {
            let state = &mut *self.upstream.state.borrow_mut();
            let ended = self.ended.get();
            if let Some(verdict) = self.verdict.get() {
                let now = ended.unwrap_or_else(clock::turn);
                state.pool.handle_verdict(self.id, verdict, self.began, now);
            }
            match settled {
                true => state.pool.release_settled(self.id),
                false => state.pool.release(self.id),
            }
            if let Some(connected) = state.note_unowed(self.id, ended) {
                match &connected.carrier {
                    Carrier::Http(http) if http.retiring => http.driver.wake_by_ref(),
                    Carrier::Native(link) if link.is_retiring() => link.nudge(),
                    Carrier::Http(_) | Carrier::Native(_) => {}
                }
            }
            let worn = !self.whole.get() && state.note_broken(self.id);
            (state.is_busy(), worn)
        };
        if worn {
            self.upstream.retire(self.id);
        } else if busy {
            self.upstream.act();
        }
    }
}

impl Queued {
    /// The place, once there is one.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Result<Lease, Fault>> {
        let waiters = &mut self.upstream.state.borrow_mut().waiters;
        match waiters.remove(&self.ticket) {
            Some(Waiter::Granted(id)) => {
                Poll::Ready(Ok(Lease::new(&self.upstream, id, clock::now())))
            }
            Some(Waiter::Refused(why)) => Poll::Ready(Err(refusal_fault(why))),
            Some(Waiter::Waiting(_)) => {
                waiters.insert(self.ticket, Waiter::Waiting(cx.waker().clone()));
                Poll::Pending
            }
            None => Poll::Ready(Err(Fault::unsent(
                FaultClass::Internal,
                "the ticket is used up",
            ))),
        }
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        let waiter = self
            .upstream
            .state
            .borrow_mut()
            .waiters
            .remove(&self.ticket);
        match waiter {
            Some(Waiter::Granted(id)) => drop(Lease::new(&self.upstream, id, clock::now())),
            Some(Waiter::Waiting(_)) => {
                let pool = &mut self.upstream.state.borrow_mut().pool;
                pool.abandon(self.ticket);
                self.upstream.metrics.queued(pool.queued());
            }
            Some(Waiter::Refused(_)) | None => {}
        }
    }
}

pub(super) fn refusal_fault(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::QueueFull => Fault::unsent(FaultClass::Overload, "the queue is full"),
        Refusal::WaitedTooLong => Fault::unsent(FaultClass::Overload, "no place in time"),
        Refusal::Unreachable => Fault::unsent(FaultClass::Unreachable, "no endpoint is reachable"),
    }
}
