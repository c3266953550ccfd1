//! Whose request it is, where proxies that are trusted hand requests on to this gateway.
//!
//! Each of them adds the address of who asked it to the end of a list. So whoever is found first from the end
//! that is no such proxy is the client: all before that anybody can have made up.

use super::proxy::{Passing, headers};
use super::{Network, OriginFields, forwarded};
use crate::codec::HttpShape;
use crate::message::Message;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Who asked the proxy that said it, by a list up to some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asker {
    /// The list has no element.
    Nobody,
    /// The last element names no address (RFC 7239, 6: `unknown`, `_hidden`), or is none.
    Unknown,
    /// The one that was found.
    Address(IpAddr),
}

/// The address of the client of a request from `peer`, which is in one of the networks that are `trusted`, by what
/// the `fields` say. Where they say nothing that can be read, or not the same, it is the peer.
#[must_use]
pub fn client(
    request: &Message,
    shape: &HttpShape,
    peer: IpAddr,
    trusted: &[Network],
    fields: OriginFields,
) -> IpAddr {
    let peer = peer.to_canonical();
    let Ok(given) = headers(request, shape) else {
        return peer;
    };
    let passing = Passing::of(request, shape, &given);
    let by_list = || {
        let lines = passing.origins(forwarded::FORWARDED_FOR);
        let elements = lines.flat_map(|line| line.split(',').map(str::trim));
        let elements = elements.filter(|element| !element.is_empty());
        elements.fold(Asker::Nobody, |before, element| {
            before.then(node(element), trusted)
        })
    };
    let by_field = || {
        let lines = passing.origins(forwarded::FORWARDED);
        lines.fold(Asker::Nobody, |before, line| before.told(line, trusted))
    };
    let asker = match fields {
        OriginFields::XForwarded => by_list(),
        OriginFields::Forwarded => by_field(),
        OriginFields::None => Asker::Nobody,
        OriginFields::Both => match (by_list(), by_field()) {
            (Asker::Nobody, asker) | (asker, Asker::Nobody) => asker,
            (one, other) if one == other => one,
            // One of them is not written by the proxy, nobody knows which.
            _ => Asker::Unknown,
        },
    };
    match asker {
        Asker::Address(address) => address,
        Asker::Nobody | Asker::Unknown => peer,
    }
}

impl Asker {
    /// The same by a list with one more element: its own address, unless that is a proxy that is trusted in who
    /// asked it.
    fn then(self, element: Option<IpAddr>, trusted: &[Network]) -> Self {
        let Some(address) = element else {
            return Self::Unknown;
        };
        let is_trusted = trusted.iter().any(|network| network.has(address));
        match self {
            Self::Address(before) if is_trusted => Self::Address(before),
            Self::Address(_) | Self::Nobody | Self::Unknown => Self::Address(address),
        }
    }

    /// The same by a list with the elements of a line of `Forwarded` more (RFC 7239, 4). What a proxy adds to a line
    /// can be read; what its client began that with may be anything. No address has a comma in it, so a
    /// line whose quotes do not fit is taken apart at each.
    fn told(self, line: &str, trusted: &[Network]) -> Self {
        let fits = !line.contains('\\') && line.matches('"').count().is_multiple_of(2);
        let elements = pieces(line, ',', fits).filter(|element| !element.is_empty());
        elements.fold(self, |before, element| {
            before.then(element_for(element), trusted)
        })
    }
}

/// The pieces between separators, those that are in quotes left out where there are any.
fn pieces(text: &str, separator: char, quotes: bool) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let pieces = text.split(move |character| {
        quoted ^= quotes && character == '"';
        character == separator && !quoted
    });
    pieces.map(str::trim)
}

/// The address that an element of `Forwarded` has for who asked: `for=192.0.2.1;proto=https`.
fn element_for(element: &str) -> Option<IpAddr> {
    let mut found = None;
    for pair in pieces(element, ';', true).filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        if !name.eq_ignore_ascii_case("for") {
            continue;
        }
        // Each parameter is there once.
        if found.is_some() {
            return None;
        }
        let quoted = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        found = Some(node(quoted.unwrap_or(value))?);
    }
    found
}

