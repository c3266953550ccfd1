//! What several codecs share: finding the end of a frame, and taking fields for the wire.

pub mod field;
pub mod fixed;
mod length_field;

pub use length_field::{LengthField, Width};
