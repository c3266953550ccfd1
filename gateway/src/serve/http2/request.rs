//! The head of a request of HTTP/2 as a message of the listener's protocol (RFC 9113, 8.3.1).
//!
//! The library has refused by then what RFC 9113 calls malformed: pseudo-header fields that are
//! missing, unknown or not in front, names in capitals, fields of one hop (8.2.2).

use bytestring::ByteString;
use gatewright_codecs::http1::{is_authority, is_path_and_query};
use gatewright_core::codec::{Cause, DecodeError, Descriptor, HttpShape};
use gatewright_core::message::headers::NewHeaders;
use gatewright_core::message::{Message, Slot, Value};
use http::header::{CONTENT_LENGTH, COOKIE, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

/// Fields of one request, the pieces of a cookie counted each: what HTTP/1.1 is allowed, too.
const MOST_FIELDS: usize = 100;
/// The longest authority that a connection keeps: a domain name (RFC 1035, 2.3.4), a colon and a port.
const KEPT_AUTHORITY: usize = 261;
/// Bytes that most fields take as a line.
const LINE: usize = 48;

/// The header fields of a request, looked through once: those that are looked at here, and the rest.
pub(super) struct Fields<'h> {
    host: Option<&'h HeaderValue>,
    /// Whether there is more than one `Host`.
    hosts: bool,
    /// The pieces of its cookie.
    cookies: Vec<&'h HeaderValue>,
    /// Whether it waits to be told to go on (RFC 9110, 10.1.1).
    pub(super) expects: bool,
    all: &'h HeaderMap,
}

impl<'h> Fields<'h> {
    pub(super) fn of(all: &'h HeaderMap) -> Self {
        let mut fields = Self {
            host: None,
            hosts: false,
            cookies: Vec::new(),
            expects: false,
            all,
        };
        for (name, value) in all {
            match name {
                name if name == HOST => fields.hosts = fields.host.replace(value).is_some(),
                name if name == COOKIE => fields.cookies.push(value),
                name => fields.expects |= name == EXPECT,
            }
        }
        fields
    }
}

/// The message, without its body. `last` is the authority that the request before it on this connection was
/// for: most are for one, whose text they share.
pub(super) fn message(
    parts: &Parts,
    given: Fields<'_>,
    shape: &HttpShape,
    descriptor: &Descriptor,
    last: &mut ByteString,
) -> Result<Message, DecodeError> {
    let length = descriptor.record(shape.request).fields.len();
    let mut fields = Vec::with_capacity(length);
    fields.resize_with(length, || Value::Null);
    let mut set = |slot: Slot, value: Value| {
        if let Some(field) = fields.get_mut(slot.index()) {
            *field = value;
        }
    };
    scheme(parts)?;
    let target = match target(parts)? {
        "/" => ByteString::from_static("/"),
        target => target.into(),
    };
    let authority = shared(authority(parts, &given)?, last);
    set(shape.method, method(&parts.method).into());
    set(shape.target, target.into());
    set(shape.authority, authority.into());
    set(shape.request_headers, headers(&given)?);
    Ok(descriptor.message(shape.request, fields))
}

/// The text of an authority, that of the last one if it is the same. A connection keeps no long one: it may be
/// idle, and there may be many.
fn shared(authority: &str, last: &mut ByteString) -> ByteString {
    if *last != authority {
        if authority.len() > KEPT_AUTHORITY {
            return authority.into();
        }
        *last = authority.into();
    }
    last.clone()
}

/// Nearly all are one of these, whose texts nobody has to copy.
fn method(method: &Method) -> ByteString {
    const USUAL: [&str; 7] = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"];
    let method = method.as_str();
    let usual = USUAL.into_iter().find(|usual| *usual == method);
    usual.map_or_else(|| method.into(), ByteString::from_static)
}

/// Origin form, or `*` of OPTIONS (RFC 9110, 7.1), of the bytes that HTTP/1.1 takes: the library lets through some in a
/// path that another hop could read in another way, such as a backslash.
fn target(parts: &Parts) -> Result<&str, DecodeError> {
    if parts.method == Method::CONNECT {
        let error = DecodeError::new(Cause::Unsupported, 0, "a request for a resource", "CONNECT");
        return Err(error);
    }
    let target = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let asterisk = target == "*" && parts.method == Method::OPTIONS;
    if asterisk || (target.starts_with('/') && is_path_and_query(target)) {
        return Ok(target);
    }
    Err(wrong("a path that starts with a slash"))
}

