//! What happened: a hash of all of it, and the last of it in words.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// How much is kept in words.
const KEPT: usize = 50;

#[derive(Debug)]
pub(super) struct Trace {
    hash: u64,
    last: VecDeque<String>,
}

impl Trace {
    pub(super) const fn new() -> Self {
        Self {
            // The offset basis of FNV-1a, 64 bits.
            hash: 0xcbf2_9ce4_8422_2325,
            last: VecDeque::new(),
        }
    }

    pub(super) fn note(&mut self, step: u32, at: Duration, what: fmt::Arguments<'_>) {
        let mut line = match self.last.len() {
            KEPT => self.last.pop_front().unwrap_or_default(),
            _ => String::new(),
        };
        line.clear();
        // Writing to a string cannot fail.
        let _ = fmt::write(
            &mut line,
            format_args!("{step:6} {:>12.6} {what}", at.as_secs_f64()),
        );
        for byte in line.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.last.push_back(line);
    }

    pub(super) const fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn last(&self) -> impl Iterator<Item = &String> {
        self.last.iter()
    }
}
