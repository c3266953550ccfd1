//! What a server of HTTP/2 answers, on to the client.

use super::Lease;
use crate::clock;
use crate::http2::{Inflow, Patience, SharedAllowance, Stopped};
use bytes::Bytes;
use gatewright_core::message::Body;
use h2::RecvStream;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// One payload on its way down, with its place on the connection.
pub(super) struct Download {
    lease: Lease,
    inflow: Inflow,
    ends: Ends,
}

/// Whether its end says anything of its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Judged,
    /// Its head has said that it failed.
    Anyhow,
}

impl Download {
    /// What is to be polled, and the payload that it makes, which begins with `first`.
    pub(super) fn new(
        lease: Lease,
        first: Bytes,
        from: RecvStream,
        limit: Duration,
        ends: Ends,
    ) -> (Self, Body) {
        let patience = Patience::new(limit, lease.upstream().timers());
        let known = lease.with_http(|carrier| carrier.allowance.clone());
        // On a connection that is gone there is nobody to share with.
        let allowance = known.unwrap_or_else(SharedAllowance::new);
        let (inflow, body) = Inflow::new(first, from, allowance, patience);
        let download = Self {
            lease,
            inflow,
            ends,
        };
        (download, body)
    }
}

impl Future for Download {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let stopped = ready!(Pin::new(&mut self.inflow).poll(cx));
        if stopped == Stopped::Whole {
            self.lease.complete();
        }
        match (self.ends, stopped) {
            (Ends::Judged, Stopped::Cut) => self.lease.blame(),
            // What nobody wants any more was good until then.
            (Ends::Judged, Stopped::Whole | Stopped::Unwanted) => self.lease.praise(clock::now()),
            (Ends::Anyhow, _) => {}
        }
        Poll::Ready(())
    }
}
