//! Who is let in: RFC 6455, 4.2.1, and no more than it allows.

use super::answer::{Refusal, switching};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use gatewright_config::plan::{Origins, WebSocketPlan};
use httparse::{EMPTY_HEADER, Header, Request, Status};
use std::sync::Arc;

/// The longest head of a request, in bytes with its end.
pub(crate) const MAX_HEAD: usize = 8 << 10;
/// So many fields it may have. Browsers send about 20.
pub(super) const MAX_FIELDS: usize = 64;
/// RFC 6455, 1.3.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Looks at what a client has sent so far: the answer of a server that agrees, or nothing if the head is not
/// whole yet.
///
/// # Errors
/// Why there is no WebSocket for it.
pub(crate) fn judge(sent: &[u8], plan: &WebSocketPlan) -> Result<Option<String>, Refusal> {
    let end = memchr::memmem::find(sent, b"\r\n\r\n");
    let Some(head) = end.and_then(|end| sent.get(..end + 4)) else {
        return begins_well(sent).map(|()| None);
    };
    if head.len() > MAX_HEAD {
        return Err(Refusal::LongHead);
    }
    // RFC 6455, 4.1: a client sends nothing more before it has the answer.
    if head.len() < sent.len() || has_lone_ends(head) {
        return Err(Refusal::Syntax);
    }
    let mut fields = [EMPTY_HEADER; MAX_FIELDS];
    let mut request = Request::new(&mut fields);
    match request.parse(head) {
        Ok(Status::Complete(_)) => agree(&request, plan).map(Some),
        Err(httparse::Error::TooManyHeaders) => Err(Refusal::LongHead),
        Ok(Status::Partial) | Err(_) => Err(Refusal::Syntax),
    }
}

/// Who does not speak HTTP is not waited for.
fn begins_well(sent: &[u8]) -> Result<(), Refusal> {
    if sent.len() >= MAX_HEAD {
        return Err(Refusal::LongHead);
    }
    match sent.first() {
        Some(byte) if !byte.is_ascii_alphabetic() => Err(Refusal::Syntax),
        Some(_) | None => Ok(()),
    }
}

/// Whether a line ends in LF alone, or is continued (RFC 9112, 2.2 and 5.2). The parser forgives the one.
fn has_lone_ends(head: &[u8]) -> bool {
    head.windows(2).any(|pair| match pair {
        [before, b'\n'] => *before != b'\r',
        [b'\n', after] => matches!(after, b' ' | b'\t'),
        _ => false,
    })
}

fn agree(request: &Request<'_, '_>, plan: &WebSocketPlan) -> Result<String, Refusal> {
    let fields = Fields(request.headers);
    if request.version != Some(1) || fields.has_body() || fields.one("host").is_none() {
        return Err(Refusal::Syntax);
    }
    let target = request.path.unwrap_or_default();
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    if path != &*plan.path {
        return Err(Refusal::Path);
    }
    if request.method != Some("GET") {
        return Err(Refusal::Method);
    }
    if !fields.lists("connection", "upgrade") || !fields.lists("upgrade", "websocket") {
        return Err(Refusal::NoUpgrade);
    }
    if fields.one("sec-websocket-version") != Some("13") {
        return Err(Refusal::Version);
    }
    let key = fields.one("sec-websocket-key").filter(|key| is_key(key));
    let accept = accept(key.ok_or(Refusal::Key)?);
    if !is_allowed(&fields, &plan.origins) {
        return Err(Refusal::Origin);
    }
    let subprotocol = subprotocol(&fields, &plan.subprotocols)?;
    Ok(switching(&accept, subprotocol))
}

