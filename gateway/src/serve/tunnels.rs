//! Clients of WebSocket that come by HTTP/2 (RFC 8441): each is a stream of one connection, and from there on
//! a client like any other, with a place of its own.
//!
//! Nothing else is spoken on such a connection; other requests have their refusals.

use super::http2::Rewound;
use super::upgrade::Upgrade;
use crate::clock;
use crate::http2::{Found, Gaps, Tunnel, TunnelEnd, TunnelInbox};
use crate::lifecycle::{Alarm, Worker};
use crate::listen::ClientStream;
use crate::upstream::Stream;
use crate::websocket::{Refusal, WebSocket, judge_extended};
use bytes::Bytes;
use gatewright_config::plan::{WEBSOCKET_STREAMS, WEBSOCKET_WINDOW};
use gatewright_core::translate::Identity;
use h2::server::{Builder, Connection, SendResponse};
use h2::{Reason, RecvStream};
use http::header::DATE;
use http::{HeaderValue, Request, Response};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

/// Bytes of one stream that the library takes before the client does.
const SEND_BUFFER: usize = 16 << 10;
/// Bytes of a request's head, as RFC 9113, 6.5.2 counts them.
const HEADERS: u32 = 16 << 10;
/// Streams that may end badly before the client is told to calm down, beyond those that ended well.
const FUSES: u64 = 2 * WEBSOCKET_STREAMS as u64;
/// How long a client has to hear that the connection ends.
const PARTING: Duration = Duration::from_secs(1);
/// How often one is looked at that has nothing to wait for.
const LOOK_AFTER: Duration = Duration::from_secs(60);

/// Where clients are served.
pub(crate) trait Hall {
    /// A client's place.
    type Place;

    /// A place for one more client, if there is one.
    fn place(&self) -> Option<Self::Place>;

    /// Has the client served there.
    fn serve(&self, place: Self::Place, io: ClientStream);
}

/// One connection.
pub(crate) struct Tunnels<'a, H> {
    upgrade: Upgrade<'a>,
    worker: &'a Worker,
    hall: H,
    /// The connection's number.
    id: u64,
    /// What TLS told of the client.
    identity: Option<Arc<Identity>>,
    open: Vec<TunnelInbox>,
    alarm: Alarm,
    /// When a stream began or ended last.
    last: Instant,
    ended_well: u64,
    ended_badly: u64,
    gaps: Gaps,
    leaving: bool,
    /// When it ends, whatever the client says.
    until: Option<Instant>,
}

impl<'a, H: Hall> Tunnels<'a, H> {
    pub(crate) fn new(upgrade: Upgrade<'a>, worker: &'a Worker, hall: H, id: u64) -> Self {
        Self {
            upgrade,
            worker,
            hall,
            id,
            identity: None,
            open: Vec::new(),
            alarm: Alarm::new(worker.timers().clone()),
            last: clock::now(),
            ended_well: 0,
            ended_badly: 0,
            gaps: Gaps::default(),
            leaving: false,
            until: None,
        }
    }

    /// Serves the client until the connection is over.
    pub(crate) async fn run(mut self, io: Rewound) {
        self.identity = io.identity().cloned();
        let handshake = Builder::new()
            .enable_connect_protocol()
            .max_concurrent_streams(WEBSOCKET_STREAMS)
            .max_header_list_size(HEADERS)
            .initial_window_size(WEBSOCKET_WINDOW)
            .initial_connection_window_size(WEBSOCKET_STREAMS * WEBSOCKET_WINDOW)
            .max_send_buffer_size(SEND_BUFFER)
            .handshake(io);
        match tokio::time::timeout(self.upgrade.limit, handshake).await {
            Ok(Ok(mut connection)) => poll_fn(|cx| self.poll(&mut connection, cx)).await,
            Ok(Err(error)) => self.upgrade.note("http2", &error),
            Err(late) => self.upgrade.note("time", &late),
        }
        self.cut();
    }

    fn cut(&mut self) {
        self.open.drain(..).for_each(|inbox| inbox.cut());
    }

    fn poll(&mut self, connection: &mut Link, cx: &mut Context<'_>) -> Poll<()> {
        let now = clock::now();
        let turned = self.accept(connection, now, cx);
        self.fill(now);
        if turned.is_ready() {
            return Poll::Ready(());
        }
        if self.is_flood() {
            self.upgrade
                .note("flood", &"streams end badly, again and again");
            connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            self.leaving = true;
            self.cut();
            cx.waker().wake_by_ref();
        }
        self.handle_time(connection, now, cx)
    }

