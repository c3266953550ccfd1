//! What is known of a message beside its fields: `peer.*`, `conn.id`, `listener`, `trace.id`.

use super::{name, unknown};
use crate::codec::Type;
use crate::expr::suggest::did_you_mean;
use crate::expr::{NameError, Step};
use crate::message::Value;
use crate::translate::Facts;

/// One of these facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    PeerIp,
    PeerPort,
    ConnectionId,
    Listener,
    TraceId,
}

impl Fact {
    /// The fact that a path starts with and how many steps it takes, if its first step names a
    /// group of facts.
    pub(super) fn resolve(path: &[Step<'_>]) -> Option<Result<(Self, usize), NameError>> {
        let members: &[(&str, Self)] = match name(path.first())? {
            "listener" => return Some(Ok((Self::Listener, 1))),
            "peer" => &[("ip", Self::PeerIp), ("port", Self::PeerPort)],
            "conn" => &[("id", Self::ConnectionId)],
            "trace" => &[("id", Self::TraceId)],
            _ => return None,
        };
        let member = name(path.get(1)).unwrap_or_default();
        let found = members.iter().find(|(name, _)| *name == member);
        Some(
            found
                .map(|(_, fact)| (*fact, 2))
                .ok_or_else(|| no_member(path, members, member)),
        )
    }

    pub(super) const fn ty(self) -> Type {
        match self {
            Self::PeerIp | Self::Listener | Self::TraceId => Type::STR,
            Self::PeerPort => Type::U16,
            Self::ConnectionId => Type::Int {
                min: 0,
                max: u64::MAX as i128,
            },
        }
    }

    pub(super) fn value(self, facts: &Facts) -> Value {
        match self {
            Self::PeerIp => Value::Str(facts.peer.ip().to_string().into()),
            Self::PeerPort => Value::from(facts.peer.port()),
            Self::ConnectionId => Value::from(facts.connection),
            Self::Listener => Value::from(&*facts.listener),
            Self::TraceId => Value::Str(format!("{:032x}", facts.trace).into()),
        }
    }
}

fn no_member(path: &[Step<'_>], members: &[(&str, Fact)], member: &str) -> NameError {
    let group = name(path.first()).unwrap_or_default();
    let names = members.iter().map(|(name, _)| *name);
    let all = || {
        names
            .clone()
            .map(|name| format!("`{group}.{name}`"))
            .collect::<Vec<_>>()
            .join(" and ")
    };
    let help = did_you_mean(member, names.clone()).unwrap_or_else(|| format!("there is {}", all()));
    let message = match member {
        "" => format!("`{group}` has no value of its own"),
        member => format!("`{group}` has no `{member}`"),
    };
    unknown(path.len().min(2) - 1, message, Some(help))
}
