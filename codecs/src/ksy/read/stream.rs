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
    /// The bits of the byte before `pos` that are not read yet.
    left: u8,
    /// In which order they are read.
    little: bool,
}

impl Io {
    pub(in crate::ksy) const fn new(buffer: usize, start: usize, end: usize) -> Self {
        Self {
            buffer,
            start,
            end,
            pos: start,
            left: 0,
            little: false,
        }
    }

    /// The bytes that are left, after whole ones.
    pub(in crate::ksy) const fn remaining(&self) -> usize {
        self.end.saturating_sub(self.pos)
    }

    pub(in crate::ksy) const fn at_end(&self) -> bool {
        self.pos >= self.end && self.left == 0
    }

    /// How many bits of the byte before `pos` are read on from by a bit field of this order.
    pub(super) fn unread_bits(&self, order: Endian) -> u8 {
        if self.little == (order == Endian::Little) {
            self.left
        } else {
            0
        }
    }

    /// Forgets the bits that are left of a byte.
    pub(in crate::ksy) const fn align(&mut self) {
        self.left = 0;
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

    /// Reads `width` bits, 64 at most.
    pub(in crate::ksy) fn bits(
        &mut self,
        bytes: &[u8],
        width: u8,
        order: Endian,
    ) -> Result<u64, ReadError> {
        let little = order == Endian::Little;
        if self.left > 0 && self.little != little {
            self.left = 0;
        }
        self.little = little;
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
            }
            let byte = self.pos.checked_sub(1).and_then(|at| bytes.get(at));
            let byte = u64::from(byte.copied().unwrap_or_default());
            let take = self.left.min(width.saturating_sub(got));
            let mask = (1_u64 << take).wrapping_sub(1);
            if little {
                let part = byte >> (8_u8.saturating_sub(self.left)) & mask;
                value |= part << got;
            } else {
                let part = byte >> (self.left.saturating_sub(take)) & mask;
                value = value.wrapping_shl(u32::from(take)) | part;
            }
            self.left = self.left.saturating_sub(take);
            got = got.saturating_add(take);
        }
        Ok(value)
    }
}
