//! The task of one client connection.

mod answers;
mod payload;
mod reading;
mod streamed;
mod tie;
mod timeouts;
mod work;

pub(super) use payload::too_long;
pub(crate) use work::Spares;

use super::http2::Client;
use super::parting::Parting;
use crate::clock;
use crate::framing::Framing;
use crate::lifecycle::Alarm;
use crate::listen::{ClientStream, Listener, Permit};
use crate::websocket::goodbye;
use answers::InLine;
use bytes::Bytes;
use gatewright_core::codec::Side;
use gatewright_core::session::{Session, SessionLimits};
use gatewright_core::translate::Peer;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tie::Tie;
use work::Work;

/// One client's connection: what it is while it is idle, with no buffer or exchange of its own.
/// There are many of these, so each field is weighed.
pub(crate) struct Connection {
    /// Gone once the client is bound to a connection of its own, which has it then.
    io: Option<ClientStream>,
    listener: Rc<Listener>,
    _permit: Permit,
    peer: Arc<Peer>,
    framing: Framing,
    session: Session<InLine>,
    alarm: Alarm,
    /// What it has besides while it is busy.
    work: Option<Box<Work>>,
    /// What keeps the client from being served like others.
    tie: Option<Box<Tie>>,
    /// How it ends, once that is known.
    ending: Option<Box<Ending>>,
}

/// How a connection ends.
struct Ending {
    reason: &'static str,
    /// The client sends no more.
    seen_eof: bool,
    parting: Option<Parting>,
}

/// Frames that one turn takes; then the other connections have theirs. Bounds the replies to
/// frames that are answered at once, too: none of those is written before the frames are taken.
const FRAMES_A_TURN: u16 = 256;

/// A client that sends no more, or is not read, may leave unheard: how often it is looked after.
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// The connection is over at once; what is in flight is cancelled.
struct Ended(&'static str);

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self(match error.kind() {
            // What TLS says of bytes that are none of its own.
            io::ErrorKind::InvalidData => "tls",
            _ => "reset",
        })
    }
}

impl Connection {
    pub(crate) fn new(
        io: ClientStream,
        peer: SocketAddr,
        id: u64,
        listener: &Rc<Listener>,
        permit: Permit,
    ) -> Self {
        let limits = &listener.limits;
        let descriptor = listener.protocol.descriptor();
        let session_limits = SessionLimits {
            in_flight: limits.in_flight,
            idle: limits.idle,
        };
        listener.metrics.opened();
        let now = clock::now();
        let mut session = Session::new(session_limits, &descriptor.capabilities, now);
        if let Some(heartbeat) = &descriptor.heartbeat {
            session.watch(heartbeat.of(Side::Server), now);
        }
        let is_http2 = listener.speaks_http() && io.alpn() == Some(b"h2");
        let peer = Arc::new(Peer {
            address: peer,
            identity: io.identity().cloned(),
            connection: id,
            listener: Arc::clone(&listener.name),
        });
        let mut connection = Self {
            io: Some(io),
            listener: Rc::clone(listener),
            _permit: permit,
            peer,
            framing: Framing::new(Arc::clone(&listener.protocol), Side::Server, limits.frame),
            session,
            alarm: Alarm::new(Rc::clone(listener.worker.timers())),
            work: None,
            tie: None,
            ending: None,
        };
        if is_http2 {
            connection.multiplex(Bytes::new());
        }
        connection
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let ended = match self.tie.as_deref_mut() {
            Some(Tie::Bound(bound)) => {
                Some(bound.poll(self.peer.connection, &self.listener.worker, cx))
            }
            Some(Tie::Multiplexed(http2)) => {
                let client = Client {
                    listener: &self.listener,
                    peer: &self.peer,
                    shown: http2.shown(),
                };
                Some(http2.poll(&client, cx))
            }
            Some(_) | None => None,
        };
        if let Some(ended) = ended {
            return ended.map(|reason| Err(Ended(reason)));
        }
        let mut work = self.begin_work();
        let turned = self.serve(&mut work, cx);
        self.end_work(work);
        turned
    }

    /// Takes what a busy connection needs.
    fn begin_work(&mut self) -> Box<Work> {
        let lend = || self.listener.worker.spares().lend();
        let mut work = self.work.take().unwrap_or_else(lend);
        if let Some(memory) = work.memory.take() {
            self.session.take_memory(memory);
        }
        work.frames_left = FRAMES_A_TURN;
        work
    }

    /// Gives that back, if the connection is idle from now on.
    fn end_work(&mut self, mut work: Box<Work>) {
        if work.is_done() {
            work.memory = self.session.release_memory();
            self.listener.worker.spares().take_back(work);
        } else {
            self.work = Some(work);
        }
    }

