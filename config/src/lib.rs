//! Gatewright's configuration: what was typed, what is valid, what changed.

pub mod plan;
