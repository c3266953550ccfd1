//! The peers that the tests put around a gateway: clients in front, backends behind, and the
//! process in between. None of it uses the gateway's own code, so each is an oracle for it.

pub(crate) mod backend;
pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod dns_wire;
pub(crate) mod frames;
pub(crate) mod gateway;
pub(crate) mod host;
pub(crate) mod http2_wire;
pub(crate) mod tunnel;
pub(crate) mod metrics;
pub(crate) mod name_server;
pub(crate) mod quic;
pub(crate) mod raw;
pub(crate) mod rng;
pub(crate) mod secure_web;
pub(crate) mod servers;
pub(crate) mod teller;
pub(crate) mod web;
pub(crate) mod websocket;
pub(crate) mod wire;

use std::fmt::Display;
use std::time::Duration;

/// How long anything may take before a test calls it a hang. Far above what is ever needed:
/// no outcome depends on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for `what`, and says so if it does not come.
#[track_caller]
pub(crate) fn in_time<F: Future>(what: impl Display, future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        match tokio::time::timeout(PATIENCE, future).await {
            Ok(output) => output,
            Err(_) => panic!("{place}: nothing after {PATIENCE:?} of waiting for {what}"),
        }
    }
}
