//! A client that speaks HTTP/2: many requests at a time on one connection, each a stream.
//!
//! The library keeps the framing, the windows and the rules of RFC 9113. What of it a client may use
//! up, and for how long, is decided here.

mod arriving;
mod replying;
mod request;
mod response;
mod rewound;
mod stream;

use crate::clock;
use crate::dispatch::{Exchanges, Untaken};
use crate::http2::{Cork, Corked, Doorbell, Gaps, SharedAllowance};
use crate::lifecycle::Alarm;
use crate::listen::{ClientStream, Listener};
use crate::serve::parting::Parting;
use crate::tls::Shown;
use crate::upstream::Lanes;
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_config::plan::HTTP2_WINDOW;
use gatewright_core::codec::HttpShape;
use gatewright_core::message::Message;
use gatewright_core::translate::{Carriage, Facts, Peer};
use h2::Reason;
use h2::server::{Builder, Connection, Handshake};
pub(super) use rewound::Rewound;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use stream::{End, Stream, Turn};

/// What a client of HTTP/2 says before anything else (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Requests that one turn begins; then the other connections have theirs.
const REQUESTS_A_TURN: usize = 256;
/// How long a client has to hear that the connection ends.
const PARTING: Duration = Duration::from_secs(1);

/// Bytes of a body that one stream may send before they are read: what RFC 9113 begins with.
const STREAM_WINDOW: u32 = 65_535;
/// Bytes of one response that the library takes before the client does.
const STREAM_BUFFER: usize = 64 << 10;

/// What the first bytes of a client say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    Http2,
    /// There are too few of them to tell.
    Unknown,
    Other,
}

impl Opening {
    pub(super) fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(PREFACE) {
            Self::Http2
        } else if PREFACE.starts_with(bytes) {
            Self::Unknown
        } else {
            Self::Other
        }
    }
}

/// Who is served.
pub(super) struct Client<'a> {
    pub(super) listener: &'a Rc<Listener>,
    pub(super) peer: &'a Arc<Peer>,
    /// Which of the listener's certificates it was shown.
    pub(super) shown: Option<Shown>,
}

impl Client<'_> {
    fn facts(&self, request: &Message) -> Facts {
        let (address, shown) = (self.peer.address, self.shown.as_ref());
        let carriage = self.listener.carriage(address, shown, request);
        Facts {
            peer: Arc::clone(self.peer),
            client: self.listener.client(address, carriage, request),
            trace: self.listener.worker.trace_id(),
            carriage: Carriage {
                http2: true,
                ..carriage
            },
        }
    }
}

type Transport = Corked<Rewound>;

/// One connection.
pub(super) struct Http2 {
    state: State,
    cork: Cork<Rewound>,
    doorbell: Doorbell,
    shape: HttpShape,
    shown: Option<Shown>,
    streams: Exchanges<Box<Stream>>,
    lanes: Lanes,
    allowance: SharedAllowance,
    /// Whom the last request was for.
    authority: ByteString,
    alarm: Alarm,
    /// Whether requests may wait in the library, because there was no room for them.
    held_back: bool,
    /// When a stream began or ended last, or the end was announced.
    last: Instant,
    /// Since when the socket takes nothing of what waits for it.
    stalled_since: Option<Instant>,
    haste: Haste,
    /// For answers that the client leaves lying.
    own: Rc<Untaken>,
    gaps: Gaps,
    /// Why it takes no more requests.
    leaving: Option<&'static str>,
    /// When it ends, whatever is in flight.
    until: Option<Instant>,
}

enum State {
    Greeting(Handshake<Transport, Bytes>),
    Open(Connection<Transport, Bytes>),
    /// All is said.
    Parting(Parting),
}

/// Streams that the client gave up, against those that it let be answered (CVE-2023-44487).
#[derive(Debug, Default)]
struct Haste {
    answered: u64,
    given_up: u64,
}

impl Haste {
    fn note(&mut self, end: End) {
        match end {
            End::Ours => self.answered = self.answered.saturating_add(1),
            End::Theirs | End::Broken => self.given_up = self.given_up.saturating_add(1),
        }
    }

    /// A client may give up all that it has in flight, and once more, and as often as it waits.
    const fn is_too_much(&self, in_flight: usize) -> bool {
        self.given_up > self.answered.saturating_add(2 * in_flight as u64)
    }
}

