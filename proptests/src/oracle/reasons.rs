//! Why a head that httparse reads is refused: each a rule of RFC 9110 or 9112 that httparse leaves to its
//! user, or one of ours that is stricter.

use super::Parsed;
use gatewright_codecs::http1::{MAX_FIELDS, MAX_LINE, MAX_METHOD};
use gatewright_core::codec::{Side, foreign_preamble};

type Rule = (&'static str, fn(&Parsed<'_>) -> bool);

const RULES: &[Rule] = &[
    (
        "a line ends in LF alone (RFC 9112, 2.2)",
        has_lone_line_feed,
    ),
    (
        "empty lines stand before it (RFC 9112, 2.2)",
        has_empty_lines,
    ),
    ("the first line is too long", has_long_line),
    ("there are too many fields", |parsed| {
        parsed.fields.len() > MAX_FIELDS
    }),
    ("it is not UTF-8", |parsed| {
        std::str::from_utf8(parsed.head).is_err()
    }),
    ("the method is too long", |parsed| {
        parsed.method.len() > MAX_METHOD
    }),
    ("it is HTTP/2's preface", |parsed| parsed.method == "PRI"),
    ("it begins as another protocol does", begins_as_another),
    ("the target is none (RFC 9112, 3.2)", has_bad_target),
    (
        "Host is missing, or there are two (RFC 9112, 3.2)",
        has_wrong_hosts,
    ),
    ("Host is invalid (RFC 9112, 3.2)", has_bad_host),
    ("Host and target differ", has_other_host),
    ("the length is no number (RFC 9112, 6.3)", has_bad_length),
    ("there are two lengths (RFC 9112, 6.3)", has_two_lengths),
    (
        "the coding is not `chunked` (RFC 9112, 6.1)",
        has_bad_coding,
    ),
    ("Connection names what frames it", names_framing),
    (
        "a tunnel has no body (RFC 9110, 9.3.6)",
        is_tunnel_with_body,
    ),
    ("the status is none (RFC 9110, 15)", |parsed| {
        parsed.side == Side::Client && parsed.status < 100
    }),
    ("nobody switches protocols", |parsed| parsed.status == 101),
    (
        "the status has no body (RFC 9110, 8.6)",
        has_body_against_status,
    ),
    ("it has control characters (RFC 9110, 5.5)", has_controls),
];

/// The first reason that holds.
pub(super) fn of(parsed: &Parsed<'_>) -> Option<&'static str> {
    RULES
        .iter()
        .find(|(_, holds)| holds(parsed))
        .map(|(reason, _)| *reason)
}

/// A method may be called like what other protocols begin with.
fn begins_as_another(parsed: &Parsed<'_>) -> bool {
    foreign_preamble(parsed.head).is_some_and(|name| name != "HTTP")
}

fn has_lone_line_feed(parsed: &Parsed<'_>) -> bool {
    let mut before = None;
    parsed.head.iter().any(|byte| {
        let lone = *byte == b'\n' && before != Some(b'\r');
        before = Some(*byte);
        lone
    })
}

fn has_empty_lines(parsed: &Parsed<'_>) -> bool {
    match parsed.side {
        Side::Server => parsed.head.starts_with(b"\r\n\r\n"),
        Side::Client => parsed.head.starts_with(b"\r\n"),
    }
}

fn has_long_line(parsed: &Parsed<'_>) -> bool {
    parsed
        .head
        .split(|byte| *byte == b'\n')
        .take(2)
        .any(|line| line.len() >= MAX_LINE)
}

fn has_controls(parsed: &Parsed<'_>) -> bool {
    let is_control = |byte: &u8| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127);
    parsed.head.iter().any(is_control)
}

fn is_uri(text: &str) -> bool {
    const MARKS: &str = "-._~!$&'()*+,;=:@/?%[]";
    let bytes = text.as_bytes();
    let good = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || MARKS.contains(c));
    let escapes = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    let whole = |at: usize| {
        let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
        digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
    };
    good && escapes.map(|(at, _)| at).all(whole)
}

