//! Outcomes to replies.

use super::toy::*;
use crate::fault::{Fault, FaultClass};
use crate::message::{Correlation, Kind, Message, Slot, Value};
use crate::translate::*;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

fn answer(status: u16, body: &str) -> HttpAnswer {
    let mut headers = HeaderMap::new();
    headers.insert("x-code", HeaderValue::from_static("HDR"));
    headers.insert("x-odd", HeaderValue::from_bytes(b"\xff").expect("a value"));
    let body = Bytes::copy_from_slice(body.as_bytes());
    HttpAnswer {
        status: StatusCode::from_u16(status).expect("a status"),
        headers,
        body: body.into(),
    }
}

fn fault(class: FaultClass) -> Fault {
    Fault::sent(class, "for a test")
}

/// The status and code of the reply, which must carry the request's id.
fn told(translation: &Translation, outcome: &Outcome<'_>) -> (i128, String) {
    let reply = translation
        .reply(&payment(), outcome, &facts())
        .expect("a reply");
    assert_eq!(reply.kind(), Kind::Reply);
    assert_eq!(reply.correlation(), &Correlation::Id(7));
    assert_eq!(reply.field(Slot(0)), &Value::Int(7));
    let code = reply.field(Slot(2)).as_str().unwrap_or_default().to_owned();
    (reply.field(Slot(1)).as_int().expect("a status"), code)
}

fn uxs_rules() -> Translation {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    spec.replies = vec![
        file.reply(
            "2xx if json.declined == true",
            "pay_rsp",
            &[("status", "5")],
        ),
        file.reply(
            "2xx",
            "pay_rsp",
            &[("status", "0"), ("code", "\"{json.approval_code}\"")],
        ),
        file.reply(
            "402",
            "pay_rsp",
            &[("status", "51"), ("code", "\"{request.merchant}\"")],
        ),
        file.reply(
            "5xx if status == 503",
            "pay_rsp",
            &[("status", "\"{int(headers['x-level'])}\"")],
        ),
        file.reply(
            "5xx",
            "pay_rsp",
            &[("status", "94"), ("code", "\"{headers['x-code']}\"")],
        ),
        file.reply(
            "timeout",
            "pay_rsp",
            &[
                ("status", "91"),
                ("code", "\"{error.kind.substring(0, 4)}{status}\""),
            ],
        ),
        file.reply("bad-reply", "pay_rsp", &[("status", "92")]),
        file.reply("* if status < 300", "pay_rsp", &[("status", "95")]),
        file.reply(
            "404",
            "pay_rsp",
            &[("status", "\"{body.length}\""), ("extra", "\"{body}\"")],
        ),
    ];
    compiled(&spec)
}

