//! HTTP requests to routes.

use crate::message::Message;
use crate::route::{Table, codes};
use crate::translate::RouteSpec;
use crate::translate::tests::toy::{File, facts};
use crate::translate::tests::web::{asked, web};

fn routes(file: &mut File, list: &[(&str, &str)]) -> Vec<RouteSpec> {
    super::routes(file, list)
}

fn table(list: &[(&str, &str)]) -> Table {
    let routes = routes(&mut File::default(), list);
    let compiled = Table::compile(&super::refs(&routes), &web());
    compiled.unwrap_or_else(|errors| panic!("{errors:#?}")).0
}

#[test]
fn it_is_known_whether_payloads_decide() {
    for (when, expected) in [
        ("", false),
        (
            "headers['x'] == 'a' and path == '/a' and query.b == 'c'",
            false,
        ),
        ("json.a == 1", true),
        ("method == 'GET' or body.length > 3", true),
    ] {
        let list = [("GET /a", ""), ("* /{x...}", when)];
        assert_eq!(table(&list).weighs_payload(), expected, "{when}");
    }
}

fn takes(pattern: &str, line: &str) -> bool {
    let request = asked(line, &[], "");
    table(&[(pattern, "")]).pick(&request, &facts()).is_some()
}

#[test]
fn a_pattern_takes_its_methods_and_paths() {
    for (pattern, line, expected) in [
        ("GET /", "GET /", true),
        ("GET /", "GET /?a=/b", true),
        ("GET /", "get /", false),
        ("GET /", "HEAD /", false),
        ("GET|HEAD /", "HEAD /", true),
        ("* /a", "PATCH /a", true),
        ("GET /a", "GET /a/", false),
        ("GET /a/", "GET /a/", true),
        ("GET /a/", "GET /a", false),
        ("GET /a//b", "GET /a//b", true),
        ("GET /a//b", "GET /a/b", false),
        ("GET /a", "GET /A", false),
        ("GET /{x}", "GET /a", true),
        ("GET /{x}", "GET /", false),
        ("GET /{x}", "GET /a/b", false),
        ("GET /{x}", "GET /a%2Fb", true),
        ("GET /a/b", "GET /a%2Fb", false),
        ("GET /a%2Fb", "GET /a%2fb", true),
        ("GET /caf%C3%A9", "GET /caf%c3%a9", true),
        ("GET /café", "GET /%63af%c3%a9", true),
        ("GET /{x}/b", "GET /a/b", true),
        ("GET /{x}/b", "GET /a/c", false),
        ("GET /f/{r...}", "GET /f", false),
        ("GET /f/{r...}", "GET /f/", true),
        ("GET /f/{r...}", "GET /f/a/b/", true),
        ("GET /f/{r...}", "GET /f/a%2Fb", false),
        ("GET /f/{r...}", "GET /f/a%62", true),
        ("GET /f/{r...}", "GET /f//", false),
        ("GET /f/{r...}", "GET /f//a", false),
        ("GET /f/{r...}", "GET /f/a//b", false),
        ("* /{r...}", "GET /", true),
        ("* /{r...}", "GET //f/a", false),
        ("", "GET //f/a", true),
        ("", "GET /f/a//b", true),
        ("", "GET /f/a%2Fb", true),
        ("* /{r...}", "OPTIONS *", false),
        ("", "OPTIONS *", true),
        ("", "GET /anything", true),
    ] {
        assert_eq!(takes(pattern, line), expected, "{pattern} {line}");
    }
}

#[test]
fn nobody_takes_paths_that_servers_resolve_or_that_are_no_text() {
    for path in [
        "/.",
        "/..",
        "/a/../b",
        "/a/.",
        "/a/%2e%2E",
        "/a/.%2e/b",
        "/%2e",
        "/a/%ff",
        "/%",
        "/a%4",
        "/a%zz",
        "a",
        "",
        "example.org:443",
        "//..",
        "/..%2fa",
        "/a%2F..",
        "/a%2f%2e%2e/b",
        "/a/..%5Cb",
        "/a/..;/b",
        "/a/.;x=1",
        "/a/..%3b/b",
    ] {
        for pattern in ["* /{r...}", "* /{a}/{b}", "* /{a}", ""] {
            assert!(!takes(pattern, &format!("GET {path}")), "{pattern} {path}");
        }
    }
    // What is encoded twice is decoded once.
    assert!(takes("GET /{x}", "GET /%252e%252e"));
    assert!(takes("GET /{x}", "GET /..%252f.."));
    assert!(takes("GET /{x}", "GET /a..%2f...;.."));
}

