//! What one client sends to one upstream, in its order.

use super::mailbox::{Contents, Mailbox, Reply, Whereabouts};
use super::parcel::{Kept, Parcel};
use super::{Link, Part};
use crate::clock;
use crate::upstream::{Lease, Place, Progress, Queued, Upstream, Wish};
use gatewright_config::plan::Sharing;
use gatewright_core::fault::{Fault, FaultClass, Sent};
use gatewright_core::health::Verdict;
use gatewright_core::limit::Stage;
use gatewright_core::message::Body;
use gatewright_core::pool::ConnId;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// So many lanes of a client are looked through for those that it does not need any more.
const TIDY: usize = 16;

/// The lanes of one client, one for each upstream that it has sent to.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: Vec<Rc<Lane>>,
}

impl Lanes {
    /// Whether no more should be read for one of them. If so, the task is woken once there is room.
    pub(crate) fn are_full(&self, cx: &Context<'_>) -> bool {
        self.lanes.iter().any(|lane| lane.is_full(cx))
    }

    /// The lane to an upstream, or to that endpoint of it which a key leads to.
    pub(crate) fn to(&mut self, upstream: &Rc<Upstream>, client: u64, key: u64) -> Rc<Lane> {
        let known = (self.lanes.iter())
            .find(|lane| lane.key == key && Rc::ptr_eq(&lane.upstream, upstream));
        if let Some(lane) = known {
            return Rc::clone(lane);
        }
        if self.lanes.len() >= TIDY {
            self.lanes.retain(|lane| !lane.is_idle());
        }
        let lane = Lane::new(upstream, client, key);
        self.lanes.push(Rc::clone(&lane));
        lane
    }

    /// Forgets them all: what the client sends next goes on new ones.
    pub(crate) fn clear(&mut self) {
        self.lanes.clear();
    }
}

/// Bytes that may wait for a connection; then their client is not read on.
const BACKLOG: usize = 256 << 10;

/// What one client sends to one upstream. While anything is unanswered it keeps to one link, so
/// that its requests are carried out in their order.
pub(crate) struct Lane {
    upstream: Rc<Upstream>,
    client: u64,
    key: u64,
    state: RefCell<State>,
}

struct State {
    /// The connection it keeps to, and its place there.
    link: Option<(Lease, Rc<Link>)>,
    /// The task that waits for a place.
    waiting: Option<AbortHandle>,
    /// What waits to be sent. Many lanes have one request, which never waits, so that it is kept apart.
    backlog: Option<Box<Backlog>>,
    /// Calls that are not over.
    outstanding: usize,
}

/// What waits to be sent.
#[derive(Default)]
struct Backlog {
    /// Oldest first. Bounded by what the client may have in flight.
    parcels: VecDeque<Waiting>,
    /// About how many bytes those are.
    bytes: usize,
}

struct Waiting {
    parcel: Kept,
    mailbox: Rc<Mailbox>,
    since: Instant,
}

impl Backlog {
    fn push(&mut self, parcel: Kept, mailbox: Rc<Mailbox>) {
        self.bytes += parcel.size();
        self.parcels.push_back(Waiting {
            parcel,
            mailbox,
            since: clock::turn(),
        });
    }

    fn pop(&mut self) -> Option<Waiting> {
        let next = self.parcels.pop_front();
        self.bytes -= next.as_ref().map_or(0, |next| next.parcel.size());
        next
    }

    /// The next one, if it has waited since then.
    fn pop_older(&mut self, than: Instant) -> Option<Waiting> {
        (self.parcels.front()?.since <= than).then(|| self.pop())?
    }

    fn remove(&mut self, given_up: &Mailbox) {
        let is_it = |waiting: &Waiting| std::ptr::eq(&*waiting.mailbox, given_up);
        if let Some(place) = self.parcels.iter().position(is_it)
            && let Some(waiting) = self.parcels.remove(place)
        {
            self.bytes -= waiting.parcel.size();
        }
    }
}

impl State {
    fn waiting_parcels(&self) -> usize {
        self.backlog.as_ref().map_or(0, |b| b.parcels.len())
    }
}

