//! The classic format: a header of 24 bytes, then packets with 16 bytes before each
//! (draft-ietf-opsawg-pcap).

use super::link::LinkType;
use super::packets::{Order, Packet, part};
use bytes::Bytes;

const HEADER: usize = 24;
const RECORD: usize = 16;
/// Magic numbers in big-endian order: times in microseconds, in nanoseconds.
const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

#[derive(Clone, Debug)]
pub(super) struct Pcap {
    file: Bytes,
    at: usize,
    order: Order,
    /// How many nanoseconds the fraction of a time counts.
    unit: u64,
    link: LinkType,
}

fn magic(file: &[u8]) -> Option<(Order, u64)> {
    [Order::Big, Order::Little]
        .into_iter()
        .find_map(|order| match order.u32(file)? {
            MICROSECONDS => Some((order, 1_000)),
            NANOSECONDS => Some((order, 1)),
            _ => None,
        })
}

pub(super) fn is_one(file: &[u8]) -> bool {
    magic(file).is_some()
}

impl Pcap {
    pub(super) fn new(file: Bytes) -> Option<Self> {
        let (order, unit) = magic(&file)?;
        // The upper bits say how many bytes of checksum there are at a packet's end: nobody needs
        // them, since lengths within the packet say where its payload ends.
        let link = order.u32(file.get(20..HEADER)?)? & 0x0fff_ffff;
        Some(Self {
            file,
            at: HEADER,
            order,
            unit,
            link: LinkType::of(link),
        })
    }

    pub(super) fn is_whole(&self) -> bool {
        self.at == self.file.len()
    }

    pub(super) fn next(&mut self) -> Option<Packet> {
        let header = part(&self.file, self.at, RECORD)?;
        let number = |at: usize| header.get(at..).and_then(|at| self.order.u32(at));
        let seconds = u64::from(number(0)?).saturating_mul(1_000_000_000);
        let fraction = u64::from(number(4)?).saturating_mul(self.unit);
        let captured = usize::try_from(number(8)?).ok()?;
        let length = number(12)?;
        let start = self.at.checked_add(RECORD)?;
        let data = part(&self.file, start, captured)?;
        self.at = start.saturating_add(captured);
        Some(Packet {
            time: seconds.saturating_add(fraction),
            link: self.link,
            data,
            length,
        })
    }
}