#[test]
fn the_first_route_that_takes_a_request_gets_it() {
    let table = table(&[
        (
            "GET /v1/{a}",
            "headers['x'] == 'a' and host == 'api.example'",
        ),
        ("GET /v1/{a}", "json.n == 2"),
        ("GET /v1/special", "query.page.to_i > 3"),
        ("GET|POST /v1/{a}", "path.a == 'é' or json.m == 1"),
        ("POST /v1/{a}/{b}", ""),
    ]);
    let pick = |line: &str, headers: &[(&str, &str)], body: &str| {
        table.pick(&asked(line, headers, body), &facts())
    };
    assert_eq!(pick("GET /v1/x", &[("X", "a")], ""), Some(0));
    assert_eq!(pick("GET /v1/x", &[], r#"{"m":1,"n":2}"#), Some(1));
    assert_eq!(pick("GET /v1/special?page=4", &[], ""), Some(2));
    assert_eq!(pick("GET /v1/special?page=x", &[], ""), None);
    assert_eq!(pick("GET /v1/%c3%a9", &[], ""), Some(3));
    assert_eq!(pick("POST /v1/x", &[], r#"{"m":1,"n":2}"#), Some(3));
    // What is no JSON has no values, and a condition without a value does not hold.
    assert_eq!(pick("POST /v1/x", &[], "{"), None);
    assert_eq!(pick("POST /v1/x/y", &[], ""), Some(4));
}

#[test]
fn a_path_that_is_known_by_other_methods_tells_which() {
    let list = [
        ("GET|HEAD /a/{x}", "host == 'b'"),
        ("PUT /a/b", ""),
        ("GET /a/b", ""),
        ("DELETE /c", ""),
    ];
    let allowed = |line: &str| table(&list).allowed(&asked(line, &[], ""));
    assert_eq!(allowed("POST /a/b").as_deref(), Some("GET, HEAD, PUT"));
    assert_eq!(allowed("POST /a/x").as_deref(), Some("GET, HEAD"));
    assert_eq!(allowed("GET /a/x"), None);
    assert_eq!(allowed("POST /d"), None);
    assert_eq!(allowed("POST /a/.."), None);
    assert_eq!(allowed("OPTIONS *"), None);
    assert_eq!(
        table(&[("", "host == 'b'")]).allowed(&asked("GET /", &[], "")),
        None
    );
}

#[track_caller]
fn check(list: &[(&str, &str)], expected: &[(&str, &str)]) {
    let mut file = File::default();
    let routes = routes(&mut file, list);
    let found = Table::compile(&super::refs(&routes), &web())
        .map_or_else(|errors| errors, |(_, warnings)| warnings);
    let shown: Vec<_> = found.iter().map(|error| file.shown(error)).collect();
    assert_eq!(shown, expected, "{found:#?}");
}

#[test]
fn routes_that_are_never_taken_are_reported() {
    for (first, second) in [
        ("GET /a/{x}", "GET /a/{y}"),
        ("GET /a/{x}", "GET /a/b"),
        ("* /a", "GET|POST /a"),
        ("GET|POST /a", "POST /a"),
        ("GET /a/{r...}", "GET /a/b/c"),
        ("GET /a/{r...}", "GET /a/b/{s...}"),
        ("GET /a/{r...}", "GET /a/b/"),
        ("", "GET /a"),
        ("GET /a%62", "GET /ab"),
    ] {
        let marked = if second.is_empty() {
            "[[routes]]"
        } else {
            second
        };
        check(&[(first, ""), (second, "")], &[(codes::SHADOWED, marked)]);
    }
    for (first, second) in [
        ("GET /a", ""),
        ("GET /a/b", "GET /a/{x}"),
        ("GET /a", "GET|POST /a"),
        ("GET /a", "* /a"),
        ("GET /a", "GET /a/"),
        ("GET /a/{r...}", "GET /a"),
        // Its rest takes no encoded slash, and a segment may have one.
        ("GET /a/{r...}", "GET /a/{x}"),
        ("GET /a/{r...}", "GET /{r...}"),
        // Nor an empty segment before its end.
        ("GET /a/{r...}", "GET /a//b"),
        ("GET /a/{r...}", "GET /a//{s...}"),
    ] {
        check(&[(first, ""), (second, "")], &[]);
    }
    let condition = "path.a == '1'";
    check(
        &[("GET /{a}/{b}", condition), ("GET /{b}/{a}", condition)],
        &[],
    );
    check(
        &[("GET /{a}", condition), ("GET /{a}", condition)],
        &[(codes::SHADOWED, "GET /{a}")],
    );
    for when in [
        "json.n == 1 and json.n == 1.0",
        "json.n > 1 and json.n < 2",
        "json.n != 1 and json.n != 2",
    ] {
        check(&[("GET /a", when)], &[]);
    }
    for when in [
        "json.n == 1 and json.n == 2.0",
        "json.n == 1 and json.n != 1.0",
    ] {
        check(&[("GET /a", when)], &[(codes::CONTRADICTION, when)]);
    }
    check(
        &[("GET /a", "method == 'A' and method == 'B'")],
        &[(codes::CONTRADICTION, "method == 'A' and method == 'B'")],
    );
}

#[test]
fn patterns_that_cannot_be_read_are_told_with_their_place() {
    for (pattern, marked) in [
        ("request", "request"),
        ("/a", "/a"),
        ("get /a", "get"),
        ("GET|get /a", "get"),
        ("GET|GET /a", "GET"),
        ("CONNECT /a", "CONNECT"),
        ("G(T /a", "G(T"),
        ("GET a", "a"),
        ("GET ", ""),
        ("GET /a?b", "?"),
        ("GET /a#b", "#"),
        ("GET /a b", " "),
        ("GET /a{b}", "{"),
        ("GET /{b}c", "{"),
        ("GET /{a-b}", "{a-b}"),
        ("GET /{1}", "{1}"),
        ("GET /{}", "{}"),
        ("GET /{a}/{a}", "{a}"),
        ("GET /{a...}/b", "b"),
        ("GET /a/../b", ".."),
        ("GET /%2e", "%2e"),
        ("GET /%ff", "%ff"),
        ("GET /a%", "a%"),
    ] {
        check(&[(pattern, "")], &[(codes::PATTERN, marked)]);
    }
    // A route that cannot be read leaves its names unknown, and other routes their errors.
    check(
        &[("GET a", "path.x == '1'"), ("GET /a", "path.x == '1'")],
        &[(codes::PATTERN, "a"), ("GW2004", "x")],
    );
}

#[test]
fn it_is_known_which_parts_decide() {
    use crate::message::{OperationId, Slot};
    let reads = |list: &[(&str, &str)], slot| table(list).reads(OperationId(0), Slot(slot));
    assert!(reads(&[("GET /a", "")], 0) && reads(&[("GET /a", "")], 1));
    assert!(!reads(&[("", "")], 0) && !reads(&[("GET /a", "")], 2));
    assert!(reads(&[("", "host == 'a'")], 2) && reads(&[("", "headers['a'] == 'b'")], 3));
    assert_eq!(table(&[("* /{r...}", "")]).sole(), None);
    assert_eq!(table(&[("", "")]).sole(), Some(0));
}

#[test]
fn a_message_without_a_target_is_nobodys() {
    let message = Message::new(
        crate::message::Kind::Request,
        crate::message::OperationId(0),
        Vec::new(),
    );
    assert_eq!(table(&[("", "")]).pick(&message, &facts()), None);
}

/// What a server makes of a segment.
fn naive(segment: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            out.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
        let digits = digits
            .bytes()
            .all(|b| b.is_ascii_hexdigit())
            .then_some(digits)?;
        out.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &rest[2..];
    }
    Some(out)
}

#[test]
fn every_short_path_is_taken_only_as_what_a_server_makes_of_it() {
    const LETTERS: [char; 5] = ['/', '.', '%', '2', 'e'];
    let table = table(&[("* /{r...}", "")]);
    let (mut taken, mut refused) = (0, 0);
    for length in 0..8_u32 {
        for n in 0..5_usize.pow(length) {
            let letter = |at: u32| LETTERS[n / 5_usize.pow(at) % 5];
            let path: String = std::iter::once('/')
                .chain((0..length).map(letter))
                .collect();
            let segments: Option<Vec<Vec<u8>>> = path.split('/').map(naive).collect();
            let good = segments.is_some_and(|segments| {
                let odd = |s: &Vec<u8>| s == b"." || s == b".." || s.contains(&b'/');
                let text = |s: &Vec<u8>| std::str::from_utf8(s).is_ok();
                let inner = segments.get(1..segments.len() - 1).unwrap_or_default();
                let merged = inner.iter().any(Vec::is_empty);
                !merged && !segments.iter().any(odd) && segments.iter().all(text)
            });
            let picked = table.pick(&asked(&format!("GET {path}"), &[], ""), &facts());
            assert_eq!(picked.is_some(), good, "{path}");
            *(if good { &mut taken } else { &mut refused }) += 1;
        }
    }
    assert!(taken > 1000 && refused > 1000, "{taken} {refused}");
}
