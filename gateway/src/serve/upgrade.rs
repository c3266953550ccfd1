//! WebSocket's handshake with a client, before anything else but TLS. A client that speaks HTTP/2 has one
//! for each of its streams instead.

use super::handshake::part;
use super::http2::{Opening, Rewound};
use crate::clock;
use crate::lifecycle::Worker;
use crate::listen::ClientStream;
use crate::observe::ListenerMetrics;
use crate::upstream::Stream;
use crate::websocket::{MAX_HEAD, Refusal, WebSocket, judge};
use bytes::{Bytes, BytesMut};
use gatewright_config::plan::WebSocketPlan;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What it needs to know of its listener.
#[derive(Debug)]
pub(crate) struct Upgrade<'a> {
    pub(crate) plan: &'a WebSocketPlan,
    pub(crate) limit: Duration,
    pub(crate) listener: &'a str,
    pub(crate) metrics: &'a ListenerMetrics,
    pub(crate) peer: SocketAddr,
}

/// Where a client is behind it.
pub(crate) enum Upgraded {
    /// The connection as WebSocket carries it.
    Carried(ClientStream),
    /// It speaks HTTP/2.
    Http2(Rewound),
}

/// How it went.
enum Judged {
    Agreed,
    /// The client speaks HTTP/2, and has said this.
    Http2(Bytes),
    Refused(Refusal),
    /// The client left.
    Gone,
}

impl Upgrade<'_> {
    /// The connection behind the handshake; nothing if there is none, which is counted by its cause.
    pub(crate) async fn run(&self, mut io: ClientStream, worker: &Worker) -> Option<Upgraded> {
        let judged = Box::pin(self.agree(&mut io, worker));
        match tokio::time::timeout(self.limit, judged).await {
            Ok(Ok(Judged::Agreed)) => {
                let carried = WebSocket::new(Stream::from(io));
                Some(Upgraded::Carried(ClientStream::WebSocket(Box::new(
                    carried,
                ))))
            }
            Ok(Ok(Judged::Http2(sent))) => Some(Upgraded::Http2(Rewound::new(sent, io))),
            Ok(Ok(Judged::Refused(refusal))) => {
                self.note(refusal.cause(), &format_args!("{refusal:?}"));
                part(io, worker).await;
                None
            }
            Ok(Ok(Judged::Gone)) => {
                self.note("peer", &"the client left");
                None
            }
            Ok(Err(error)) => {
                self.note("reset", &error);
                None
            }
            Err(late) => {
                self.note("time", &late);
                None
            }
        }
    }

    /// Reads the request and answers it.
    async fn agree(&self, io: &mut ClientStream, worker: &Worker) -> io::Result<Judged> {
        let mut sent = BytesMut::new();
        let alpn = io.alpn().map(|name| name == b"h2");
        let judged = loop {
            match opening(alpn, &sent) {
                Opening::Http2 => return Ok(Judged::Http2(sent.freeze())),
                Opening::Unknown | Opening::Other => {}
            }
            match judge(&sent, self.plan) {
                Ok(Some(answer)) => break Ok(answer),
                Err(refusal) => break Err(refusal),
                Ok(None) => {}
            }
            sent.reserve(ROOM);
            let room = MAX_HEAD.saturating_sub(sent.len());
            let mut head = (&mut *io).take(room as u64);
            if head.read_buf(&mut sent).await? == 0 {
                return Ok(Judged::Gone);
            }
        };
        let (answer, judged) = match judged {
            Ok(answer) => (answer, Judged::Agreed),
            Err(refusal) => {
                let date = worker.date(clock::now());
                (refusal.answer(&date), Judged::Refused(refusal))
            }
        };
        io.write_all(answer.as_bytes()).await?;
        io.flush().await?;
        Ok(judged)
    }

    pub(super) fn note(&self, cause: &'static str, error: &dyn Display) {
        self.metrics.websocket_refused(cause);
        tracing::info!(peer = %self.peer, listener = self.listener, cause, %error, "no WebSocket");
    }
}

/// RFC 9113, 3.2 and 3.3: what ALPN chose is spoken; where there was none, the first bytes tell.
fn opening(is_http2: Option<bool>, sent: &[u8]) -> Opening {
    match is_http2 {
        Some(true) => Opening::Http2,
        Some(false) => Opening::Other,
        None => Opening::of(sent),
    }
}

/// What a request usually fits into.
const ROOM: usize = 1 << 10;
