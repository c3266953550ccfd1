//! One client's connection, from its first byte to its last.

mod handshake;
mod upgrade;
mod connection;
mod http2;
mod parting;
mod tunnels;

pub(crate) use connection::{Connection, Spares};
pub(crate) use handshake::Handshake;
pub(crate) use tunnels::{Hall, Tunnels};
pub(crate) use upgrade::{Upgrade, Upgraded};
