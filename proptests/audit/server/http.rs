//! A connection in HTTP/2. The nonce is in the path, and once more in the body.

use super::stream::Stream;
use super::telling::Telling;
use super::{Spec, tamper};
use crate::hostile::Deed;
use crate::request::{Nonce, digest};
use crate::rng::Rng;
use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use http::Request;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::task::JoinSet;

/// What the streams of a connection share.
struct Shared {
    spec: Spec,
    telling: Telling,
    state: Mutex<State>,
}

struct State {
    rng: Rng,
    /// The request before.
    last: Option<Nonce>,
}

pub(super) async fn serve(spec: &Spec, telling: Telling, mut stream: Stream) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            rng: spec.rng.clone(),
            last: None,
        }),
        spec: spec.clone(),
        telling,
    });
    match spec.hostile.map(|hostile| hostile.deed) {
        None | Some(Deed::Early | Deed::Late | Deed::Swapped) => shared.run(stream).await,
        Some(Deed::Plaintext) => {
            // A server's preface, to what is no HTTP/2.
            let _ = stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await;
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        }
        Some(_) => {
            let (inner, outer) = tokio::io::duplex(64 << 10);
            tokio::join!(shared.run(inner), tamper::relay(spec, stream, outer));
        }
    }
}

impl Shared {
    async fn run(self: &Arc<Self>, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut builder = h2::server::Builder::new();
        // What a gateway takes back is no attack here.
        builder
            .max_concurrent_streams(1_000)
            .max_pending_accept_reset_streams(100_000)
            .max_local_error_reset_streams(None);
        let Ok(mut h2) = builder.handshake(stream).await else {
            return;
        };
        let mut streams = JoinSet::new();
        loop {
            tokio::select! {
                next = h2.accept() => match next {
                    Some(Ok((request, respond))) => {
                        streams.spawn(Arc::clone(self).answer(request, respond));
                    }
                    Some(Err(_)) | None => break,
                },
                Some(_) = streams.join_next() => {}
            }
        }
        streams.shutdown().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, request: Request<RecvStream>, respond: SendResponse<Bytes>) {
        let (head, mut body) = request.into_parts();
        let Some(nonce) = self.telling.nonce(head.uri.path()) else {
            return;
        };
        let deed = self.spec.hostile.map(|hostile| hostile.deed);
        let mut asked = nonce;
        if deed != Some(Deed::Early) || !self.strikes() {
            // Half a request is none.
            let Some(body) = read(&mut body).await else {
                return;
            };
            if !self.telling.is_of(nonce, &head.method, &body) {
                // Two halves of different requests are a third one, which nobody sent.
                asked = !nonce;
            }
        }
        let of = self.note(asked, deed);
        tokio::time::sleep(self.pause(deed)).await;
        self.respond(of, respond);
    }

    /// Notes the request, and tells whose answer it gets.
    fn note(&self, nonce: Nonce, deed: Option<Deed>) -> Nonce {
        let strikes = self.strikes();
        let other = self.state().last.replace(nonce);
        let other = other.filter(|_| deed == Some(Deed::Swapped) && strikes);
        let forged = other.map(|other| {
            let mut answer = Vec::new();
            let Spec { wire, server, .. } = self.spec;
            wire.answer(other, server, &mut answer);
            digest(&answer)
        });
        self.spec.log.add(nonce, forged);
        other.unwrap_or(nonce)
    }

    fn strikes(&self) -> bool {
        let odds = self.spec.hostile.map(|hostile| hostile.odds);
        odds.is_some_and(|odds| self.state().rng.once_in(odds))
    }

    fn pause(&self, deed: Option<Deed>) -> Duration {
        if deed == Some(Deed::Late) && self.strikes() {
            return self.spec.late;
        }
        match self.state().rng.below(256) {
            0 => Duration::from_millis(20),
            1..32 => Duration::from_millis(2),
            _ => Duration::ZERO,
        }
    }

    fn respond(&self, of: Nonce, mut respond: SendResponse<Bytes>) {
        let (response, body) = self.telling.response(of, &self.spec);
        // The gateway may have taken the request back.
        if let Ok(mut stream) = respond.send_response(response, false) {
            let _ = stream.send_data(body, true);
        }
    }
}

async fn read(body: &mut RecvStream) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    while let Some(data) = body.data().await {
        let data = data.ok()?;
        body.flow_control().release_capacity(data.len()).ok()?;
        whole.extend_from_slice(&data);
    }
    Some(whole)
}
