//! Keeps one HTTP/2 connection going and tells the pool what becomes of it.

use super::connect::{ConnectError, Usable};
use super::spent::Spent;
use super::stream::Stream;
use super::{Carrier, HttpCarrier, Upstream};
use crate::clock;
use crate::http2::{Cork, Corked, Doorbell, SharedAllowance};
use crate::lifecycle::Alarm;
use bytes::Bytes;
use gatewright_core::health::{Sign, Silence, Step};
use gatewright_core::pool::{ConnId, Retirement};
use h2::client::{Connection, SendRequest};
use h2::{Ping, PingPong, RecvStream};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

/// The task of one connection.
pub(super) struct Driver {
    upstream: Rc<Upstream>,
    id: ConnId,
    connection: Connection<Corked<Stream>, Bytes>,
    cork: Cork<Stream>,
    doorbell: Doorbell,
    /// Streams that are over; kept for its capacity.
    spent: Vec<RecvStream>,
    /// A handle to ask how many streams the server allows. It is dropped when the connection
    /// leaves, so that the library closes it after the last stream.
    probe: Option<SendRequest<Bytes>>,
    capacity: usize,
    /// When nothing was due last, as far as it was seen.
    last_used: Instant,
    alarm: Alarm,
    retirement: Retirement,
    silence: Silence,
    ping: Option<PingPong>,
    /// Whether nothing new is begun on it.
    retired: bool,
}

/// What the pool is owed for a connection that it asked for: should the task panic, be it in a
/// library, the connection is gone.
pub(super) struct Debt {
    upstream: Rc<Upstream>,
    id: ConnId,
}

impl Debt {
    pub(super) fn new(upstream: &Rc<Upstream>, id: ConnId) -> Self {
        Self {
            upstream: Rc::clone(upstream),
            id,
        }
    }
}

impl Drop for Debt {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (id, jitter) = (self.id, self.upstream.jitter());
            self.upstream.remove(id);
            self.upstream
                .change_pool(|pool| pool.handle_connect_failed(id, jitter, clock::now()));
        }
    }
}

impl Driver {
    /// Opens the connection that the pool asked for and runs it to its end.
    pub(super) async fn run(upstream: Rc<Upstream>, id: ConnId) {
        let _debt = Debt::new(&upstream, id);
        match upstream.connect(id.endpoint()).await {
            Ok(usable) => Self::new(upstream, id, usable).await,
            Err(error) => upstream.note_connect_failed(id, &error, error.is_our_own()),
        }
    }

    fn new(upstream: Rc<Upstream>, id: ConnId, usable: Usable) -> Self {
        let Usable {
            target,
            sender,
            mut connection,
            cork,
        } = usable;
        tracing::debug!(
            upstream = upstream.name(),
            endpoint = id.endpoint(),
            "connected"
        );
        let carrier = HttpCarrier {
            target,
            sender: sender.clone(),
            served: 0,
            driver: Waker::noop().clone(),
            retiring: false,
            broken: 0,
            spent: Spent::default(),
            allowance: SharedAllowance::new(),
        };
        upstream.add(id, Carrier::Http(Box::new(carrier)));
        let alarm = Alarm::new(Rc::clone(&upstream.timers));
        Self {
            retirement: upstream.retirement(),
            silence: Silence::new(upstream.plan.limits.silence),
            ping: connection.ping_pong(),
            retired: false,
            upstream,
            id,
            connection,
            cork,
            doorbell: Doorbell::new(),
            spent: Vec::new(),
            probe: Some(sender),
            capacity: 0,
            last_used: clock::now(),
            alarm,
        }
    }