    /// Goes on with the connection, and begins what streams there are.
    fn accept(&mut self, connection: &mut Link, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        while !self.is_flood() {
            match ready!(connection.poll_accept(cx)) {
                Some(Ok((request, respond))) => {
                    self.last = now;
                    self.gaps.handle(respond.stream_id());
                    self.answer(request, respond);
                }
                Some(Err(error)) => {
                    tracing::debug!(peer = %self.upgrade.peer, %error, "a connection of HTTP/2 has ended");
                    return Poll::Ready(());
                }
                None => return Poll::Ready(()),
            }
        }
        Poll::Pending
    }

    /// Whether a client has had enough of what it makes of its streams (CVE-2023-44487).
    const fn is_flood(&self) -> bool {
        !self.leaving && self.ended_badly > self.ended_well.saturating_add(FUSES)
    }

    /// Lets a client in, or says why not.
    fn answer(&mut self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
        let (head, from) = request.into_parts();
        let judged = judge_extended(&head, self.upgrade.plan);
        let admitted = judged.and_then(|response| {
            let place = self.hall.place().ok_or(Refusal::Full)?;
            Ok((response, place))
        });
        match admitted {
            Ok((response, place)) => {
                // Refused on a stream that has ended, as one that was reset at once.
                if let Ok(to) = respond.send_response(self.dated(response), false) {
                    let (tunnel, inbox) = Tunnel::new(from, to, self.identity.clone());
                    self.open.push(inbox);
                    let carried = WebSocket::new(Stream::Tunnel(Box::new(tunnel)));
                    let io = ClientStream::WebSocket(Box::new(carried));
                    self.hall.serve(place, io);
                } else {
                    self.ended_badly = self.ended_badly.saturating_add(1);
                }
            }
            Err(refusal) => {
                self.upgrade
                    .note(refusal.cause(), &format_args!("{refusal:?}"));
                self.ended_badly = self.ended_badly.saturating_add(1);
                let answer = self.dated(refusal.extended_answer());
                if let Ok(mut to) = respond.send_response(answer, false) {
                    let words = Bytes::from_static(refusal.words().as_bytes());
                    to.reserve_capacity(words.len());
                    let _ = to.send_data(words, true);
                }
            }
        }
    }

    /// RFC 9110, 6.6.1.
    fn dated(&self, mut answer: Response<()>) -> Response<()> {
        if let Ok(date) = HeaderValue::from_str(&self.worker.date(clock::now())) {
            answer.headers_mut().insert(DATE, date);
        }
        answer
    }

    /// Hands on what came.
    fn fill(&mut self, now: Instant) {
        let Self {
            open,
            last,
            ended_well,
            ended_badly,
            ..
        } = self;
        open.retain(|inbox| match inbox.fill() {
            Found::GoesOn => true,
            Found::Gone => {
                *last = now;
                false
            }
            Found::End(TunnelEnd::Whole) => {
                *ended_well = ended_well.saturating_add(1);
                true
            }
            Found::End(TunnelEnd::Cut) => {
                *ended_badly = ended_badly.saturating_add(1);
                true
            }
        });
    }

    /// What the passing of time means.
    fn handle_time(&mut self, connection: &mut Link, now: Instant, cx: &Context<'_>) -> Poll<()> {
        let quiet = self.open.is_empty();
        // A stream may have been on its way when the client was told.
        self.until = (self.leaving && quiet).then(|| self.until.unwrap_or(now + PARTING));
        if self.until.is_some_and(|until| until <= now) {
            return Poll::Ready(());
        }
        let idle_at = quiet.then(|| self.last + self.upgrade.limit);
        let drains_at = self.worker.drains_at(self.id);
        let is_over = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let leaves = is_over(idle_at) || is_over(drains_at) || self.gaps.are_too_many();
        if !self.leaving && leaves {
            connection.graceful_shutdown();
            self.leaving = true;
            // The library says so with its next turn.
            cx.waker().wake_by_ref();
        }
        let times = match self.leaving {
            true => [self.until, None],
            false => [idle_at, drains_at],
        };
        let next = times.into_iter().flatten().min();
        // To be told of the drain, a task has to wait for some time or other.
        if self.alarm.is_due(now) || next.is_some() {
            self.alarm.set(next.unwrap_or(now + LOOK_AFTER), cx);
        }
        Poll::Pending
    }
}

type Link = Connection<Rewound, Bytes>;