#[test]
fn the_first_rule_that_takes_an_answer_answers() {
    let rules = uxs_rules();
    for (status, body, expected) in [
        (200, r#"{"approval_code":"A1"}"#, (0, "A1")),
        (201, r#"{"approval_code":"A1","declined":false}"#, (0, "A1")),
        (
            200,
            r#"{"approval_code":"A1","declined":true}"#,
            (5, "------"),
        ),
        (402, "no JSON at all", (51, "M1")),
        (500, "", (94, "HDR")),
        (404, "abc", (3, "------")),
        // 204 has no body: no JSON, a bad reply.
        (204, "", (92, "------")),
        (200, "{", (92, "------")),
        (200, r#"{"approval_code":"A1"} x"#, (92, "------")),
        (200, r#"{"approval_code":"too long"}"#, (92, "------")),
        (200, r#"{"approval_code":5}"#, (92, "------")),
        (200, r#"{"declined":false}"#, (92, "------")),
        // The rule reads a header that is not there.
        (503, "", (92, "------")),
        // Its body does not fit `extra`.
        (404, "abcde", (92, "------")),
        // No rule, so that the protocol itself refuses.
        (302, "", (193, "")),
        (403, "", (193, "")),
    ] {
        let answer = answer(status, body);
        let (code, text) = told(&rules, &Outcome::Answer(&answer));
        assert_eq!((code, text.as_str()), expected, "{status} {body}");
    }
}

#[test]
fn each_fault_has_its_answer() {
    let rules = uxs_rules();
    for (class, expected) in [
        (FaultClass::Timeout, (91, "time0")),
        (FaultClass::BadReply, (92, "------")),
        // A rule for everything, whose condition holds as there is no status.
        (FaultClass::Unreachable, (95, "------")),
        (FaultClass::Overload, (95, "------")),
        (FaultClass::BadRequest, (95, "------")),
        (FaultClass::Status(402), (51, "M1")),
    ] {
        let (code, text) = told(&rules, &Outcome::Fault(&fault(class)));
        assert_eq!((code, text.as_str()), expected, "{class:?}");
    }
}

#[test]
fn a_rule_that_fails_for_a_bad_reply_too_leaves_it_to_the_protocol() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    spec.replies = vec![file.reply("*", "pay_rsp", &[("status", "\"{json.status}\"")])];
    let rules = compiled(&spec);
    let (good, bad) = (
        answer(200, r#"{"status":3}"#),
        answer(200, r#"{"status":300}"#),
    );
    assert_eq!(told(&rules, &Outcome::Answer(&good)).0, 3);
    assert_eq!(told(&rules, &Outcome::Answer(&bad)).0, 192);
    assert_eq!(
        told(&rules, &Outcome::Fault(&fault(FaultClass::Timeout))).0,
        191
    );
}

#[test]
fn without_rules_the_protocol_refuses() {
    let rules = compiled(&File::default().route("pay", "/"));
    assert_eq!(told(&rules, &Outcome::Answer(&answer(200, "{}"))).0, 193);
    assert_eq!(
        told(&rules, &Outcome::Fault(&fault(FaultClass::Timeout))).0,
        191
    );
}

#[test]
fn a_rule_can_leave_the_reply_to_the_protocol() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    spec.replies = vec![
        file.reply("timeout", "", &[]),
        file.reply("*", "pay_rsp", &[("status", "7")]),
    ];
    let rules = compiled(&spec);
    let told_of = |class| told(&rules, &Outcome::Fault(&fault(class))).0;
    assert_eq!(told_of(FaultClass::Timeout), 191);
    assert_eq!(told_of(FaultClass::Overload), 7);
}

#[test]
fn fields_have_their_whole_path_for_a_name_as_well() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    let set = [("body.msg.status", "\"{request.body.msg.amount - 1130}\"")];
    spec.replies = vec![file.reply("*", "pay_rsp", &set)];
    let answer = answer(200, "");
    let (status, _) = told(&compiled(&spec), &Outcome::Answer(&answer));
    assert_eq!(status, 120);
}

#[test]
fn values_of_all_types_are_set() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    let set = [
        ("status", "1"),
        ("colour", "\"green\""),
        ("rate", "2"),
        ("done", "true"),
        ("extra", "\"{unhex('c0ffee')}\""),
    ];
    spec.replies = vec![
        file.reply("200", "pay_rsp", &set),
        file.reply(
            "*",
            "pay_rsp",
            &[
                ("status", "\"{status - 200}\""),
                ("colour", "\"{json.colour}\""),
                ("rate", "\"{json.rate}\""),
                ("done", "\"{json.done}\""),
            ],
        ),
    ];
    let rules = compiled(&spec);
    let reply = |status, body| {
        rules
            .reply(
                &payment(),
                &Outcome::Answer(&answer(status, body)),
                &facts(),
            )
            .expect("a reply")
    };
    let fields = |message: Message| message.fields().get(3..).unwrap_or_default().to_vec();
    let bytes = Value::Bytes(Bytes::from_static(b"\xc0\xff\xee"));
    assert_eq!(
        fields(reply(200, "")),
        [Value::Int(2), bytes, Value::Float(2.0), Value::Bool(true)]
    );
    let body = r#"{"colour":"red","rate":3,"done":false}"#;
    assert_eq!(
        fields(reply(202, body)),
        [
            Value::Int(1),
            Value::Null,
            Value::Float(3.0),
            Value::Bool(false)
        ]
    );
    // An optional field may be null, one with a default may not.
    assert_eq!(
        fields(reply(202, r#"{"colour":9}"#)),
        [Value::Int(9), Value::Null, Value::Null, Value::Null]
    );
    assert_eq!(reply(202, "{}").field(Slot(1)), &Value::Int(192));
    assert_eq!(
        reply(202, r#"{"colour":"blue"}"#).field(Slot(1)),
        &Value::Int(192)
    );
}

#[test]
fn an_answer_can_hold_a_whole_message() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    let mut rule = file.reply("200", "", &[]);
    rule.bytes = Some(file.source("{body}"));
    spec.replies = vec![rule];
    let rules = compiled(&spec);
    for (body, expected) in [
        ("\x02\0\0\0\x63\x05", 5),
        // Too short to be a message.
        ("", 192),
        ("\x02\0\0", 192),
        // A request.
        ("\x00\0\0\0\x63\x05", 192),
    ] {
        let answer = answer(200, body);
        assert_eq!(
            told(&rules, &Outcome::Answer(&answer)).0,
            expected,
            "{body:?}"
        );
    }
    let long = "x".repeat(300);
    assert_eq!(told(&rules, &Outcome::Answer(&answer(200, &long))).0, 192);
}

#[test]
fn a_header_that_is_not_text_is_a_bad_reply() {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    spec.replies = vec![file.reply(
        "*",
        "pay_rsp",
        &[("status", "0"), ("code", "\"{headers['x-odd']}\"")],
    )];
    assert_eq!(
        told(&compiled(&spec), &Outcome::Answer(&answer(200, ""))).0,
        192
    );
}
