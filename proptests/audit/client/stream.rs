//! One stream of a client that speaks HTTP/2: a request and its answer, or what is left of both.

use super::judged::judged;
use crate::outcome::{Oddity, Outcome};
use crate::request::Nonce;
use crate::rng::Rng;
use crate::wire::{Asked, Wire, response_in};
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::Response;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// What becomes of one request.
pub(super) struct Stream {
    pub(super) wire: &'static dyn Wire,
    pub(super) nonce: Nonce,
    pub(super) asked: Asked,
    /// Set before the last of the request is handed to the library.
    pub(super) sent: Arc<AtomicBool>,
    /// Whether the client takes it back by RST_STREAM.
    pub(super) cancels: bool,
    pub(super) patience: Duration,
    pub(super) rng: Rng,
}

/// What became of it.
pub(super) struct Told {
    pub(super) outcome: Outcome,
    pub(super) odd: Option<Oddity>,
}

/// The stream ended before its answer.
enum Broken {
    /// Nothing came.
    Unanswered,
    /// Something did.
    Cut,
}

/// What is handed to the library at a time.
const PIECE: usize = 5_000;

impl Told {
    const fn plain(outcome: Outcome) -> Self {
        Self { outcome, odd: None }
    }
}

impl Stream {
    /// Asks on a connection that takes one stream more.
    pub(super) async fn run(mut self, mut sender: SendRequest<Bytes>) -> Told {
        let head = std::mem::take(&mut self.asked.head);
        let body = Bytes::from(std::mem::take(&mut self.asked.body));
        let ends = body.is_empty();
        self.sent.store(ends, Ordering::Relaxed);
        let Ok((response, stream)) = sender.send_request(head, ends) else {
            return Told::plain(Outcome::Closed);
        };
        drop(sender);
        match self.cancels {
            true => Told::plain(self.cancel(stream, body).await),
            false => match timeout(self.patience, self.talk(response, stream, body)).await {
                Ok(told) => told,
                Err(_) => Told::plain(Outcome::Lost),
            },
        }
    }

    /// Takes it back, amid the request or behind it.
    async fn cancel(mut self, mut stream: SendStream<Bytes>, mut body: Bytes) -> Outcome {
        let cut = self.rng.below(2 * body.len() + 1);
        if cut < body.len() {
            body.truncate(cut);
        } else {
            self.sent.store(true, Ordering::Relaxed);
        }
        let whole = self.sent.load(Ordering::Relaxed);
        // What finds no room in time is not sent; the server may have the rest.
        let uploading = upload(&mut stream, body, whole);
        let _ = timeout(Duration::from_millis(200), uploading).await;
        for _ in 0..self.rng.below(4) {
            tokio::task::yield_now().await;
        }
        stream.send_reset(Reason::CANCEL);
        match whole {
            true => Outcome::Left,
            false => Outcome::Unsent,
        }
    }

    /// Sends the body and takes the answer, whichever comes first.
    async fn talk(
        &self,
        response: ResponseFuture,
        mut stream: SendStream<Bytes>,
        body: Bytes,
    ) -> Told {
        let ends = body.is_empty();
        self.sent.store(true, Ordering::Relaxed);
        let mut uploading = pin!(async {
            if !ends {
                // An answer may come before the request's end, or why there is none.
                let _ = upload(&mut stream, body, true).await;
            }
        });
        let mut answering = pin!(answer(response));
        let mut sending = true;
        let answered = loop {
            tokio::select! {
                () = &mut uploading, if sending => sending = false,
                answered = &mut answering => break answered,
            }
        };
        match answered {
            Ok(bytes) => self.settle(&bytes),
            Err(Broken::Unanswered) => Told::plain(Outcome::Closed),
            Err(Broken::Cut) => Told {
                outcome: Outcome::Closed,
                odd: Some(Oddity::CutReply),
            },
        }
    }

    fn settle(&self, bytes: &[u8]) -> Told {
        match self.wire.read_reply(bytes) {
            Ok(Some((_, said))) => {
                Told::plain(judged(self.wire, self.nonce, &said, &mut Vec::new()))
            }
            Ok(None) => Told {
                outcome: Outcome::Closed,
                odd: Some(Oddity::CutReply),
            },
            Err(garbled) => Told {
                outcome: Outcome::Closed,
                odd: Some(Oddity::Garbled(garbled.0)),
            },
        }
    }
}

/// Sends a body as there is room for it.
async fn upload(
    stream: &mut SendStream<Bytes>,
    mut body: Bytes,
    whole: bool,
) -> Result<(), h2::Error> {
    while !body.is_empty() {
        stream.reserve_capacity(body.len().min(PIECE));
        let room = match stream.capacity() {
            0 => match poll_fn(|cx| stream.poll_capacity(cx)).await {
                Some(room) => room?,
                None => return Ok(()),
            },
            room => room,
        };
        let piece = body.split_to(room.min(body.len()));
        stream.send_data(piece, whole && body.is_empty())?;
    }
    Ok(())
}

/// The whole answer, in HTTP/1.1.
async fn answer(response: ResponseFuture) -> Result<Vec<u8>, Broken> {
    let response = response.await.map_err(|_| Broken::Unanswered)?;
    let (parts, mut stream) = response.into_parts();
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk.map_err(|_| Broken::Cut)?;
        let _ = stream.flow_control().release_capacity(chunk.len());
        body.extend_from_slice(&chunk);
    }
    Ok(response_in(&Response::from_parts(parts, ()), &body))
}
