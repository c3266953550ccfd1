//! A payload on its way to a peer.

use super::{Patience, SharedAllowance};
use crate::clock;
use bytes::{Bytes, BytesMut};
use gatewright_core::limit::{Pace, SMALL_PIECE};
use gatewright_core::message::BodyStream;
use gatewright_core::translate::header_map;
use h2::{Reason, SendStream};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// One payload on its way out. Dropped before its end, it resets its stream.
pub(crate) struct Outflow {
    body: BodyStream,
    to: SendStream<Bytes>,
    /// Small pieces that wait for more of them: one frame each would have the peer take them for a flood.
    small: BytesMut,
    pace: Pace,
    allowance: SharedAllowance,
    /// What the peer has no room for yet.
    chunk: Bytes,
    lack: SharedLack,
    /// What it had room for since somebody asked.
    sent: usize,
    patience: Patience,
}

/// What a payload lacks that its sender owes, or lacked when it was given up.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Lack {
    #[default]
    Nothing,
    /// Nothing more of it has come since then.
    More { since: Instant },
    /// It is cut short.
    Rest,
}

/// The same, for who has handed it on.
pub(crate) type SharedLack = Rc<Cell<Lack>>;

/// It cannot go on.
struct Broken;

impl From<h2::Error> for Broken {
    fn from(_: h2::Error) -> Self {
        Self
    }
}

impl Outflow {
    pub(crate) fn new(
        body: BodyStream,
        to: SendStream<Bytes>,
        allowance: SharedAllowance,
        patience: Patience,
    ) -> Self {
        Self {
            body,
            to,
            small: BytesMut::new(),
            pace: Pace::default(),
            allowance,
            chunk: Bytes::new(),
            lack: SharedLack::default(),
            sent: 0,
            patience,
        }
    }

    /// Bytes that the peer has no room for yet.
    pub(crate) const fn held_up(&self) -> usize {
        self.chunk.len()
    }

    /// How many bytes the peer had room for since the last time.
    pub(crate) const fn take_sent(&mut self) -> usize {
        std::mem::replace(&mut self.sent, 0)
    }

    pub(crate) fn lack(&self) -> SharedLack {
        Rc::clone(&self.lack)
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        loop {
            if self.chunk.is_empty() {
                if self.to.poll_reset(cx)?.is_ready() {
                    return Poll::Ready(Err(Broken));
                }
                let piece = self.poll_piece(cx);
                self.lack.set(match piece {
                    Poll::Ready(Ok(_)) => Lack::Nothing,
                    Poll::Ready(Err(Broken)) => Lack::Rest,
                    Poll::Pending => Lack::More {
                        since: self.patience.moved(),
                    },
                });
                match ready!(piece)? {
                    Some(piece) => {
                        self.to.reserve_capacity(piece.len());
                        self.chunk = piece;
                    }
                    None => return Poll::Ready(self.finish()),
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
                    self.sent = self.sent.saturating_add(part.len());
                    self.to.send_data(part, last)?;
                    self.note_progress();
                    if last {
                        return Poll::Ready(Ok(()));
                    }
                }
            }
        }
    }

    /// What is to be sent next, or nothing at the end.
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Broken>> {
        loop {
            match self.body.poll_chunk(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    self.note_progress();
                    if let Some(piece) = self.join(chunk) {
                        return Poll::Ready(Ok(Some(piece)));
                    }
                }
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Err(Broken)),
                Poll::Ready(None) => {
                    self.note_progress();
                    return Poll::Ready(Ok(self.take_small()));
                }
                Poll::Pending => return self.poll_small(cx).map(Ok),
            }
        }
    }

    /// Puts a chunk behind the small pieces that wait. Gives it all if it is not small any more, or the last.
    fn join(&mut self, chunk: Bytes) -> Option<Bytes> {
        let goes = self.small.len() + chunk.len() >= SMALL_PIECE || self.body.is_at_end();
        if goes && self.small.is_empty() {
            return Some(chunk);
        }
        self.small.extend_from_slice(&chunk);
        goes.then(|| self.small.split().freeze())
    }

    /// What waits, once it may go: all that is here is in it.
    fn poll_small(&mut self, cx: &Context<'_>) -> Poll<Option<Bytes>> {
        if self.small.is_empty() {
            return Poll::Pending;
        }
        let now = clock::now();
        match self.allowance.handle_small(&mut self.pace, now) {
            Ok(()) => Poll::Ready(Some(self.small.split().freeze())),
            Err(until) => {
                self.patience.wake_at(until, now, cx);
                Poll::Pending
            }
        }
    }

    fn take_small(&mut self) -> Option<Bytes> {
        let small = self.small.split().freeze();
        (!small.is_empty()).then_some(small)
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
