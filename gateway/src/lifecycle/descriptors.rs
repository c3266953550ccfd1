//! The descriptors that the process may have.

use gatewright_config::plan::Plan;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process has open beside connections: standard streams, listeners, clients of the admin listener.
const OF_PROCESS: u64 = 128;
/// What each worker has: its events, and the pipes of relays.
const OF_WORKER: u64 = 80;

/// Takes as many descriptors as the system lets the process have, and tells if they are fewer than the
/// connections of a plan: who has none left cannot reach a server that is well.
pub(super) fn provide(plan: &Plan) {
    let allowed = raised(getrlimit(Resource::Nofile));
    let workers = u64::try_from(plan.workers.get()).unwrap_or(u64::MAX);
    let sockets = u64::try_from(plan.most_sockets()).unwrap_or(u64::MAX);
    let needed = sockets
        .saturating_add(OF_PROCESS)
        .saturating_add(workers.saturating_mul(OF_WORKER));
    if let Some(descriptors) = allowed.filter(|allowed| *allowed < needed) {
        tracing::warn!(
            descriptors,
            sockets,
            "the limits of listeners and upstreams allow more connections than the process may have descriptors"
        );
    }
}

/// The soft limit, raised to the hard one; `None` if there is none. The soft limit guards programs that use
/// `select(2)`, which this one does not.
fn raised(limit: Rlimit) -> Option<u64> {
    let hard = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, hard) {
        Ok(()) => hard.current,
        Err(error) => {
            tracing::warn!(%error, "cannot raise the limit of descriptors");
            limit.current
        }
    }
}
