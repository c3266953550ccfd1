//! What was read, shown.

mod typed;

pub use typed::{typed, typed_error};
