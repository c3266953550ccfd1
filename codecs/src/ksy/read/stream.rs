//! Streams: stretches of bytes with a place to read on from, in bytes and bits.

use super::{Class, ReadError};
use crate::ksy::spec::Endian;

/// A stream's index in its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IoId(pub(super) u32);

impl IoId {
    /// The whole frame.
    pub const FRAME: Self = Self(0);

    pub(in crate::ksy) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A stretch of a buffer, and where to read on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Io {
    /// Which buffer.
    pub buffer: usize,
    /// Where it begins in that.
    pub start: usize,
    /// Where it ends in that.
    pub end: usize,
    /// The next whole byte, in that.
    pub pos: usize,
    /// How many bits of the byte before `pos` are not read yet.
    left: u8,
    /// Where they begin in it, counted from its lowest bit.
    low: u8,
}

impl Io {
    pub(in crate::ksy) const fn new(buffer: usize, start: usize, end: usize) -> Self {
        Self {
            buffer,
            start,
            end,
            pos: start,
            left: 0,
            low: 0,
        }
    }

    /// The bytes that are left, after whole ones.
    pub(in crate::ksy) const fn remaining(&self) -> usize {
        self.end.saturating_sub(self.pos)
    }

    pub(in crate::ksy) const fn at_end(&self) -> bool {
        self.pos >= self.end && self.left == 0
    }

    /// How many bits of the byte before `pos` a bit field reads on from.
    pub(super) const fn unread_bits(&self) -> u8 {
        self.left
    }

    /// Goes to a byte, counted from the beginning of the stream. It may lie beyond the end: to
    /// read there is what fails.
    pub(in crate::ksy) fn seek(&mut self, pos: usize) {
        self.pos = self.start.saturating_add(pos);
        self.left = 0;
    }

    /// The place of the next `n` bytes, which are taken.
    pub(in crate::ksy) fn take(&mut self, n: usize) -> Result<usize, ReadError> {
        self.left = 0;
        let at = self.pos;
        match at.checked_add(n) {
            Some(next) if next <= self.end => {
                self.pos = next;
                Ok(at)
            }
            _ => Err(self.ended(n)),
        }
    }

    /// The error of reading `n` bytes where fewer are left.
    pub(in crate::ksy) fn ended(&self, n: usize) -> ReadError {
        let message = format!("{n} bytes are needed, and {} are left", self.remaining());
        ReadError::new(Class::Eof, message).at(self.pos)
    }

    /// Reads `width` bits, 64 at most. Those of the highest order are read from the top of what is
    /// left of a byte, those of the lowest order from its bottom, whatever was read before.
    pub(in crate::ksy) fn bits(
        &mut self,
        bytes: &[u8],
        width: u8,
        order: Endian,
    ) -> Result<u64, ReadError> {
        let missing = width.saturating_sub(self.left).div_ceil(8);
        if usize::from(missing) > self.remaining() {
            return Err(self.ended(usize::from(missing)));
        }
        let mut value: u64 = 0;
        let mut got: u8 = 0;
        while got < width {
            if self.left == 0 {
                self.pos = self.pos.saturating_add(1);
                self.left = 8;
                self.low = 0;
            }
            let take = self.left.min(width.saturating_sub(got));
            match order {
                Endian::Little => {
                    value |= self.part(bytes, self.low, take) << got;
                    self.low = self.low.saturating_add(take);
                }
                Endian::Big => {
                    let above = self.left.saturating_sub(take);
                    let part = self.part(bytes, self.low.saturating_add(above), take);
                    value = value.wrapping_shl(u32::from(take)) | part;
                }
            }
            self.left = self.left.saturating_sub(take);
            got = got.saturating_add(take);
        }
        Ok(value)
    }

    /// `width` bits, eight at most, of the byte before `pos`, from bit `from` up.
    fn part(&self, bytes: &[u8], from: u8, width: u8) -> u64 {
        let byte = self.pos.checked_sub(1).and_then(|at| bytes.get(at));
        let byte = u64::from(byte.copied().unwrap_or_default());
        let mask = (1_u64 << width).wrapping_sub(1);
        byte >> from & mask
    }
}