impl Http2 {
    /// A client that has sent something already.
    pub(super) fn new(
        io: ClientStream,
        sent: Bytes,
        shape: HttpShape,
        listener: &Rc<Listener>,
    ) -> Self {
        let shown = io.shown().cloned();
        let (transport, cork) = Corked::new(Rewound::new(sent, io));
        let limits = &listener.limits;
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let handshake = Builder::new()
            .max_concurrent_streams(narrow(limits.in_flight))
            .max_header_list_size(narrow(limits.frame))
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(HTTP2_WINDOW)
            .max_send_buffer_size(STREAM_BUFFER)
            .handshake(transport);
        Self {
            state: State::Greeting(handshake),
            cork,
            doorbell: Doorbell::new(),
            shape,
            shown,
            streams: Exchanges::default(),
            lanes: Lanes::default(),
            allowance: SharedAllowance::new(),
            authority: ByteString::new(),
            alarm: Alarm::new(Rc::clone(listener.worker.timers())),
            held_back: false,
            last: clock::now(),
            stalled_since: None,
            haste: Haste::default(),
            own: Rc::new(Untaken::new(limits.send_buffer)),
            gaps: Gaps::default(),
            leaving: None,
            until: None,
        }
    }

    pub(super) fn shown(&self) -> Option<Shown> {
        self.shown.clone()
    }

