//! The examples do what their texts say: one message each, through the compiled rules.

use gatewright_config::plan::{
    Authority, Endpoint, ListenerPlan, Plan, RouteAction, Service, Sharing,
};
use gatewright_config::{Protocols, load};
use gatewright_core::codec::{Event, Side};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Body, Message};
use gatewright_core::relay::Raw;
use gatewright_core::translate::{Carriage, Facts, HttpAnswer, HttpRequest, Outcome, Peer};
use http::{HeaderMap, StatusCode};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

#[test]
fn redis() {
    let plan = example("redis/gatewright.toml");
    let speech = plan.upstreams[0].speaks.as_ref().unwrap();
    assert_eq!(speech.sharing, Sharing::Shared);
    assert!(matches!(
        plan.listeners[0].routes[0].action,
        RouteAction::Forward
    ));
}

#[track_caller]
fn example(path: &str) -> Plan {
    let protocols: Protocols = gatewright_codecs::BUILTIN
        .iter()
        .map(|builtin| (builtin.name, (builtin.protocol)()))
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(path);
    let loaded = load(&path, &protocols).unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!(loaded.warnings, []);
    loaded.plan
}

fn facts(listener: &ListenerPlan) -> Facts {
    let peer: SocketAddr = "192.0.2.1:40000".parse().unwrap();
    facts_of(listener, peer)
}

fn facts_of(listener: &ListenerPlan, address: SocketAddr) -> Facts {
    Facts {
        peer: Arc::new(Peer {
            address,
            identity: None,
            connection: 1,
            listener: Arc::clone(&listener.name),
        }),
        client: address.ip(),
        trace: 0,
        carriage: Carriage::default(),
    }
}

fn read(listener: &ListenerPlan, frame: &[u8]) -> Message {
    let mut codec = Arc::clone(&listener.protocol).codec(Side::Server, listener.limits.frame);
    match codec.decode(frame.to_vec().into()).unwrap() {
        Event::Head(message) => message,
        other => panic!("{other:?}"),
    }
}

fn request(listener: &ListenerPlan, message: &Message) -> HttpRequest {
    let facts = facts(listener);
    let route = listener.table.pick(message, &facts).expect("a route");
    listener.routes[route]
        .translation()
        .unwrap()
        .request(message, &facts)
        .unwrap()
}

fn reply(listener: &ListenerPlan, message: &Message, outcome: &Outcome<'_>) -> Vec<u8> {
    let facts = facts(listener);
    let route = listener.table.pick(message, &facts).expect("a route");
    let reply = listener.routes[route]
        .translation()
        .unwrap()
        .reply(message, outcome, &facts)
        .unwrap();
    let mut codec = Arc::clone(&listener.protocol).codec(Side::Server, listener.limits.frame);
    let mut out = bytes::BytesMut::new();
    codec.encode(&Event::Head(reply), &mut out).unwrap();
    out.to_vec()
}

fn answer(status: StatusCode, body: impl Into<bytes::Bytes>) -> HttpAnswer {
    HttpAnswer {
        status,
        headers: HeaderMap::new(),
        body: body.into().into(),
    }
}

fn payload(request: &HttpRequest) -> &[u8] {
    match &request.body {
        Body::Whole(bytes) => bytes,
        other => panic!("{other:?}"),
    }
}

/// Somebody pays 12.50 to a merchant.
fn terminal(merchant: &[u8; 15]) -> Vec<u8> {
    let head = [0xAC, 0x4D, 0, 45, 0x01, 0, 0, 0, 7];
    let tail = [0, 0, 0x04, 0xE2, 0x03, 0xD2];
    [&head[..], merchant, b"4111111111111111   ", &tail].concat()
}

