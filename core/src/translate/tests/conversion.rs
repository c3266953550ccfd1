//! Messages to messages, and replies to replies.

use super::tally::*;
use super::toy::*;
use crate::codec::{Needs, Retry};
use crate::expr::RuleError;
use crate::fault::{Fault, FaultClass};
use crate::message::{Correlation, Kind, Message, OperationId, Record, Slot, Value};
use crate::translate::*;
use bytes::Bytes;

/// A route for payments that sends `operation`.
fn route(file: &mut File, operation: &str, set: &[(&str, &str)]) -> RouteSpec {
    let mut spec = file.route("pay", "/");
    spec.request = Some(RequestSpec::Message(MessageSpec {
        send: file.source(operation),
        set: file.reply("*", "", set).set,
    }));
    spec
}

fn compiled(spec: &RouteSpec) -> Conversion {
    let compiled = Conversion::compile(spec, &toy(), &tally());
    compiled.unwrap_or_else(|errors| panic!("{errors:#?}")).0
}

#[track_caller]
fn check(file: &File, spec: &RouteSpec, expected: &[(&str, &str)]) -> Vec<RuleError> {
    let compiled = Conversion::compile(spec, &toy(), &tally());
    let errors = compiled.map_or_else(|errors| errors, |(_, warnings)| warnings);
    let shown: Vec<_> = errors.iter().map(|error| file.shown(error)).collect();
    assert_eq!(shown, expected, "{errors:#?}");
    errors
}

/// Checks that an error or its help has these words.
#[track_caller]
fn told_by(errors: &[RuleError], words: &str) {
    let help = |error: &RuleError| error.help.clone().unwrap_or_default();
    let texts = |error: &RuleError| format!("{} {}", error.message, help(error));
    assert!(
        errors.iter().any(|error| texts(error).contains(words)),
        "{errors:#?}"
    );
}

/// A message of the upstream's.
fn told(operation: OperationId, fields: Record) -> Message {
    Message::new(Kind::Reply, operation, fields)
}

fn told_status(status: u16) -> Message {
    told(
        TOLD,
        vec![status.into(), "GOOD".into(), Value::Int(2), Value::Null],
    )
}

fn request_of(set: &[(&str, &str)], message: &Message) -> Result<Message, Fault> {
    let mut file = File::default();
    let mut spec = route(&mut file, "ask", set);
    spec.replies = vec![file.reply("*", "", &[])];
    compiled(&spec).request(message, &facts())
}

#[test]
fn a_message_gets_its_fields_and_defaults() {
    let set = [
        ("key", "\"{merchant}-{colour}\""),
        ("level", "\"{amount - 1200}\""),
    ];
    let sent = request_of(&set, &payment()).expect("a message");
    assert_eq!((sent.kind(), sent.operation()), (Kind::Request, ASK));
    let expected = vec![
        Value::from("M1-green"),
        Value::Int(1),
        Value::List(Vec::new()),
        Value::Int(50),
    ];
    assert_eq!(sent.fields(), &expected);
    // The protocol goes by the order of its messages.
    assert_eq!(sent.correlation(), &Correlation::None);
}

#[test]
fn lists_and_structures_are_made_of_fields() {
    let mut file = File::default();
    let mut spec = route(&mut file, "ask", &[("key", "\"k\"")]);
    let tag =
        |name: SetSpec, file: &mut File| SetSpec::Table(vec![(file.source("name"), name)], 0..0);
    let computed = SetSpec::Template(file.source("{merchant}"));
    let (computed, constant) = (
        tag(computed, &mut file),
        SetSpec::Template(file.source("a")),
    );
    let tags = SetSpec::List(vec![computed, tag(constant, &mut file)], 0..0);
    let Some(RequestSpec::Message(request)) = &mut spec.request else {
        panic!("no message")
    };
    request.set.push((file.source("tags"), tags));
    let sent = compiled(&spec).request(&payment(), &facts());
    let tag = |name: &str| Value::Record(vec![name.into(), Value::Int(1)]);
    let expected = Value::List(vec![tag("M1"), tag("a")]);
    assert_eq!(sent.expect("a message").field(Slot(2)), &expected);
}

