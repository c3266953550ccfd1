//! Several requests of one client that go to an upstream of their own protocol unread.

use super::exchange::too_much;
use super::room::Share;
use super::{Arrival, Route, Sender};
use crate::upstream::{NativeCall, Parcel, Part};
use bytes::Bytes;
use gatewright_core::fault::Fault;
use gatewright_core::session::ExchangeKey;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

/// Requests on their way together. Dropping it gives up their replies.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) key: ExchangeKey,
    pub(crate) route: Rc<Route>,
    pub(crate) started: Instant,
    requests: u32,
    /// Replies that are still due.
    pub(crate) due: u32,
    call: NativeCall,
    /// What it takes of the worker's room.
    _share: Share,
}

impl Batch {
    /// Sends the frames or lines them up.
    pub(super) fn new(
        key: ExchangeKey,
        frames: &Bytes,
        requests: NonZeroU32,
        route: &Rc<Route>,
        at: Arrival,
        from: Sender<'_>,
    ) -> Result<Box<Self>, Fault> {
        let share = route.room.take(frames.len()).ok_or_else(too_much)?;
        let lane = from.lane(&route.upstream, 0);
        let call = lane.send(Parcel::Frames(frames, requests), None)?;
        Ok(Box::new(Self {
            key,
            route: Rc::clone(route),
            started: at.began,
            requests: requests.get(),
            due: requests.get(),
            call,
            _share: share,
        }))
    }

    /// How many replies came.
    pub(crate) const fn replies(&self) -> u32 {
        self.requests - self.due
    }

    /// What came of the replies since the last look.
    pub(crate) fn poll(&mut self, cx: &Context<'_>) -> Poll<Part> {
        let part = ready!(self.call.poll_part(cx));
        self.due = self.due.saturating_sub(part.replies);
        Poll::Ready(part)
    }

    /// Its time is over: notes whose fault that is.
    pub(crate) fn time_out(&self, now: Instant) {
        self.call.timed_out(self.route.plan.timeout, now);
    }

    /// What came of the replies, and no more.
    pub(crate) fn cut(&mut self) -> Part {
        let part = self.call.take_part();
        self.due = self.due.saturating_sub(part.replies);
        part
    }
}