/// Of the two that are HTTP's. The library keeps it only beside an authority.
fn scheme(parts: &Parts) -> Result<(), DecodeError> {
    match parts.uri.scheme_str() {
        None | Some("http" | "https") => Ok(()),
        Some(_) => Err(wrong("http or https")),
    }
}

/// `:authority`, or `Host` instead of it; both only if they say the same. It is one that HTTP/1.1 takes, too, so
/// that all hops find the same host in it (RFC 9113, 8.3.1: no user information, and not empty).
fn authority<'p>(parts: &'p Parts, given: &Fields<'p>) -> Result<&'p str, DecodeError> {
    let host = given.host.map(text).transpose()?;
    if given.hosts {
        return Err(wrong("one Host"));
    }
    let asked = parts.uri.authority().map(http::uri::Authority::as_str);
    let authority = match (asked, host) {
        (Some(asked), Some(host)) if !host.eq_ignore_ascii_case(asked) => {
            return Err(wrong("one authority"));
        }
        (Some(asked), _) => asked,
        (None, Some(host)) => host,
        // RFC 9110, 7.2: an `http` URI has a host, whoever carries it.
        (None, None) => return Err(wrong("an authority")),
    };
    match is_authority(authority) {
        true => Ok(authority),
        false => Err(wrong("a host, and perhaps a port")),
    }
}

fn headers(given: &Fields<'_>) -> Result<Value, DecodeError> {
    let headers = given.all;
    if headers.len() > MOST_FIELDS {
        let expected = format!("at most {MOST_FIELDS} fields");
        return Err(DecodeError::new(Cause::TooLong, 1, expected, "more"));
    }
    let mut fields = NewHeaders::with_capacity(headers.len() * LINE);
    for (name, value) in headers {
        if name != HOST && name != COOKIE {
            add(&mut fields, name.as_str(), text(value)?)?;
        }
    }
    length(headers)?;
    // RFC 9113, 8.2.3: pieces of a cookie are put together before they leave HTTP/2.
    if !given.cookies.is_empty() {
        let pieces: Result<Vec<_>, _> = given.cookies.iter().copied().map(text).collect();
        let pieces = pieces?;
        add(&mut fields, COOKIE.as_str(), &pieces.join("; "))?;
    }
    Ok(Value::Headers(fields.finish()))
}

/// One length in digits, if any: RFC 9110, 8.6. The library takes nothing for zero, and looks at the first line only.
fn length(headers: &HeaderMap) -> Result<(), DecodeError> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let is_number = |length: &HeaderValue| {
        !length.is_empty() && length.as_bytes().iter().all(u8::is_ascii_digit)
    };
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(()),
        (Some(length), None) if is_number(length) => Ok(()),
        (Some(_), _) => Err(wrong("one length in digits")),
    }
}

fn add(fields: &mut NewHeaders, name: &str, value: &str) -> Result<(), DecodeError> {
    let added = fields.add(name, value);
    added.map_err(|_| wrong("a field without control characters"))
}

/// A field's value is a text everywhere else. RFC 9113, 8.2.1: nor does white space surround it.
fn text(value: &HeaderValue) -> Result<&str, DecodeError> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) if text.trim_matches([' ', '\t']).len() == text.len() => Ok(text),
        Ok(_) => Err(wrong("a field without white space around it")),
        Err(_) => Err(wrong("text in UTF-8")),
    }
}