/// The fields of a request, or of an answer.
#[derive(Clone, Copy)]
pub(super) struct Fields<'h>(pub(super) &'h [Header<'h>]);

impl<'h> Fields<'h> {
    fn all(self, name: &str) -> impl Iterator<Item = Option<&'h str>> {
        let named = self
            .0
            .iter()
            .filter(move |field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| std::str::from_utf8(field.value).ok())
    }

    /// The value of a field that stands there once.
    pub(super) fn one(self, name: &str) -> Option<&'h str> {
        let mut values = self.all(name);
        let value = values.next().flatten();
        value.filter(|_| values.next().is_none())
    }

    /// The elements of a list, over all fields of that name.
    fn elements(self, name: &str) -> impl Iterator<Item = &'h str> {
        self.all(name)
            .flatten()
            .flat_map(|value| value.split(','))
            .map(str::trim)
    }

    pub(super) fn lists(self, name: &str, element: &str) -> bool {
        self.elements(name)
            .any(|listed| listed.eq_ignore_ascii_case(element))
    }

    pub(super) fn has_body(self) -> bool {
        let length = self.all("content-length").any(|length| length != Some("0"));
        length || self.all("transfer-encoding").next().is_some()
    }
}

/// RFC 6455, 4.2.1: 16 bytes in base64.
fn is_key(key: &str) -> bool {
    let decoded = base64_simd::STANDARD.decode_to_vec(key);
    decoded.is_ok_and(|bytes| bytes.len() == 16)
}

/// RFC 6455, 4.2.2. That SHA-1 is broken does not matter here: it shows that WebSocket is spoken.
pub(super) fn accept(key: &str) -> String {
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes());
    base64_simd::STANDARD.encode_to_string(hash)
}

/// RFC 6455, 10.2: browsers say where the page comes from, and nobody else has to.
pub(super) fn is_allowed(fields: &Fields<'_>, origins: &Origins) -> bool {
    let mut said = fields.all("origin").peekable();
    match origins {
        Origins::Any => true,
        Origins::Listed(_) if said.peek().is_none() => true,
        Origins::Listed(listed) => fields.one("origin").is_some_and(|origin| {
            listed
                .iter()
                .any(|listed| listed.eq_ignore_ascii_case(origin))
        }),
    }
}

