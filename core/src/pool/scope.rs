//! Which endpoints are used: a level of priority, or all, or none.

use super::endpoint::Endpoint;
use crate::health::Standing;

/// Who gets exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The healthy endpoints of one level, and trials of those above.
    Level(u32),
    /// All: when most look bad, it may as well be us who see badly.
    Everyone,
    /// None but trials.
    Nobody,
}

impl Scope {
    /// The first level of which `panic` per cent are healthy. Without any, everyone; or nobody
    /// if there is to be no panic.
    pub(super) fn of(endpoints: &[Endpoint], levels: &[u32], panic: u32) -> Self {
        let enough = |level: &&u32| {
            let live = endpoints.iter().filter(|e| !e.is_gone());
            let of_level = live.filter(|e| e.priority() == **level);
            let (mut all, mut healthy) = (0_u64, 0_u64);
            for endpoint in of_level {
                all += 1;
                healthy += u64::from(endpoint.standing() == Standing::Healthy);
            }
            healthy > 0 && healthy * 100 >= all * u64::from(panic)
        };
        match levels.iter().find(enough) {
            Some(level) => Self::Level(*level),
            None if panic > 0 => Self::Everyone,
            None => Self::Nobody,
        }
    }

    /// Whether the endpoint takes exchanges as they come.
    pub(super) fn has(self, endpoint: &Endpoint) -> bool {
        if endpoint.is_gone() {
            return false;
        }
        match self {
            Self::Level(level) => {
                endpoint.priority() == level && endpoint.standing() == Standing::Healthy
            }
            Self::Everyone => true,
            Self::Nobody => false,
        }
    }

    /// Whether the endpoint may have connections, and a trial when one is due.
    pub(super) fn reaches(self, endpoint: &Endpoint) -> bool {
        if endpoint.is_gone() {
            return false;
        }
        match self {
            Self::Level(level) => endpoint.priority() <= level && !endpoint.is_barred(),
            Self::Everyone => true,
            Self::Nobody => !endpoint.is_barred(),
        }
    }

    /// Whether those who wait may be served by the endpoint before long.
    pub(super) fn is_hope(self, endpoint: &Endpoint) -> bool {
        let tried = self.reaches(endpoint) && endpoint.standing() == Standing::Probing;
        (endpoint.is_promising() || endpoint.is_put_off()) && (self.has(endpoint) || tried)
    }
}
