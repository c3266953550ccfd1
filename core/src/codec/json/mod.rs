//! The JSON view of messages, both ways.
//!
//! A message is an object with one member, named like its operation:
//! `{"auth_req": {"seq": 7, "merchant": "M123", …}}`.
//!
//! | type | JSON |
//! |---|---|
//! | integer | a number, exact up to 64 bits |
//! | float | a number; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | text | a string |
//! | bytes | a string in base64, with padding |
//! | enum | its label, or the number if it has none; both are read |
//! | list, structure | an array, an object |
//!
//! A field that is absent is left out. A message's body is not part of the view.

mod error;
mod read;
mod show;

pub use error::FieldError;
pub use read::from_json;
pub use show::{Secrets, to_json};

#[cfg(test)]
mod tests;
