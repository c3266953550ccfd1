//! Messages to routes.

mod patterns;

use super::{Table, codes};
use crate::message::Message;
use crate::translate::tests::toy::*;
use crate::translate::{Facts, Peer, RouteSpec};
use std::sync::Arc;

/// Routes as operation and condition, either of which may be empty.
fn routes(file: &mut File, list: &[(&str, &str)]) -> Vec<RouteSpec> {
    let route = |(operation, when): &(&str, &str)| {
        let mut spec = file.route(operation, "/");
        spec.when = (!when.is_empty()).then(|| file.source(when));
        spec
    };
    list.iter().map(route).collect()
}

fn refs(routes: &[RouteSpec]) -> Vec<&RouteSpec> {
    routes.iter().collect()
}

fn pick(list: &[(&str, &str)], message: &Message) -> Option<usize> {
    let routes = routes(&mut File::default(), list);
    let (table, _) = Table::compile(&refs(&routes), &toy()).expect("no errors");
    table.pick(message, &facts())
}

#[test]
fn the_first_route_that_takes_a_message_gets_it() {
    let list = [
        ("ping", ""),
        ("pay", "amount > 1000 and merchant == 'M2'"),
        (
            "pay",
            "amount > 1000 and merchant == 'M1' and colour == colour::green",
        ),
        ("pay", ""),
    ];
    assert_eq!(pick(&list, &payment()), Some(2));
    assert_eq!(pick(&list, &ping(1)), Some(0));
    assert_eq!(pick(&list[..2], &payment()), None);
    assert_eq!(Table::default().pick(&payment(), &facts()), None);
}

#[test]
fn conditions_say_what_their_expression_says() {
    for (when, expected) in [
        ("amount == 1250", true),
        ("1250 <= amount and amount < 1251", true),
        ("amount != 1250", false),
        ("amount == 1 or merchant == 'M1'", true),
        ("amount % 2 == 0 and merchant > 'M0'", true),
        ("amount > 5 and merchant.length == 3", false),
        ("colour == colour::red", false),
        ("rate < 1", true),
        ("note == null", true),
        ("pan != null and true", true),
        (
            "listener == 'pos-tls' and peer.port > 1024 and peer.ip == '192.0.2.7'",
            true,
        ),
        (
            "peer.cert.subject == 'CN=till 7,O=Shop' and peer.sni != 'x' and peer.cert.uri == null",
            true,
        ),
        ("bytes.length > 3", true),
        ("true", true),
        ("false", false),
        // A condition without a value does not hold, whichever way it is asked.
        ("note < 'x'", false),
        ("not (note < 'x')", false),
        ("amount / (amount - 1250) == 0", false),
    ] {
        assert_eq!(
            pick(&[("pay", when)], &payment()).is_some(),
            expected,
            "{when}"
        );
    }
}

/// A client that showed nothing is nobody, whichever way a condition asks.
#[test]
fn who_showed_no_certificate_is_nobody() {
    let nobody = Facts {
        peer: Arc::new(Peer {
            identity: None,
            ..peer()
        }),
        ..facts()
    };
    for (when, expected) in [
        ("peer.cert.subject == null", true),
        ("peer.sni == null and peer.cert.sha256 == null", true),
        ("peer.cert.subject == 'CN=till 7,O=Shop'", false),
        ("peer.cert.subject == ''", false),
        ("peer.cert.subject < 'D'", false),
        ("not (peer.cert.subject < 'D')", false),
    ] {
        let routes = routes(&mut File::default(), &[("pay", when)]);
        let (table, _) = Table::compile(&refs(&routes), &toy()).expect("no errors");
        let picked = table.pick(&payment(), &nobody);
        assert_eq!(picked.is_some(), expected, "{when}");
    }
}

