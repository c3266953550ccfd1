//! Keeps one link going and tells the pool what becomes of it.

use super::Link;
use super::opened::Opened;
use crate::clock;
use crate::lifecycle::Alarm;
use crate::upstream::dial::is_our_own;
use crate::upstream::driver::Debt;
use crate::upstream::stream::Stream;
use crate::upstream::{Carrier, Upstream};
use bytes::{Buf, BytesMut};
use gatewright_config::plan::{Sharing, Speech};
use gatewright_core::pool::{ConnId, Retirement};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Reads that one turn takes; then the other tasks have theirs.
const READS_A_TURN: usize = 16;
/// The most bytes that one read takes.
const READ: usize = 32 << 10;

/// The task of one connection.
pub(in crate::upstream) struct LinkDriver {
    upstream: Rc<Upstream>,
    id: ConnId,
    link: Rc<Link>,
    /// Whether it may hold back some of what was written: TLS does while the socket has no room.
    unflushed: bool,
    inbound: BytesMut,
    alarm: Alarm,
    retirement: Retirement,
}

/// How a connection ended.
type Ended = Result<&'static str, String>;

impl LinkDriver {
    /// Opens the connection that the pool asked for and runs it to its end.
    pub(in crate::upstream) fn run(
        upstream: Rc<Upstream>,
        id: ConnId,
        speech: Speech,
    ) -> impl Future<Output = ()> {
        let debt = Debt::new(&upstream, id);
        // What opens a connection is large, and those that are open are not to make room for it.
        let opening = Box::pin(Self::open(upstream, id, speech));
        async move {
            let _debt = debt;
            if let Some(driver) = opening.await {
                driver.await;
            }
        }
    }