#[test]
fn what_does_not_fit_its_field_is_the_senders_fault() {
    let long = "\"{merchant + merchant + merchant + merchant + merchant}\"";
    for (set, message) in [
        // 1250 is no byte.
        (vec![("key", "\"k\""), ("level", "\"{amount}\"")], payment()),
        // Ten bytes are no eight.
        (vec![("key", long)], payment()),
        // There is no note in it.
        (vec![("key", "\"{note}\"")], payment()),
        // The enum has no label 3, and gives none for the text.
        (
            vec![("key", "\"k\""), ("mood", "\"{merchant}\"")],
            payment(),
        ),
    ] {
        let fault = request_of(&set, &message).expect_err("it does not fit");
        assert_eq!(fault.class(), FaultClass::BadRequest, "{set:?}");
        assert!(!fault.may_have_been_sent());
        assert!(!fault.detail().contains("M1"), "{fault}");
    }
    // What may be absent stays so.
    let mut file = File::default();
    let spec = route(
        &mut file,
        "ask",
        &[
            ("key", "\"k\""),
            ("level", "\"{note == null ? amount - 1245 : 7}\""),
        ],
    );
    let sent = compiled(&spec)
        .request(&payment(), &facts())
        .expect("a message");
    assert_eq!(sent.field(Slot(3)), &Value::Int(5));
}

#[test]
fn a_value_stays_in_its_field_whatever_it_says() {
    for hostile in ["\r\n*1", "\0\u{1}\"", "}{", "a','b"] {
        let mut message = payment();
        message.set_field(pay::MERCHANT, hostile.into());
        let sent = request_of(&[("key", "\"{merchant}\"")], &message).expect("a message");
        assert_eq!(sent.field(Slot(0)), &Value::from(hostile));
        assert_eq!(sent.fields().len(), 4);
        assert_eq!(sent.frame(), None);
    }
}

#[test]
fn ids_are_given_by_the_connection_and_echoed_to_the_client() {
    let mut file = File::default();
    let set = [
        ("amount", "\"{amount + 1}\""),
        ("merchant", "\"{merchant}\""),
    ];
    let mut spec = route(&mut file, "ping", &set);
    spec.replies = vec![file.reply(
        "pay_rsp",
        "pay_rsp",
        &[("status", "\"{status}\""), ("code", "\"{code}\"")],
    )];
    let (rules, _) = Conversion::compile(&spec, &toy(), &toy()).expect("no errors");
    let sent = rules.request(&payment(), &facts()).expect("a message");
    let expected = [Value::Int(1251), Value::Int(0), "M1".into(), Value::Null];
    assert_eq!(sent.fields(), &expected);
    assert_eq!(sent.correlation(), &Correlation::Id(0));
    let mut fields = vec![Value::Null; 7];
    fields[..3].clone_from_slice(&[Value::Int(99), Value::Int(4), "DONE".into()]);
    let answer = told(PAY_RSP, fields).with_correlation(Correlation::Id(99));
    let reply = rules.reply(&payment(), &Outcome::Message(&answer), &facts());
    let reply = reply.expect("a reply");
    assert_eq!(reply.correlation(), &Correlation::Id(7));
    let expected = [Value::Int(7), Value::Int(4), "DONE".into()];
    assert_eq!(reply.fields()[..3], expected);
}

fn rules() -> Conversion {
    let mut file = File::default();
    let mut spec = route(&mut file, "ask", &[("key", "\"k\"")]);
    spec.replies = vec![
        file.reply(
            "told if status == 0 and mood == mood::cross",
            "pay_rsp",
            &[("status", "0"), ("code", "\"{text}\"")],
        ),
        file.reply(
            "told if status < 300",
            "pay_rsp",
            &[("status", "\"{status}\"")],
        ),
        file.reply("told if raw.length == 1", "pay_rsp", &[("status", "60")]),
        file.reply(
            "timeout",
            "pay_rsp",
            &[("status", "91"), ("code", "\"{request.merchant}{status}\"")],
        ),
        file.reply("bad-reply", "pay_rsp", &[("status", "92")]),
        file.reply("* if error.kind == ''", "pay_rsp", &[("status", "93")]),
    ];
    compiled(&spec)
}

/// The status and code that a client gets, with its own id.
fn answered(outcome: &Outcome<'_>) -> (i128, String) {
    let reply = rules()
        .reply(&payment(), outcome, &facts())
        .expect("a reply");
    assert_eq!(
        (reply.kind(), reply.correlation()),
        (Kind::Reply, &Correlation::Id(7))
    );
    assert_eq!(reply.field(Slot(0)), &Value::Int(7));
    let code = reply.field(Slot(2)).as_str().unwrap_or_default().to_owned();
    (reply.field(Slot(1)).as_int().expect("a status"), code)
}

