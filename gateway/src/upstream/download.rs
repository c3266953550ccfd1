//! What a server of HTTP/2 answers, on to the client.

use super::Lease;
use super::upload::Upload;
use crate::clock;
use crate::http2::{Inflow, Patience, SharedAllowance, Stopped};
use bytes::Bytes;
use gatewright_core::message::Body;
use h2::RecvStream;
use std::time::Duration;

/// One payload on its way down, with its place on the connection.
pub(super) struct Download {
    lease: Lease,
    /// What goes up beside it.
    upload: Option<Upload>,
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
    /// What is to be run, and the payload that it makes, which begins with `first`.
    pub(super) fn new(
        (lease, upload): (Lease, Option<Upload>),
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
            upload,
            inflow,
            ends,
        };
        (download, body)
    }

    pub(super) async fn run(self) {
        let Self {
            lease,
            upload,
            inflow,
            ends,
        } = self;
        let stopped = inflow.await;
        let lacks_the_rest = upload.as_ref().is_some_and(Upload::lacks_the_rest);
        match (ends, stopped) {
            // Whose client sends no more may say no more.
            (Ends::Judged, Stopped::Cut) if lacks_the_rest => {}
            (Ends::Judged, Stopped::Cut) => lease.blame(),
            // What nobody wants any more was good until then.
            (Ends::Judged, Stopped::Whole | Stopped::Unwanted) => lease.praise(clock::now()),
            (Ends::Anyhow, _) => {}
        }
        if stopped == Stopped::Whole {
            lease.complete();
            if let Some(upload) = upload {
                upload.outlast(lease);
            }
        }
    }
}
