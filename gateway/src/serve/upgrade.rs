//! WebSocket's handshake with a client, before anything else but TLS.

use super::handshake::part;
use crate::clock;
use crate::lifecycle::Worker;
use crate::listen::ClientStream;
use crate::observe::ListenerMetrics;
use crate::upstream::Stream;
use crate::websocket::{MAX_HEAD, Refusal, WebSocket, judge};
use bytes::BytesMut;
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

/// How it went.
enum Judged {
    Agreed,
    Refused(Refusal),
    /// The client left.
    Gone,
}

impl Upgrade<'_> {
    /// The connection as WebSocket carries it; nothing if there is none, which is counted by its cause.
    pub(crate) async fn run(self, io: ClientStream, worker: &Worker) -> Option<ClientStream> {
        let mut io = Stream::from(io);
        let judged = Box::pin(self.agree(&mut io, worker));
        match tokio::time::timeout(self.limit, judged).await {
            Ok(Ok(Judged::Agreed)) => Some(ClientStream::WebSocket(Box::new(WebSocket::new(io)))),
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
    async fn agree(&self, io: &mut Stream, worker: &Worker) -> io::Result<Judged> {
        let mut sent = BytesMut::new();
        let judged = loop {
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

    fn note(&self, cause: &'static str, error: &dyn Display) {
        self.metrics.websocket_refused(cause);
        tracing::info!(peer = %self.peer, listener = self.listener, cause, %error, "no WebSocket");
    }
}

/// What a request usually fits into.
const ROOM: usize = 1 << 10;
