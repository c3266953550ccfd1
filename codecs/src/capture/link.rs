//! What links put around IP.

use bytes::Bytes;
use nom::IResult;
use nom::bytes::complete::take;
use nom::number::complete::{be_u16, be_u32};

/// What the first byte of a packet belongs to (the LINKTYPE values of tcpdump.org).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkType {
    /// BSD loopback: the family of addresses first, in the order of bytes of whoever captured.
    Loopback,
    /// Ethernet (IEEE 802.3), perhaps with VLAN tags.
    Ethernet,
    /// IP without anything around it.
    Ip,
    /// Linux, "any" interface: 16 bytes, the protocol last.
    Cooked,
    /// Linux, "any" interface, the newer form: 20 bytes, the protocol first.
    Cooked2,
    /// One that is not read here.
    Other(u32),
}

impl LinkType {
    /// By its number.
    #[must_use]
    pub const fn of(number: u32) -> Self {
        match number {
            0 | 108 => Self::Loopback,
            1 => Self::Ethernet,
            12 | 14 | 101 | 228 | 229 => Self::Ip,
            113 => Self::Cooked,
            276 => Self::Cooked2,
            other => Self::Other(other),
        }
    }
}

/// Numbers of protocols (IEEE 802).
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const VLAN: [u16; 3] = [0x8100, 0x88a8, 0x9100];
/// The most tags in a row that are looked through.
const MAX_TAGS: usize = 4;

/// What a link carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// An IP packet, perhaps with padding behind it.
    Ip(Bytes),
    /// Something else, such as ARP.
    Other,
    /// A link type that is not read here, or less than a header.
    Unreadable,
}

/// Takes off what a link put around a packet.
#[must_use]
pub fn unwrap(link: LinkType, packet: &Bytes) -> Carried {
    let parsed = match link {
        LinkType::Loopback => loopback(packet),
        LinkType::Ethernet => ethernet(packet),
        LinkType::Ip => Ok((&packet[..], true)),
        LinkType::Cooked => cooked(packet),
        LinkType::Cooked2 => cooked2(packet),
        LinkType::Other(_) => return Carried::Unreadable,
    };
    match parsed {
        Ok((rest, true)) => Carried::Ip(packet.slice_ref(rest)),
        Ok((_, false)) => Carried::Other,
        Err(_) => Carried::Unreadable,
    }
}

/// What is left of a packet, and whether it is IP.
type Rest<'i> = IResult<&'i [u8], bool>;

fn protocol(i: &[u8]) -> Rest<'_> {
    let (mut i, mut kind) = be_u16(i)?;
    for _ in 0..MAX_TAGS {
        if !VLAN.contains(&kind) {
            break;
        }
        let (rest, _tag) = be_u16(i)?;
        (i, kind) = be_u16(rest)?;
    }
    Ok((i, matches!(kind, IPV4 | IPV6)))
}

fn ethernet(i: &[u8]) -> Rest<'_> {
    let (i, _addresses) = take(12_usize)(i)?;
    protocol(i)
}

fn cooked(i: &[u8]) -> Rest<'_> {
    let (i, _head) = take(14_usize)(i)?;
    protocol(i)
}

fn cooked2(i: &[u8]) -> Rest<'_> {
    let (rest, kind) = be_u16(i)?;
    let (rest, _head) = take(18_usize)(rest)?;
    Ok((rest, matches!(kind, IPV4 | IPV6)))
}

/// IPv4 is 2 everywhere, IPv6 differs between systems.
fn loopback(i: &[u8]) -> Rest<'_> {
    let (rest, family) = be_u32(i)?;
    let family = if family > 0xffff {
        family.swap_bytes()
    } else {
        family
    };
    Ok((rest, matches!(family, 2 | 10 | 24 | 28 | 30)))
}