    /// Goes on with the connection; all that it has to write leaves together.
    fn poll_connection(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        let bell = self.doorbell.waker(cx.waker()).clone();
        self.upstream.take_spent(self.id, &mut self.spent);
        // That they are let go of would have the library asked, which it is next.
        self.doorbell.muffle();
        self.spent.clear();
        self.doorbell.let_go();
        let library = &mut Context::from_waker(&bell);
        if let Poll::Ready(ended) = Pin::new(&mut self.connection).poll(library) {
            return Poll::Ready(ended.map_err(ConnectError::Http2));
        }
        match self.cork.poll_release(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(ConnectError::Transport(error))),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Pending,
        }
    }

    /// Follows the server's SETTINGS and GOAWAY.
    fn follow_server(&mut self, cx: &mut Context<'_>) {
        let Some(probe) = &mut self.probe else { return };
        if let Poll::Ready(Err(error)) = probe.poll_ready(cx) {
            tracing::debug!(upstream = self.upstream.name(), %error, "the connection takes no more");
            self.upstream.note_loss(self.id);
            self.leave();
            return;
        }
        let capacity = probe.current_max_send_streams();
        if capacity != self.capacity {
            self.capacity = capacity;
            let id = self.id;
            self.upstream
                .change_pool(|pool| pool.handle_capacity(id, capacity, clock::now()));
        }
    }

    /// Closes a connection that nobody has used for long enough.
    fn close_if_idle(&mut self, now: Instant, cx: &Context<'_>) {
        if self.probe.is_none() || !self.alarm.is_due(now) {
            return;
        }
        let limit = self.upstream.plan.limits.idle;
        match self.upstream.idle_since(self.id) {
            Some(since) if since + limit <= now => self.leave(),
            Some(since) => self.alarm.set(since + limit, cx),
            None => self.alarm.set(now + limit, cx),
        }
        if let (Some(at), false) = (self.retirement.at(), self.retired) {
            self.alarm.set(at, cx);
        }
    }

    /// Gives a connection nothing new once it is old enough, and closes it when it is done.
    fn retire_if_due(&mut self, now: Instant, cx: &Context<'_>) {
        let (upstream, id) = (&self.upstream, self.id);
        if self.probe.is_none() {
            return;
        }
        self.retired |= upstream.is_retiring(id, cx.waker());
        if !self.retired && upstream.retires(id, &self.retirement, now) {
            self.retired = true;
            upstream.retire(id);
        }
        if self.retired && self.upstream.is_unused(id) {
            self.leave();
        }
    }

    /// Asks a server that owes answers and says nothing whether it is there; an error once it has
    /// not said so either.
    fn listen(&mut self, now: Instant, cx: &mut Context<'_>) -> Result<(), ConnectError> {
        let heard = self.cork.take_heard();
        // That nothing was due for a while is no turn's business by itself.
        if let Some(last_used) = self.upstream.last_used(self.id)
            && last_used != self.last_used
        {
            self.last_used = last_used;
            self.silence.handle(Sign::Idle, now);
        }
        let sign = match (self.upstream.owes_nothing(self.id), heard) {
            (true, _) => Sign::Idle,
            (false, true) => Sign::Heard,
            (false, false) => Sign::Silence,
        };
        match (self.silence.handle(sign, now), &mut self.ping) {
            (Step::Ask, Some(ping)) => {
                // What answered the last one was heard; only then can another one be sent.
                let _ = ping.poll_pong(cx);
                // A connection that takes no PING has ended, which its next turn tells.
                let _ = ping.send_ping(Ping::opaque());
                cx.waker().wake_by_ref();
            }
            (Step::GiveUp, _) => return Err(ConnectError::Silent),
            (Step::Ask | Step::Wait, _) => {}
        }
        if let Some(at) = self.silence.poll_timeout() {
            // One that has passed would keep the next from being set.
            self.alarm.is_due(now);
            self.alarm.set(at, cx);
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.probe = None;
        self.upstream.leave(self.id);
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let mut ended = this.poll_connection(cx);
        if ended.is_pending() {
            let now = clock::now();
            this.follow_server(cx);
            this.retire_if_due(now, cx);
            this.close_if_idle(now, cx);
            if let Err(silent) = this.listen(now, cx) {
                ended = Poll::Ready(Err(silent));
            }
        }
        if let Err(error) = ready!(ended) {
            tracing::warn!(upstream = this.upstream.name(), endpoint = this.id.endpoint(), %error, "connection lost");
        }
        this.upstream.note_loss(this.id);
        this.upstream.remove(this.id);
        let id = this.id;
        this.upstream
            .change_pool(|pool| pool.handle_closed(id, clock::now()));
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Wish;
    use crate::upstream::tests::{connecting, on_worker, upstream};
    use gatewright_core::fault::FaultClass;

    #[test]
    fn a_task_that_panics_leaves_nobody_waiting_for_its_connection() {
        on_worker(async {
            let upstream = upstream();
            let now = clock::now();
            let id = connecting(&upstream, now);
            let debt = Debt {
                upstream: Rc::clone(&upstream),
                id,
            };
            let task = tokio::task::spawn_local(async move {
                let _debt = debt;
                panic!("as a library might");
            });
            assert!(task.await.unwrap_err().is_panic());
            assert_eq!(upstream.state.borrow().pool.queued(), 0, "nobody waits");
            let refused = upstream.acquire(2, Wish::default(), now).err();
            let class = refused.map(|fault| fault.class());
            assert_eq!(
                class,
                Some(FaultClass::Unreachable),
                "not `connecting` for ever"
            );
            let next = upstream.state.borrow().pool.poll_timeout();
            assert!(next.is_some_and(|next| next > now), "it is dialled again");
        });
    }
}
