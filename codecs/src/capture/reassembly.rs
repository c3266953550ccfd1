//! The bytes of one direction of a TCP connection, put together.

use super::conversation::{Gap, Opening};
use bytes::{Bytes, BytesMut};

/// A part of the direction as a segment had it.
#[derive(Clone, Debug)]
struct Part {
    /// Where it begins, counted from the first segment that was seen.
    at: i64,
    time: u64,
    bytes: Bytes,
}

/// Collects the segments of one direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Reassembly {
    parts: Vec<Part>,
    /// The last sequence number, and what it counts as.
    last: Option<(u32, i64)>,
    /// Where the first byte is, if its SYN was seen.
    beginning: Option<i64>,
    /// The sequence number of that SYN.
    pub(super) syn: Option<u32>,
}

/// A direction, put together.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) bytes: Bytes,
    pub(super) times: Vec<(usize, u64)>,
    pub(super) opening: Opening,
    pub(super) gap: Option<Gap>,
}

impl Reassembly {
    pub(super) fn add(&mut self, sequence: u32, syn: bool, time: u64, bytes: Bytes) {
        let at = match self.last {
            None => 0,
            // Sequence numbers wrap; neighbours are never 2 GiB apart.
            Some((last, at)) => {
                let step = sequence.wrapping_sub(last).cast_signed();
                at.saturating_add(i64::from(step))
            }
        };
        self.last = Some((sequence, at));
        // The SYN takes a number of its own.
        let at = at.saturating_add(i64::from(syn));
        if syn {
            self.beginning = Some(at);
            self.syn = Some(sequence);
        }
        if !bytes.is_empty() {
            self.parts.push(Part { at, time, bytes });
        }
    }

    pub(super) fn finish(mut self) -> Stream {
        // A stable order: of two parts that begin at one place, the one that came first counts.
        self.parts.sort_by_key(|part| part.at);
        let first = self.parts.first().map_or(0, |part| part.at);
        let mut next = self.beginning.unwrap_or(first);
        let mut bytes = BytesMut::new();
        let mut times: Vec<(usize, u64)> = Vec::new();
        let mut gap = None;
        for part in &self.parts {
            let Ok(skipped) = usize::try_from(next.saturating_sub(part.at)) else {
                gap = u64::try_from(part.at.saturating_sub(next)).ok();
                break;
            };
            // What came before already is not looked at again.
            let new = part.bytes.get(skipped..).unwrap_or_default();
            if new.is_empty() {
                continue;
            }
            bytes.extend_from_slice(new);
            next = next.saturating_add(i64::try_from(new.len()).unwrap_or(i64::MAX));
            // Bytes can be read once all before them are there.
            let before = times.last().map_or(0, |(_, time)| *time);
            times.push((bytes.len(), part.time.max(before)));
        }
        Stream {
            gap: gap.map(|missing| Gap {
                at: bytes.len(),
                missing,
            }),
            bytes: bytes.freeze(),
            times,
            opening: match self.beginning {
                Some(_) => Opening::Seen,
                None => Opening::Missed,
            },
        }
    }
}
