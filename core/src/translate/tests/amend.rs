//! Header fields of what is handed on.

use super::toy::{File, facts};
use super::web::*;
use crate::fault::{Fault, FaultClass};
use crate::message::headers::NewHeaders;
use crate::message::{Body, Headers, Message, Value};
use crate::translate::*;
use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use bytes::Bytes;

type Fields<'a> = &'a [(&'a str, &'a str)];

/// What a rule changes: fields that are set, and added, and names of those that are removed.
type Typed<'a> = (Fields<'a>, Fields<'a>, &'a [&'a str]);

fn pairs(file: &mut File, fields: Fields<'_>) -> Vec<(crate::expr::Source, crate::expr::Source)> {
    let mut source = |(name, value): &(&str, &str)| (file.source(name), file.source(value));
    fields.iter().map(&mut source).collect()
}

fn amend(file: &mut File, (_, add, remove): Typed<'_>) -> Option<AmendSpec> {
    Some(AmendSpec {
        add: pairs(file, add),
        remove: remove.iter().map(|name| file.source(name)).collect(),
        span: 0..0,
    })
}

fn route(request: Typed<'_>, replies: &[(&str, Typed<'_>)]) -> RouteSpec {
    let mut file = File::default();
    let mut spec = file.route("GET /{shop}", "/");
    spec.request = Some(RequestSpec::Amended(HeadersSpec {
        headers: pairs(&mut file, request.0),
        amend: amend(&mut file, request),
    }));
    for (on, typed) in replies {
        let mut reply = file.reply(on, "", &[]);
        reply.amend = amend(&mut file, *typed);
        reply.response = Some(ResponseSpec {
            status: None,
            headers: pairs(&mut file, typed.0),
            body: BodySpec::Empty,
            span: 0..0,
        });
        spec.replies.push(reply);
    }
    spec
}

fn proxy(request: Typed<'_>, replies: &[(&str, Typed<'_>)]) -> Proxy {
    let proxy = Proxy::of(&web()).unwrap();
    let compiled = proxy.with_rules(&route(request, replies));
    compiled.unwrap_or_else(|errors| panic!("{errors:#?}")).0
}

const NONE: Typed<'_> = (&[], &[], &[]);

/// Name and value of each field, without what the gateway says itself.
fn sent(message: &Message) -> Vec<(String, String)> {
    let fields = Headers::of(message.field(SHAPE.request_headers)).unwrap();
    let own =
        |name: &str| matches!(name, "via" | "traceparent") || name.starts_with("x-forwarded-");
    let fields = fields.iter().filter(|field| !own(field.name()));
    fields
        .map(|field| (field.name().to_owned(), field.value().to_owned()))
        .collect()
}

fn owned(fields: Fields<'_>) -> Vec<(String, String)> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn both_versions_are_sent_the_same() {
    let set: Fields<'_> = &[
        ("X-Shop", "{path.shop}"),
        ("x-none", "{headers['nothing']}"),
    ];
    let proxy = proxy((set, &[("x-tag", "2")], &["cookie"]), &[]);
    let given = [
        ("x-shop", "a"),
        ("X-TAG", "1"),
        ("Cookie", "b"),
        ("x-none", "c"),
        ("x-kept", "d"),
    ];
    let mut request = asked("GET /berlin", &given, "");
    let came = request.clone();
    let expected = owned(&[
        ("X-TAG", "1"),
        ("x-kept", "d"),
        ("x-shop", "berlin"),
        ("x-tag", "2"),
    ]);
    let one = proxy.lend(&mut request, &facts(), 1, |lent| lent.clone());
    assert_eq!(sent(&one.unwrap()), expected);
    assert_eq!(request, came, "it is as it was");
    let two = proxy.request(&request, &facts()).unwrap();
    let value = |name: &str| two.headers.get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(value("x-tag"), ["1", "2"]);
    assert_eq!(value("x-shop"), ["berlin"]);
    assert_eq!(value("x-kept"), ["d"]);
    assert!(value("cookie").is_empty() && value("x-none").is_empty());
}

/// Every byte in a part of the path: either the field is that text, or nothing is sent.
#[test]
fn no_byte_of_a_value_breaks_out_of_its_field() {
    let proxy = proxy((&[("x-shop", "<{path.shop}>")], &[], &[]), &[]);
    for byte in 0..=255_u8 {
        let mut request = asked(&format!("GET /a%{byte:02x}b"), &[], "");
        let made = proxy.lend(&mut request, &facts(), 1, |lent| lent.clone());
        let also = proxy.request(&request, &facts());
        match byte {
            b' '..=b'~' => {
                let expected = format!("<a{}b>", char::from(byte));
                assert_eq!(sent(&made.unwrap()), owned(&[("x-shop", &expected)]));
                assert_eq!(also.unwrap().headers["x-shop"], *expected);
            }
            _ => {
                let fault = made.unwrap_err();
                assert_eq!(fault.class(), FaultClass::BadRequest, "{byte}");
                assert!(!fault.may_have_been_sent() && also.is_err(), "{byte}");
            }
        }
    }
}