    /// Serves the client until the connection is over, and says why it is.
    pub(super) fn poll(&mut self, client: &Client<'_>, cx: &mut Context<'_>) -> Poll<&'static str> {
        let now = clock::now();
        let drain_begins = client.listener.worker.is_draining() && self.leaving.is_none();
        let due = self.alarm.is_due(now) || drain_begins;
        if due && let Some(reason) = self.handle_timeouts(client, now) {
            return Poll::Ready(reason);
        }
        let turned = self.turn(client, now, due, cx);
        let limits = &client.listener.limits;
        if self.cork.take_sent() {
            self.stalled_since = None;
        }
        match self.cork.poll_release(cx) {
            Poll::Ready(Ok(())) => self.stalled_since = None,
            Poll::Ready(Err(_)) => return Poll::Ready("reset"),
            Poll::Pending => {
                let since = *self.stalled_since.get_or_insert(now);
                self.alarm.set(since + limits.send_time, cx);
            }
        }
        if turned.is_pending() && (due || self.streams.is_empty()) {
            self.set_alarm(client, now, cx);
        }
        turned
    }

    fn turn(
        &mut self,
        client: &Client<'_>,
        now: Instant,
        due: bool,
        cx: &mut Context<'_>,
    ) -> Poll<&'static str> {
        // An answer of an upstream wakes the task, too, and is no reason to ask the library.
        let mut asks = self.is_library_due() || due;
        if let State::Greeting(handshake) = &mut self.state {
            match ready!(Pin::new(handshake).poll(cx)) {
                Ok(connection) => self.state = State::Open(connection),
                Err(error) => return Poll::Ready(reason(&error)),
            }
            asks = true;
        }
        let mut left = REQUESTS_A_TURN;
        let bell = self.doorbell.waker(cx.waker()).clone();
        let library = &mut Context::from_waker(&bell);
        loop {
            if asks && let Poll::Ready(ended) = self.accept(client, &mut left, now, library) {
                return self.part(ended, client, now, cx);
            }
            self.doorbell.muffle();
            let moved = self.go_on(client, now, cx);
            // Whatever it was handed, it is asked for next.
            asks = self.doorbell.let_go() || moved;
            if !asks {
                return Poll::Pending;
            }
        }
    }

    /// Whether the library may have something to do, or the end of the connection has.
    fn is_library_due(&self) -> bool {
        // Both are asked, as either forgets.
        let called = self.doorbell.has_called() | self.cork.take_choked();
        let parting = matches!(self.state, State::Parting(_));
        called || self.held_back || self.stalled_since.is_some() || parting
    }

    /// Ends a connection of which the library has said that it is over. One that we leave is not
    /// reset over answers that the client has not read.
    fn part(
        &mut self,
        ended: &'static str,
        client: &Client<'_>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<&'static str> {
        if self.leaving.is_none() || self.until.is_some() {
            return Poll::Ready(ended);
        }
        if !matches!(self.state, State::Parting(_)) {
            self.state = State::Parting(Parting::new(now));
        }
        let State::Parting(parting) = &mut self.state else {
            return Poll::Ready(ended);
        };
        self.alarm.set(parting.until, cx);
        let mut scratch = client.listener.worker.scratch();
        let parted = |io: &mut Rewound| parting.poll(io, &mut scratch, now, cx);
        // Whatever becomes of it, the client has had its time.
        self.cork.with_transport(parted).map(|_| ended)
    }

    /// Goes on with the connection, and begins what streams there are and is room for.
    fn accept(
        &mut self,
        client: &Client<'_>,
        left: &mut usize,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<&'static str> {
        let waiting: usize = self.streams.iter().map(|stream| stream.waiting()).sum();
        let full = waiting >= client.listener.limits.send_buffer || self.lanes.are_full(cx);
        self.held_back = full;
        // The streams that hear of something now are polled right after.
        self.streams.forget_task();
        let connection = match &mut self.state {
            State::Greeting(_) => return Poll::Pending,
            State::Open(connection) => connection,
            State::Parting(_) => return Poll::Ready(self.ended(None)),
        };
        loop {
            if full || *left == 0 {
                if *left == 0 {
                    cx.waker().wake_by_ref();
                }
                let closed = ready!(connection.poll_closed(cx));
                return Poll::Ready(self.ended(closed.err().as_ref()));
            }
            match ready!(connection.poll_accept(cx)) {
                Some(Ok((request, respond))) => {
                    *left -= 1;
                    self.last = now;
                    self.gaps.handle(respond.stream_id());
                    let (shape, allowance) = (&self.shape, &self.allowance);
                    let last = &mut self.authority;
                    let stream = Stream::new(request, respond, client, shape, allowance, last, now);
                    self.streams.insert(Box::new(stream));
                }
                Some(Err(error)) => return Poll::Ready(self.ended(Some(&error))),
                None => return Poll::Ready(self.ended(None)),
            }
        }
    }

    fn ended(&self, error: Option<&h2::Error>) -> &'static str {
        let otherwise = error.map_or("peer", reason);
        if let Some(error) = error {
            tracing::debug!(%error, "a connection of HTTP/2 has ended");
        }
        self.leaving.unwrap_or(otherwise)
    }

    /// Goes on with the streams that can; says whether the library has more to do then.
    fn go_on(&mut self, client: &Client<'_>, now: Instant, cx: &Context<'_>) -> bool {
        let Self {
            streams,
            lanes,
            allowance,
            haste,
            last,
            own,
            gaps,
            ..
        } = self;
        let mut turn = turn(client, self.shape, lanes, allowance, own, now);
        turn.arriving = streams.iter().map(|stream| stream.arriving()).sum();
        streams.poll_ready(
            cx,
            |stream, cx| match stream.poll(&mut turn, cx) {
                Poll::Ready(end) => Some(end),
                Poll::Pending => None,
            },
            |_, end| {
                haste.note(end);
                if end == End::Broken {
                    gaps.handle_broken();
                }
                *last = now;
            },
        );
        let Turn { moved, wake, .. } = turn;
        if let Some(at) = wake {
            self.alarm.set(at, cx);
        }
        let in_flight = client.listener.limits.in_flight;
        if self.haste.is_too_much(in_flight) && self.leaving.is_none() {
            tracing::info!(peer = %client.peer.address, listener = %client.listener.name, "a client gives up what it asks for, again and again");
            self.leave("flood", Some(now));
            if let State::Open(connection) = &mut self.state {
                connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            }
            return true;
        }
        if self.streams.is_empty() {
            self.lanes.clear();
        }
        if self.gaps.are_too_many() && self.leaving.is_none() {
            self.leave("http2", None);
            if let State::Open(connection) = &mut self.state {
                connection.graceful_shutdown();
            }
            return true;
        }
        moved
    }

    /// Takes no more requests.
    fn leave(&mut self, reason: &'static str, now: Option<Instant>) {
        self.leaving.get_or_insert(reason);
        if let Some(now) = now {
            self.until.get_or_insert(now + PARTING);
        }
    }

    /// What the passing of time means. Gives the reason if it is over.
    fn handle_timeouts(&mut self, client: &Client<'_>, now: Instant) -> Option<&'static str> {
        let limits = &client.listener.limits;
        if self
            .stalled_since
            .is_some_and(|since| since + limits.send_time <= now)
        {
            return Some("send-time");
        }
        if self.until.is_some_and(|until| until <= now) {
            return Some(self.leaving.unwrap_or("drain"));
        }
        if self.leaving.is_some() && self.streams.is_empty() && self.last + PARTING <= now {
            return self.leaving;
        }
        self.expire(client, now);
        let drained = client.listener.worker.drains_at(client.peer.connection);
        let idle = self.streams.is_empty() && self.last + limits.idle <= now;
        let connection = match &mut self.state {
            State::Greeting(_) => {
                let late = self.last + limits.frame_time <= now;
                let drained = drained.is_some_and(|at| at <= now);
                return late
                    .then_some("frame-time")
                    .or_else(|| drained.then_some("drain"));
            }
            State::Open(connection) => connection,
            State::Parting(_) => return None,
        };
        if self.leaving.is_none() && (idle || drained.is_some_and(|at| at <= now)) {
            connection.graceful_shutdown();
            self.leave(if idle { "idle" } else { "drain" }, None);
            // Requests that were on their way may still come, and are answered.
            self.last = now;
        }
        None
    }

    /// Ends what takes too long.
    fn expire(&mut self, client: &Client<'_>, now: Instant) {
        let late = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        while let Some(mut stream) = (self.streams).take(|stream| late(stream.deadline(client))) {
            let (lanes, allowance, own) = (&mut self.lanes, &self.allowance, &self.own);
            stream.expire(&mut turn(client, self.shape, lanes, allowance, own, now));
            // Its next turn ends it, or writes what it has.
            self.streams.insert(stream);
        }
    }

    fn set_alarm(&mut self, client: &Client<'_>, now: Instant, cx: &Context<'_>) {
        let limits = &client.listener.limits;
        let worker = &client.listener.worker;
        let deadlines = self
            .streams
            .iter()
            .filter_map(|stream| stream.deadline(client));
        let quiet = self.streams.is_empty() && self.until.is_none();
        let times = [
            deadlines.min(),
            self.until,
            self.stalled_since.map(|since| since + limits.send_time),
            quiet.then(|| self.last + self.patience(client)),
            (self.leaving.is_none())
                .then(|| worker.drains_at(client.peer.connection))
                .flatten(),
        ];
        let next = times.into_iter().flatten().min();
        self.alarm.set(next.unwrap_or(now + limits.idle), cx);
    }

    /// How long nothing may come.
    fn patience(&self, client: &Client<'_>) -> Duration {
        let limits = &client.listener.limits;
        match (&self.state, self.leaving) {
            (State::Greeting(_), _) => limits.frame_time,
            (State::Open(_), None) => limits.idle,
            (State::Open(_) | State::Parting(_), _) => PARTING,
        }
    }
}

