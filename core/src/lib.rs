//! The sans-IO heart of Gatewright.
//!
//! Everything here decides; nothing here touches a socket, reads a clock or draws a random
//! number. Where time matters, `now: Instant` is an argument. Modules stand in the order in
//! which a message meets them.

pub mod limit;
pub mod codec;
pub mod message;
pub mod session;
pub mod route;
pub mod expr;
pub mod translate;
pub mod relay;
pub mod discovery;
pub mod balance;
pub mod health;
pub mod pool;
pub mod reply;
pub mod retry;
pub mod fault;
#[cfg(feature = "laws")]
pub mod laws;
