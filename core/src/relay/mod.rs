//! Connections whose bytes are carried as they are: what routes can tell about them.

mod raw;

pub use raw::Raw;