fn turn<'a>(
    client: &'a Client<'a>,
    shape: HttpShape,
    lanes: &'a mut Lanes,
    allowance: &'a SharedAllowance,
    own: &'a Rc<Untaken>,
    now: Instant,
) -> Turn<'a> {
    Turn {
        client,
        shape,
        lanes,
        allowance,
        own,
        now,
        arriving: 0,
        moved: false,
        wake: None,
    }
}

/// Why the library ended a connection, as a closed set of words.
fn reason(error: &h2::Error) -> &'static str {
    if error.is_io() {
        "reset"
    } else if error.is_remote() {
        "peer"
    } else if error.reason() == Some(Reason::ENHANCE_YOUR_CALM) {
        "flood"
    } else {
        "http2"
    }
}

impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2")
            .field("streams", &self.streams.len())
            .field("leaving", &self.leaving)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        assert_eq!(Opening::of(b""), Opening::Unknown);
        assert_eq!(Opening::of(b"PRI * HT"), Opening::Unknown);
        assert_eq!(Opening::of(PREFACE), Opening::Http2);
        let more = [PREFACE, b"\0\0\0"].concat();
        assert_eq!(Opening::of(&more), Opening::Http2);
        assert_eq!(Opening::of(b"POST /"), Opening::Other);
        assert_eq!(Opening::of(b"PRI * HTTP/1.1\r\n"), Opening::Other);
    }

    #[test]
    fn to_give_up_what_is_in_flight_is_no_flood() {
        let mut haste = Haste::default();
        for _ in 0..20 {
            haste.note(End::Theirs);
        }
        assert!(!haste.is_too_much(10));
        haste.note(End::Theirs);
        assert!(haste.is_too_much(10));
        haste.note(End::Ours);
        assert!(!haste.is_too_much(10));
    }
}
