//! A definition with a `-gateway` section, as a protocol like any other.

mod gather;
mod offsets;
mod paths;
mod scatter;
mod schema;
mod shape;

pub use schema::{Names, TooMany};