#[test]
fn quickstart() {
    let plan = example("quickstart/gatewright.toml");
    let pos = &plan.listeners[0];
    assert_eq!(pos.bind, "127.0.0.1:7700".parse().unwrap());
    let message = read(pos, &terminal(b"M123           "));

    let http = request(pos, &message);
    assert_eq!(http.method, http::Method::POST);
    assert_eq!(http.target, "/v1/merchants/M123/authorisations");
    assert_eq!(http.headers["idempotency-key"], "M123-00000007");
    assert_eq!(
        std::str::from_utf8(payload(&http)).unwrap(),
        r#"{"pan":"4111111111111111","amount_minor":1250,"currency":978}"#
    );

    let approved = answer(StatusCode::CREATED, r#"{"approval_code":"A1B2C3"}"#);
    let declined = answer(StatusCode::PAYMENT_REQUIRED, "");
    let late = Fault::sent(FaultClass::Timeout, "");
    let status = |status| {
        [
            &[0xAC, 0x4D, 0, 12, 0x81, 0, 0, 0, 7, status][..],
            b"------",
        ]
        .concat()
    };
    assert_eq!(
        reply(pos, &message, &Outcome::Answer(&approved)),
        [&[0xAC, 0x4D, 0, 12, 0x81, 0, 0, 0, 7, 0][..], b"A1B2C3"].concat()
    );
    assert_eq!(
        reply(pos, &message, &Outcome::Answer(&declined)),
        status(51)
    );
    assert_eq!(reply(pos, &message, &Outcome::Fault(&late)), status(91));
    let hostile = request(pos, &read(pos, &terminal(b"../admin?x     ")));
    assert_eq!(
        hostile.target,
        "/v1/merchants/..%2Fadmin%3Fx/authorisations"
    );

    // No approval code in it: the answer cannot be translated.
    let empty = answer(StatusCode::OK, "{}");
    assert_eq!(reply(pos, &message, &Outcome::Answer(&empty)), status(96));
}

/// A query for the A record of `example.com`, without the two bytes of its length.
const QUERY: &[u8] = b"\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01";

#[test]
fn dns_to_doh() {
    let plan = example("dns-to-doh/gatewright.toml");
    let dns = &plan.listeners[0];
    let framed = |message: &[u8]| [&[0, u8::try_from(message.len()).unwrap()], message].concat();
    let message = read(dns, &framed(QUERY));

    let http = request(dns, &message);
    assert_eq!(
        (http.method.as_str(), http.target.as_str()),
        ("POST", "/dns-query")
    );
    assert_eq!(http.headers["content-type"], "application/dns-message");
    assert_eq!(http.headers["accept"], "application/dns-message");
    assert_eq!(payload(&http), QUERY);

    // The server's answer with another id: the client gets its own.
    let mut native = QUERY.to_vec();
    native[..4].copy_from_slice(&[0, 0, 0x81, 0x80]);
    let good = answer(StatusCode::OK, native.clone());
    native[..2].copy_from_slice(&[0x12, 0x34]);
    assert_eq!(
        reply(dns, &message, &Outcome::Answer(&good)),
        framed(&native)
    );

    // SERVFAIL repeats the id, the question and the wish for recursion.
    let mut servfail = QUERY.to_vec();
    servfail[2..4].copy_from_slice(&[0x81, 0x02]);
    let bad = answer(StatusCode::BAD_GATEWAY, "no");
    let gone = Fault::unsent(FaultClass::Unreachable, "");
    let garbage = answer(StatusCode::OK, "<html>");
    assert_eq!(
        reply(dns, &message, &Outcome::Answer(&bad)),
        framed(&servfail)
    );
    assert_eq!(
        reply(dns, &message, &Outcome::Fault(&gone)),
        framed(&servfail)
    );
    assert_eq!(
        reply(dns, &message, &Outcome::Answer(&garbage)),
        framed(&servfail)
    );
}

#[test]
fn relay() {
    let plan = example("relay/gatewright.toml");
    let [https, db] = plan.listeners.as_slice() else {
        panic!("{:#?}", plan.listeners)
    };
    assert_eq!([https.service, db.service], [Service::Relay; 2]);
    let upstream = |listener: &ListenerPlan, sni: Option<&str>, peer: &str| {
        let facts = facts_of(listener, format!("{peer}:40000").parse().unwrap());
        let opening = Raw::connect(sni.map(Into::into));
        let route = listener.table.pick(&opening, &facts)?;
        let upstream = listener.routes[route].upstream;
        Some(&*plan.upstreams[upstream].name)
    };
    let anybody = "192.0.2.1";
    for (sni, expected) in [
        (Some("shop.example"), "shop"),
        (Some("www.shop.example"), "shop"),
        (Some("other.example"), "app"),
        (None, "app"),
    ] {
        assert_eq!(upstream(https, sni, anybody), Some(expected), "{sni:?}");
    }
    assert_eq!(upstream(db, None, "127.0.0.1"), Some("database"));
    assert_eq!(upstream(db, None, anybody), None);
    assert!(https.table.reads(Raw::CONNECT, Raw::SNI));
    assert!(!db.table.reads(Raw::CONNECT, Raw::SNI));

    let authority = |host: &str, port| Authority {
        host: host.into(),
        port,
        address: None,
    };
    let endpoints: Vec<_> = plan.upstreams.iter().map(|u| u.endpoints.clone()).collect();
    assert_eq!(
        endpoints,
        [
            vec![
                Endpoint::Tcp(authority("127.0.0.1", 9443)),
                Endpoint::Tcp(authority("127.0.0.1", 9444))
            ],
            vec![Endpoint::Unix("/run/app/tls.sock".into())],
            vec![Endpoint::Tls(authority("db.internal", 5432))],
        ]
    );
    let memory = plan.memory();
    let relays = memory.lines.iter().map(|line| line.bytes);
    // Two reads and the state for each, and TLS's own buffers where it is spoken.
    let (plain, tls) = ((2 << 16) + 4096, (2 << 16) + (128 << 10) + 4096);
    assert_eq!(relays.collect::<Vec<_>>(), [20_000 * plain, 10_000 * tls]);
}