/// One parcel on its way, and where its replies come to. Dropped before their end, it gives
/// them up.
pub(crate) struct Call {
    lane: Rc<Lane>,
    mailbox: Rc<Mailbox>,
    /// A reply whose payload comes as a stream is here, and was good so far.
    streams: Cell<bool>,
}

impl Lane {
    pub(crate) fn new(upstream: &Rc<Upstream>, client: u64, key: u64) -> Rc<Self> {
        Rc::new(Self {
            upstream: Rc::clone(upstream),
            client,
            key,
            state: RefCell::new(State {
                link: None,
                waiting: None,
                backlog: None,
                outstanding: 0,
            }),
        })
    }

    /// Sends a parcel, or lines it up. Where the lane has no connection yet, it had better get none
    /// to the endpoint `avoid`.
    ///
    /// # Errors
    /// If it cannot be sent. Nothing was, then.
    pub(crate) fn send(
        self: &Rc<Self>,
        parcel: Parcel<'_>,
        avoid: Option<usize>,
    ) -> Result<Call, Fault> {
        let contents = match parcel {
            Parcel::Message(_) => Contents::Message,
            Parcel::Frames(..) => Contents::Frames,
        };
        let mailbox = Rc::new(Mailbox::new(contents));
        self.state.borrow_mut().outstanding += 1;
        // From here on the call's end counts it out.
        let call = Call {
            lane: Rc::clone(self),
            mailbox,
            streams: Cell::new(false),
        };
        match self.usable_link(avoid)? {
            Some(link) => link.send(parcel, &call.mailbox)?,
            None => {
                let backlog = &mut self.state.borrow_mut().backlog;
                let backlog = backlog.get_or_insert_default();
                backlog.push(parcel.keep(), Rc::clone(&call.mailbox));
            }
        }
        Ok(call)
    }

