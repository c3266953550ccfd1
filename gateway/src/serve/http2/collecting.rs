//! Requests whose payloads are read whole first.

use crate::dispatch::Arrival;
use bytes::{Bytes, BytesMut};
use gatewright_core::message::Message;
use h2::RecvStream;
use h2::server::SendResponse;
use std::task::{Context, Poll, ready};

/// A request that is not whole yet.
pub(super) struct Collecting {
    pub(super) request: Message,
    pub(super) at: Arrival,
    pub(super) respond: SendResponse<Bytes>,
    from: RecvStream,
    body: Vec<Bytes>,
    length: usize,
}

/// How its payload ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Collected {
    Whole,
    /// It is longer than it may be.
    TooLong,
    /// The client takes it back.
    Cut,
}

impl Collecting {
    pub(super) const fn new(
        request: Message,
        at: Arrival,
        respond: SendResponse<Bytes>,
        from: RecvStream,
    ) -> Self {
        Self {
            request,
            at,
            respond,
            from,
            body: Vec::new(),
            length: 0,
        }
    }

    pub(super) fn poll(&mut self, most: usize, cx: &mut Context<'_>) -> Poll<Collected> {
        loop {
            match ready!(self.from.poll_data(cx)) {
                None => return Poll::Ready(Collected::Whole),
                Some(Err(_)) => return Poll::Ready(Collected::Cut),
                Some(Ok(chunk)) => {
                    self.length = self.length.saturating_add(chunk.len());
                    if self.length > most {
                        return Poll::Ready(Collected::TooLong);
                    }
                    let _ = self.from.flow_control().release_capacity(chunk.len());
                    self.body.push(chunk);
                }
            }
        }
    }

    /// The whole request, and where its answer goes.
    pub(super) fn finish(mut self) -> (Message, Arrival, SendResponse<Bytes>) {
        let whole = match self.body.len() {
            0 => Bytes::new(),
            1 => self.body.remove(0),
            _ => {
                let mut whole = BytesMut::with_capacity(self.length);
                self.body
                    .iter()
                    .for_each(|part| whole.extend_from_slice(part));
                whole.freeze()
            }
        };
        self.request.set_body(whole.into());
        (self.request, self.at, self.respond)
    }
}