    fn serve(&mut self, work: &mut Work, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let now = clock::now();
        let drain_begins = self.listener.worker.is_draining() && !self.session.is_draining();
        let timer_due = self.alarm.is_due(now) || drain_begins;
        // All is said to a client that parts.
        if self.parting().is_none() {
            if timer_due {
                self.handle_timeouts(work, now)?;
            }
            self.exchange_bytes(work, now, cx)?;
        }
        if self.is_given_away() {
            // From here on the tie is polled.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if timer_due || self.parting().is_some() {
            self.set_alarm(work, now, cx);
        }
        self.part(work, now, cx)
    }

    /// Reads, forwards, answers and writes for as long as one makes room for the other.
    fn exchange_bytes(
        &mut self,
        work: &mut Work,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<(), Ended> {
        loop {
            self.collect_answers(work, now, cx);
            self.untie(work, now, cx)?;
            let starved = self.read(work, now, cx)?;
            // New exchanges send their requests with their first poll.
            self.collect_answers(work, now, cx);
            let more = self.write_replies(work, now, cx)?;
            self.flush(work, now, cx)?;
            self.evict_if_slow(work, now, cx)?;
            // Credit may come back with a write. A socket that was left for lack of it wakes
            // nobody before it is read again.
            let may_go_on = starved || self.may_have_frame(work);
            let may_read = self.has_credit(work) && may_go_on && !work.is_backed_up(cx);
            let may_write = more && work.outbound.is_empty();
            if !self.may_untie(work) && !may_read && !may_write {
                break;
            }
        }
        if work.frames_left == 0 {
            cx.waker().wake_by_ref();
        } else if self.is_deaf(work) {
            self.alarm.set(now + LOOK_AFTER, cx);
        }
        self.note_halfway(work, now);
        if self.session.is_quiet() {
            work.lanes.clear();
            // The alarm may be set for an exchange that has ended: later than the idle limit or
            // the drain, which count from now on.
            if let Some(at) = self.session.poll_timeout() {
                self.alarm.set(at, cx);
            }
        } else if let Some(at) = self.session.poll_pulse() {
            self.alarm.set(at, cx);
        }
        Ok(())
    }

    /// Has the session know of what is neither in flight nor in line.
    fn note_halfway(&mut self, work: &Work, now: Instant) {
        let halfway = work.is_halfway() || self.keeps_back();
        self.session.handle_halfway(halfway, now);
    }

    // ---- the end

    /// Notes why the connection ends, unless that is known already.
    fn end_by(&mut self, reason: &'static str) -> &mut Ending {
        self.ending.get_or_insert_with(|| {
            Box::new(Ending {
                reason,
                seen_eof: false,
                parting: None,
            })
        })
    }

    /// Whether the client sends no more.
    fn seen_eof(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| ending.seen_eof)
    }

    fn parting(&self) -> Option<&Parting> {
        self.ending.as_ref()?.parting.as_ref()
    }

    /// Clients of one-way messages leave as soon as they have sent them: that takes none back.
    fn part(&mut self, work: &Work, now: Instant, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        let flushed = work.outbound.is_empty() && work.stalled_since.is_none();
        let written = self.session.is_finished() && flushed && work.streaming.is_none();
        if !written || work.unanswered().next().is_some() {
            return Poll::Pending;
        }
        let says_goodbye = self.io.as_ref().is_some_and(ClientStream::says_goodbye);
        if self.seen_eof() && !says_goodbye {
            return Poll::Ready(Ok(()));
        }
        if self.parting().is_none() {
            let ending = self.end_by("drain");
            ending.parting = Some(Parting::new(now));
            let code = goodbye::code(ending.reason);
            if let Some(io) = &mut self.io {
                io.set_goodbye(code);
            }
            self.set_alarm(work, now, cx);
        }
        let parting = self.ending.as_mut().and_then(|e| e.parting.as_mut());
        let (Some(parting), Some(io)) = (parting, &mut self.io) else {
            return Poll::Pending;
        };
        let mut scratch = self.listener.worker.scratch();
        parting.poll(io, &mut scratch, now, cx).map_err(Ended::from)
    }
}

impl Future for Connection {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.turn(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(Ended(reason))) => {
                let parting = self.parting().is_some();
                let ending = self.end_by(reason);
                // How a client leaves to which all was said is its own affair.
                if !parting {
                    ending.reason = reason;
                }
                Poll::Ready(())
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            self.listener.worker.spares().take_back(work);
        }
        let reason = self.ending.as_ref().map_or("drain", |e| e.reason);
        self.listener.metrics.closed(reason);
        self.listener.worker.closed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next larger block of the allocator has 320 bytes: one byte more would cost every idle
    /// connection 64.
    #[test]
    fn an_idle_connection_fits_its_block() {
        assert!(
            size_of::<Connection>() <= 256,
            "{}",
            size_of::<Connection>()
        );
    }
}
