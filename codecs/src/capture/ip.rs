//! IP, TCP and UDP: headers off, payload out (RFC 791, 8200, 9293, 768).

use bytes::Bytes;
use nom::IResult;
use nom::bytes::complete::take;
use nom::error::{Error, ErrorKind};
use nom::number::complete::{be_u8, be_u16, be_u32, be_u64, be_u128};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const HOP_BY_HOP: u8 = 0;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;
/// The most extension headers that are looked through; RFC 8200 expects each at most once.
const MAX_EXTENSIONS: usize = 8;

/// What an IP packet carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A TCP segment.
    Segment(Segment),
    /// A UDP datagram.
    Datagram {
        /// Who sent it.
        from: SocketAddr,
        /// To whom.
        to: SocketAddr,
        /// What was captured of its payload.
        payload: Bytes,
        /// Whether that is all of it.
        whole: bool,
    },
    /// A part of a packet. They are not put together here.
    Fragment,
    /// Another protocol, such as ICMP.
    Other,
    /// Not IP, or headers that contradict themselves.
    Malformed,
}

/// A TCP segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// The sequence number of its first byte, or of its SYN.
    pub sequence: u32,
    /// SYN: a direction begins.
    pub syn: bool,
    /// ACK.
    pub ack: bool,
    /// RST: its payload, if any, is a text for people.
    pub rst: bool,
    /// What was captured of its payload.
    pub payload: Bytes,
}

/// An IP packet without its header.
struct Inner<'i> {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    fragment: bool,
    payload: &'i [u8],
}

/// Looks into an IP packet.
#[must_use]
pub fn content(packet: &Bytes) -> Content {
    let inner = match packet.first().map(|first| first >> 4) {
        Some(4) => ipv4(packet),
        Some(6) => ipv6(packet),
        _ => return Content::Malformed,
    };
    let Ok((_, inner)) = inner else {
        return Content::Malformed;
    };
    let carried = match inner.protocol {
        _ if inner.fragment => return Content::Fragment,
        TCP => tcp(&inner, packet),
        UDP => udp(&inner, packet),
        _ => return Content::Other,
    };
    carried.map_or(Content::Malformed, |(_, content)| content)
}

fn wrong(i: &[u8]) -> nom::Err<Error<&[u8]>> {
    nom::Err::Error(Error::new(i, ErrorKind::Verify))
}

/// As many bytes as a header says, or as were captured.
fn captured(i: &[u8], said: usize) -> &[u8] {
    i.get(..said).unwrap_or(i)
}

fn ipv4(whole: &[u8]) -> IResult<&[u8], Inner<'_>> {
    let (i, first) = be_u8(whole)?;
    let (i, _service) = be_u8(i)?;
    let (i, total) = be_u16(i)?;
    let (i, _id) = be_u16(i)?;
    let (i, fragment) = be_u16(i)?;
    let (i, _time_to_live) = be_u8(i)?;
    let (i, protocol) = be_u8(i)?;
    let (i, _checksum) = be_u16(i)?;
    let (i, source) = be_u32(i)?;
    let (i, destination) = be_u32(i)?;
    let header = usize::from(first & 0xf).saturating_mul(4);
    let options = header.checked_sub(20).ok_or_else(|| wrong(whole))?;
    let (i, _options) = take(options)(i)?;
    let payload = match total {
        // Cards that cut segments themselves leave the length to be filled in.
        0 => i,
        total => {
            let said = usize::from(total).checked_sub(header);
            captured(i, said.ok_or_else(|| wrong(whole))?)
        }
    };
    let inner = Inner {
        source: Ipv4Addr::from_bits(source).into(),
        destination: Ipv4Addr::from_bits(destination).into(),
        protocol,
        // More to come, or not the first.
        fragment: fragment & 0x3fff != 0,
        payload,
    };
    Ok((i, inner))
}

fn ipv6(i: &[u8]) -> IResult<&[u8], Inner<'_>> {
    let (i, _version) = be_u32(i)?;
    let (i, length) = be_u16(i)?;
    let (i, mut next) = be_u8(i)?;
    let (i, _hop_limit) = be_u8(i)?;
    let (i, source) = be_u128(i)?;
    let (i, destination) = be_u128(i)?;
    // Zero is that of a jumbogram, or left to the card to be filled in.
    let mut i = match length {
        0 => i,
        length => captured(i, usize::from(length)),
    };
    let mut fragment = false;
    for _ in 0..MAX_EXTENSIONS {
        match next {
            HOP_BY_HOP | ROUTING | DESTINATION => {
                let (rest, following) = be_u8(i)?;
                let (rest, length) = be_u8(rest)?;
                let length = usize::from(length).saturating_mul(8).saturating_add(6);
                (i, _) = take(length)(rest)?;
                next = following;
            }
            FRAGMENT => {
                let (rest, head) = be_u64(i)?;
                let [following, _, high, low, ..] = head.to_be_bytes();
                // A fragment that is first and last is whole (RFC 6946).
                fragment = fragment || high != 0 || low & 0xf9 != 0;
                (i, next) = (rest, following);
            }
            _ => break,
        }
    }
    let inner = Inner {
        source: Ipv6Addr::from_bits(source).into(),
        destination: Ipv6Addr::from_bits(destination).into(),
        protocol: next,
        fragment,
        payload: i,
    };
    Ok((i, inner))
}

impl Inner<'_> {
    fn ends(&self, from: u16, to: u16) -> (SocketAddr, SocketAddr) {
        let from = SocketAddr::new(self.source, from);
        (from, SocketAddr::new(self.destination, to))
    }
}

fn tcp<'i>(inner: &Inner<'i>, packet: &Bytes) -> IResult<&'i [u8], Content> {
    let (i, from) = be_u16(inner.payload)?;
    let (i, to) = be_u16(i)?;
    let (i, sequence) = be_u32(i)?;
    let (i, _acknowledged) = be_u32(i)?;
    let (i, offset) = be_u8(i)?;
    let (i, flags) = be_u8(i)?;
    let (i, _window) = be_u16(i)?;
    let (i, _checksum) = be_u16(i)?;
    let (i, _urgent) = be_u16(i)?;
    let header = usize::from(offset >> 4).saturating_mul(4);
    let options = header.checked_sub(20).ok_or_else(|| wrong(i))?;
    let (payload, _options) = take(options)(i)?;
    let (from, to) = inner.ends(from, to);
    let segment = Segment {
        from,
        to,
        sequence,
        syn: flags & 0x02 != 0,
        ack: flags & 0x10 != 0,
        rst: flags & 0x04 != 0,
        payload: packet.slice_ref(payload),
    };
    Ok((payload, Content::Segment(segment)))
}

fn udp<'i>(inner: &Inner<'i>, packet: &Bytes) -> IResult<&'i [u8], Content> {
    let (i, from) = be_u16(inner.payload)?;
    let (i, to) = be_u16(i)?;
    let (i, length) = be_u16(i)?;
    let (i, _checksum) = be_u16(i)?;
    let said = match length {
        // As with IP: a jumbogram, or left to the card.
        0 => i.len(),
        length => usize::from(length).checked_sub(8).ok_or_else(|| wrong(i))?,
    };
    let payload = captured(i, said);
    let (from, to) = inner.ends(from, to);
    let datagram = Content::Datagram {
        from,
        to,
        payload: packet.slice_ref(payload),
        whole: payload.len() == said,
    };
    Ok((payload, datagram))
}
