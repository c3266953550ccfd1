//! A payload on its way to a peer.

use super::Patience;
use bytes::Bytes;
use gatewright_core::message::BodyStream;
use gatewright_core::translate::header_map;
use h2::{Reason, SendStream};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// One payload on its way out. Dropped before its end, it resets its stream.
pub(crate) struct Outflow {
    body: BodyStream,
    to: SendStream<Bytes>,
    /// What the peer has no room for yet.
    chunk: Bytes,
    patience: Patience,
}

/// It cannot go on.
struct Broken;

impl From<h2::Error> for Broken {
    fn from(_: h2::Error) -> Self {
        Self
    }
}

impl Outflow {
    pub(crate) fn new(body: BodyStream, to: SendStream<Bytes>, patience: Patience) -> Self {
        Self {
            body,
            to,
            chunk: Bytes::new(),
            patience,
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        loop {
            if self.chunk.is_empty() {
                if self.to.poll_reset(cx)?.is_ready() {
                    return Poll::Ready(Err(Broken));
                }
                match ready!(self.body.poll_chunk(cx)) {
                    Some(Ok(chunk)) => {
                        self.note_progress();
                        self.to.reserve_capacity(chunk.len());
                        self.chunk = chunk;
                    }
                    Some(Err(_)) => return Poll::Ready(Err(Broken)),
                    None => {
                        self.note_progress();
                        return Poll::Ready(self.finish());
                    }
                }
            }
            match ready!(self.to.poll_capacity(cx)).transpose()? {
                None => return Poll::Ready(Err(Broken)),
                Some(room) => {
                    let part = self.chunk.split_to(room.min(self.chunk.len()));
                    if part.is_empty() {
                        continue;
                    }
                    // A small frame that ends its stream counts against nobody: servers that count
                    // those that wait would take many of them for an attack.
                    let last = self.chunk.is_empty() && self.body.is_at_end();
                    self.to.send_data(part, last)?;
                    self.note_progress();
                    if last {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }

    fn note_progress(&mut self) {
        let now = self.patience.note_progress();
        self.body.note_progress(now);
    }

    fn finish(&mut self) -> Result<(), Broken> {
        let trailers = header_map(&self.body.take_trailers());
        match trailers.is_empty() {
            true => self.to.send_data(Bytes::new(), true)?,
            false => self.to.send_trailers(trailers)?,
        }
        Ok(())
    }
}

impl Future for Outflow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.turn(cx) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Pending if !self.patience.is_over(cx) => Poll::Pending,
            Poll::Pending | Poll::Ready(Err(Broken)) => {
                self.body.close();
                self.to.send_reset(Reason::CANCEL);
                Poll::Ready(())
            }
        }
    }
}
