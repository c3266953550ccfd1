//! Connections whose bytes are carried as they are: what routes can tell about them.

mod hello;
mod raw;

pub use hello::{LONGEST_HELLO, Sni, server_name};
pub use raw::Raw;