#[test]
fn every_outcome_has_an_answer() {
    let sorry = told(SORRY, vec!["no".into()]);
    let raw = told(
        TOLD,
        vec![
            400_u16.into(),
            Value::Null,
            Value::Null,
            Value::Bytes(Bytes::from_static(b"x")),
        ],
    );
    let fault = |class| Fault::sent(class, "for a test");
    let (late, gone) = (fault(FaultClass::Timeout), fault(FaultClass::Unreachable));
    let (good, odd, far) = (told_status(0), told_status(5), told_status(256));
    let (rawless, long) = (
        told_status(400),
        told(
            TOLD,
            vec![0_u16.into(), "too long".into(), Value::Int(2), Value::Null],
        ),
    );
    for (outcome, status, code) in [
        (Outcome::Message(&good), 0, "GOOD"),
        (Outcome::Message(&odd), 5, "------"),
        // It fits no byte: a bad reply.
        (Outcome::Message(&far), 92, "------"),
        (Outcome::Message(&long), 92, "------"),
        (Outcome::Message(&raw), 60, "------"),
        // The question whether the rule takes it has no answer.
        (Outcome::Message(&rawless), 92, "------"),
        (Outcome::Message(&sorry), 93, "------"),
        (Outcome::Sent, 93, "------"),
        (Outcome::Fault(&late), 91, "M10"),
        // No rule, so that the protocol itself refuses.
        (Outcome::Fault(&gone), 199, ""),
    ] {
        assert_eq!(answered(&outcome), (status, code.to_owned()), "{outcome:?}");
    }
}

#[test]
fn without_rules_the_protocol_refuses() {
    let mut file = File::default();
    let rules = compiled(&route(&mut file, "ask", &[("key", "\"k\"")]));
    for outcome in [Outcome::Message(&told_status(0)), Outcome::Sent] {
        let reply = rules
            .reply(&payment(), &outcome, &facts())
            .expect("a reply");
        assert_eq!(reply.field(Slot(1)), &Value::Int(192));
    }
}

#[test]
fn a_rule_is_known_by_what_it_sends() {
    let mut file = File::default();
    let ask = compiled(&route(&mut file, "ask", &[("key", "\"k\"")]));
    assert_eq!(
        (ask.operation().retry, ask.is_answered()),
        (Retry::Idempotent, true)
    );
    let wait = compiled(&route(&mut file, "wait", &[("text", "\"k\"")]));
    assert_eq!(
        (wait.operation().needs, wait.is_answered()),
        (Needs::Exclusive, true)
    );
    let note = compiled(&route(&mut file, "note", &[("text", "\"k\"")]));
    assert!(!note.is_answered());
    let sent = note.request(&payment(), &facts()).expect("a message");
    assert_eq!((sent.kind(), sent.operation()), (Kind::Event, NOTE));
}

/// What a request sends or a reply is for, its fields, the error with what it marks, and words of it.
type Bad<'a> = (
    &'a str,
    &'a [(&'a str, &'a str)],
    (&'a str, &'a str),
    &'a str,
);

const BAD_REQUESTS: &[Bad<'_>] = &[
    ("aks", &[], (codes::UNKNOWN_REPLY, "aks"), "`ask`"),
    (
        "sorry",
        &[],
        (codes::NOT_SENT, "sorry"),
        "`ask`, `note`, `hold`, `wait`",
    ),
    ("ask", &[], (codes::MISSING, "ask"), "`set`"),
    ("ask", &[("key", "1")], (codes::SET_TYPE, "1"), ""),
    (
        "ask",
        &[("key", "\"123456789\"")],
        (codes::SET_RANGE, "123456789"),
        "",
    ),
    (
        "ask",
        &[("key", "\"{blob}\"")],
        (codes::SET_TYPE, "{blob}"),
        "to_s",
    ),
    (
        "ask",
        &[("key", "\"k\""), ("levl", "1")],
        (codes::UNKNOWN_FIELD, "levl"),
        "`level`",
    ),
    (
        "ask",
        &[("key", "\"k\""), ("key", "\"l\"")],
        (codes::TWICE, "key"),
        "",
    ),
    (
        "ask",
        &[("key", "\"k\""), ("level", "256")],
        (codes::SET_RANGE, "256"),
        "",
    ),
    // The same number in both protocols, and another meaning.
    (
        "ask",
        &[("key", "\"k\""), ("mood", "\"{colour}\"")],
        (codes::SET_TYPE, "{colour}"),
        "string(",
    ),
    (
        "ask",
        &[("key", "\"k\""), ("mood", "\"{colour::green}\"")],
        (codes::SET_TYPE, "{colour::green}"),
        "string(",
    ),
    (
        "ask",
        &[("key", "\"k\""), ("tags", "\"{items}\"")],
        (codes::SET_TYPE, "{items}"),
        "",
    ),
    (
        "ask",
        &[("key", "\"{request.merchant}\"")],
        ("GW2004", "request"),
        "",
    ),
    ("ask", &[("key", "\"ü\"")], (codes::UNWRITABLE, "ü"), ""),
    ("hold", &[("text", "\"k\"")], (codes::NOT_SENT, "hold"), ""),
];

