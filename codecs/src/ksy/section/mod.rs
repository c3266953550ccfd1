//! What the gateway makes of a definition: the `-gateway` keys.
//!
//! They are read where they stand ([`input`]) to what they say ([`spec`]), checked against the
//! definition, and compiled ([`plan`]). What runs for each message is in `read`.

pub(in crate::ksy) mod check;
pub mod checksum;
mod default;
pub mod input;
mod keys;
pub mod plan;
mod read;
pub mod side;
pub mod spec;
#[cfg(test)]
mod tests;
mod units;
pub(in crate::ksy) mod verify;

pub use check::{Compiled, Edge};
pub use verify::Wrong;
