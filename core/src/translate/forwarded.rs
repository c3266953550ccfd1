//! Where a request came from, as the server that it is handed on to is told.
//!
//! What a client says of that itself is not believed, unless it is a proxy that the listener trusts: then
//! what this gateway knows is added to it.

use super::Facts;
use super::forwards::MAX_FORWARDS;
use super::proxy::{Passing, unsayable};
use crate::codec::HttpShape;
use crate::fault::Fault;
use crate::message::Message;
use crate::message::headers::{KnownLine, KnownName, Role, WrongHeader, is_token};
use std::borrow::Cow;
use std::net::IpAddr;

/// The version that a request came in, and what this gateway is called (RFC 9110, 7.6.3).
const VIA_HTTP1: KnownLine = KnownLine::new("via: 1.1 gatewright\r\n", Role::Other);
const VIA_HTTP2: KnownLine = KnownLine::new("via: 2 gatewright\r\n", Role::Other);
pub(super) const FORWARDED: KnownName = KnownName::new("forwarded", Role::Origin);
pub(super) const FORWARDED_FOR: KnownName = KnownName::new("x-forwarded-for", Role::Origin);
const FORWARDED_HOST: KnownName = KnownName::new("x-forwarded-host", Role::Origin);
const FORWARDED_PROTO: KnownName = KnownName::new("x-forwarded-proto", Role::Origin);
const FROM_HTTP: KnownLine = KnownLine::new("x-forwarded-proto: http\r\n", Role::Origin);
const FROM_HTTPS: KnownLine = KnownLine::new("x-forwarded-proto: https\r\n", Role::Origin);
/// Characters of `255.255.255.255`.
const LONGEST_V4: usize = 15;

/// The fields that servers are told by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OriginFields {
    /// `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
    /// All of these.
    Both,
    /// They are not told.
    None,
}

/// What servers are told of where a request came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forwarding {
    /// By which fields. The others end here.
    pub fields: OriginFields,
    /// Whether the client is believed in what it says there.
    pub trusted: bool,
}

impl Forwarding {
    const fn says_x_forwarded(self) -> bool {
        matches!(self.fields, OriginFields::XForwarded | OriginFields::Both)
    }

    const fn says_forwarded(self) -> bool {
        matches!(self.fields, OriginFields::Forwarded | OriginFields::Both)
    }

    /// What a client that is believed says in a field: its lines as one list (RFC 9110, 5.3).
    fn before(self, passing: &Passing<'_>, field: KnownName) -> Option<String> {
        if !self.trusted {
            return None;
        }
        let mut list = String::new();
        passing.origins(field).for_each(|said| add(&mut list, said));
        (!list.is_empty()).then_some(list)
    }
}

/// What a server is told.
pub(super) enum Own<'v> {
    /// As it is written.
    Line(KnownLine),
    Field(KnownName, &'v str),
}

/// What this gateway knows of where a request came from.
struct Origin<'r> {
    ip: IpAddr,
    tls: bool,
    /// Whom it asks; empty if it does not say.
    host: &'r str,
}

impl Origin<'_> {
    /// RFC 7239, 4: an element of the list.
    fn element(&self) -> String {
        let mut text = "for=".to_owned();
        let mut room = [0; LONGEST_V4];
        let ip = address(self.ip, &mut room);
        match ip.contains(':') {
            // RFC 7239, 6: IPv6 is in brackets, and for that in quotes.
            true => push_quoted(&mut text, &format!("[{ip}]")),
            false => text.push_str(&ip),
        }
        if !self.host.is_empty() {
            text.push_str(";host=");
            push_quoted(&mut text, self.host);
        }
        text.push_str(match self.tls {
            true => ";proto=https",
            false => ";proto=http",
        });
        text
    }
}

/// A value of RFC 7239: a token, or a string in quotes (RFC 9110, 5.6.4).
fn push_quoted(text: &mut String, value: &str) {
    if !value.is_empty() && value.bytes().all(is_token) {
        return text.push_str(value);
    }
    text.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}

fn add(list: &mut String, element: &str) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.push_str(element);
}

/// An address as a text. Those of four numbers are put together here: the library's formatting costs
/// more than the rest of a request's fields.
fn address(ip: IpAddr, room: &mut [u8; LONGEST_V4]) -> Cow<'_, str> {
    let IpAddr::V4(four) = ip.to_canonical() else {
        return ip.to_canonical().to_string().into();
    };
    let mut length = 0;
    let mut put = |byte| {
        room[length] = byte;
        length += 1;
    };
    for (place, number) in four.octets().into_iter().enumerate() {
        if place > 0 {
            put(b'.');
        }
        for divisor in [100, 10] {
            if number >= divisor {
                put(b'0' + number / divisor % 10);
            }
        }
        put(b'0' + number % 10);
    }
    let text = room.get(..length).unwrap_or_default();
    Cow::Borrowed(std::str::from_utf8(text).unwrap_or_default())
}

