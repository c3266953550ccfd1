//! Two connections, each of which gets what the other sends.

use super::RelayListener;
use super::ends::{finish, reset};
use super::flow::Flow;
use crate::clock;
use crate::lifecycle::{Alarm, Worker};
use crate::upstream::{OwnConnection, OwnPlace, Stream};
use std::io;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// A side that is not read may leave unheard: how often it is looked after.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// A pair that has carried nothing for so long has nothing on its way.
const QUIET: Duration = Duration::from_secs(1);

/// A client's connection and the one to an upstream that belongs to it.
#[derive(Debug)]
pub(super) struct Pair {
    client: Stream,
    upstream: Stream,
    /// It counts at its endpoint for as long as the pair is there.
    _place: OwnPlace,
    up: Flow,
    down: Flow,
    alarm: Alarm,
    /// When bytes were carried last.
    last: Instant,
    seen_drain: bool,
}

/// How a pair ends, and why.
#[derive(Debug)]
pub(super) enum End {
    /// Both sides have said all that they had to say.
    Whole,
    /// It was quiet; both sides get the end of the connection.
    Quiet(&'static str),
    /// Bytes may be lost; both sides get a reset.
    Broken(&'static str),
}

impl End {
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Whole => "peer",
            Self::Quiet(reason) | Self::Broken(reason) => reason,
        }
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Broken(match error.kind() {
            // What TLS says of bytes that are none of its own, or end without a word.
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => "tls",
            _ => "reset",
        })
    }
}

impl Pair {
    /// A pair of which the client's first bytes were read already.
    pub(super) fn new(
        client: Stream,
        upstream: OwnConnection,
        sent: Vec<u8>,
        alarm: Alarm,
    ) -> Self {
        let OwnConnection {
            stream,
            early,
            place,
        } = upstream;
        Self {
            client,
            upstream: stream,
            _place: place,
            up: Flow::new(sent),
            down: Flow::new(early),
            alarm,
            last: clock::now(),
            seen_drain: false,
        }
    }

    /// Carries bytes until the pair ends.
    pub(super) fn poll(
        &mut self,
        id: u64,
        worker: &Worker,
        listener: &RelayListener,
        cx: &mut Context<'_>,
    ) -> Poll<End> {
        match self.turn(id, worker, listener, cx) {
            Ok(()) if self.up.has_ended() && self.down.has_ended() => Poll::Ready(End::Whole),
            Ok(()) => Poll::Pending,
            Err(end) => {
                match end {
                    End::Broken(_) => {
                        reset(&mut self.client);
                        reset(&mut self.upstream);
                    }
                    End::Whole | End::Quiet(_) => {
                        finish(&mut self.client, end.reason(), cx);
                        finish(&mut self.upstream, end.reason(), cx);
                    }
                }
                Poll::Ready(end)
            }
        }
    }

    fn turn(
        &mut self,
        id: u64,
        worker: &Worker,
        listener: &RelayListener,
        cx: &mut Context<'_>,
    ) -> Result<(), End> {
        let now = clock::now();
        let drain_begins = !self.seen_drain && worker.is_draining();
        self.seen_drain |= drain_begins;
        let due = self.alarm.is_due(now) || drain_begins;
        if due {
            self.handle_timeouts(id, worker, listener, now)?;
        }
        let (client, upstream) = (&mut self.client, &mut self.upstream);
        let up = self.up.carry(client, upstream, worker, now, cx)?;
        let down = self.down.carry(upstream, client, worker, now, cx)?;
        if up + down > 0 {
            self.last = now;
            listener.metrics.carried(up, down);
        }
        if due || self.up.is_deaf() || self.down.is_deaf() {
            self.set_alarm(id, worker, listener, now, cx);
        }
        Ok(())
    }

    fn handle_timeouts(
        &mut self,
        id: u64,
        worker: &Worker,
        listener: &RelayListener,
        now: Instant,
    ) -> Result<(), End> {
        let limits = &listener.limits;
        for (flow, source) in [
            (&self.up, &mut self.client),
            (&self.down, &mut self.upstream),
        ] {
            let stalled = flow.stalled_since();
            if stalled.is_some_and(|since| since + limits.send_time <= now) {
                return Err(End::Broken("send-time"));
            }
            if flow.is_deaf() && source.take_error()?.is_some() {
                return Err(End::Broken("reset"));
            }
        }
        if self.drains_at(id, worker).is_some_and(|at| at <= now) {
            return Err(End::Quiet("drain"));
        }
        if self.idles_at(listener).is_some_and(|at| at <= now) {
            return Err(End::Quiet("idle"));
        }
        Ok(())
    }

    /// Whether bytes are on their way here, for which only a side's own time counts: its end would look
    /// like theirs.
    const fn holds_bytes(&self) -> bool {
        self.up.holds_bytes() || self.down.holds_bytes()
    }

    fn idles_at(&self, listener: &RelayListener) -> Option<Instant> {
        (!self.holds_bytes()).then(|| self.last + listener.limits.idle)
    }

    /// When it is closed because the gateway goes away: bytes have no boundary at which that
    /// would be right, but where none have come for a while there most likely is one.
    fn drains_at(&self, id: u64, worker: &Worker) -> Option<Instant> {
        let at = worker.drains_at(id).filter(|_| !self.holds_bytes());
        at.map(|at| at.max(self.last + QUIET))
    }

    fn set_alarm(
        &mut self,
        id: u64,
        worker: &Worker,
        listener: &RelayListener,
        now: Instant,
        cx: &Context<'_>,
    ) {
        let limits = &listener.limits;
        let stalled = |flow: &Flow| flow.stalled_since().map(|since| since + limits.send_time);
        let deaf = self.up.is_deaf() || self.down.is_deaf();
        let times = [
            self.idles_at(listener),
            stalled(&self.up),
            stalled(&self.down),
            deaf.then(|| now + LOOK_AFTER),
            self.drains_at(id, worker),
        ];
        if let Some(next) = times.into_iter().flatten().min() {
            self.alarm.set(next, cx);
        }
    }
}
