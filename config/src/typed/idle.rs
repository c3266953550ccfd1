//! Settings that do nothing for what an upstream's connections carry.

use crate::diagnostic::codes;
use crate::keys::{Key, upstream as keys};
use crate::plan::{Endpoint, EndpointKind};
use crate::read::{Problem, Reader, Section};

/// What connections carry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carried {
    Http2,
    /// Messages of HTTP/1.1, for which goes what is for those of any protocol.
    Http1,
    /// Messages of a protocol.
    Messages,
    /// Bytes as they are.
    Bytes,
}

impl Carried {
    const fn words(self) -> &'static str {
        match self {
            Self::Http2 => "requests of HTTP/2",
            Self::Http1 => "requests of HTTP/1.1",
            Self::Messages => "messages of a protocol",
            Self::Bytes => "bytes as they are",
        }
    }

    fn is_among(self, uses: &[Self]) -> bool {
        uses.contains(&self) || (self == Self::Http1 && uses.contains(&Self::Messages))
    }
}

/// A setting, and what it is for.
struct Setting(&'static Key, &'static [Carried]);

const REQUESTS: &[Carried] = &[Carried::Http2, Carried::Messages];

/// Connects of relays are tried again as `retry` says, too.
const OF_UPSTREAMS: [Setting; 5] = [
    Setting(&keys::TIMEOUT, REQUESTS),
    Setting(&keys::FIRST_BYTE_TIMEOUT, REQUESTS),
    Setting(&keys::TRY_TIMEOUT, REQUESTS),
    Setting(&keys::MAX_REQUESTS, REQUESTS),
    Setting(&keys::TRACEPARENT, &[Carried::Http2, Carried::Http1]),
];

const OF_LIMITS: [Setting; 9] = [
    Setting(&keys::STREAMS, REQUESTS),
    Setting(&keys::QUEUE, REQUESTS),
    Setting(&keys::QUEUE_WAIT, REQUESTS),
    Setting(&keys::BODY, REQUESTS),
    Setting(&keys::WINDOW, &[Carried::Http2]),
    Setting(&keys::SILENCE, &[Carried::Http2]),
    Setting(&keys::FRAME, &[Carried::Messages]),
    Setting(&keys::DEDICATED, &[Carried::Messages]),
    Setting(&keys::QUARANTINE, &[Carried::Messages]),
];

/// Notes the settings of an upstream that nothing looks at. The built-in one stands in for others, with theirs.
pub(super) fn note_idle(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    endpoints: &[Endpoint],
    has_protocol: bool,
) {
    let carried = match endpoints.first().map(Endpoint::kind) {
        Some(EndpointKind::Http) => Carried::Http2,
        Some(EndpointKind::Stream) if matches!(endpoints.first(), Some(Endpoint::Http(_))) => {
            Carried::Http1
        }
        Some(EndpointKind::Stream) if has_protocol => Carried::Messages,
        Some(EndpointKind::Stream) => Carried::Bytes,
        Some(EndpointKind::Mock) | None => return,
    };
    let limits = section.section(reader, &keys::LIMITS);
    let of_upstream = OF_UPSTREAMS.iter().map(|setting| (section, setting));
    let of_limits = OF_LIMITS.iter().map(|setting| (&limits, setting));
    for (section, Setting(key, uses)) in of_upstream.chain(of_limits) {
        if let Some(node) = section.node(key)
            && !carried.is_among(uses)
        {
            let message = format!("`{}` is not used", key.name());
            let uses: Vec<_> = uses.iter().map(|carried| carried.words()).collect();
            let (uses, carried) = (uses.join(" and "), carried.words());
            let help = format!("it is for {uses}, and this upstream's connections carry {carried}");
            let problem = Problem::warning(codes::UNUSED, message).help(help);
            reader.problem(problem, node.span.clone());
        }
    }
}
