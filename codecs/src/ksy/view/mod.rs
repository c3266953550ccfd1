//! What was read, shown.

mod evaluated;
mod json;
mod rows;

pub use evaluated::Instances;
pub use json::{plain, typed, typed_error};
pub use rows::{Bits, Look, Place, Row, What, rows};

use gatewright_core::codec::json::Secrets;

/// What stands in for a value that people may not see.
pub const MASK: &str = "***";

/// Whether something is shown as [`MASK`].
const fn masks(secret: bool, secrets: Secrets) -> bool {
    match secrets {
        Secrets::Shown => false,
        Secrets::Masked => secret,
    }
}