/// Says what this gateway knows of where a request came from, and how far it may go.
pub(super) fn own_fields(
    request: &Message,
    shape: &HttpShape,
    passing: &Passing<'_>,
    facts: &Facts,
    mut say: impl FnMut(Own<'_>) -> Result<(), WrongHeader>,
) -> Result<(), Fault> {
    let carriage = facts.carriage;
    let via = match carriage.http2 {
        true => VIA_HTTP2,
        false => VIA_HTTP1,
    };
    let origin = Origin {
        ip: facts.peer.address.ip(),
        tls: carriage.tls,
        host: request.field(shape.authority).as_str().unwrap_or_default(),
    };
    let mut all = || {
        say(Own::Line(via))?;
        if let Some(left) = passing.forwards {
            say(Own::Field(
                MAX_FORWARDS,
                &left.saturating_sub(1).to_string(),
            ))?;
        }
        if carriage.forwarding.says_x_forwarded() {
            say_x_forwarded(&origin, carriage.forwarding, passing, &mut say)?;
        }
        if carriage.forwarding.says_forwarded() {
            let mut list = (carriage.forwarding.before(passing, FORWARDED)).unwrap_or_default();
            add(&mut list, &origin.element());
            say(Own::Field(FORWARDED, &list))?;
        }
        Ok(())
    };
    all().map_err(|_: WrongHeader| unsayable())
}

fn say_x_forwarded(
    origin: &Origin<'_>,
    forwarding: Forwarding,
    passing: &Passing<'_>,
    say: &mut impl FnMut(Own<'_>) -> Result<(), WrongHeader>,
) -> Result<(), WrongHeader> {
    let mut room = [0; LONGEST_V4];
    let ip = address(origin.ip, &mut room);
    match forwarding.before(passing, FORWARDED_FOR) {
        Some(mut list) => {
            add(&mut list, &ip);
            say(Own::Field(FORWARDED_FOR, &list))?;
        }
        None => say(Own::Field(FORWARDED_FOR, &ip))?,
    }
    // These are no lists of hops: they are about the first one.
    match (forwarding.before(passing, FORWARDED_PROTO), origin.tls) {
        (Some(proto), _) => say(Own::Field(FORWARDED_PROTO, &proto))?,
        (None, true) => say(Own::Line(FROM_HTTPS))?,
        (None, false) => say(Own::Line(FROM_HTTP))?,
    }
    let host = forwarding.before(passing, FORWARDED_HOST);
    match host.as_deref().unwrap_or(origin.host) {
        "" => Ok(()),
        host => say(Own::Field(FORWARDED_HOST, host)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::headers::NewHeaders;
    use crate::message::{Kind, OperationId};
    use crate::translate::tests::web::SHAPE;

    #[test]
    fn known_names_have_their_roles() {
        let mut fields = NewHeaders::default();
        for known in [FORWARDED, FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO] {
            fields.add_known(known, "1").unwrap();
        }
        for known in [VIA_HTTP1, VIA_HTTP2, FROM_HTTP, FROM_HTTPS] {
            fields.add_line(&known);
        }
        let fields = fields.finish();
        for header in fields.iter() {
            assert_eq!(header.role(), Role::of(header.name().as_bytes()));
        }
        let last = fields.iter().last().map(|last| (last.name(), last.value()));
        assert_eq!(last, Some((FROM_HTTPS.name(), FROM_HTTPS.value())));
        assert_eq!(last, Some(("x-forwarded-proto", "https")));
    }

    #[test]
    fn elements_are_quoted_where_they_have_to_be() {
        for (ip, host, expected) in [
            ("192.0.2.7", "", "for=192.0.2.7;proto=https"),
            (
                "192.0.2.7",
                "a.example",
                "for=192.0.2.7;host=a.example;proto=https",
            ),
            (
                "192.0.2.7",
                "a.example:81",
                "for=192.0.2.7;host=\"a.example:81\";proto=https",
            ),
            (
                "2001:db8::7",
                "a",
                "for=\"[2001:db8::7]\";host=a;proto=https",
            ),
            (
                "::ffff:192.0.2.7",
                "[::1]:81",
                "for=192.0.2.7;host=\"[::1]:81\";proto=https",
            ),
            (
                "::1",
                "a\";for=x",
                "for=\"[::1]\";host=\"a\\\";for=x\";proto=https",
            ),
            ("::1", "a\\", "for=\"[::1]\";host=\"a\\\\\";proto=https"),
        ] {
            let ip = ip.parse().unwrap();
            let tls = true;
            assert_eq!(Origin { ip, tls, host }.element(), expected);
        }
    }

    #[test]
    fn what_is_said_in_several_lines_is_one_list_if_it_is_believed() {
        let mut given = NewHeaders::default();
        for (name, value) in [
            ("X-Forwarded-For", "192.0.2.1, 192.0.2.2"),
            ("forwarded", "for=a"),
            ("x-forwarded-for", ""),
            ("x-forwarded-FOR", "192.0.2.3"),
            ("x-forwarded-fo", "192.0.2.4"),
            ("x-forwarded-host", "a"),
            ("connection", "close, X-Forwarded-Host"),
        ] {
            given.add(name, value).unwrap();
        }
        let given = given.finish();
        let request = Message::new(Kind::Request, OperationId(0), Vec::new());
        let passing = Passing::of(&request, &SHAPE, &given);
        let forwarding = |trusted| Forwarding {
            fields: OriginFields::Both,
            trusted,
        };
        let list = forwarding(true).before(&passing, FORWARDED_FOR);
        assert_eq!(list.as_deref(), Some("192.0.2.1, 192.0.2.2, 192.0.2.3"));
        let list = forwarding(true).before(&passing, FORWARDED);
        assert_eq!(list.as_deref(), Some("for=a"));
        assert_eq!(forwarding(true).before(&passing, FORWARDED_HOST), None);
        assert_eq!(forwarding(false).before(&passing, FORWARDED_FOR), None);
    }

    #[test]
    fn addresses_are_written_as_the_library_does() {
        let all = [
            "0.0.0.0",
            "127.0.0.1",
            "10.20.30.99",
            "100.101.110.200",
            "255.9.19.255",
            "::1",
            "2001:db8::5",
        ];
        for text in all {
            assert_eq!(address(text.parse().unwrap(), &mut [0; LONGEST_V4]), text);
        }
        let mapped = "::ffff:192.0.2.7".parse().unwrap();
        assert_eq!(address(mapped, &mut [0; LONGEST_V4]), "192.0.2.7");
    }
}
