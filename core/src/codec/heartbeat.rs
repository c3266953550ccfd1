//! Signs of life, as data.

use super::{Descriptor, Side};
use crate::message::{Correlation, Message};
use std::time::Duration;

/// How the two sides of a connection show each other that they are there. When what is sent is
/// for [`Pulse`](crate::health::Pulse) to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Heartbeat {
    /// What is done about clients.
    pub clients: Vigil,
    /// What is done about servers.
    pub servers: Vigil,
}

/// What is done to know that one side is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Vigil {
    /// How long nothing may go to it, or come from it, before it is sent a sign of life.
    pub every: Duration,
    /// That sign. One with a number as its correlation gets another number each time. `None` if
    /// the protocol has none for this side.
    pub sign: Option<Message>,
    /// How long nothing may come from it; `None` if it owes nobody a sign. Longer than `every`.
    pub silence: Option<Duration>,
    /// Whether it answers the sign with the same message, so that one that comes after a sign is
    /// not another one to be answered.
    pub echoes: bool,
}

impl Heartbeat {
    /// What is done about the peer of a connection whose codec serves this side.
    #[must_use]
    pub const fn of(&self, side: Side) -> &Vigil {
        match side {
            Side::Server => &self.clients,
            Side::Client => &self.servers,
        }
    }
}

impl Vigil {
    /// The sign of life, where no ledger gives out the numbers: `nth` since the connection began.
    /// The number 1 is left to other messages that a gateway sends of its own accord.
    #[must_use]
    pub fn nth_sign(&self, descriptor: &Descriptor, nth: u32) -> Option<Message> {
        let mut sign = self.sign.clone()?;
        if let Correlation::Id(_) = sign.correlation() {
            let id = 2 + u64::from(nth % 128);
            let id = if descriptor.id_fits(id) { id } else { 1 };
            descriptor.correlate(&mut sign, Correlation::Id(id));
        }
        Some(sign)
    }
}
