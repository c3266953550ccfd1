//! What both sides of HTTP/2 need beside the library.
//!
//! Payloads that are carried as they come are each a task of their own: most payloads are whole by
//! the time they are looked at, and their exchanges are not to make room for these.

mod allowance;
mod corked;
mod decimal;
mod doorbell;
mod gaps;
mod inflow;
mod leftover;
mod outflow;
mod patience;
mod tunnel;

pub(crate) use allowance::SharedAllowance;
pub(crate) use corked::{Cork, Corked};
pub(crate) use decimal::decimal;
pub(crate) use doorbell::Doorbell;
pub(crate) use gaps::Gaps;
pub(crate) use inflow::{Inflow, Stopped};
pub(crate) use leftover::Leftover;
pub(crate) use outflow::{Lack, Outflow, SharedLack};
pub(crate) use patience::Patience;
pub(crate) use tunnel::{Found, Tunnel, TunnelEnd, TunnelInbox};

/// Bytes of a payload that may wait for whoever takes them, beyond one chunk.
pub(crate) const BUDGET: usize = 64 << 10;
