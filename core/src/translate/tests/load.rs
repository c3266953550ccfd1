//! What is wrong with a route: all of it, where, and the way out.

use super::toy::*;
use crate::expr::RuleError;
use crate::translate::*;
use http::Method;

/// Checks the errors of a route by code and marked text, in any order.
#[track_caller]
fn check(file: &File, spec: &RouteSpec, expected: &[(&str, &str)]) -> Vec<RuleError> {
    let errors =
        Translation::compile(spec, &toy()).map_or_else(|errors| errors, |(_, warnings)| warnings);
    let mut shown: Vec<_> = errors.iter().map(|error| file.shown(error)).collect();
    let mut expected = expected.to_vec();
    shown.sort_unstable();
    expected.sort_unstable();
    assert_eq!(shown, expected, "{errors:#?}");
    errors
}

fn help(errors: &[RuleError], text: &str) {
    assert!(
        text.is_empty()
            || errors
                .iter()
                .filter_map(|e| e.help.as_deref())
                .any(|help| help.contains(text)),
        "{text}: {errors:#?}"
    );
}

#[test]
fn targets() {
    for (target, marked) in [
        ("", ""),
        ("v1", "v"),
        ("{merchant}", "{"),
        ("/a b", " "),
        ("/a\u{7f}", "\u{7f}"),
        ("/{merchant}/ü", "ü"),
        ("/a#b", "#"),
        ("/a%2", "%"),
        ("/%{merchant}", "%"),
        ("/a/../b", ".."),
        ("/{{/%2e?x", "{{"),
        ("/{merchant}/%2e?x", "%2e"),
        ("/{{", "{{"),
        ("/a?b=\"", "\""),
        ("/a\\b", "\\"),
        ("/{'a b'}/ü", "/{'a b'}/ü"),
    ] {
        let mut file = File::default();
        let mut spec = file.route("pay", target);
        spec.replies = vec![file.reply("*", "pay_rsp", &[("status", "0")])];
        check(&file, &spec, &[(codes::TARGET, marked)]);
    }
}

#[test]
fn headers() {
    for (name, value, expected) in [
        ("Host", "x", (codes::HEADER_NAME, "Host")),
        ("traceparent", "x", (codes::HEADER_NAME, "traceparent")),
        (
            "transfer-encoding",
            "x",
            (codes::HEADER_NAME, "transfer-encoding"),
        ),
        (":path", "x", (codes::HEADER_NAME, ":path")),
        ("a b", "x", (codes::HEADER_NAME, "a b")),
        ("", "x", (codes::HEADER_NAME, "")),
        ("x-a", "a\r\nb", (codes::HEADER_VALUE, "a\r\nb")),
        ("x-a", " a", (codes::HEADER_VALUE, " a")),
        ("x-a", "ü{amount}", (codes::HEADER_VALUE, "ü{amount}")),
        ("X-One", "x", (codes::TWICE, "X-One")),
        ("x-a", "{blob}", ("GW2017", "blob")),
    ] {
        let mut file = File::default();
        let mut spec = file.route("pay", "/");
        spec.replies = vec![file.reply("*", "pay_rsp", &[("status", "0")])];
        http(&mut spec).headers = vec![
            (file.source("x-one"), file.source("1")),
            (file.source(name), file.source(value)),
        ];
        check(&file, &spec, &[expected]);
    }
}

#[test]
fn bodies() {
    for (template, expected) in [
        ("{blob}", (codes::JSON_VALUE, "{blob}")),
        ("{items}", (codes::JSON_VALUE, "{items}")),
        ("{amout}", ("GW2004", "amout")),
        ("{body.msg.amuont}", ("GW2004", "body")),
        ("{request.amount}", ("GW2004", "request")),
        ("{json.a}", ("GW2004", "json")),
        ("{peer.name}", ("GW2004", "name")),
        ("{peer.cert}", ("GW2004", "cert")),
        ("{peer.cert.issuer}", ("GW2004", "issuer")),
        ("{peer.cert['dns']}", ("GW2004", "'dns'")),
    ] {
        let mut file = File::default();
        let mut spec = file.route("pay", "/");
        spec.replies = vec![file.reply("*", "pay_rsp", &[("status", "0")])];
        http(&mut spec).body = BodySpec::Json(JsonSpec::Template(file.source(template)));
        check(&file, &spec, &[expected]);
    }
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    spec.replies = vec![file.reply("*", "pay_rsp", &[("status", "0")])];
    let (a, again, nan) = (file.source("a"), file.source("a"), file.source("nan"));
    let members = vec![
        (a, JsonSpec::Int(1)),
        (again, JsonSpec::Int(2)),
        (nan, JsonSpec::Float(f64::NAN)),
    ];
    http(&mut spec).body = BodySpec::Json(JsonSpec::Object(members));
    http(&mut spec).method = Method::CONNECT;
    check(
        &file,
        &spec,
        &[
            (codes::TWICE, "a"),
            (codes::JSON_VALUE, "nan"),
            (codes::METHOD, "/"),
        ],
    );
}

