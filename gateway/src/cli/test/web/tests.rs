//! Tests of a configuration with a listener that speaks HTTP.

#[path = "../../../../../config/tests/web/mod.rs"]
mod stub;

use super::super::run_file;
use gatewright_config::{Protocols, SourceFile, load_str};
use std::sync::Arc;

const CONFIG: &str = r#"
[listeners.api]
bind = "tcp://127.0.0.1:0"
protocol = "web"
limits = { frame = 130, body = 40 }

[upstreams.host]
url = "tcp://127.0.0.1:1"
protocol = "pos"

[upstreams.json]
url = "mock:"
limits.body = 8

[upstreams.small]
url = "tcp://127.0.0.1:1"
protocol = "pos"
limits.frame = 15

[[routes]]
from = "api"
operation = "DELETE /v2"
to = "small"
request.send = "auth_req"
request.set = { merchant = "M", pan = "4", amount = 1, currency = 978 }
reply = [ { on = "auth_rsp", status = 200 }, { on = "bad-reply", status = 502 }, { on = "*", status = 500 } ]

[[routes]]
from = "api"
operation = "POST /v1/merchants/{merchant}/authorisations"
when = "headers['x-tenant'] == 'a'"
to = "host"
request.send = "auth_req"
request.set = { merchant = "{path.merchant}", pan = "{json.pan}", amount = "{json.amount}", currency = "{query.currency.to_i}" }
reply = [
  { on = "auth_rsp", when = "status == 0", status = 201, headers = { location = "/x/{code}" }, json = { code = "{code}" } },
  { on = "auth_rsp", status = 402, json = { reason = "{status}" } },
  { on = "timeout", status = 504 }, { on = "*", status = 502 },
]

[upstreams.any]
url = ["h2c://127.0.0.1:1", "h2c://127.0.0.1:2"]

[upstreams.shops]
url = ["h2c://127.0.0.1:1", "h2c://127.0.0.1:2"]
balance = "hash"
balance-key = "{json.shop}"

[[routes]]
from = "api"
operation = "PUT /v3"
to = "any"

[[routes]]
from = "api"
operation = "PUT /v4"
to = "shops"

[[routes]]
from = "api"
operation = "GET /v1/{rest...}"
to = "json"
request.get = "/in/{path.rest}?host={host}"
reply = [ { on = "2xx", status = "{status}", body = "{body}" }, { on = "*", status = 502 } ]
"#;

const SENT: &str = r#"
to = "api"
send = { post = "/v1/merchants/M%2F1/authorisations?currency=978", headers = { x-tenant = "a" }, json = { pan = "4111", amount = 5 } }
"#;

/// What differs, test by test; or what is wrong with the file.
fn run(tests: &str) -> Vec<String> {
    let builtin = gatewright_codecs::BUILTIN.iter();
    let mut protocols: Protocols = builtin
        .map(|builtin| (builtin.name, (builtin.protocol)()))
        .collect();
    protocols.insert("web", stub::Web::shared());
    let loaded = load_str("gatewright.toml", CONFIG, &protocols).unwrap();
    let source = Arc::new(SourceFile::new("a.test.toml".to_owned(), tests.to_owned()));
    match run_file(&source, &loaded.plan) {
        Ok(verdicts) => verdicts.iter().map(|verdict| verdict.text()).collect(),
        Err(found) => found.iter().map(|found| found.message.clone()).collect(),
    }
}

/// A test that sends an authorisation.
fn authorise(rest: &str) -> String {
    format!("[[test]]\nname = \"it\"\n{SENT}\n{rest}\n")
}

/// A test that sends something else.
fn test(rest: &str) -> String {
    format!("[[test]]\nname = \"it\"\nto = \"api\"\n{rest}\n")
}

