//! What a pool is made from, and what an exchange asks of it.

use crate::balance::Policy;
use crate::health::HealthPolicy;
use std::net::SocketAddr;
use std::time::Duration;

/// What a pool may use up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Connections to each endpoint.
    pub connections: usize,
    /// Exchanges at a time on one connection, however many the server allows.
    pub streams: usize,
    /// Exchanges that wait for a place.
    pub queue: usize,
    /// The longest wait for a place.
    pub queue_wait: Duration,
}

/// How a pool chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolPolicy {
    /// Among the endpoints that are used.
    pub balance: Policy,
    /// How many of a hundred endpoints of a level have to be healthy for it to be used. If no
    /// level has as many, all endpoints are used as if they were healthy; with 0, none is.
    pub panic: u32,
    /// Which endpoints are healthy.
    pub health: HealthPolicy,
}

impl Default for PoolPolicy {
    fn default() -> Self {
        Self {
            balance: Policy::LeastRequest,
            panic: 50,
            health: HealthPolicy::default(),
        }
    }
}

/// One endpoint among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// Its share, from 1 on.
    pub weight: u32,
    /// Its level: the lowest number is used first.
    pub priority: u32,
}

impl Default for Rank {
    fn default() -> Self {
        Self {
            weight: 1,
            priority: 0,
        }
    }
}

/// An endpoint that was looked for and found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub address: SocketAddr,
    /// Its weight and its level.
    pub rank: Rank,
}

/// Who asks for a place, and where it had better be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whose turn it is.
    pub client: u64,
    /// What [`Policy::Hash`] goes by.
    pub key: u64,
    /// Any random number.
    pub chance: u64,
    /// The endpoint that failed it, if there is another one.
    pub avoid: Option<usize>,
}

impl Ask {
    /// No wishes.
    #[must_use]
    pub const fn of(client: u64) -> Self {
        Self {
            client,
            key: client,
            chance: client,
            avoid: None,
        }
    }
}
