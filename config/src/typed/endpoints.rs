//! Endpoints of an upstream as typed, and how one of them is chosen.

use crate::diagnostic::codes;
use crate::keys::endpoints as keys;
use crate::keys::upstream::{PROTOCOL, URL};
use crate::plan::{Endpoint, EndpointKind, Records};
use crate::read::{Problem, Reader, Section, endpoint, expand, text_of};
use crate::tree::{Node, Value};
use gatewright_core::balance::Policy;
use gatewright_core::expr::Source;
use gatewright_core::health::{EjectPolicy, ErrorReplies, HealthPolicy};
use gatewright_core::pool::{PoolPolicy, Rank};

/// All URLs of an upstream, each with its rank.
pub(super) fn read_endpoints(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    records: Option<Records>,
) -> (Vec<Endpoint>, Vec<Rank>) {
    let (mut endpoints, mut ranks) = (Vec::new(), Vec::new());
    for item in section.items(reader, &URL) {
        let (read, rank) = read_one(reader, item, records);
        if let (Some(first), Some(read)) = (endpoints.first(), &read)
            && let Some(problem) = beside(first, read)
        {
            reader.problem(problem, item.span.clone());
        }
        ranks.extend(read.as_ref().map(|_| rank));
        endpoints.extend(read);
    }
    (endpoints, ranks)
}

fn read_one(
    reader: &mut Reader<'_>,
    item: &Node,
    records: Option<Records>,
) -> (Option<Endpoint>, Rank) {
    if !matches!(item.value, Value::Table(_)) {
        let url = reader.accept(text_of(&URL, item), &item.span);
        let url = url.and_then(|url| reader.accept(expand(&url, reader.environment), &item.span));
        let read = url.and_then(|url| reader.accept(endpoint(&url, records), &item.span));
        return (read, Rank::default());
    }
    let table = Section::of(reader, URL.name(), item);
    let url = table.expanded(reader, &keys::URL_URL);
    let read = url.and_then(|url| reader.accept(endpoint(&url.value, records), &url.span));
    let rank = Rank {
        weight: narrow(table.count(reader, &keys::WEIGHT).value),
        priority: narrow(table.count(reader, &keys::PRIORITY).value),
    };
    (read, rank)
}

/// What is wrong with an endpoint beside the first one of the same upstream.
fn beside(first: &Endpoint, other: &Endpoint) -> Option<Problem> {
    match (first.kind(), other.kind()) {
        (EndpointKind::Mock, _) | (_, EndpointKind::Mock) => Some(
            Problem::new(codes::BAD_URL, "`mock:` stands beside another URL")
                .help("the built-in upstream answers every request: it is the only URL"),
        ),
        (kind, other_kind) if kind != other_kind || is_http1(first) != is_http1(other) => Some(
            Problem::new(codes::MISMATCH, "URLs of different protocols").help(
                "`h2c://` and `https://` need an upstream of their own, as do `http://`, and `tcp://`, `tls://`, `quic://` and `unix://`",
            ),
        ),
        _ => None,
    }
}

const fn is_http1(endpoint: &Endpoint) -> bool {
    matches!(endpoint, Endpoint::Http(_))
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) fn read_policy(reader: &mut Reader<'_>, section: &Section<'_>) -> PoolPolicy {
    let balance = section.text(reader, &keys::BALANCE);
    let balance = balance.and_then(|name| Policy::named(&name.value));
    let health = section.section(reader, &keys::HEALTH);
    PoolPolicy {
        balance: balance.unwrap_or(Policy::LeastRequest),
        panic: section.share(reader, &keys::PANIC).value,
        health: HealthPolicy {
            eject: read_eject(reader, section),
            fall: health
                .count_if(reader, &keys::HEALTH_FALL)
                .map_or(3, narrow),
            rise: health
                .count_if(reader, &keys::HEALTH_RISE)
                .map_or(2, narrow),
            slow_start: section.duration(reader, &keys::SLOW_START).value,
        },
    }
}

/// What a hash goes by; a warning if nothing does.
pub(super) fn read_key(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    balance: Policy,
) -> Option<Source> {
    let key = section.source(reader, &keys::BALANCE_KEY)?;
    if balance != Policy::Hash {
        let problem = Problem::warning(codes::UNUSED, "`balance-key` is not used");
        let help = "it matters only to `balance = \"hash\"`";
        reader.problem(problem.help(help), key.span().clone());
    }
    Some(key)
}

fn read_eject(reader: &mut Reader<'_>, section: &Section<'_>) -> EjectPolicy {
    let eject = section.section(reader, &keys::EJECT);
    let time = eject.duration(reader, &keys::EJECT_TIME);
    let longest = eject.duration(reader, &keys::EJECT_LONGEST).value;
    if let Some(span) = time.span
        && time.value > longest
    {
        let problem = Problem::warning(codes::UNUSED, "`time` is above `longest`");
        let help = format!("no ejection is longer than {longest:?}");
        reader.problem(problem.help(help), span);
    }
    EjectPolicy {
        failures: narrow(eject.count(reader, &keys::EJECT_FAILURES).value),
        ratio: eject.share(reader, &keys::EJECT_RATIO).value,
        window: eject.duration(reader, &keys::EJECT_WINDOW).value,
        time: time.value,
        longest,
        share: eject.share(reader, &keys::EJECT_SHARE).value,
    }
}

/// Which error replies are failures, if that is said; a warning if there is no protocol that has any.
pub(super) fn read_errors(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    endpoints: &[Endpoint],
) -> Option<ErrorReplies> {
    let eject = section.section(reader, &keys::EJECT);
    let errors = eject.text(reader, &keys::EJECT_ERRORS)?;
    let speaks = section.node(&PROTOCOL).is_some() || endpoints.iter().any(is_http1);
    if let (Some(span), false) = (errors.span, speaks) {
        let problem = Problem::warning(codes::UNUSED, "`errors` without a `protocol`");
        let help = "it is about replies of a protocol; statuses of HTTP/2 count by themselves";
        reader.problem(problem.help(help), span);
    }
    Some(match errors.value.as_str() {
        "server" => ErrorReplies::Failures,
        "any" => ErrorReplies::All,
        _ => ErrorReplies::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Kind;

    #[test]
    fn the_names_of_policies_are_those_of_the_core() {
        let Kind::Choice(words) = keys::BALANCE.kind else {
            panic!("a choice")
        };
        let names: Vec<_> = Policy::NAMES.iter().map(|row| row.0).collect();
        assert_eq!(words, names);
    }
}