#[cold]
fn wrong(expected: &'static str) -> DecodeError {
    DecodeError::new(Cause::BadValue, 0, expected, "something else")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn parts(request: http::request::Builder) -> Parts {
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn targets_are_in_origin_form() {
        let target = |method: &str, uri: &str| {
            let parts = parts(Request::builder().method(method).uri(uri));
            target(&parts).ok().map(str::to_owned)
        };
        assert_eq!(target("GET", "http://a/b?c=d").as_deref(), Some("/b?c=d"));
        assert_eq!(target("OPTIONS", "*").as_deref(), Some("*"));
        assert_eq!(target("GET", "*"), None);
        assert_eq!(target("CONNECT", "a:80"), None);
        assert_eq!(
            target("GET", "http://a/?b={c}|d").as_deref(),
            Some("/?b={c}|d")
        );
        for odd in ["\u{e9}", "a\\b", "a|b", "a^b", "a%2", "?b=\u{e9}"] {
            assert_eq!(target("GET", &format!("http://a/{odd}")), None, "{odd}");
        }
    }

    #[test]
    fn methods_are_what_they_are_called() {
        for name in ["GET", "OPTIONS", "PROPFIND", "X"] {
            assert_eq!(method(&Method::from_bytes(name.as_bytes()).unwrap()), name);
        }
    }

    #[test]
    fn the_last_authority_is_kept_unless_it_is_long() {
        let mut last = ByteString::new();
        for (asked, kept) in [
            ("a:1", "a:1"),
            ("b", "b"),
            (&"c".repeat(KEPT_AUTHORITY + 1), "b"),
            (&"d".repeat(KEPT_AUTHORITY), &"d".repeat(KEPT_AUTHORITY)),
        ] {
            assert_eq!(shared(asked, &mut last), asked);
            assert_eq!(last, kept);
        }
    }

    #[test]
    fn there_is_one_authority() {
        let read = |parts: &Parts| {
            let read = authority(parts, &Fields::of(&parts.headers));
            read.ok().map(str::to_owned)
        };
        let request = |hosts: &[&str]| {
            let mut request = Request::builder().uri("http://a:1/");
            for host in hosts {
                request = request.header(HOST, *host);
            }
            read(&parts(request))
        };
        assert_eq!(request(&[]), Some("a:1".into()));
        assert_eq!(request(&["A:1"]), Some("a:1".into()));
        assert_eq!(request(&["b:1"]), None);
        assert_eq!(request(&["a:1", "a:1"]), None);
        let bare = parts(Request::builder().uri("/").header(HOST, "b"));
        assert_eq!(read(&bare), Some("b".into()));
        for odd in ["u@a", "a,b", "a:", "a:99999"] {
            let asked = parts(Request::builder().uri(format!("http://{odd}/")));
            assert_eq!(read(&asked), None, "{odd}");
        }
        for odd in ["", "u@a", "a,b", "a:", "a:x@b", "a b", "[::1"] {
            let bare = parts(Request::builder().uri("/").header(HOST, odd));
            assert_eq!(read(&bare), None, "{odd}");
        }
    }

    #[test]
    fn pieces_of_a_cookie_are_put_together_and_counted() {
        let mut map = HeaderMap::new();
        map.append(COOKIE, HeaderValue::from_static("a=1"));
        map.append("x", HeaderValue::from_static("y"));
        map.append(COOKIE, HeaderValue::from_static("b=2"));
        map.append(HOST, HeaderValue::from_static("h"));
        let read = headers(&Fields::of(&map)).unwrap();
        let field = |name: &str, value: &str| Value::Record(vec![name.into(), value.into()]);
        let expected = [field("x", "y"), field("cookie", "a=1; b=2")];
        assert_eq!(read.as_list(), Some(&expected[..]));
        for _ in 0..MOST_FIELDS {
            map.append(COOKIE, HeaderValue::from_static("c=3"));
        }
        assert!(headers(&Fields::of(&map)).is_err());
        let mut latin = HeaderMap::new();
        latin.append("x", HeaderValue::from_bytes(b"\xe9").unwrap());
        assert!(headers(&Fields::of(&latin)).is_err());
        let mut space = HeaderMap::new();
        space.append("x", HeaderValue::from_bytes(b"y ").unwrap());
        assert!(headers(&Fields::of(&space)).is_err());
    }

    #[test]
    fn a_length_is_said_once_in_digits() {
        for (lines, expected) in [
            (&[][..], true),
            (&["0"], true),
            (&["12"], true),
            (&[""], false),
            (&["+1"], false),
            (&["1,1"], false),
            (&["1", "1"], false),
        ] {
            let mut map = HeaderMap::new();
            for line in lines {
                map.append(CONTENT_LENGTH, HeaderValue::from_static(line));
            }
            assert_eq!(headers(&Fields::of(&map)).is_ok(), expected, "{lines:?}");
        }
    }
}