/// What is handed on is in a trace of this gateway's.
#[test]
fn a_clients_trace_does_not_stand_beside_the_gateways_own() {
    let given = [
        ("Traceparent", "00-1-2-01"),
        ("tracestate", "a=b"),
        ("x-trace", "c"),
    ];
    let mut request = asked("GET /berlin", &given, "");
    let proxy = Proxy::of(&web()).unwrap();
    let lent = proxy.lend(&mut request, &facts(), 1, |lent| lent.clone());
    let lent = lent.unwrap();
    let fields = Headers::of(lent.field(SHAPE.request_headers)).unwrap();
    let trace = fields.iter().map(|field| (field.name(), field.value()));
    let trace: Vec<_> = trace.filter(|(name, _)| name.contains("trace")).collect();
    let own = "00-00000000000000000000000000000abc-0000000000000abc-01";
    assert_eq!(trace, [("x-trace", "c"), ("traceparent", own)]);
    let again = proxy.lend(&mut request, &facts(), 2, |lent| lent.clone());
    let again = again.unwrap();
    let fields = Headers::of(again.field(SHAPE.request_headers)).unwrap();
    let own = "00-00000000000000000000000000000abc-0000000000000abd-01";
    assert!(fields.iter().any(|field| field.value() == own));
    let sent = proxy.request(&request, &facts()).unwrap();
    let is_trace = |name: &HeaderName| name.as_str().starts_with("trace");
    assert!(!sent.headers.keys().any(is_trace), "{:?}", sent.headers);
    assert_eq!(sent.headers["x-trace"], "c");
    let untraced = proxy.traced(false);
    let lent = untraced.lend(&mut request, &facts(), 1, |lent| lent.clone());
    let lent = lent.unwrap();
    let fields = Headers::of(lent.field(SHAPE.request_headers)).unwrap();
    let trace = fields.iter().filter(|field| field.name().contains("trace"));
    assert_eq!(trace.count(), 1, "{fields:?}");
}

/// RFC 9110, 10.1.4: over HTTP/1.1 it would need to be named by `Connection`; gRPC needs it over HTTP/2.
#[test]
fn te_goes_on_over_http2_only() {
    let mut request = asked("GET /berlin", &[("TE", "trailers")], "");
    let proxy = Proxy::of(&web()).unwrap();
    let lent = proxy.lend(&mut request, &facts(), 1, |lent| lent.clone());
    assert_eq!(sent(&lent.unwrap()), []);
    let over_http2 = proxy.request(&request, &facts()).unwrap();
    assert_eq!(over_http2.headers["te"], "trailers");
}

/// RFC 9110, 7.6.2.
#[test]
fn who_asks_about_the_way_is_handed_on_as_often_as_it_says() {
    let proxy = Proxy::of(&web()).unwrap();
    for (method, said, expected) in [
        ("OPTIONS", "2", Ok("1")),
        ("TRACE", "18446744073709551616", Ok("18446744073709551614")),
        ("OPTIONS", "many", Ok("many")),
        ("GET", "0", Ok("0")),
        ("OPTIONS", "0", Err(204)),
        ("TRACE", "00", Err(405)),
    ] {
        let given = [("Max-Forwards", said)];
        let mut request = asked(&format!("{method} /berlin"), &given, "");
        let here = not_forwarded(&request, &web());
        let status = here.map(|reply| reply.field(SHAPE.status).clone());
        assert_eq!(status, expected.err().map(Value::Int), "{method} {said}");
        let Ok(left) = expected else { continue };
        let one = proxy.lend(&mut request, &facts(), 1, |lent| lent.clone());
        let one: Vec<_> = sent(&one.unwrap())
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(one, [left], "{method} {said}");
        let two = proxy.request(&request, &facts()).unwrap();
        assert_eq!(two.headers["max-forwards"], left, "{method} {said}");
    }
}

#[test]
fn what_the_gateway_says_is_no_trailer_of_a_client() {
    let given = [
        "Forwarded",
        "x-forwarded-for",
        "X-Forwarded-Host",
        "x-forwarded-proto",
        "via",
        "TraceParent",
        "tracestate",
        "grpc-timeout",
        "x-deadline",
        "x-set",
        "x-removed",
        "x-kept",
    ];
    let trailers = || {
        let mut fields = NewHeaders::default();
        given.iter().for_each(|name| fields.add(name, "1").unwrap());
        Value::Headers(fields.finish())
    };
    let deadline = Some(HeaderName::from_static("x-deadline"));
    let bare = Proxy::of(&web()).unwrap().withholding(deadline);
    let ruled = proxy((&[("x-set", "2")], &[], &["x-removed"]), &[]);
    for (proxy, expected) in [
        (bare, &["x-set", "x-removed", "x-kept"][..]),
        (ruled, &["x-deadline", "x-kept"]),
    ] {
        for version in [1, 2] {
            let (sender, body) = Body::stream(1);
            let mut request = asked("PUT /berlin", &[], "").with_body(body.clone());
            match version {
                1 => proxy.lend(&mut request, &facts(), 1, |_| ()).unwrap(),
                _ => drop(proxy.request(&request, &facts()).unwrap()),
            }
            sender.end(trailers());
            let Body::Stream(payload) = body else {
                panic!("a payload that comes");
            };
            let left = payload.take_trailers();
            let left = Headers::of(&left).unwrap();
            let names: Vec<_> = left.iter().map(|field| field.name()).collect();
            assert_eq!(names, expected, "HTTP/{version}");
        }
    }
}

