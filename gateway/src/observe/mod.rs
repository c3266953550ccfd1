//! What people and programs can see of a running gateway.

mod admin;
mod durations;
mod logs;
mod metrics;
mod patience;

pub(crate) use admin::{Admin, Readiness};
pub(crate) use logs::{Logged, MessageLog, start as start_logs};
pub(crate) use metrics::{
    DiscoveryMetrics, ListenerMetrics, Metrics, RelayMetrics, RouteMetrics, UpstreamMetrics,
};