/// The subprotocol to agree on.
pub(super) fn subprotocol<'p>(
    fields: &Fields<'_>,
    spoken: &'p [Arc<str>],
) -> Result<Option<&'p str>, Refusal> {
    // RFC 6455, 4.1: names are compared as they are.
    let offered = |name: &&Arc<str>| {
        let mut offers = fields.elements("sec-websocket-protocol");
        offers.any(|offer| offer == &***name)
    };
    match spoken.iter().find(offered) {
        Some(name) => Ok(Some(name)),
        None if spoken.is_empty() => Ok(None),
        None => Err(Refusal::Subprotocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> WebSocketPlan {
        WebSocketPlan {
            path: "/pos".into(),
            origins: Origins::Listed(Vec::new()),
            subprotocols: Vec::new(),
        }
    }

    /// RFC 6455, 1.3.
    const REQUEST: &str = "GET /pos?token=1 HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
        Connection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    /// The request with a part of it replaced.
    fn with(from: &str, to: &str) -> String {
        assert!(REQUEST.contains(from), "{from}");
        REQUEST.replacen(from, to, 1)
    }

    /// The request with one more field.
    fn and(field: &str) -> String {
        with("\r\n\r\n", &format!("\r\n{field}\r\n\r\n"))
    }

    #[test]
    fn a_good_request_is_agreed_to_once_it_is_whole() {
        for cut in 0..REQUEST.len() {
            assert_eq!(
                judge(&REQUEST.as_bytes()[..cut], &plan()),
                Ok(None),
                "{cut}"
            );
        }
        let answer = judge(REQUEST.as_bytes(), &plan()).unwrap().unwrap();
        assert_eq!(
            answer,
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        );
    }

    #[test]
    fn any_other_request_is_refused_for_its_reason() {
        let long = format!("x: {}", "y".repeat(MAX_HEAD));
        let many = "x: y\r\n".repeat(MAX_FIELDS);
        for (request, refusal) in [
            (with("GET", "\x16\x03\x01"), Refusal::Syntax),
            (with("HTTP/1.1", "HTTP/1.0"), Refusal::Syntax),
            (with("HTTP/1.1", "HTTP/2.0"), Refusal::Syntax),
            (with("Host: server.example.com\r\n", ""), Refusal::Syntax),
            (and("Host: another"), Refusal::Syntax),
            (and("Content-Length: 1"), Refusal::Syntax),
            (and("Transfer-Encoding: chunked"), Refusal::Syntax),
            (and(" folded"), Refusal::Syntax),
            (with("websocket\r\n", "websocket\n"), Refusal::Syntax),
            (with("\r\n\r\n", "\r\n\r\nearly"), Refusal::Syntax),
            (and(&long), Refusal::LongHead),
            (and(many.trim_end()), Refusal::LongHead),
            (with("/pos?", "/po?"), Refusal::Path),
            (
                with("/pos?", "http://server.example.com/pos?"),
                Refusal::Path,
            ),
            (with("GET", "POST"), Refusal::Method),
            (with("Upgrade: websocket\r\n", ""), Refusal::NoUpgrade),
            (
                with("keep-alive, Upgrade", "keep-alive"),
                Refusal::NoUpgrade,
            ),
            (with("websocket", "h2c"), Refusal::NoUpgrade),
            (with("Version: 13", "Version: 8"), Refusal::Version),
            (with("Sec-WebSocket-Version: 13\r\n", ""), Refusal::Version),
            (and("Sec-WebSocket-Version: 13"), Refusal::Version),
            (
                with("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"),
                Refusal::Key,
            ),
            (with("dGhlIHNhbXBsZSBub25jZQ==", "***"), Refusal::Key),
            (
                and("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
                Refusal::Key,
            ),
            (and("Origin: https://shop.example"), Refusal::Origin),
        ] {
            let judged = judge(request.as_bytes(), &plan());
            assert_eq!(judged, Err(refusal), "{}", request.escape_debug());
        }
        assert_eq!(judge(&[b'G'; MAX_HEAD], &plan()), Err(Refusal::LongHead));
    }

    #[test]
    fn pages_are_let_in_by_their_origin() {
        let listed = WebSocketPlan {
            origins: Origins::Listed(vec!["https://shop.example".into()]),
            ..plan()
        };
        let any = WebSocketPlan {
            origins: Origins::Any,
            ..plan()
        };
        let good = and("Origin: https://Shop.example");
        let other = and("Origin: https://shop.example.net");
        let twice = and("Origin: https://shop.example\r\nOrigin: https://shop.example");
        let is_in = |request: &str, plan| judge(request.as_bytes(), plan).is_ok();
        assert!(is_in(&good, &listed) && is_in(REQUEST, &listed) && is_in(&other, &any));
        assert!(!is_in(&other, &listed) && !is_in(&twice, &listed) && !is_in(&good, &plan()));
    }

    #[test]
    fn the_first_subprotocol_that_is_offered_is_agreed_on() {
        let plan = WebSocketPlan {
            subprotocols: vec!["mqtt".into(), "mqttv3.1".into()],
            ..plan()
        };
        let offers = and("Sec-WebSocket-Protocol: mqttv3.1\r\nSec-WebSocket-Protocol: x, mqtt");
        let answer = judge(offers.as_bytes(), &plan).unwrap().unwrap();
        assert!(
            answer.contains("\r\nsec-websocket-protocol: mqtt\r\n"),
            "{answer}"
        );
        for none in [REQUEST, &and("Sec-WebSocket-Protocol: MQTT")] {
            assert_eq!(judge(none.as_bytes(), &plan), Err(Refusal::Subprotocol));
        }
    }

    #[test]
    fn refusals_are_whole_answers() {
        assert_eq!(
            Refusal::Version.answer("Sun, 06 Nov 1994 08:49:37 GMT"),
            "HTTP/1.1 426 Upgrade Required\r\ncontent-type: text/plain\r\ncontent-length: 39\r\n\
             date: Sun, 06 Nov 1994 08:49:37 GMT\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nconnection: upgrade, close\r\n\r\nversion 13 of WebSocket is spoken here\n"
        );
    }
}