fn answer(status: u16, fields: &[(&'static str, &'static str)]) -> HttpAnswer {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    HttpAnswer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: fields.iter().map(pair).collect::<HeaderMap>(),
        body: Bytes::from_static(b"x").into(),
    }
}

#[test]
fn the_first_rule_that_takes_an_outcome_has_it() {
    let cut = "{headers['x-long'].substring(0, 9)}";
    let replies: [(&str, Typed<'_>); 4] = [
        (
            "2xx if headers['x-a'] == '1'",
            (&[("x-b", "{status}")], &[], &["X-A"]),
        ),
        ("503", (&[("x-b", cut)], &[], &[])),
        ("timeout", NONE),
        ("*", (&[("x-b", "{error.kind}rest")], &[("x-a", "2")], &[])),
    ];
    let proxy = proxy(NONE, &replies);
    let request = asked("GET /berlin", &[], "");
    let told = |status, fields: &[(&'static str, &'static str)]| {
        shown(
            &proxy
                .reply(&request, &answer(status, fields), &facts())
                .unwrap(),
        )
    };
    let body = Bytes::from_static(b"x");
    let (with, other) = (
        owned(&[("x-b", "204")]),
        owned(&[("x-a", "2"), ("x-b", "rest"), ("x-a", "2")]),
    );
    assert_eq!(
        told(204, &[("x-a", "1"), ("x-b", "0")]),
        (204, with, body.clone())
    );
    let (status, mut fields, _) = told(204, &[("x-a", "2")]);
    fields.sort();
    let mut sorted = other;
    sorted.sort();
    assert_eq!((status, fields), (204, sorted));
    // It has no value for this one: the rules are asked again, for a bad reply.
    let (status, fields, _) = told(503, &[("x-long", "short")]);
    assert_eq!(
        (status, fields),
        (502, owned(&[("x-b", "bad-replyrest"), ("x-a", "2")]))
    );
    let refused = |class| {
        let fault = Fault::unsent(class, "");
        let refusal = proxy.refusal(&request, &fault, &facts()).unwrap();
        let (status, fields, _) = shown(&refusal.with_body(body.clone().into()));
        (status, fields)
    };
    assert_eq!(refused(FaultClass::Timeout), (504, Vec::new()));
    let expected = owned(&[("x-b", "bad-requestrest"), ("x-a", "2")]);
    assert_eq!(refused(FaultClass::BadRequest), (400, expected));
}

#[test]
fn an_answer_of_the_same_protocol_is_changed_too_whatever_form_its_fields_have() {
    let proxy = proxy(
        NONE,
        &[("2xx", (&[("x-b", "{headers['x-a']}")], &[], &["x-a"]))],
    );
    let request = asked("GET /berlin", &[], "");
    let mut lines = NewHeaders::default();
    lines.add("X-A", "1").unwrap();
    lines.add("x-c", "2").unwrap();
    let record = |name: &str, value: &str| Value::Record(vec![name.into(), value.into()]);
    let list = Value::List(vec![record("X-A", "1"), record("x-c", "2")]);
    for fields in [Value::Headers(lines.finish()), list] {
        let reply = answered(fields).with_body(Bytes::from_static(b"x").into());
        let reply = proxy.passed_back(&request, reply, &facts()).unwrap();
        assert_eq!(shown(&reply).1, owned(&[("x-c", "2"), ("x-b", "1")]));
    }
}

#[test]
fn payloads_are_waited_for_only_where_a_rule_looks_at_them() {
    for (value, weighs) in [
        ("{path.shop}", false),
        ("{headers['x']}", false),
        ("{json.a}", true),
        ("{hex(body)}", true),
    ] {
        assert_eq!(
            proxy((&[("x-a", value)], &[], &[]), &[]).weighs_payload(),
            weighs,
            "{value}"
        );
    }
    let of_request = [("*", (&[("x-a", "{request.json.a}")][..], &[][..], &[][..]))];
    assert!(proxy(NONE, &of_request).weighs_payload());
    assert!(!Proxy::of(&web()).unwrap().weighs_payload());
}