#[test]
fn a_route_without_operation_takes_requests_and_no_events() {
    let list = [("", "amount > 10 and seq > 0")];
    assert_eq!(pick(&list, &payment()), Some(0));
    assert_eq!(pick(&list, &ping(11)), Some(0));
    assert_eq!(pick(&list, &ping(10)), None);
    let event = Message::new(crate::message::Kind::Event, NOTICE, vec!["x".into()]);
    assert_eq!(pick(&[("", "")], &event), None);
    assert_eq!(
        pick(&[("", ""), ("notice", "text == 'x'")], &event),
        Some(1)
    );
}

#[track_caller]
fn check(list: &[(&str, &str)], expected: &[(&str, &str)]) {
    let mut file = File::default();
    let routes = routes(&mut file, list);
    let found = Table::compile(&refs(&routes), &toy())
        .map_or_else(|errors| errors, |(_, warnings)| warnings);
    let shown: Vec<_> = found.iter().map(|error| file.shown(error)).collect();
    assert_eq!(shown, expected, "{found:#?}");
}

#[test]
fn routes_that_are_never_taken_are_reported() {
    check(
        &[("pay", ""), ("ping", ""), ("pay", "amount > 1")],
        &[(codes::SHADOWED, "pay")],
    );
    check(&[("", ""), ("ping", "")], &[(codes::SHADOWED, "ping")]);
    check(&[("pay", ""), ("", "")], &[]);
    check(
        &[("pay", ""), ("ping", "true"), ("", "")],
        &[(codes::SHADOWED, "[[routes]]")],
    );
    check(
        &[("pay", "amount > 1"), ("pay", " amount > 1")],
        &[(codes::SHADOWED, "pay")],
    );
    check(
        &[("pay", "amount > 1"), ("pay", "amount > 2"), ("pay", "")],
        &[],
    );
    for when in [
        "amount > 10 and amount < 5",
        "amount < 0",
        "amount == 5 and amount != 5",
        "amount > 4294967295",
        "merchant == 'a' and merchant == 'b'",
        "amount > 3 and (merchant == 'x' and amount < 4)",
        "false",
    ] {
        check(&[("pay", when)], &[(codes::CONTRADICTION, when)]);
    }
    for when in [
        "amount > 10 and amount < 12",
        "amount > 10 or amount < 5",
        "merchant != 'a' and merchant != 'b'",
        "rate > 1 and rate < 2",
        "rate == 1 and rate == 1.0",
    ] {
        check(&[("pay", when)], &[]);
    }
    // What is absent is neither.
    check(&[("ping", "urgent != 0 and urgent != 1")], &[]);
    let list = [("ping", "urgent != 0 and urgent != 1")];
    assert_eq!(pick(&list, &ping(1)), Some(0));
    let never = "urgent != 0 and urgent != 1 and urgent < 9";
    check(&[("ping", never)], &[(codes::CONTRADICTION, never)]);
}

#[test]
fn errors_of_all_routes_come_in_one_run() {
    check(
        &[
            ("pya", "amount > 1"),
            ("pay_rsp", ""),
            ("pay", "amout > 1"),
            ("ping", "amount"),
            ("", "pan == 'x'"),
        ],
        &[
            (codes::UNKNOWN_OPERATION, "pya"),
            (codes::NOT_A_REQUEST, "pay_rsp"),
            ("GW2004", "amout"),
            ("GW2012", "amount"),
            (crate::translate::codes::NOT_SHARED, "pan"),
        ],
    );
}

#[test]
fn it_is_known_which_fields_decide() {
    let protocol = toy();
    let descriptor = protocol.descriptor();
    let pay = descriptor.operation_named("pay").unwrap();
    let (amount, _) = descriptor.record(pay).field("amount").unwrap();
    let (merchant, _) = descriptor.record(pay).field("merchant").unwrap();
    let reads = |list: &[(&str, &str)], slot| {
        let routes = routes(&mut File::default(), list);
        let (table, _) = Table::compile(&refs(&routes), &protocol).expect("no errors");
        table.reads(pay, slot)
    };
    let list = [("ping", ""), ("pay", "amount > 1 or peer.port == 1")];
    assert!(reads(&list, amount));
    assert!(!reads(&list, merchant));
    assert!(!reads(&[("pay", "")], amount));
}
