//! What a server of HTTP/2 answers, on to the client.

use super::Patience;
use crate::clock;
use crate::upstream::Lease;
use bytes::Bytes;
use gatewright_core::message::{BodySender, Value};
use gatewright_core::translate::header_fields;
use h2::RecvStream;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// One payload on its way down, with its place on the connection. Dropped before its end, it
/// resets its stream.
pub(in crate::upstream) struct Download {
    lease: Lease,
    from: RecvStream,
    /// Gone at the end.
    to: Option<BodySender>,
    patience: Patience,
}

/// How it ended.
enum Ended {
    Whole(Value),
    /// The client takes no more.
    Unwanted,
    /// The server gave no more.
    Cut,
}

impl Download {
    pub(in crate::upstream) fn new(
        lease: Lease,
        from: RecvStream,
        to: BodySender,
        limit: Duration,
    ) -> Self {
        let patience = Patience::new(limit, &Rc::clone(lease.upstream().timers()));
        Self {
            lease,
            from,
            to: Some(to),
            patience,
        }
    }

    /// Hands over what came before this was made.
    pub(in crate::upstream) fn begin_with(&mut self, chunk: Bytes) {
        if let Some(to) = &mut self.to {
            // Nothing was sent yet, so that there is room.
            let _ = to.send(chunk);
        }
    }

    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let Some(to) = &mut self.to else {
            return Poll::Ready(Ended::Unwanted);
        };
        loop {
            if to.poll_closed(cx).is_ready() {
                return Poll::Ready(Ended::Unwanted);
            }
            if ready!(to.poll_ready(cx)).is_err() {
                return Poll::Ready(Ended::Unwanted);
            }
            match ready!(self.from.poll_data(cx)) {
                Some(Ok(chunk)) => {
                    self.patience.note_progress();
                    // What waits is bounded by what is given back here, one chunk later.
                    let _ = self.from.flow_control().release_capacity(chunk.len());
                    let _ = to.send(chunk);
                }
                Some(Err(_)) => return Poll::Ready(Ended::Cut),
                None => {
                    return Poll::Ready(match ready!(self.from.poll_trailers(cx)) {
                        Ok(Some(trailers)) => Ended::Whole(header_fields(&trailers)),
                        Ok(None) => Ended::Whole(Value::Null),
                        Err(_) => Ended::Cut,
                    });
                }
            }
        }
    }
}

impl Future for Download {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let ended = match self.turn(cx) {
            Poll::Ready(ended) => ended,
            Poll::Pending if self.patience.is_over(cx) => Ended::Cut,
            Poll::Pending => return Poll::Pending,
        };
        let to = self.to.take();
        match ended {
            Ended::Whole(trailers) => {
                self.lease.praise(clock::now());
                if let Some(to) = to {
                    to.end(trailers);
                }
            }
            Ended::Unwanted => {}
            Ended::Cut => self.lease.blame(),
        }
        Poll::Ready(())
    }
}