/// Checks the one error of a reply rule, and that its help shows the way out.
#[track_caller]
fn check_rule(on: &str, send: &str, set: &[(&str, &str)], expected: (&str, &str), way_out: &str) {
    let mut file = File::default();
    let mut spec = file.route("pay", "/");
    let rule = file.reply(on, send, set);
    spec.replies = vec![rule, file.reply("*", "pay_rsp", &[("status", "0")])];
    let errors = check(&file, &spec, &[expected]);
    let help = errors
        .iter()
        .find_map(|error| error.help.as_deref())
        .unwrap_or_default();
    assert!(help.contains(way_out), "{errors:#?}");
}

#[test]
fn reply_rules() {
    let set = &[("status", "0")][..];
    for (on, send, set, expected, way_out) in [
        ("600", "pay_rsp", set, (codes::ON, "600"), "2xx"),
        (
            "timeuot",
            "pay_rsp",
            set,
            (codes::ON, "timeuot"),
            "`timeout`",
        ),
        (
            "200 if jsn.x == 1",
            "pay_rsp",
            set,
            ("GW2004", "jsn"),
            "`json`",
        ),
        ("200 if status", "pay_rsp", set, ("GW2012", "status"), ""),
        ("200", "", set, (codes::FORM, "{ on }"), ""),
        (
            "200",
            "pay_rps",
            &[],
            (codes::UNKNOWN_REPLY, "pay_rps"),
            "`pay_rsp`",
        ),
        (
            "200",
            "ping",
            &[],
            (codes::NOT_A_REPLY, "ping"),
            "`pay_rsp`",
        ),
        ("200", "pay_rsp", &[], (codes::MISSING, "pay_rsp"), "`set`"),
    ] {
        check_rule(on, send, set, expected, way_out);
    }
}

#[test]
fn values_of_replies() {
    for (field, value, expected, way_out) in [
        ("statu", "0", (codes::UNKNOWN_FIELD, "statu"), "`status`"),
        ("seq", "1", (codes::SET_ID, "seq"), "leave it out"),
        ("code", "\"a\"", (codes::TWICE, "code"), ""),
        ("colour", "\"gren\"", (codes::SET_RANGE, "gren"), "`green`"),
        ("extra", "\"ab\"", (codes::SET_TYPE, "ab"), "unhex"),
        (
            "extra",
            "\"{unhex('0102030405')}\"",
            (codes::SET_RANGE, "{unhex('0102030405')}"),
            "",
        ),
        ("done", "1", (codes::SET_TYPE, "1"), ""),
        (
            "rate",
            "\"{request.merchant}\"",
            (codes::SET_TYPE, "{request.merchant}"),
            "int(",
        ),
    ] {
        check_rule(
            "200",
            "pay_rsp",
            &[("status", "0"), ("code", "\"\""), (field, value)],
            expected,
            way_out,
        );
    }
    for (value, expected, way_out) in [
        ("256", (codes::SET_RANGE, "256"), ""),
        ("-1", (codes::SET_RANGE, "-1"), ""),
        ("\"{0 - 1}\"", (codes::SET_RANGE, "{0 - 1}"), ""),
        ("\"5\"", (codes::SET_TYPE, "5"), "without quotes"),
        (
            "\"x{status}\"",
            (codes::SET_TYPE, "x{status}"),
            "without quotes",
        ),
        ("1.5", (codes::SET_TYPE, "1.5"), ""),
        (
            "\"{amount}\"",
            (codes::NEEDS_REQUEST, "amount"),
            "`request.amount`",
        ),
        ("\"{request.amuont}\"", ("GW2004", "amuont"), "`amount`"),
    ] {
        check_rule("200", "pay_rsp", &[("status", value)], expected, way_out);
    }
    for (value, expected, way_out) in [
        ("\"1234567\"", (codes::SET_RANGE, "1234567"), ""),
        (
            "\"{request.amount}\"",
            (codes::SET_TYPE, "{request.amount}"),
            "string(",
        ),
        ("\"{body}\"", (codes::SET_TYPE, "{body}"), "base64("),
        ("\"ü\"", (codes::UNWRITABLE, "ü"), ""),
    ] {
        check_rule(
            "200",
            "pay_rsp",
            &[("status", "0"), ("code", value)],
            expected,
            way_out,
        );
    }
}

