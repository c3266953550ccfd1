//! The packets of a file.

use super::link::LinkType;
use super::{pcap, pcapng};
use bytes::Bytes;
use std::fmt;

/// A packet as it was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// When, in nanoseconds since 1970-01-01 UTC. Zero if the file does not say.
    pub time: u64,
    /// What its first byte belongs to.
    pub link: LinkType,
    /// What was captured of it.
    pub data: Bytes,
    /// Its length on the wire; more than there is in `data` if the capture cut it short.
    pub length: u32,
}

/// Why there are no packets in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACapture;

impl fmt::Display for NotACapture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file is neither pcap nor pcapng")
    }
}

impl std::error::Error for NotACapture {}

/// The packets of a file, in its order. They end where the file does, or where its structure is
/// broken: [`is_whole`](Self::is_whole) tells which.
#[derive(Clone, Debug)]
pub struct Packets(Format);

#[derive(Clone, Debug)]
enum Format {
    Pcap(pcap::Pcap),
    Pcapng(pcapng::Pcapng),
}

/// Whether a file begins as a capture does.
#[must_use]
pub fn is_capture(file: &[u8]) -> bool {
    pcap::is_one(file) || pcapng::is_one(file)
}

impl Packets {
    /// The packets of a file, pcap or pcapng.
    ///
    /// # Errors
    /// If it is neither.
    pub fn new(file: Bytes) -> Result<Self, NotACapture> {
        if pcapng::is_one(&file) {
            return Ok(Self(Format::Pcapng(pcapng::Pcapng::new(file))));
        }
        let pcap = pcap::Pcap::new(file).ok_or(NotACapture)?;
        Ok(Self(Format::Pcap(pcap)))
    }

    /// Whether all of the file could be read, once there are no more packets.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match &self.0 {
            Format::Pcap(pcap) => pcap.is_whole(),
            Format::Pcapng(pcapng) => pcapng.is_whole(),
        }
    }
}

impl Iterator for Packets {
    type Item = Packet;

    fn next(&mut self) -> Option<Packet> {
        match &mut self.0 {
            Format::Pcap(pcap) => pcap.next(),
            Format::Pcapng(pcapng) => pcapng.next(),
        }
    }
}

/// A number of the order of bytes that a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Big,
    Little,
}

impl Order {
    pub(super) fn u16(self, at: &[u8]) -> Option<u16> {
        let octets = *at.first_chunk()?;
        Some(match self {
            Self::Big => u16::from_be_bytes(octets),
            Self::Little => u16::from_le_bytes(octets),
        })
    }

    pub(super) fn u32(self, at: &[u8]) -> Option<u32> {
        let octets = *at.first_chunk()?;
        Some(match self {
            Self::Big => u32::from_be_bytes(octets),
            Self::Little => u32::from_le_bytes(octets),
        })
    }

    pub(super) fn u64(self, at: &[u8]) -> Option<u64> {
        let octets = *at.first_chunk()?;
        Some(match self {
            Self::Big => u64::from_be_bytes(octets),
            Self::Little => u64::from_le_bytes(octets),
        })
    }
}

/// A part of the file, if all of it is there.
pub(super) fn part(file: &Bytes, start: usize, length: usize) -> Option<Bytes> {
    let end = start.checked_add(length)?;
    (end <= file.len()).then(|| file.slice(start..end))
}
