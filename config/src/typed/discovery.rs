//! Endpoints that are looked for, as typed.

use crate::diagnostic::codes;
use crate::keys::discovery as keys;
use crate::keys::upstream::URL;
use crate::plan::{DiscoveryPlan, Endpoint, Records};
use crate::read::{Problem, Reader, Section};
use gatewright_core::discovery::DiscoveryPolicy;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Which records the table asks for, if it is there: a service's URL needs no port.
pub(super) fn read_records(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Records> {
    section.node(&keys::DISCOVERY)?;
    let discovery = section.section(reader, &keys::DISCOVERY);
    let records = discovery.text(reader, &keys::RECORDS);
    Some(match records.as_ref().map(|records| &*records.value) {
        Some("service") => Records::Service,
        Some(_) | None => Records::Address,
    })
}

pub(super) fn read_discovery(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    records: Option<Records>,
    endpoints: &[Endpoint],
) -> Option<DiscoveryPlan> {
    let records = records?;
    let discovery = section.section(reader, &keys::DISCOVERY);
    note_fixed(reader, section, endpoints);
    note_nameless(reader, section, endpoints, records);
    let servers = match discovery.node(&keys::SERVERS) {
        Some(_) => read_servers(reader, &discovery),
        None => Vec::new(),
    };
    let [least, most] = read_bounds(reader, &discovery);
    Some(DiscoveryPlan {
        records,
        servers,
        policy: DiscoveryPolicy {
            least,
            most,
            endpoints: discovery.count_if(reader, &keys::ENDPOINTS).unwrap_or(64),
        },
    })
}

/// The shortest and the longest time between look-ups. One alone moves the other's default.
fn read_bounds(reader: &mut Reader<'_>, discovery: &Section<'_>) -> [Duration; 2] {
    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);
    let least = discovery.duration_if(reader, &keys::LEAST);
    let most = discovery.duration_if(reader, &keys::MOST);
    match (least, most) {
        (None, None) => [SECOND, MINUTE],
        (Some(least), None) => [least, least.max(MINUTE)],
        (None, Some(most)) => [most.min(SECOND), most],
        (Some(least), Some(most)) => {
            if let (Some(node), true) = (discovery.node(&keys::MOST), most < least) {
                let problem = Problem::new(codes::OUT_OF_RANGE, "`most` is shorter than `least`");
                reader.problem(problem, node.span.clone());
            }
            [least, most.max(least)]
        }
    }
}

fn read_servers(reader: &mut Reader<'_>, discovery: &Section<'_>) -> Vec<SocketAddr> {
    let servers = discovery.texts(reader, &keys::SERVERS);
    let read = servers.into_iter().filter_map(|server| {
        let read: Option<SocketAddr> = server.value.parse().ok();
        let address = read.filter(|address| address.port() > 0).ok_or_else(|| {
            let shown = server.value.escape_debug();
            let message = format!("\"{shown}\" is not the address of a name server");
            Problem::new(codes::BAD_ADDRESS, message)
                .help("an IP address and a port, such as \"10.0.0.53:53\"")
        });
        reader.accept(address, &server.span)
    });
    read.collect()
}

/// One URL with one name is what there is to look for.
fn note_fixed(reader: &mut Reader<'_>, section: &Section<'_>, endpoints: &[Endpoint]) {
    let named = |endpoint: &Endpoint| {
        let authority = endpoint.authority();
        authority.is_some_and(|authority| authority.host.parse::<IpAddr>().is_err())
    };
    let looked_for = match endpoints {
        [] => return,
        [one] => named(one),
        [_, ..] => false,
    };
    if let (Some(node), false) = (section.node(&URL), looked_for) {
        let message = "`discovery` is for one URL with a host name";
        let problem = Problem::new(codes::MISMATCH, message);
        let help = "leave `discovery` away: a name is looked up with each connect then";
        reader.problem(problem.help(help), node.span.clone());
    }
}

/// What is left without a service's own labels is what certificates and requests name.
fn note_nameless(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    endpoints: &[Endpoint],
    records: Records,
) {
    let nameless = |endpoint: &Endpoint| {
        let authority = endpoint.authority();
        authority.is_some_and(|authority| authority.domain().is_empty())
    };
    let missing = records == Records::Service && endpoints.iter().any(nameless);
    if let (Some(node), true) = (section.node(&URL), missing) {
        let problem = Problem::new(codes::BAD_URL, "a service without a domain");
        let help = "such as \"tcp://_redis._tcp.example.com\"";
        reader.problem(problem.help(help), node.span.clone());
    }
}
