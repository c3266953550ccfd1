//! A definition with a `-gateway` section, as a protocol like any other.

mod gather;
mod load;
mod offsets;
mod paths;
mod scatter;
mod schema;
mod shape;

pub use load::{Loaded, load};
pub use schema::{Names, TooMany};