#[test]
fn requests_that_cannot_be_made() {
    for (operation, set, expected, way_out) in BAD_REQUESTS {
        let mut file = File::default();
        let mut spec = route(&mut file, operation, set);
        spec.replies = vec![file.reply("*", "", &[])];
        let errors = check(&file, &spec, &[*expected]);
        told_by(&errors, way_out);
    }
}

#[test]
fn keys_are_what_the_fields_make_them() {
    let mut file = File::default();
    let mut spec = route(&mut file, "ask", &[("key", "\"{merchant}\"")]);
    spec.replies = vec![file.reply("*", "", &[])];
    let (rules, warnings) = Conversion::compile(&spec, &toy(), &keyed()).expect("no errors");
    assert_eq!(warnings, []);
    let request = |merchant: &str| {
        let mut message = payment();
        message.set_field(Slot(1), merchant.into());
        rules.request(&message, &facts())
    };
    // Its frames have one byte.
    let sent = request("M").expect("a message");
    assert_eq!(sent.correlation(), &Correlation::Key(Arc::from(*b"M")));
    for unfit in ["", "MM", "\u{e9}"] {
        let fault = request(unfit).expect_err("no message, or no key");
        assert_eq!(fault.class(), FaultClass::BadRequest, "{unfit}");
        assert!(!fault.may_have_been_sent());
    }
}

#[test]
fn routes_that_go_elsewhere() {
    let mut file = File::default();
    let spec = route(&mut file, "ask", &[("key", "\"k\"")]);
    let errors = Translation::compile(&spec, &toy()).expect_err("no HTTP");
    assert_eq!(file.shown(&errors[0]), (codes::NOT_SENT, "ask"));
    let http = file.route("pay", "/");
    let errors = Conversion::compile(&http, &toy(), &tally()).expect_err("no message");
    assert_eq!(errors[0].code, codes::NO_REQUEST);
}

const BAD_REPLIES: &[Bad<'_>] = &[
    (
        "200",
        &[("status", "0")],
        (codes::ON, "200"),
        "`told`, `sorry`, `timeout`",
    ),
    ("ask", &[("status", "0")], (codes::ON, "ask"), ""),
    (
        "tlod if status == 1 and txt == 'a'",
        &[("status", "0")],
        (codes::ON, "tlod"),
        "`told`",
    ),
    (
        "told if txt == 'a'",
        &[("status", "0")],
        ("GW2004", "txt"),
        "`text`",
    ),
    (
        "told",
        &[("status", "\"{text}\"")],
        (codes::SET_TYPE, "{text}"),
        "",
    ),
    (
        "told",
        &[("status", "\"{mood}\""), ("colour", "\"{mood}\"")],
        (codes::SET_TYPE, "{mood}"),
        "`tally`",
    ),
    (
        "timeout",
        &[("status", "0"), ("code", "\"{text}\"")],
        ("GW2004", "text"),
        "`on = \"told\"`",
    ),
    (
        "told",
        &[("status", "\"{amount}\"")],
        (codes::NEEDS_REQUEST, "amount"),
        "`request.amount`",
    ),
    (
        "told",
        &[("status", "\"{json.x}\"")],
        ("GW2004", "json"),
        "",
    ),
    (
        "* if headers['x'] == 'a'",
        &[("status", "0")],
        ("GW2004", "headers"),
        "",
    ),
    (
        "told",
        &[("status", "0"), ("seq", "5")],
        (codes::SET_ID, "seq"),
        "",
    ),
];

#[test]
fn replies_that_cannot_be_made() {
    for (on, set, expected, way_out) in BAD_REPLIES {
        let mut file = File::default();
        let mut spec = route(&mut file, "ask", &[("key", "\"k\"")]);
        let rule = file.reply(on, "pay_rsp", set);
        spec.replies = vec![rule, file.reply("*", "pay_rsp", &[("status", "0")])];
        let errors = check(&file, &spec, &[*expected]);
        told_by(&errors, way_out);
    }
}

#[test]
fn rules_that_are_never_used_are_told() {
    let mut file = File::default();
    let mut spec = route(&mut file, "note", &[("text", "\"k\"")]);
    let told = file.reply("told", "", &[]);
    spec.replies = vec![told, file.reply("*", "", &[])];
    check(&file, &spec, &[(codes::NOTHING_COMES, "told")]);

    let mut file = File::default();
    let mut spec = route(&mut file, "ask", &[("key", "\"k\"")]);
    let (one, two) = (file.reply("told", "", &[]), file.reply("told", "", &[]));
    spec.replies = vec![one, two, file.reply("sorry", "", &[])];
    check(
        &file,
        &spec,
        &[(codes::NEVER, "told"), (codes::NO_REST, "[[routes]]")],
    );
}
