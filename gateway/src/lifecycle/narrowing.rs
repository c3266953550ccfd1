//! What nobody looks at in replies: upstreams read them without making values of it.

use gatewright_config::plan::{Check, Plan, RouteAction, RoutePlan, Speech, UpstreamPlan};
use gatewright_core::codec::Used;
use gatewright_core::message::Slot;
use std::sync::Arc;

/// An upstream, by its number, whose protocol has in its replies what the rules of its routes look at.
pub(super) fn narrowed(plan: &Plan, upstream: usize) -> Option<UpstreamPlan> {
    let mut narrowed = plan.upstreams.get(upstream)?.clone();
    if let Some(speech) = &mut narrowed.speaks {
        let routes = || routes_to(plan, upstream);
        // Openings and probes look at replies as well, of their own.
        let asks = !speech.opening.is_empty()
            || matches!(&narrowed.check, Some(check) if matches!(check.check, Check::Ask(_)));
        if !asks {
            narrow(speech, routes);
        }
    }
    Some(narrowed)
}

fn routes_to(plan: &Plan, upstream: usize) -> impl Iterator<Item = &RoutePlan> {
    let routes = plan.listeners.iter().flat_map(|listener| &listener.routes);
    let to = routes.filter(move |route| route.upstream == upstream);
    to.map(AsRef::as_ref)
}

fn narrow<'p, R: Iterator<Item = &'p RoutePlan>>(speech: &mut Speech, routes: impl Fn() -> R) {
    let looks = |slot: Slot| {
        routes().any(|route| match &route.action {
            RouteAction::Convert(rules) => rules.reads_of_replies(slot),
            RouteAction::Forward
            | RouteAction::Translate(_)
            | RouteAction::Proxy(_)
            | RouteAction::Relay => false,
        })
    };
    // What is forwarded goes on with another id.
    let resent = routes().any(|route| !matches!(route.action, RouteAction::Convert(_)));
    let used = Used::of(
        speech.protocol.descriptor(),
        |_, slot| looks(slot),
        |_| resent,
    );
    if let Some(fewer) = Arc::clone(&speech.protocol).using(&used) {
        speech.protocol = fewer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definitions::Disk;
    use bytes::Bytes;
    use gatewright_codecs::BUILTIN;
    use gatewright_config::{Protocols, load_str_with};
    use gatewright_core::codec::{Event, Side};
    use gatewright_core::message::Value;

    const REPLY: &[u8] = b"\xac\x4d\x00\x0c\x81\x00\x00\x00\x07\x05A1B2C3";

    fn plan(keys: &str, route: &str) -> Plan {
        let definition = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../config/protocols/pos/pos.ksy"
        );
        let text = format!(
            "protocols.till.definition = \"{definition}\"\n\
             [listeners.shop]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\n\
             [listeners.tills]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"till\"\n\
             [upstreams.host]\nurl = \"tcp://127.0.0.1:1\"\nprotocol = \"till\"\n{keys}\n\
             [[routes]]\nfrom = \"shop\"\noperation = \"POST /{{m}}\"\nto = \"host\"\nrequest.send = \"auth_req\"\n\
             request.set = {{ merchant = \"{{path.m}}\", pan = \"4\", amount = 1, currency = 978 }}\n\
             reply = [{{ on = \"auth_rsp\", status = 200, json = {{ status = \"{{status}}\" }} }}, {{ on = \"*\" }}]\n{route}"
        );
        let rows = BUILTIN.iter().map(|row| (row.name, (row.protocol)()));
        let protocols: Protocols = rows.collect();
        let protocols = protocols.with_definitions(Arc::new(Disk));
        let loaded = load_str_with("gatewright.toml", &text, &protocols, &|_| None);
        loaded.unwrap_or_else(|found| panic!("{found:#?}")).plan
    }

    /// The status and the code of a reply, as the upstream's codec has them.
    fn read(plan: &Plan) -> [Value; 2] {
        let upstream = narrowed(plan, 0).expect("an upstream");
        let protocol = upstream.speaks.expect("a protocol").protocol;
        let event = protocol
            .codec(Side::Client, 1000)
            .decode(Bytes::from_static(REPLY));
        let Ok(Event::Head(reply)) = event else {
            panic!("{event:?}")
        };
        let record = plan.upstreams[0].speaks.as_ref().expect("a protocol");
        let record = record.protocol.descriptor().record(reply.operation());
        ["status", "code"].map(|name| {
            let slot = record.fields.iter().position(|field| &*field.name == name);
            reply.fields()[slot.expect("a field")].clone()
        })
    }

    #[test]
    fn replies_have_what_rules_look_at() {
        let status = Value::from(5_u8);
        assert_eq!(read(&plan("", "")), [status.clone(), Value::Null]);
        let asked = "health = { send = \"auth_req\", set = { merchant = \"M\", pan = \"4\", amount = 1, currency = 978 }, expect = \"auth_rsp\" }";
        let code = Value::from("A1B2C3");
        assert_eq!(read(&plan(asked, "")), [status, code], "a probe looks");
    }

    #[test]
    fn what_is_forwarded_can_be_written_with_another_id() {
        let forward = "[[routes]]\nfrom = \"tills\"\nto = \"host\"\n";
        let plan = plan("", forward);
        let upstream = narrowed(&plan, 0).expect("an upstream");
        let protocol = upstream.speaks.expect("a protocol").protocol;
        let mut codec = Arc::clone(&protocol).codec(Side::Client, 1000);
        let Ok(Event::Head(mut reply)) = codec.decode(Bytes::from_static(REPLY)) else {
            panic!("a reply")
        };
        protocol
            .descriptor()
            .correlate(&mut reply, gatewright_core::message::Correlation::Id(9));
        let mut out = bytes::BytesMut::new();
        let mut listener = Arc::clone(&protocol).codec(Side::Server, 1000);
        listener
            .encode(&Event::Head(reply), &mut out)
            .expect("it fits");
        assert_eq!(out[5..9], [0, 0, 0, 9]);
        assert_eq!(out[9..], REPLY[9..]);
    }
}
