//! The newer format: blocks of many kinds, sections with an order of bytes of their own, and
//! interfaces with a link type and a unit of time of their own (draft-ietf-opsawg-pcapng).

use super::link::LinkType;
use super::packets::{Order, Packet, part};
use bytes::Bytes;

const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const OLD_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const PACKET: u32 = 6;

/// Options of interfaces: the unit of times, and seconds to add to them.
const TIME_RESOLUTION: u16 = 9;
const TIME_OFFSET: u16 = 14;

#[derive(Clone, Debug)]
pub(super) struct Pcapng {
    file: Bytes,
    at: usize,
    order: Order,
    /// Those of the section, in their order.
    interfaces: Vec<Interface>,
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link: LinkType,
    snap: u32,
    /// Units in a second.
    units: u64,
    /// Seconds.
    offset: i64,
}

/// What a block is, and what stands in it.
struct Block {
    kind: u32,
    body: Bytes,
}

pub(super) fn is_one(file: &[u8]) -> bool {
    Order::Big.u32(file) == Some(SECTION) && order(file).is_some()
}

/// The order of bytes of a section that begins here.
fn order(section: &[u8]) -> Option<Order> {
    let magic = section.get(8..)?;
    [Order::Big, Order::Little]
        .into_iter()
        .find(|order| order.u32(magic) == Some(BYTE_ORDER))
}

impl Pcapng {
    pub(super) const fn new(file: Bytes) -> Self {
        Self {
            file,
            at: 0,
            order: Order::Big,
            interfaces: Vec::new(),
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.at == self.file.len()
    }

    pub(super) fn next(&mut self) -> Option<Packet> {
        loop {
            let Block { kind, body } = self.block()?;
            let packet = match kind {
                // What the last section said of its interfaces holds no longer.
                SECTION => {
                    self.interfaces.clear();
                    continue;
                }
                INTERFACE => {
                    self.interfaces.push(self.interface(&body)?);
                    continue;
                }
                PACKET => self.packet(&body, 4),
                // Two bytes of interface, two of what was dropped; the rest is the same.
                OLD_PACKET => self.packet(&body, 2),
                SIMPLE_PACKET => self.simple(&body),
                _ => continue,
            };
            // A packet of no known interface, or one that says more than its block has.
            if packet.is_some() {
                return packet;
            }
        }
    }

    /// The next block. Its length stands before and behind it; whoever reads forward needs the first.
    fn block(&mut self) -> Option<Block> {
        let rest = self.file.get(self.at..)?;
        if Order::Big.u32(rest) == Some(SECTION) {
            self.order = order(rest)?;
        }
        let kind = self.order.u32(rest)?;
        let length = usize::try_from(self.order.u32(rest.get(4..)?)?).ok()?;
        let inner = length.checked_sub(12)?;
        let whole = part(&self.file, self.at, length)?;
        self.at = self.at.saturating_add(length.checked_next_multiple_of(4)?);
        self.at = self.at.min(self.file.len());
        let body = part(&whole, 8, inner)?;
        Some(Block { kind, body })
    }

    fn interface(&self, body: &[u8]) -> Option<Interface> {
        let mut interface = Interface {
            link: LinkType::of(u32::from(self.order.u16(body)?)),
            snap: self.order.u32(body.get(4..)?)?,
            units: 1_000_000,
            offset: 0,
        };
        let mut options = body.get(8..)?;
        while let (Some(code), Some(length)) = (
            self.order.u16(options),
            options.get(2..).and_then(|at| self.order.u16(at)),
        ) {
            let length = usize::from(length);
            let Some(value) = options.get(4..length.saturating_add(4)) else {
                break;
            };
            match (code, value) {
                (TIME_RESOLUTION, [unit]) => interface.units = units(*unit),
                (TIME_OFFSET, value) => {
                    let seconds = self.order.u64(value).map(u64::cast_signed);
                    interface.offset = seconds.unwrap_or_default();
                }
                (0, _) => break,
                _ => {}
            }
            let next = length.next_multiple_of(4).saturating_add(4);
            options = options.get(next..).unwrap_or_default();
        }
        Some(interface)
    }

    /// A packet whose interface is a number of so many bytes.
    fn packet(&self, body: &Bytes, width: usize) -> Option<Packet> {
        let number = |at: usize| body.get(at..).and_then(|at| self.order.u32(at));
        let index = match width {
            2 => usize::from(self.order.u16(body)?),
            _ => usize::try_from(number(0)?).ok()?,
        };
        let interface = self.interfaces.get(index)?;
        let time = u64::from(number(4)?) << 32 | u64::from(number(8)?);
        let captured = usize::try_from(number(12)?).ok()?;
        Some(Packet {
            time: interface.nanoseconds(time),
            link: interface.link,
            data: part(body, 20, captured)?,
            length: number(16)?,
        })
    }

    /// A packet of the first interface, without a time.
    fn simple(&self, body: &Bytes) -> Option<Packet> {
        let interface = self.interfaces.first()?;
        let length = self.order.u32(body)?;
        let snap = if interface.snap == 0 {
            length
        } else {
            interface.snap
        };
        Some(Packet {
            time: 0,
            link: interface.link,
            data: part(body, 4, usize::try_from(length.min(snap)).ok()?)?,
            length,
        })
    }
}

/// Units in a second: a power of two if the first bit is set, else of ten. Finer ones than there
/// are numbers for count as the finest.
fn units(exponent: u8) -> u64 {
    let power = u32::from(exponent & 0x7f);
    let base: u64 = if exponent & 0x80 == 0 { 10 } else { 2 };
    base.checked_pow(power).unwrap_or(u64::MAX)
}

impl Interface {
    fn nanoseconds(&self, time: u64) -> u64 {
        let whole = u128::from(time).saturating_mul(1_000_000_000);
        let whole = whole
            .checked_div(u128::from(self.units))
            .unwrap_or_default();
        let offset = i128::from(self.offset).saturating_mul(1_000_000_000);
        let time = i128::try_from(whole).unwrap_or(i128::MAX);
        u64::try_from(time.saturating_add(offset)).unwrap_or_default()
    }
}