/// A path as URIs have it, and what browsers leave as it is in a query.
fn is_path_and_query(text: &str) -> bool {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let is_of_query = |c: char| c.is_ascii_graphic() && !"\"#<>".contains(c);
    is_uri(path) && query.chars().all(is_of_query)
}

fn authority_of(target: &str) -> Option<&str> {
    let lower = target.to_lowercase();
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| lower.starts_with(scheme))?;
    target.get(scheme.len()..)?.split(['/', '?']).next()
}

fn has_bad_target(parsed: &Parsed<'_>) -> bool {
    let target = parsed.target;
    let good = match (parsed.method, target.as_bytes().first()) {
        ("CONNECT", _) => {
            is_host(target)
                && target
                    .rsplit(']')
                    .next()
                    .is_some_and(|end| end.contains(':'))
        }
        (method, Some(b'*')) => method == "OPTIONS" && target == "*",
        (_, Some(b'/')) => is_path_and_query(target),
        _ => authority_of(target).is_some_and(is_host) && is_path_and_query(target),
    };
    parsed.side == Side::Server && !good
}

fn has_wrong_hosts(parsed: &Parsed<'_>) -> bool {
    let hosts = parsed.values("host").len();
    parsed.side == Side::Server && (hosts > 1 || (hosts == 0 && parsed.minor == 1))
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (text, None),
    };
    let good_port = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok()
            && port.len() < 6
    });
    let inner = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let good_name = match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !name.is_empty() && is_uri(name) && !name.contains([',', '@', '/', '?', ':', '[', ']'])
        }
    };
    good_name && good_port && text.len() <= 512
}

fn host<'p>(parsed: &Parsed<'p>) -> Option<&'p str> {
    let mut fields = parsed.fields.iter();
    let field = fields.rfind(|field| field.name.eq_ignore_ascii_case("host"))?;
    std::str::from_utf8(field.value).ok()
}

fn has_bad_host(parsed: &Parsed<'_>) -> bool {
    parsed.side == Side::Server
        && host(parsed).is_some_and(|host| !host.is_empty() && !is_host(host))
}

fn has_other_host(parsed: &Parsed<'_>) -> bool {
    let named = match parsed.method {
        "CONNECT" => Some(parsed.target),
        _ => authority_of(parsed.target),
    };
    match (named, host(parsed)) {
        (Some(named), Some(host)) => !named.eq_ignore_ascii_case(host),
        (Some(_) | None, _) => false,
    }
}

fn has_bad_length(parsed: &Parsed<'_>) -> bool {
    let good =
        |value: &&[u8]| (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    !parsed.values("content-length").iter().all(good)
}

fn has_two_lengths(parsed: &Parsed<'_>) -> bool {
    parsed.values("content-length").len() + parsed.values("transfer-encoding").len() > 1
}

fn has_bad_coding(parsed: &Parsed<'_>) -> bool {
    let codings = parsed.values("transfer-encoding");
    let good = |value: &&[u8]| parsed.minor == 1 && value.eq_ignore_ascii_case(b"chunked");
    !codings.iter().all(good)
}

fn names_framing(parsed: &Parsed<'_>) -> bool {
    let framing = ["host", "content-length", "transfer-encoding"];
    parsed
        .options()
        .iter()
        .any(|option| framing.contains(&option.as_str()))
}

fn declares_body(parsed: &Parsed<'_>) -> bool {
    let lengths = parsed.values("content-length");
    let is_zero = |value: &[u8]| value.iter().all(|byte| *byte == b'0');
    !parsed.values("transfer-encoding").is_empty() || lengths.iter().any(|value| !is_zero(value))
}

fn is_tunnel_with_body(parsed: &Parsed<'_>) -> bool {
    parsed.method == "CONNECT" && declares_body(parsed)
}

fn has_body_against_status(parsed: &Parsed<'_>) -> bool {
    let none = matches!(parsed.status, 100..200 | 204);
    parsed.side == Side::Client && none && declares_body(parsed)
}
