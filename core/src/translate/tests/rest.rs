//! Requests of HTTP to messages and to other requests, and replies to them.

use super::tally::*;
use super::toy::{File, facts, http as http_of};
use super::web::*;
use crate::expr::RuleError;
use crate::fault::{Fault, FaultClass};
use crate::message::{Kind, Message, Slot, Value};
use crate::translate::*;
use ::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use std::sync::Arc;

const OPERATION: &str = "POST /v1/{shop}/orders/{rest...}";

fn order(body: &str) -> Message {
    let headers = [
        ("X-Tenant", "a"),
        ("x-tenant", "b"),
        ("Cookie", "c=1"),
        ("cookie", "d=2"),
        ("set-cookie", "e"),
        ("set-cookie", "f"),
    ];
    let line = "POST /v1/caf%C3%A9%2fbar/orders/7/x?page=2&q=a+b%26c&page=3&flag&bad=%ff";
    asked(line, &headers, body)
}

#[test]
fn parts_of_a_request_go_by_the_names_that_http_has() {
    let body = r#"{"a":{"b":[1,"two"]},"n":null}"#;
    for (template, expected) in [
        ("{method}", "\"POST\""),
        ("{host}", "\"api.example\""),
        ("{path}", "\"/v1/caf%C3%A9%2fbar/orders/7/x\""),
        ("{path.shop}", "\"café/bar\""),
        ("{path['rest']}", "\"7/x\""),
        ("{path.shop.length}", "8"),
        ("{path.length}", "30"),
        ("{path.shop.reverse}", "\"rab/éfac\""),
        ("{query.page}", "\"2\""),
        ("{query.page.to_i + 1}", "3"),
        ("{query['q']}", "\"a b&c\""),
        ("{query.flag}", "\"\""),
        ("{query.nothing}", "null"),
        ("{headers['x-tenant']}", "\"a, b\""),
        ("{headers['COOKIE']}", "\"c=1; d=2\""),
        ("{headers['set-cookie']}", "\"e\""),
        ("{headers['nothing']}", "null"),
        ("{json.a.b[1]}", "\"two\""),
        ("{json.a}", r#"{"b":[1,"two"]}"#),
        ("{json.n}", "null"),
        ("{json.nothing}", "null"),
        ("{body.length}", "30"),
        ("{listener}", "\"pos-tls\""),
    ] {
        let made = made(OPERATION, template, &order(body)).expect("a value");
        assert_eq!(made, expected, "{template}");
    }
    let bare = asked("GET /v1/a/orders/", &[], "");
    let operation = "GET /v1/{shop}/orders/{rest...}";
    for template in ["{json.a}", "{json}", "{query.page}"] {
        assert_eq!(made(operation, template, &bare).expect("a value"), "null");
    }
    assert_eq!(made(operation, "{path.rest}", &bare).expect("text"), "\"\"");
}

/// A part of the path may be called what a method is called.
#[test]
fn parts_of_a_path_come_before_methods() {
    let request = asked("GET /boxes/12/a", &[], "");
    let operation = "GET /boxes/{length}/{last}";
    for (template, expected) in [
        ("{path.length}", "\"12\""),
        ("{path['length']}", "\"12\""),
        ("{path.length.length}", "2"),
        ("{path.last}", "\"a\""),
        ("{path.reverse}", "\"a/21/sexob/\""),
    ] {
        let made = made(operation, template, &request).expect("a value");
        assert_eq!(made, expected, "{template}");
    }
    let mut file = File::default();
    let text = BodySpec::Bytes(file.source("{request.path.length}"));
    let reply = response(&mut file, "*", status(200), &[], text);
    let mut spec = asking(&mut file, &[("key", "\"k\"")], vec![reply]);
    spec.operation = Some(file.source(operation));
    let reply = converted(&spec).reply(&request, &Outcome::Message(&told(0)), &facts());
    assert_eq!(shown(&reply.expect("a reply")).2, "12");
}

#[test]
fn keys_that_are_made_of_payloads_are_known() {
    let mut file = File::default();
    let route = file.route(OPERATION, "/");
    for (key, expected) in [
        ("{json.user}", true),
        ("{hex(body)}", true),
        ("{headers['x-user']}{path.shop}", false),
    ] {
        let key = BalanceKey::compile(&file.source(key), &route, &web()).expect("a key");
        assert_eq!(key.weighs_payload(), expected);
    }
}

#[test]
fn a_client_that_comes_over_ipv6_with_an_address_of_ipv4_is_called_by_that() {
    let mut file = File::default();
    let mut spec = file.route(OPERATION, "/");
    http_of(&mut spec).body = BodySpec::Bytes(file.source("{peer.ip}"));
    let compiled = Translation::compile(&spec, &web());
    let (rules, _) = compiled.unwrap_or_else(|errors| panic!("{errors:#?}"));
    for (ip, expected) in [
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("2001:db8::5", "2001:db8::5"),
    ] {
        let mut facts = facts();
        let mut peer = super::toy::peer();
        peer.address.set_ip(ip.parse().expect("an address"));
        facts.peer = Arc::new(peer);
        let made = rules.request(&order(""), &facts).expect("a request");
        assert_eq!(made.body.whole().expect("a body"), expected);
    }
}

#[test]
fn what_cannot_be_read_is_the_clients_fault() {
    for (template, body) in [
        ("{json.a}", "{"),
        ("{json.a}", "{} {}"),
        ("{json.a + 1}", "{}"),
        ("{json.a + 1}", r#"{"a":"1"}"#),
        ("{json.a}", r#"{"a":99999999999999999999}"#),
        ("{query.bad}", ""),
        ("{query.q.to_i}", ""),
        ("{query.nothing.to_i}", ""),
    ] {
        let fault = made(OPERATION, template, &order(body)).expect_err("no value");
        assert_eq!(fault.class(), FaultClass::BadRequest, "{template}");
        assert!(!fault.may_have_been_sent());
    }
}

#[test]
fn hosts_have_no_port_and_no_case() {
    for (authority, expected) in [
        (Value::from("a.Example"), "\"a.example\""),
        (Value::from("a:80"), "\"a\""),
        (Value::from("[2001:DB8::1]:80"), "\"[2001:db8::1]\""),
        (Value::from("[::1]"), "\"[::1]\""),
        (Value::Null, "null"),
    ] {
        let mut request = asked("GET /", &[], "");
        request.set_field(Slot(2), authority);
        assert_eq!(made("* /", "{host}", &request).expect("text"), expected);
    }
}

/// A route that sends `ask` with these fields, and answers with these rules.
fn asking(file: &mut File, set: &[(&str, &str)], replies: Vec<ReplySpec>) -> RouteSpec {
    let mut spec = file.route(OPERATION, "/");
    spec.request = Some(RequestSpec::Message(MessageSpec {
        send: file.source("ask"),
        set: file.reply("*", "", set).set,
    }));
    spec.replies = replies;
    spec
}

fn converted(spec: &RouteSpec) -> Conversion {
    let compiled = Conversion::compile(spec, &web(), &tally());
    compiled.unwrap_or_else(|errors| panic!("{errors:#?}")).0
}

fn told(status: u16) -> Message {
    let fields = vec![status.into(), "G\"O".into(), Value::Int(2), Value::Null];
    Message::new(Kind::Reply, TOLD, fields)
}

fn status(n: i64) -> SetSpec {
    SetSpec::Int(n, 0..0)
}

fn member(file: &mut File, name: &str, template: &str) -> (crate::expr::Source, JsonSpec) {
    let value = JsonSpec::Template(file.source(template));
    (file.source(name), value)
}

fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_request_becomes_a_message_and_its_reply_a_response() {
    let mut file = File::default();
    let json = BodySpec::Json(JsonSpec::Object(vec![
        member(&mut file, "code", "{text}"),
        member(&mut file, "mood", "{mood}"),
        member(&mut file, "shop", "{request.path.shop}"),
        member(&mut file, "n", "{request.json.n}"),
        member(&mut file, "x", "{request.headers['x-tenant']}"),
    ]));
    let location = [("location", "/x/{status}")];
    let good = response(
        &mut file,
        "told if status == 0",
        status(201),
        &location,
        json,
    );
    let text = BodySpec::Bytes(file.source("{text}!"));
    let template = SetSpec::Template(file.source("{status + 400}"));
    let other = response(
        &mut file,
        "told",
        template,
        &[("content-type", "text/plain")],
        text,
    );
    let rest = response(&mut file, "*", status(502), &[], BodySpec::Empty);
    let set = [("key", "\"{query.page}\""), ("level", "\"{json.n}\"")];
    let rules = converted(&asking(&mut file, &set, vec![good, other, rest]));

    let request = order(r#"{"n":5}"#);
    let sent = rules.request(&request, &facts()).expect("a message");
    assert_eq!((sent.operation(), sent.field(Slot(0))), (ASK, &"2".into()));
    assert_eq!(sent.field(Slot(3)), &Value::Int(5));

    let reply =
        |outcome: &Outcome<'_>| shown(&rules.reply(&request, outcome, &facts()).expect("a reply"));
    let (code, headers, body) = reply(&Outcome::Message(&told(0)));
    let expected = [
        header("content-type", "application/json"),
        header("location", "/x/0"),
    ];
    assert_eq!((code, &headers[..]), (201, &expected[..]));
    let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let expected = serde_json::json!({
        "code": "G\"O", "mood": "cross", "shop": "café/bar", "n": 5, "x": "a, b",
    });
    assert_eq!(json, expected);
    let expected = (
        402,
        vec![header("content-type", "text/plain")],
        Bytes::from("G\"O!"),
    );
    assert_eq!(reply(&Outcome::Message(&told(2))), expected);
    // 599 is a status, 600 is none: the answer is a bad one.
    assert_eq!(reply(&Outcome::Message(&told(199))).0, 599);
    assert_eq!(reply(&Outcome::Message(&told(200))).0, 502);
    let timeout = Fault::sent(FaultClass::Timeout, "");
    assert_eq!(
        reply(&Outcome::Fault(&timeout)),
        (502, Vec::new(), Bytes::new())
    );
}

/// RFC 9110, 15.3.5, 15.3.6 and 15.4.5, where only the answer says which status it is.
#[test]
fn a_status_without_a_body_has_none() {
    let mut file = File::default();
    let template = SetSpec::Template(file.source("{status + 200}"));
    let text = BodySpec::Bytes(file.source("{text}"));
    let reply = response(&mut file, "told", template, &[], text);
    let rules = converted(&asking(&mut file, &[("key", "\"k\"")], vec![reply]));
    for (level, expected) in [
        (0, (200, "G\"O")),
        (4, (204, "")),
        (5, (205, "")),
        (6, (206, "G\"O")),
        (104, (304, "")),
    ] {
        let reply = rules.reply(&order(""), &Outcome::Message(&told(level)), &facts());
        let (status, _, body) = shown(&reply.expect("a reply"));
        assert_eq!((status, &body[..]), (expected.0, expected.1.as_bytes()));
    }
}

#[test]
fn a_client_that_asks_wrongly_is_told_so_unless_a_rule_names_that() {
    let mut file = File::default();
    let rest = response(&mut file, "*", status(502), &[], BodySpec::Empty);
    let set = [("key", "\"{json.key}\""), ("level", "\"{json.n}\"")];
    let rules = converted(&asking(&mut file, &set, vec![rest.clone()]));
    for body in [
        "",
        "[]",
        "{",
        r#"{"key":1}"#,
        r#"{"key":"123456789"}"#,
        r#"{"key":"k","n":256}"#,
    ] {
        let request = order(body);
        let fault = rules
            .request(&request, &facts())
            .expect_err("it does not fit");
        assert_eq!(fault.class(), FaultClass::BadRequest, "{body}");
        let reply = rules.reply(&request, &Outcome::Fault(&fault), &facts());
        assert_eq!(shown(&reply.expect("a reply")).0, 400, "{body}");
    }
    let named = response(&mut file, "bad-request", status(422), &[], BodySpec::Empty);
    let (compiled, warnings) = Conversion::compile(
        &asking(&mut file, &set, vec![rest, named]),
        &web(),
        &tally(),
    )
    .expect("no errors");
    assert_eq!(warnings, []);
    let fault = Fault::unsent(FaultClass::BadRequest, "");
    let reply = compiled.reply(&order(""), &Outcome::Fault(&fault), &facts());
    assert_eq!(shown(&reply.expect("a reply")).0, 422);
}

#[test]
fn what_is_only_sent_is_accepted() {
    let mut file = File::default();
    let mut spec = asking(&mut file, &[("text", "\"x\"")], Vec::new());
    let Some(RequestSpec::Message(message)) = &mut spec.request else {
        panic!("no message")
    };
    message.send = file.source("note");
    let reply = |spec: &RouteSpec| {
        let reply = converted(spec).reply(&order(""), &Outcome::Sent, &facts());
        shown(&reply.expect("a reply"))
    };
    assert_eq!(reply(&spec), (202, Vec::new(), Bytes::new()));
    spec.replies = vec![response(&mut file, "*", status(204), &[], BodySpec::Empty)];
    assert_eq!(reply(&spec).0, 204);
}

#[test]
fn another_method_is_told_which_ones_there_are() {
    let reply = not_allowed(&order(""), &web(), "GET, HEAD").expect("a reply");
    let (status, headers, body) = shown(&reply);
    let problem = header("content-type", "application/problem+json");
    assert_eq!(
        (status, headers),
        (405, vec![header("allow", "GET, HEAD"), problem])
    );
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(body["status"], 405);
    assert_eq!(not_allowed(&order(""), &tally(), "GET"), None);
}

#[test]
fn a_request_becomes_another_and_so_does_its_answer() {
    let mut file = File::default();
    let mut spec = file.route(OPERATION, "/in/{path.shop}?p={query.page}");
    http_of(&mut spec).headers = vec![(file.source("x"), file.source("{headers['cookie']}"))];
    let json = BodySpec::Json(JsonSpec::Object(vec![member(&mut file, "x", "{json.y}")]));
    let template = SetSpec::Template(file.source("{status}"));
    let bytes = BodySpec::Bytes(file.source("{body}"));
    let back = [("etag", "{headers['etag']}")];
    spec.replies = vec![
        response(&mut file, "2xx", template, &back, json),
        response(&mut file, "404", status(410), &[], bytes),
        file.reply("*", "", &[]),
    ];
    let (rules, _) = Translation::compile(&spec, &web()).expect("no errors");
    let request = order("");
    let sent = rules.request(&request, &facts()).expect("a request");
    assert_eq!(sent.target, "/in/caf%C3%A9%2Fbar?p=2");
    assert_eq!(sent.headers["x"], "c=1; d=2");
    assert!(sent.headers["x"].is_sensitive());

    let mut headers = HeaderMap::new();
    headers.insert("etag", "\"1\"".parse().expect("a value"));
    let answer = |status: u16, body: &'static str| HttpAnswer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers: headers.clone(),
        body: Bytes::from_static(body.as_bytes()).into(),
    };
    let reply = |answer: &HttpAnswer| {
        let reply = rules.reply(&request, &Outcome::Answer(answer), &facts());
        shown(&reply.expect("a reply"))
    };
    let expected = [
        header("content-type", "application/json"),
        header("etag", "\"1\""),
    ];
    let body = Bytes::from("{\"x\":[1]}");
    assert_eq!(
        reply(&answer(203, r#"{"y":[1]}"#)),
        (203, expected.to_vec(), body)
    );
    assert_eq!(
        reply(&answer(404, "\0\u{ff}")),
        (410, Vec::new(), Bytes::from("\0\u{ff}"))
    );
    // It is the protocol that says what comes of a status that nobody takes, and of bad JSON.
    assert_eq!(reply(&answer(500, "")).0, 599);
    assert_eq!(reply(&answer(200, "{")).0, 502);
}

#[track_caller]
fn check(file: &File, spec: &RouteSpec, expected: &[(&str, &str)]) -> Vec<RuleError> {
    let compiled = Conversion::compile(spec, &web(), &tally());
    let errors = compiled.map_or_else(|errors| errors, |(_, warnings)| warnings);
    let shown: Vec<_> = errors.iter().map(|error| file.shown(error)).collect();
    assert_eq!(shown, expected, "{errors:#?}");
    errors
}

#[test]
fn names_that_a_request_does_not_have_are_errors_with_a_way_out() {
    for (template, marked, help) in [
        ("{target}", "target", None),
        ("{metod}", "metod", Some("did you mean `method`?")),
        ("{path.shp}", "shp", Some("did you mean `shop`?")),
        ("{query}", "query", Some("name a parameter: `query.page`")),
        (
            "{headers}",
            "headers",
            Some("name one: `headers[\"content-type\"]`"),
        ),
        ("{headers['host']}", "'host'", Some("write `host`")),
        ("{bytes}", "bytes", None),
        (
            "{request.path}",
            "request",
            Some("here the message's fields are named without `request.`"),
        ),
        (
            "{status}",
            "status",
            Some("`status` can be used in reply rules only"),
        ),
    ] {
        let mut file = File::default();
        let rest = response(&mut file, "*", status(502), &[], BodySpec::Empty);
        let value = format!("\"{template}\"");
        let spec = asking(&mut file, &[("key", &value)], vec![rest]);
        let errors = check(&file, &spec, &[("GW2004", marked)]);
        if help.is_some() {
            assert_eq!(errors[0].help.as_deref(), help, "{template}");
        }
    }
    for (template, code, marked, help) in [
        (
            "{path.shop}",
            codes::NEEDS_REQUEST,
            "path",
            "did you mean `request.path`?",
        ),
        (
            "{json.a}",
            codes::NEEDS_REQUEST,
            "json",
            "did you mean `request.json`?",
        ),
        (
            "{request.path.shp}",
            "GW2004",
            "shp",
            "did you mean `shop`?",
        ),
        ("{request.jsn}", "GW2004", "jsn", "did you mean `json`?"),
    ] {
        let mut file = File::default();
        let body = BodySpec::Json(JsonSpec::Template(file.source(template)));
        let rest = response(&mut file, "*", status(502), &[], body);
        let spec = asking(&mut file, &[("key", "\"k\"")], vec![rest]);
        let errors = check(&file, &spec, &[(code, marked)]);
        assert_eq!(errors[0].help.as_deref(), Some(help), "{template}");
    }
}

#[test]
fn replies_are_of_the_kind_that_the_client_speaks() {
    let mut file = File::default();
    let mut sending = file.reply("told", "pay_rsp", &[]);
    sending.when = None;
    let mut no_status = response(&mut file, "timeout", status(504), &[], BodySpec::Empty);
    no_status.response.as_mut().expect("a response").status = None;
    let text = BodySpec::Bytes(file.source("x"));
    let no_body = response(&mut file, "overload", status(204), &[], text);
    let bad_header = response(
        &mut file,
        "draining",
        status(200),
        &[("Content-Length", "1")],
        BodySpec::Empty,
    );
    let text_status = SetSpec::Template(file.source("{request.query.page}"));
    let typed = response(&mut file, "internal", text_status, &[], BodySpec::Empty);
    let rest = response(&mut file, "*", status(100), &[], BodySpec::Empty);
    let replies = vec![sending, no_status, no_body, bad_header, typed, rest];
    let mut spec = asking(&mut file, &[("key", "\"k\"")], replies);
    let Some(SetSpec::Int(_, span)) =
        (spec.replies[5].response.as_mut()).and_then(|r| r.status.as_mut())
    else {
        panic!("a status")
    };
    *span = file.source("100").span().clone();
    let errors = check(
        &file,
        &spec,
        &[
            (codes::RESPONSE, "pay_rsp"),
            (codes::RESPONSE, "status"),
            (codes::RESPONSE, "status"),
            (codes::HEADER_NAME, "Content-Length"),
            (codes::SET_TYPE, "{request.query.page}"),
            (codes::SET_RANGE, "100"),
        ],
    );
    let help = errors[4].help.as_deref().unwrap_or_default();
    assert!(help.contains(".to_i"), "{help}");

    // And the other way round.
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    spec.replies = vec![response(&mut file, "*", status(200), &[], BodySpec::Empty)];
    let errors = Translation::compile(&spec, &super::toy::toy()).expect_err("an error");
    let shown: Vec<_> = errors.iter().map(|error| file.shown(error)).collect();
    assert_eq!(shown, [(codes::RESPONSE, "status")]);
}

/// The byte as a character, alone and between others, at the ends and doubled.
fn texts() -> impl Iterator<Item = String> {
    let spelt = |c: char| {
        [
            format!("{c}"),
            format!("a{c}b"),
            format!("{c}{c}"),
            format!("../{c}"),
        ]
    };
    (0..=255).map(char::from).flat_map(spelt)
}

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

#[test]
fn no_byte_of_a_request_leaves_its_field_or_its_place_upstream() {
    let mut file = File::default();
    let rest = response(&mut file, "*", status(502), &[], BodySpec::Empty);
    let places = ["path.shop", "query.q", "json.j", "headers['x']"];
    let rules = places.map(|place| {
        let value = format!("\"{{{place}}}\"");
        converted(&asking(&mut file, &[("key", &value)], vec![rest.clone()]))
    });
    let mut spec = file.route(
        OPERATION,
        "/in/{path.shop}/{query.q}/{json.j}?h={headers['x']}",
    );
    let json = vec![
        member(&mut file, "j", "{json.j}"),
        member(&mut file, "p", "<{path.shop}>"),
    ];
    http_of(&mut spec).body = BodySpec::Json(JsonSpec::Object(json));
    let (translation, _) = Translation::compile(&spec, &web()).expect("no errors");
    for text in texts() {
        let line = format!("POST /v1/{0}/orders/?q={0}", encoded(&text));
        let body = serde_json::json!({ "j": text }).to_string();
        let request = asked(&line, &[("x", &text)], &body);
        let is_dots = |piece: &str| matches!(piece.split(';').next(), Some("." | ".."));
        let dots = text.split(['/', '\\']).any(is_dots);
        for (place, rules) in places.iter().zip(&rules) {
            let sent = rules.request(&request, &facts());
            if dots && *place == "path.shop" {
                // The table takes no such path; asked nevertheless, there is no value.
                assert!(sent.is_err());
                continue;
            }
            let sent = sent.expect("a message");
            assert_eq!(sent.field(Slot(0)), &Value::from(&*text), "{place}");
        }
        let Ok(sent) = translation.request(&request, &facts()) else {
            assert!(dots, "{text:?}");
            continue;
        };
        let once = |c: char| sent.target.as_str().matches(c).count();
        assert_eq!(
            (once('/'), once('?'), once('=')),
            (4, 1, 1),
            "{}",
            sent.target
        );
        let body = sent.body.whole().expect("a body");
        let got: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(
            got,
            serde_json::json!({ "j": text, "p": format!("<{text}>") })
        );
    }
}
