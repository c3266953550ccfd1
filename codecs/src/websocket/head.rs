//! The head of a frame.

use super::{MAX_CONTROL, Peer, Violation};

/// The longest head: two bytes, eight of a length, four of a mask.
const LONGEST: usize = 14;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn of(nibble: u8) -> Option<Self> {
        Some(match nibble {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }
}

/// The head of a frame that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) opcode: Opcode,
    /// Whether it is the last frame of its message.
    pub(super) fin: bool,
    pub(super) length: u64,
    /// Zeros where there is none.
    pub(super) mask: [u8; 4],
}

/// A head as far as it has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Partial {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Partial {
    /// Takes one more byte; the head once it is whole.
    ///
    /// # Errors
    /// What no head may say, as soon as it says so.
    pub(super) fn take(&mut self, byte: u8, from: Peer) -> Result<Option<Head>, Violation> {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length = self.length.saturating_add(1);
        }
        let [first, second, ..] = self.bytes;
        if self.length < 2 {
            return opcode(first).map(|_| None);
        }
        let opcode = opcode(first)?;
        let fin = first & 0x80 != 0;
        let short = second & 0x7F;
        from.may_mask(second & 0x80 != 0)?;
        let is_control = matches!(opcode, Opcode::Close | Opcode::Ping | Opcode::Pong);
        if is_control && (!fin || usize::from(short) > MAX_CONTROL) {
            return Err(Violation::Control);
        }
        let Some((length, mask)) = self.rest(short, from)? else {
            return Ok(None);
        };
        Ok(Some(Head {
            opcode,
            fin,
            length,
            mask,
        }))
    }

    /// The length and the mask behind the first two bytes, once they are there.
    fn rest(&self, short: u8, from: Peer) -> Result<Option<(u64, [u8; 4])>, Violation> {
        let behind = self.bytes.get(2..self.length).unwrap_or_default();
        let (length, behind) = match short {
            126 => match behind.split_first_chunk::<2>() {
                Some((length, behind)) => (extended(u16::from_be_bytes(*length), 126)?, behind),
                None => return Ok(None),
            },
            127 => match behind.split_first_chunk::<8>() {
                Some((length, behind)) => (extended(u64::from_be_bytes(*length), 1 << 16)?, behind),
                None => return Ok(None),
            },
            short => (u64::from(short), behind),
        };
        let mask = match from {
            Peer::Client => behind.first_chunk::<4>().copied(),
            Peer::Server => Some([0; 4]),
        };
        Ok(mask.map(|mask| (length, mask)))
    }
}

/// RFC 6455, 5.2: no reserved bit is set, as no extension was agreed on.
fn opcode(first: u8) -> Result<Opcode, Violation> {
    if first & 0x70 != 0 {
        return Err(Violation::ReservedBit);
    }
    Opcode::of(first & 0x0F).ok_or(Violation::Opcode)
}

/// RFC 6455, 5.2: the shortest form has to be used, and the highest bit is not.
fn extended(length: impl Into<u64>, least: u64) -> Result<u64, Violation> {
    let length = length.into();
    if length < least || length >> 63 != 0 {
        return Err(Violation::Length);
    }
    Ok(length)
}
