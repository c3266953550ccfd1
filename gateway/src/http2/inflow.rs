//! A payload from a peer, on to whoever takes it.

use super::{BUDGET, Leftover, Patience, SharedAllowance};
use bytes::Bytes;
use gatewright_core::message::{Body, BodySender, Value};
use gatewright_core::translate::trailer_fields;
use h2::RecvStream;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// One payload on its way in. Dropped before its end, it resets its stream, and what takes it sees
/// that it is not whole.
pub(crate) struct Inflow {
    from: RecvStream,
    /// Gone at the end.
    to: Option<BodySender>,
    /// Bytes for which the peer's window stays closed: no more of them wait than it has room for. They are taken
    /// at once all the same, as the library would keep each frame by itself, and ends the connection of all
    /// streams over too many small ones.
    owed: usize,
    /// What came behind the last of them.
    trailers: Option<Value>,
    /// Whether trailers that are malformed make it one that is cut.
    strict: bool,
    allowance: SharedAllowance,
    patience: Patience,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    Whole,
    /// Nobody takes any more.
    Unwanted,
    /// The peer gave no more.
    Cut,
}

enum Ended {
    Whole(Value),
    Unwanted,
    Cut,
}

impl Inflow {
    /// What is to be polled, and the payload that it makes, which begins with `first`.
    pub(crate) fn new(
        first: Bytes,
        from: RecvStream,
        allowance: SharedAllowance,
        patience: Patience,
    ) -> (Self, Body) {
        let (mut to, body) = Body::stream(BUDGET);
        // Nothing was sent yet, so that there is room.
        let _ = to.send(first);
        let inflow = Self {
            from,
            to: Some(to),
            owed: 0,
            trailers: None,
            strict: false,
            allowance,
            patience,
        };
        (inflow, body)
    }

    /// The same, whole only if its trailers are what any version of HTTP can say: a client's header fields are held
    /// to that, too (RFC 9113, 8.2.1).
    pub(crate) const fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// The rest of one that nobody takes.
    pub(crate) fn into_leftover(mut self) -> Leftover {
        // Never more than came.
        let _ = self.from.flow_control().release_capacity(self.owed);
        self.patience.note_progress();
        Leftover::new(self.from, self.patience)
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let Some(to) = &mut self.to else {
            return Poll::Ready(Ended::Unwanted);
        };
        loop {
            if to.poll_closed(cx).is_ready() {
                return Poll::Ready(Ended::Unwanted);
            }
            let excess = to.excess();
            if let Some(room) = self.owed.checked_sub(excess).filter(|room| *room > 0) {
                self.owed = excess;
                self.patience.note_progress();
                // Never more than came.
                let _ = self.from.flow_control().release_capacity(room);
            }
            if self.trailers.is_some() && self.owed > 0 {
                return Poll::Pending;
            }
            if let Some(trailers) = self.trailers.take() {
                return Poll::Ready(Ended::Whole(trailers));
            }
            match ready!(self.from.poll_data(cx)) {
                Some(Ok(chunk)) => {
                    self.patience.note_progress();
                    self.allowance.handle_piece();
                    self.owed += chunk.len();
                    let _ = to.send_anyway(chunk);
                }
                Some(Err(_)) => return Poll::Ready(Ended::Cut),
                None => match ready!(self.from.poll_trailers(cx)) {
                    Ok(Some(trailers)) => match trailer_fields(&trailers) {
                        Value::List(_) if self.strict => return Poll::Ready(Ended::Cut),
                        trailers => self.trailers = Some(trailers),
                    },
                    Ok(None) => self.trailers = Some(Value::Null),
                    Err(_) => return Poll::Ready(Ended::Cut),
                },
            }
        }
    }
}

impl Future for Inflow {
    type Output = Stopped;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Stopped> {
        let ended = match self.turn(cx) {
            Poll::Ready(ended) => ended,
            // The peer waits for whoever takes it, who has a time of its own.
            Poll::Pending if self.owed > 0 => {
                self.patience.note_progress();
                return Poll::Pending;
            }
            Poll::Pending if self.patience.is_over(cx) => Ended::Cut,
            Poll::Pending => return Poll::Pending,
        };
        Poll::Ready(match (ended, self.to.take()) {
            (Ended::Whole(trailers), Some(to)) => {
                to.end(trailers);
                Stopped::Whole
            }
            (Ended::Whole(_) | Ended::Unwanted, _) => Stopped::Unwanted,
            (Ended::Cut, _) => Stopped::Cut,
        })
    }
}
