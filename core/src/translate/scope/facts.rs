//! What is known of a message beside its fields: `peer.*`, `client.ip`, `conn.id`, `listener`, `trace.id`. What a
//! client did not tell is null.

use super::{name, unknown};
use crate::codec::Type;
use crate::expr::suggest::did_you_mean;
use crate::expr::{NameError, Step};
use crate::message::Value;
use crate::translate::Facts;
use bytestring::ByteString;

/// One of these facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    PeerIp,
    PeerPort,
    PeerSni,
    CertSubject,
    CertDns,
    CertUri,
    CertSha256,
    ClientIp,
    ConnectionId,
    Listener,
    TraceId,
}

impl Fact {
    /// The fact that a path starts with and how many steps it takes, if its first step names a
    /// group of facts.
    pub(super) fn resolve(path: &[Step<'_>]) -> Option<Result<(Self, usize), NameError>> {
        let group = match name(path.first())? {
            "listener" => return Some(Ok((Self::Listener, 1))),
            "peer" if name(path.get(1)) == Some("cert") => &CERTIFICATE,
            "peer" => &PEER,
            "client" => &CLIENT,
            "conn" => &CONNECTION,
            "trace" => &TRACE,
            _ => return None,
        };
        Some(group.find(path))
    }

    pub(super) const fn ty(self) -> Type {
        match self {
            Self::PeerIp | Self::ClientIp | Self::Listener | Self::TraceId => Type::STR,
            Self::PeerSni | Self::CertSubject | Self::CertDns => Type::STR,
            Self::CertUri | Self::CertSha256 => Type::STR,
            Self::PeerPort => Type::U16,
            Self::ConnectionId => Type::Int {
                min: 0,
                max: u64::MAX as i128,
            },
        }
    }

    pub(super) fn value(self, facts: &Facts) -> Value {
        match self {
            Self::PeerIp => Value::Str(facts.peer.address.ip().to_canonical().to_string().into()),
            Self::ClientIp => Value::Str(facts.client.to_string().into()),
            Self::PeerPort => Value::from(facts.peer.address.port()),
            Self::PeerSni => text(
                facts
                    .peer
                    .identity
                    .as_ref()
                    .and_then(|i| i.server_name.clone()),
            ),
            Self::CertSubject => text(facts.certificate().and_then(|c| c.subject.clone())),
            Self::CertDns => text(facts.certificate().and_then(|c| c.dns.clone())),
            Self::CertUri => text(facts.certificate().and_then(|c| c.uri.clone())),
            Self::CertSha256 => text(facts.certificate().map(|c| c.sha256.clone())),
            Self::ConnectionId => Value::from(facts.peer.connection),
            Self::Listener => Value::from(&*facts.peer.listener),
            Self::TraceId => Value::Str(format!("{:032x}", facts.trace).into()),
        }
    }
}

fn text(known: Option<ByteString>) -> Value {
    known.map_or(Value::Null, Value::Str)
}

/// Facts whose names begin alike.
struct Group {
    name: &'static str,
    /// How many steps that is.
    steps: usize,
    members: &'static [(&'static str, Fact)],
    /// What begins so, and is a group itself.
    inner: Option<&'static str>,
}

const PEER: Group = Group {
    name: "peer",
    steps: 1,
    members: &[
        ("ip", Fact::PeerIp),
        ("port", Fact::PeerPort),
        ("sni", Fact::PeerSni),
    ],
    inner: Some("cert"),
};
const CERTIFICATE: Group = Group {
    name: "peer.cert",
    steps: 2,
    members: &[
        ("subject", Fact::CertSubject),
        ("dns", Fact::CertDns),
        ("uri", Fact::CertUri),
        ("sha256", Fact::CertSha256),
    ],
    inner: None,
};
const CLIENT: Group = Group {
    name: "client",
    steps: 1,
    members: &[("ip", Fact::ClientIp)],
    inner: None,
};
const CONNECTION: Group = Group {
    name: "conn",
    steps: 1,
    members: &[("id", Fact::ConnectionId)],
    inner: None,
};
const TRACE: Group = Group {
    name: "trace",
    steps: 1,
    members: &[("id", Fact::TraceId)],
    inner: None,
};

impl Group {
    /// The member that a path names, and how many steps that takes.
    fn find(&self, path: &[Step<'_>]) -> Result<(Fact, usize), NameError> {
        let member = name(path.get(self.steps)).unwrap_or_default();
        let found = self.members.iter().find(|(name, _)| *name == member);
        found
            .map(|(_, fact)| (*fact, self.steps + 1))
            .ok_or_else(|| self.no_member(path, member))
    }

    fn no_member(&self, path: &[Step<'_>], member: &str) -> NameError {
        let group = self.name;
        let members = self.members.iter().map(|(name, _)| *name);
        let names = members.chain(self.inner);
        let all = || {
            let names = names.clone().map(|name| format!("`{group}.{name}`"));
            names.collect::<Vec<_>>().join(" and ")
        };
        let help =
            did_you_mean(member, names.clone()).unwrap_or_else(|| format!("there is {}", all()));
        let message = match member {
            "" => format!("`{group}` has no value of its own"),
            member => format!("`{group}` has no `{member}`"),
        };
        unknown(path.len().min(self.steps + 1) - 1, message, Some(help))
    }
}
