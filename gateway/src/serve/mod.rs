//! One client's connection, from its first byte to its last.

mod connection;
mod parting;

pub(crate) use connection::{Connection, Spares};