    /// The link to send on now; `None` if the parcel has to wait.
    fn usable_link(self: &Rc<Self>, avoid: Option<usize>) -> Result<Option<Rc<Link>>, Fault> {
        {
            let state = &mut *self.state.borrow_mut();
            let alone = state.outstanding == 1;
            state
                .link
                .take_if(|(_, link)| link.is_closed() && (alone || !link.is_parting()));
            if state.waiting.is_some() || state.waiting_parcels() > 0 {
                return Ok(None);
            }
            if let Some((_, link)) = &state.link {
                // What is unanswered keeps what comes after it from going elsewhere, before it.
                let shared = self.upstream.sharing() == Sharing::Shared && !link.is_parting();
                let free = shared || alone;
                return Ok(free.then(|| Rc::clone(link)));
            }
        }
        match self
            .upstream
            .acquire(self.client, self.wish(avoid), clock::turn())?
        {
            Place::Granted(lease) => self.settle(lease).map(Some),
            Place::Queued(queued) => {
                self.wait(queued);
                Ok(None)
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.state.borrow().outstanding == 0
    }

    fn is_full(&self, cx: &Context<'_>) -> bool {
        let state = self.state.borrow();
        // Whatever ends the wait wakes who waits for the first in line.
        (state.backlog.as_ref()).is_some_and(|backlog| backlog.bytes >= BACKLOG)
            || (state.link.as_ref()).is_some_and(|(_, link)| link.is_full(cx))
    }

    const fn wish(&self, avoid: Option<usize>) -> Wish {
        Wish {
            key: self.key,
            avoid,
        }
    }

    fn settle(&self, lease: Lease) -> Result<Rc<Link>, Fault> {
        let link = lease.native().ok_or_else(|| {
            let detail = "the connection was closed before its use";
            Fault::unsent(FaultClass::Unreachable, detail)
        })?;
        self.state.borrow_mut().link = Some((lease, Rc::clone(&link)));
        Ok(link)
    }

    /// Waits for a place in a task of its own: which of the calls in line lives on is not known.
    fn wait(self: &Rc<Self>, queued: Queued) {
        let lane = Rc::downgrade(self);
        let task = tokio::task::spawn_local(async move {
            let place = poll_fn(|cx| queued.poll(cx)).await;
            if let Some(lane) = Weak::upgrade(&lane) {
                lane.go_on(place);
            }
        });
        self.state.borrow_mut().waiting = Some(task.abort_handle());
    }

    /// Sends what waited for a place. Where there is none, the first in line fails, and those behind it ask
    /// for themselves.
    fn go_on(self: &Rc<Self>, place: Result<Lease, Fault>) {
        self.state.borrow_mut().waiting = None;
        let mut next = Some(place);
        while let Some(place) = next {
            match place.and_then(|lease| self.settle(lease)) {
                Ok(link) => {
                    self.send_backlog(&link);
                    break;
                }
                Err(fault) => self.fail_first(&fault),
            }
            if self.state.borrow().waiting_parcels() == 0 {
                break;
            }
            next = self.ask().transpose();
        }
        self.rest();
    }

    /// Fails the first in line, and those who have waited for a place as long as anybody may.
    fn fail_first(&self, fault: &Fault) {
        let state = &mut *self.state.borrow_mut();
        let Some(backlog) = &mut state.backlog else {
            return;
        };
        let mut failed = backlog.pop();
        let long = clock::now().checked_sub(self.upstream.plan.limits.queue_wait);
        while let Some(waiting) = failed {
            waiting.mailbox.fail(fault.clone());
            failed = long.and_then(|long| backlog.pop_older(long));
        }
    }

    /// Asks for a place; nothing if there is one later.
    fn ask(self: &Rc<Self>) -> Result<Option<Lease>, Fault> {
        let wish = self.wish(None);
        match self.upstream.acquire(self.client, wish, clock::now())? {
            Place::Granted(lease) => Ok(Some(lease)),
            Place::Queued(queued) => {
                self.wait(queued);
                Ok(None)
            }
        }
    }

    fn send_backlog(&self, link: &Rc<Link>) {
        loop {
            let next = {
                let backlog = &mut self.state.borrow_mut().backlog;
                backlog.as_mut().and_then(|backlog| backlog.pop())
            };
            let Some(Waiting {
                mut parcel,
                mailbox,
                ..
            }) = next
            else {
                return;
            };
            // Its client may have been left unread until now.
            mailbox.remind();
            if mailbox.is_over() {
                continue;
            }
            if let Err(fault) = link.send(parcel.parcel(), &mailbox) {
                mailbox.fail(fault);
            } else if self.upstream.sharing() == Sharing::Exclusive {
                return;
            }
        }
    }

    /// A call is over: the next one may be sent, or the place given back.
    fn ended(self: &Rc<Self>, mailbox: &Mailbox) {
        match mailbox.give_up() {
            Whereabouts::Sent(link, entry) => {
                link.abandon(&entry, clock::now());
                if link.is_closed() {
                    // Before its place is given back: nobody is to get that.
                    self.upstream.leave(link.id());
                }
            }
            Whereabouts::Queued => {
                if let Some(backlog) = &mut self.state.borrow_mut().backlog {
                    backlog.remove(mailbox);
                }
            }
            Whereabouts::Over => {}
        }
        self.state.borrow_mut().outstanding -= 1;
        self.serve_next();
        self.rest();
    }

    /// Where requests go one at a time, sends the next one, unless it was one of those in line
    /// that ended.
    fn serve_next(self: &Rc<Self>) {
        let link = {
            let state = self.state.borrow();
            let waiting = state.waiting_parcels();
            if waiting == 0 || state.waiting.is_some() || state.outstanding > waiting {
                return;
            }
            state.link.as_ref().map(|(_, link)| Rc::clone(link))
        };
        match link {
            Some(link) if !link.is_closed() && !link.is_retiring() => self.send_backlog(&link),
            Some(_) | None => self.reconnect(),
        }
    }

    fn reconnect(self: &Rc<Self>) {
        drop(self.state.borrow_mut().link.take());
        if let Some(place) = self.ask().transpose() {
            self.go_on(place);
        }
    }

    /// Gives the place back while there is nothing to send or to wait for.
    fn rest(&self) {
        let idle = {
            let state = &mut *self.state.borrow_mut();
            let idle = state.outstanding == 0;
            if idle && let Some(waiting) = state.waiting.take() {
                waiting.abort();
            }
            if idle { state.link.take() } else { None }
        };
        drop(idle);
    }
}

impl Call {
    /// The reply to the message that was sent; nothing where none is due.
    pub(crate) fn poll_message(&self, cx: &Context<'_>) -> Poll<Reply> {
        let reply = ready!(self.mailbox.poll_message(cx));
        match &reply {
            Ok(Some(message)) if matches!(message.body(), Body::Stream(_)) => self.judge_head(),
            reply => self.judge(reply.as_ref().err()),
        }
        Poll::Ready(reply)
    }

    /// What came of the replies to the frames that were sent.
    pub(crate) fn poll_part(&self, cx: &Context<'_>) -> Poll<Part> {
        let part = ready!(self.mailbox.poll_part(cx));
        if let Some(end) = &part.end {
            self.judge(end.as_ref().err());
        }
        Poll::Ready(part)
    }

    /// The endpoint that it was sent to, by index.
    pub(crate) fn endpoint(&self) -> Option<usize> {
        self.mailbox.sent().map(|(id, _)| id.endpoint())
    }

    /// How far it got; `None` before it is sent. A reply is read whole.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let (_, since) = self.mailbox.sent()?;
        let stage = Stage::Sent;
        Some(Progress { since, stage })
    }

    /// Notes that it took too long. That is the endpoint's fault if it had at least half of the
    /// time.
    pub(crate) fn timed_out(&self, limit: Duration, now: Instant) {
        if let Some((id, began)) = self.mailbox.sent()
            && now.saturating_duration_since(began) >= limit / 2
        {
            self.say_slow(id, began, now);
        }
    }

    /// Tells the pool how the endpoint did.
    fn judge(&self, fault: Option<&Fault>) {
        let Some((id, began)) = self.mailbox.sent() else {
            return;
        };
        let verdict = match fault {
            None if self.mailbox.blames() => return self.say_slow(id, began, clock::turn()),
            None => Verdict::Good,
            // No server is to blame for a client.
            Some(fault) if fault.class() == FaultClass::BadRequest => return,
            // Servers close connections that they kept.
            Some(fault) if fault.how_far() == Sent::Lapsed => return,
            Some(fault) if fault.may_have_been_sent() => self.bad(),
            Some(_) => return,
        };
        self.say(id, verdict, began, clock::turn());
    }

    /// The same of a reply whose payload comes as a stream: how that ends is judged then.
    fn judge_head(&self) {
        match self.mailbox.sent() {
            Some((id, began)) if !self.mailbox.blames() => {
                self.lane.upstream.judge_head(id, began, clock::turn());
                self.streams.set(true);
            }
            Some(_) | None => self.judge(None),
        }
    }

    fn judge_end(&self) {
        match (self.mailbox.take_fault(), self.mailbox.sent()) {
            (Some(fault), _) => self.judge(Some(&fault)),
            // Whole, or good until nobody wanted it any more.
            (None, Some((id, began))) => {
                let (upstream, now) = (&self.lane.upstream, clock::turn());
                upstream.note_verdict(id, Verdict::Good, began, now);
            }
            (None, None) => {}
        }
    }

    fn bad(&self) -> Verdict {
        let jitter = self.lane.upstream.jitter();
        Verdict::Bad { jitter }
    }

    fn say(&self, id: ConnId, verdict: Verdict, began: Instant, now: Instant) {
        self.lane.upstream.judge(id, verdict, began, now);
    }

    /// It failed, and how long that took says how slow it is.
    fn say_slow(&self, id: ConnId, began: Instant, now: Instant) {
        let upstream = &self.lane.upstream;
        upstream.change_pool(|pool| pool.handle_slow(id, began, now));
        self.say(id, self.bad(), began, now);
    }

    /// What came of those replies, and no more.
    pub(crate) fn take_part(&self) -> Part {
        self.mailbox.take_part()
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.streams.get() {
            self.judge_end();
        }
        self.lane.ended(&self.mailbox);
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane")
            .field("upstream", &self.upstream.name())
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