#[test]
fn a_request_goes_through_its_rules_both_ways() {
    let good = [
        authorise(
            r#"upstream = { auth_req = { merchant = "M/1", amount = 5, currency = 978 } }
answer = { auth_rsp = { status = 0, code = "A1B2C3" } }
expect = { status = 201, headers = { Location = "/x/A1B2C3", content-type = "application/json" }, json = { code = "A1B2C3" } }"#,
        ),
        authorise(
            r#"answer = { auth_rsp = { status = 51 } }
expect = { status = 402, json = { reason = 51 } }"#,
        ),
        authorise("answer = \"timeout\"\nexpect = { status = 504 }"),
        test(
            r#"send = { get = "/v1/a/b%20c", headers = { host = "API.test:80" } }
upstream = { get = "/in/a%2Fb%20c?host=api.test" }
answer = { status = 203, body = "x" }
expect = { status = 203, body = "x" }"#,
        ),
        // The path is known, by another method.
        test(
            r#"send = { put = "/v1/a" }
expect = { status = 405, headers = { allow = "GET" } }"#,
        ),
        // Answers that are longer than the limits allow are no answers.
        test(
            r#"send = { get = "/v1/a" }
answer = { status = 203, body = "nine byte" }
expect = { status = 502 }"#,
        ),
        test(
            r#"send = { delete = "/v2" }
answer = { auth_rsp = { status = 0 } }
expect = { status = 502 }"#,
        ),
    ];
    let verdicts = run(&good.concat());
    assert_eq!(verdicts.len(), good.len());
    for verdict in verdicts {
        assert!(verdict.starts_with("ok"), "{verdict}");
    }
}

#[test]
fn what_differs_is_shown() {
    let bad = authorise(
        r#"answer = { auth_rsp = { status = 51 } }
expect = { status = 201, headers = { x = "1" }, json = { reason = 5 } }"#,
    );
    let verdicts = run(&bad);
    let [verdict] = verdicts.as_slice() else {
        panic!("{verdicts:?}")
    };
    assert!(verdict.starts_with("FAIL"), "{verdict}");
    for part in [
        "expect.status\n",
        "expect.headers.x\n",
        "expect.json.reason\n",
    ] {
        assert!(verdict.contains(part), "{verdict}");
    }
}

#[test]
fn a_body_is_too_long_only_where_it_is_read() {
    for (path, read) in [("/v3", false), ("/v4", true)] {
        let sent = format!("send = {{ put = \"{path}\", body = \"{:41}\" }}", "");
        let found = run(&test(&format!("{sent}\nexpect = {{ status = 502 }}")));
        let refused = found.iter().any(|found| found.contains("a body of 41"));
        assert_eq!(refused, read, "{found:?}");
    }
}

#[test]
fn tests_that_cannot_be_read_are_told() {
    let both = r#"{ post = "/", json = 1, body = "x" }"#;
    for (sent, expected) in [
        ("{ json = 1 }", "the request has no method"),
        (r#"{ post = "v1" }"#, "`v1` is no path with a query"),
        (both, "a request has `json` or `body`, not both"),
        (
            r#"{ get = "/v1/a", headers = { "x y" = "1" } }"#,
            "`x y` is no HTTP header, or not with such a value",
        ),
        (
            r#"{ get = "/v1/a", headers = { x = "1\r\ny: 2" } }"#,
            "`x` is no HTTP header, or not with such a value",
        ),
        (
            r#"{ get = "/v1/a", body = "0123456789012345678901234567890123456789x" }"#,
            "a body of 41 bytes, of 40 that `limits.body` allows",
        ),
        (
            r#"{ get = "/v1/0123456789012345678901234567890123456789", headers = { x = "012345678901234567890123456789012345678901234567890123456789" } }"#,
            "a head of 143 bytes, of 130 that `limits.frame` allows",
        ),
    ] {
        let found = run(&test(&format!(
            "send = {sent}\nexpect = {{ status = 200 }}"
        )));
        assert!(found.iter().any(|found| found == expected), "{found:?}");
    }
}
