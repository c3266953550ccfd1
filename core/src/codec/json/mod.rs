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
//! A field may have another form ([`Shown`](super::Shown)): bytes as hexadecimal digits or text, enums as numbers,
//! integers as text, or multiplied with a decimal number, exactly: as a number where JSON's have it, else as text.
//!
//! A field that is absent is left out. A message's body is not part of the view.

mod error;
mod form;
mod read;
mod show;

pub use error::FieldError;
pub use read::from_json;
pub use show::{Secrets, respelled, to_json};

#[cfg(test)]
mod tests;
