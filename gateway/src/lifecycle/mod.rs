//! From a plan to a running gateway and to its orderly end.

mod arrival;
mod date;
mod descriptors;
mod drivers;
mod gateway;
mod gathering;
mod narrowing;
mod running;
mod timers;
mod worker;

pub(crate) use drivers::Drivers;
pub use gateway::{Builder, Gateway, StartError};
pub(crate) use gathering::Awaited;
pub use running::{Addresses, Outcome, Running};
pub(crate) use timers::{Alarm, Timers};
pub(crate) use worker::{Scratch, Worker, WorkerHandle};
