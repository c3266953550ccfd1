//! What several codecs share: finding the end of a frame, and taking fields for the wire.
//!
//! [`LengthField`] is what a codec in code usually needs; a [`Framer`] is any way of framing as a
//! value, for definitions.

mod delimiter;
mod escape;
pub mod field;
pub mod fixed;
mod framer;
mod length;
mod length_field;
mod number;
mod parts;
mod search;
#[cfg(test)]
mod tests;

pub use delimiter::{Delimiter, NoEnd};
pub use escape::{Ambiguous, Escape, Escapes};
pub use framer::{Cursor, Framer};
pub use length::{Counts, Length, LengthForm, LengthPlace};
pub use length_field::{LengthField, Width};
pub use number::{ByteOrder, Number, Reading};
pub use parts::{Part, Parts, Term};