#[test]
fn replies_that_are_bytes() {
    for (send, set, bytes, expected) in [
        ("", &[][..], "{json.x}", (codes::BYTES, "{json.x}")),
        ("", &[], "{body} ", ("GW2017", "body")),
        ("", &[("status", "0")], "{body}", (codes::FORM, "{ on }")),
        (
            "pay_rsp",
            &[("status", "0")],
            "{body}",
            (codes::FORM, "{ on }"),
        ),
        ("", &[], "{bytes}", (codes::NEEDS_REQUEST, "bytes")),
    ] {
        let mut file = File::default();
        let mut spec = file.route("pay", "/");
        let mut rule = file.reply("*", send, set);
        rule.bytes = Some(file.source(bytes));
        spec.replies = vec![rule];
        check(&file, &spec, &[expected]);
    }
}

#[test]
fn operations() {
    let mut file = File::default();
    let mut spec = file.route("pya", "/{anything.at.all}/{amount}");
    let rule = |file: &mut File| file.reply("*", "pay_rsp", &[("status", "\"{request.x}\"")]);
    spec.replies = vec![rule(&mut file)];
    help(
        &check(
            &file,
            &spec,
            &[(crate::route::codes::UNKNOWN_OPERATION, "pya")],
        ),
        "`pay`",
    );
    let mut spec = file.route("pay_rsp", "/");
    spec.replies = vec![rule(&mut file)];
    check(
        &file,
        &spec,
        &[(crate::route::codes::NOT_A_REQUEST, "pay_rsp")],
    );
    let mut spec = file.route("notice", "/{text}");
    check(&file, &spec, &[]);
    spec.replies = vec![file.reply("*", "pay_rsp", &[("status", "0")])];
    check(&file, &spec, &[(codes::ONE_WAY, "{ on }")]);
}

#[test]
fn a_route_for_every_request_refuses_what_they_do_not_share() {
    for (target, expected) in [
        ("/{pan}", (codes::NOT_SHARED, "pan")),
        ("/{merchant}", (codes::NOT_SHARED, "merchant")),
        ("/{pam}", ("GW2004", "pam")),
    ] {
        let mut file = File::default();
        let mut spec = file.route("", target);
        spec.replies = vec![file.reply("*", "pay_rsp", &[("status", "0")])];
        check(&file, &spec, &[expected]);
    }
}

#[test]
fn all_errors_come_in_one_run() {
    let mut file = File::default();
    let mut spec = file.route("pay", "a");
    http(&mut spec).headers = vec![(file.source("te"), file.source("{x}"))];
    http(&mut spec).body = BodySpec::Json(JsonSpec::Array(vec![
        JsonSpec::Template(file.source("{y}")),
        JsonSpec::Template(file.source("{z")),
    ]));
    spec.replies = vec![
        file.reply(
            "2x if q",
            "pay_rsp",
            &[("status", "300"), ("nope", "\"{r}\"")],
        ),
        file.reply("*", "pay_rsp", &[("status", "\"{json.x}\"")]),
    ];
    let expected = [
        (codes::TARGET, "a"),
        (codes::HEADER_NAME, "te"),
        ("GW2004", "x"),
        ("GW2004", "y"),
        ("GW2015", "{"),
        (codes::ON, "2x"),
        ("GW2004", "q"),
        (codes::SET_RANGE, "300"),
        (codes::UNKNOWN_FIELD, "nope"),
        ("GW2004", "r"),
    ];
    check(&file, &spec, &expected);
}

#[test]
fn warnings() {
    let set: &[(&str, &str)] = &[("status", "0")];
    for (ons, expected) in [
        (&["*"][..], &[][..]),
        (&["2xx", "timeout"], &[(codes::NO_REST, "[[routes]]")]),
        (
            &["2xx", "* if status == 0"],
            &[(codes::NO_REST, "[[routes]]")],
        ),
        (&["*", "2xx"], &[(codes::NEVER, "2xx")]),
        (
            &["2xx", "204", "2xx", "*"],
            &[(codes::NEVER, "204"), (codes::NEVER, "2xx")],
        ),
        (
            &["2xx if json.a == 1", "2xx", "timeout", "timeout", "*"],
            &[(codes::NEVER, "timeout")],
        ),
        (&["204", "2xx", "*"], &[]),
    ] {
        let mut file = File::default();
        let mut spec = file.route("pay", "/");
        spec.replies = ons
            .iter()
            .map(|on| file.reply(on, "pay_rsp", set))
            .collect();
        assert!(Translation::compile(&spec, &toy()).is_ok());
        check(&file, &spec, expected);
    }
}

#[test]
fn each_code_is_explained_once() {
    let all = [
        codes::ALL,
        crate::route::codes::ALL,
        crate::expr::codes::ALL,
    ]
    .concat();
    let mut names: Vec<&str> = all.iter().map(|row| row.code).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
    assert!(
        all.iter()
            .all(|row| !row.title.is_empty() && row.explanation.len() > 40)
    );
}
