//! One client's connection, from its first byte to its last.

mod handshake;
mod upgrade;
mod connection;
mod http2;
mod parting;

pub(crate) use connection::{Connection, Spares};
pub(crate) use handshake::Handshake;
pub(crate) use upgrade::Upgrade;