/// RFC 7239, 6: an address, with a port or without. That of IPv6 has brackets there; by the older fields it may have none.
fn node(text: &str) -> Option<IpAddr> {
    let bare = || text.parse::<IpAddr>().ok();
    let bracketed = || {
        let inner = text.strip_prefix('[')?.strip_suffix(']')?;
        inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    };
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let found = bare().or_else(bracketed).or_else(with_port);
    found.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::translate::tests::web::{SHAPE, asked};

    const PEER: &str = "10.0.0.9";

    fn found(fields: OriginFields, said: &[(&str, &str)]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8::/32"].map(|n| n.parse().unwrap());
        let request = asked("GET /", said, "");
        client(&request, &SHAPE, PEER.parse().unwrap(), &trusted, fields).to_string()
    }

    #[test]
    fn the_client_is_the_last_one_that_is_no_proxy_of_ours() {
        for (list, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("6.6.6.6, 192.0.2.1", "192.0.2.1"),
            ("6.6.6.6,192.0.2.1 , 10.1.1.1,, 10.2.2.2,", "192.0.2.1"),
            ("192.0.2.1, 2001:db8::1, ::ffff:10.0.0.1", "192.0.2.1"),
            // Where all are, the first one asked.
            ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
            ("192.0.2.1:4711", "192.0.2.1"),
            ("2001:db9::1", "2001:db9::1"),
            ("[2001:db9::1]:80", "2001:db9::1"),
            ("[2001:db9::1]", "2001:db9::1"),
            // Who is not named was asked by somebody else: the last proxy that named itself is all that is known.
            ("192.0.2.1, unknown", PEER),
            ("192.0.2.1, unknown, 10.1.1.1", "10.1.1.1"),
            ("192.0.2.1, 300.1.1.1", PEER),
            ("192.0.2.1, [10.0.0.1]", PEER),
            ("", PEER),
            (",", PEER),
        ] {
            let said = [("x-Forwarded-For", list)];
            assert_eq!(found(OriginFields::XForwarded, &said), expected, "{list}");
            assert_eq!(found(OriginFields::Both, &said), expected, "{list}");
            assert_eq!(found(OriginFields::Forwarded, &said), PEER, "{list}");
        }
        let lines = [
            ("x-forwarded-for", "6.6.6.6"),
            ("accept", "*"),
            ("X-Forwarded-For", "192.0.2.1, 10.1.1.1"),
            ("x-forwarded-for", "10.1.1.2"),
        ];
        assert_eq!(found(OriginFields::XForwarded, &lines), "192.0.2.1");
        // What `Connection` names is the neighbour's, and says nothing of others.
        let lines = [("connection", "x-forwarded-for"), lines[0]];
        assert_eq!(found(OriginFields::XForwarded, &lines), PEER);
    }

    #[test]
    fn the_field_of_rfc_7239_says_the_same() {
        for (line, expected) in [
            ("for=192.0.2.1", "192.0.2.1"),
            ("For=\"192.0.2.1:4711\";proto=http", "192.0.2.1"),
            ("for=\"[2001:db9:cafe::17]:4711\"", "2001:db9:cafe::17"),
            (
                "proto=https;for=192.0.2.1;by=10.0.0.1, for=10.1.1.1",
                "192.0.2.1",
            ),
            (
                "for=6.6.6.6, for=192.0.2.1;host=\"a,for=7.7.7.7\"",
                "192.0.2.1",
            ),
            ("for=192.0.2.1, for=unknown", PEER),
            ("for=192.0.2.1, for=\"_gazonk\"", PEER),
            ("for=192.0.2.1, proto=https", PEER),
            ("for=192.0.2.1;for=192.0.2.2", PEER),
            ("for=192.0.2.1, junk", PEER),
            (";for=192.0.2.1;,", "192.0.2.1"),
            ("for=192.0.2.1;host=\"a;for=7.7.7.7;b=c\"", "192.0.2.1"),
            ("host=\"a;for=7.7.7.7;b=c\"", PEER),
            // A quote that a stranger left open does not hide what the proxy said.
            ("for=\"6.6.6.6, for=192.0.2.1", "192.0.2.1"),
            ("for=\", for=\"[2001:db9::1]\"", "2001:db9::1"),
            ("for=\"6.6.6.6\\\", for=192.0.2.1", "192.0.2.1"),
            ("for=\"6.6.6.6, for=10.0.0.9", PEER),
            ("for=\"\"192.0.2.1\"\"", PEER),
        ] {
            let said = [("Forwarded", line)];
            assert_eq!(found(OriginFields::Forwarded, &said), expected, "{line}");
            assert_eq!(found(OriginFields::XForwarded, &said), PEER, "{line}");
        }
    }

    #[test]
    fn fields_that_disagree_are_not_believed() {
        let both = |list, line| {
            let said = [("x-forwarded-for", list), ("forwarded", line)];
            found(OriginFields::Both, &said)
        };
        assert_eq!(both("192.0.2.1", "for=192.0.2.1"), "192.0.2.1");
        assert_eq!(both("6.6.6.6", "for=192.0.2.1"), PEER);
        assert_eq!(both("unknown", "for=192.0.2.1"), PEER);
        assert_eq!(both("", "for=192.0.2.1"), "192.0.2.1");
    }
}