    async fn open(upstream: Rc<Upstream>, id: ConnId, speech: Speech) -> Option<Self> {
        let opening = async {
            let opened = upstream.open_native(id.endpoint(), &speech).await?;
            opened.stream.notice_silence()?;
            Ok(opened)
        };
        let limit = upstream.plan.limits.connect;
        let opened = match tokio::time::timeout(limit, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "not connected in time",
            )),
        };
        match opened {
            Ok(opened) => Some(Self::new(upstream, id, &speech, opened)),
            Err(error) => {
                upstream.note_connect_failed(id, &error, is_our_own(&error));
                None
            }
        }
    }

    fn new(upstream: Rc<Upstream>, id: ConnId, speech: &Speech, opened: Opened) -> Self {
        tracing::debug!(
            upstream = upstream.name(),
            endpoint = id.endpoint(),
            "connected"
        );
        let Opened {
            stream,
            framing,
            inbound,
        } = opened;
        let link = Rc::new(Link::new(
            id,
            speech,
            (stream, framing),
            &upstream.outgoing,
            &upstream.plan,
        ));
        upstream.add(id, Carrier::Native(Rc::clone(&link)));
        let places = match speech.sharing {
            Sharing::Shared => upstream.plan.limits.streams,
            Sharing::Exclusive | Sharing::Bound => 1,
        };
        upstream.change_pool(|pool| pool.handle_capacity(id, places, clock::now()));
        let alarm = Alarm::new(Rc::clone(&upstream.timers));
        Self {
            retirement: upstream.retirement(),
            upstream,
            id,
            link,
            unflushed: false,
            inbound,
            alarm,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        self.link.set_driver(cx.waker());
        let now = clock::now();
        self.upstream.outgoing.write();
        if self.alarm.is_due(now) {
            self.handle_timeout(now, cx);
        }
        self.retire_if_due(now);
        for _ in 0..READS_A_TURN {
            if self.link.is_closed() {
                self.upstream.leave(self.id);
            }
            if let Some(reason) = self.link.ended() {
                return Poll::Ready(Ok(reason));
            }
            // A server of which the worker has heard that it closed the connection is written nothing:
            // then the request was certainly not carried out.
            if self.link.is_untouched()
                && let Poll::Ready(read) = self.poll_read(cx)
            {
                if let Some(ended) = self.take_read(read, cx) {
                    return Poll::Ready(ended);
                }
                continue;
            }
            let more = self.link.pull(cx);
            if self.link.ended().is_some() {
                continue;
            }
            match self.poll_write(cx) {
                Poll::Ready(Err(error)) => return Poll::Ready(self.hear_last(&error, cx)),
                Poll::Ready(Ok(())) if more => continue,
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
            // Whoever takes the payload of a reply may have made room for what is here already.
            self.deliver(cx)?;
            if self.link.ended().is_some() {
                continue;
            }
            if self.link.is_choked(cx) {
                self.set_alarm(cx);
                return Poll::Pending;
            }
            let Poll::Ready(read) = self.poll_read(cx) else {
                self.set_alarm(cx);
                return Poll::Pending;
            };
            if let Some(ended) = self.take_read(read, cx) {
                return Poll::Ready(ended);
            }
        }
        if self.link.is_closed() {
            self.upstream.leave(self.id);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// How a connection ended that takes nothing more: what the server has said before is heard, such as
    /// that the request is too long.
    fn hear_last(&mut self, error: &io::Error, cx: &mut Context<'_>) -> Ended {
        for _ in 0..READS_A_TURN {
            match self.poll_read(cx) {
                Poll::Ready(Ok(1..)) => self.deliver(cx)?,
                Poll::Ready(_) | Poll::Pending => break,
            }
            if self.link.is_choked(cx) {
                break;
            }
        }
        self.link.ended().ok_or_else(|| error.to_string())
    }

    /// Takes what was read; tells how the connection ended if that was its end.
    fn take_read(&mut self, read: io::Result<usize>, cx: &mut Context<'_>) -> Option<Ended> {
        match read {
            Ok(0) => Some(self.end_of_stream()),
            Ok(_) => {
                self.link.note_heard();
                self.deliver(cx).err().map(Err)
            }
            Err(error) => Some(Err(error.to_string())),
        }
    }

    /// Gives a connection nothing new once it is old enough, and lets it end when it is done.
    fn retire_if_due(&self, now: Instant) {
        let (upstream, id) = (&self.upstream, self.id);
        if !self.link.is_retiring() && upstream.retires(id, &self.retirement, now) {
            upstream.retire(id);
        }
        if self.link.is_retiring() && upstream.is_unused(id) {
            self.link.leave();
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            link, unflushed, ..
        } = self;
        link.with_stream(|mut stream| {
            if !matches!(*stream, Stream::Tcp(_) | Stream::Unix(_)) {
                link.note_attempt();
            }
            let wrote = link.with_outbound(|outbound| {
                let mut wrote = false;
                while !outbound.is_empty() {
                    let written = ready!(stream.as_mut().poll_write(cx, outbound))?;
                    if written == 0 {
                        return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                    }
                    outbound.advance(written);
                    wrote = true;
                }
                Poll::Ready(io::Result::Ok(wrote))
            });
            *unflushed |= ready!(wrote)?;
            if *unflushed {
                ready!(stream.poll_flush(cx))?;
                *unflushed = false;
            }
            Poll::Ready(Ok(()))
        })
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut scratch = self.upstream.scratch.borrow_mut();
        let room = scratch.len().min(READ);
        let mut buffer = ReadBuf::new(&mut scratch[..room]);
        ready!((self.link).with_stream(|stream| stream.poll_read(cx, &mut buffer)))?;
        self.inbound.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    }

    fn deliver(&mut self, cx: &mut Context<'_>) -> Result<(), String> {
        let delivered = (self.link).deliver(&mut self.inbound, &self.upstream.metrics, cx);
        delivered.map_err(|broken| broken.to_string())
    }

    fn end_of_stream(&self) -> Ended {
        let finished = self.link.finish(&self.upstream.metrics);
        finished.map_err(|broken| broken.to_string())?;
        if self.link.is_idle() && self.inbound.is_empty() {
            Ok("peer")
        } else {
            Err("the server closed the connection".to_owned())
        }
    }

    fn handle_timeout(&mut self, now: Instant, cx: &Context<'_>) {
        self.link.handle_timeout(now, &self.upstream.metrics);
        let limit = self.upstream.plan.limits.idle;
        match self.upstream.idle_since(self.id) {
            Some(since) if since + limit <= now && self.link.is_idle() => self.link.close("idle"),
            // What was given up may outlast the limit: the alarm is set for the end of its
            // quarantine, too.
            Some(since) if since + limit > now => self.alarm.set(since + limit, cx),
            Some(_) | None => self.alarm.set(now + limit, cx),
        }
    }

    fn set_alarm(&mut self, cx: &Context<'_>) {
        if let Some(at) = self.link.poll_timeout() {
            self.alarm.set(at, cx);
        }
        if let (Some(at), false) = (self.retirement.at(), self.link.is_retiring()) {
            self.alarm.set(at, cx);
        }
        if self.inbound.is_empty() {
            // What was split off shares its memory; an empty buffer is to hold none.
            self.inbound = BytesMut::new();
        }
    }

    fn end(&self, ended: &Ended) {
        let (upstream, id) = (&self.upstream, self.id);
        let detail = match ended {
            Ok(reason) => {
                tracing::debug!(
                    upstream = upstream.name(),
                    endpoint = id.endpoint(),
                    reason,
                    "closed"
                );
                *reason
            }
            Err(error) => {
                tracing::warn!(upstream = upstream.name(), endpoint = id.endpoint(), %error, "connection lost");
                error
            }
        };
        upstream.note_loss(id);
        upstream.remove(id);
        self.link.fail_all(detail);
        upstream.change_pool(|pool| pool.handle_closed(id, clock::now()));
    }
}

impl Future for LinkDriver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let ended = ready!(self.turn(cx));
        if ended.is_ok() {
            // That all went well is said as far as it can be said at once.
            let _ = self.link.with_stream(|stream| stream.poll_shutdown(cx));
        }
        self.link.hang_up();
        self.end(&ended);
        Poll::Ready(())
    }
}
