//! Record data: bytes, in which the names that may be compressed are expanded.

use super::name::Names;
use bytes::Bytes;
use gatewright_core::codec::{Cause, DecodeError};
use std::ops::Range;

/// Data of so many bytes, character strings (RFC 1035, 3.3), names, and bytes again.
struct Layout {
    before: usize,
    strings: usize,
    names: usize,
    after: After,
}

/// How many bytes follow the names.
#[derive(Clone, Copy)]
enum After {
    Exactly(usize),
    Any,
}

impl After {
    const fn allows(self, len: usize) -> bool {
        match self {
            Self::Exactly(after) => len == after,
            Self::Any => true,
        }
    }
}

/// The types whose data may hold compressed names: those of RFC 1035 must be expanded by who
/// reads them, the later ones should be (RFC 3597, 4).
const fn layout(rtype: u16) -> Option<Layout> {
    const NONE: After = After::Exactly(0);
    let (before, strings, names, after) = match rtype {
        // NS, MD, MF, CNAME, MB, MG, MR, PTR, DNAME
        2..=5 | 7..=9 | 12 | 39 => (0, 0, 1, NONE),
        // SOA
        6 => (0, 0, 2, After::Exactly(20)),
        // MINFO, RP
        14 | 17 => (0, 0, 2, NONE),
        // MX, AFSDB, RT, KX
        15 | 18 | 21 | 36 => (2, 0, 1, NONE),
        // SIG: the signer and the signature
        24 => (18, 0, 1, After::Any),
        // PX
        26 => (2, 0, 2, NONE),
        // NXT: the next owner and a map of types
        30 => (0, 0, 1, After::Any),
        // SRV
        33 => (6, 0, 1, NONE),
        // NAPTR: flags, services and an expression, then the replacement
        35 => (4, 3, 1, NONE),
        _ => return None,
    };
    Some(Layout {
        before,
        strings,
        names,
        after,
    })
}

/// The data of a record of type `rtype` in `range` of `message`; a slice of it unless a name in
/// it was compressed. Empty data stands for "any" in updates (RFC 2136, 2.5), whatever the type.
pub(super) fn read(
    message: &Bytes,
    range: Range<usize>,
    rtype: u16,
    names: &mut Names<'_>,
) -> Result<Bytes, DecodeError> {
    match layout(rtype) {
        Some(layout) if !range.is_empty() => {
            let expanded = expand(message, &range, &layout, names)?;
            if message.get(range.clone()) != Some(&*expanded) {
                return Ok(expanded.into());
            }
        }
        Some(_) | None => {}
    }
    Ok(message.slice(range))
}

/// Whether data may stand in a record of type `rtype` that is written: laid out as the type
/// says, its names whole. A pointer would lead somewhere else than where it came from.
pub(super) fn may_be_written(rtype: u16, data: &[u8]) -> bool {
    let Some(layout) = layout(rtype).filter(|_| !data.is_empty()) else {
        return true;
    };
    let strings = data.get(layout.before..);
    let names = (0..layout.strings).fold(strings, |rest, _| rest.and_then(past_string));
    let after = (0..layout.names).fold(names, |rest, _| rest.and_then(past_name));
    after.is_some_and(|after| layout.after.allows(after.len()))
}

/// What comes after a character string.
fn past_string(data: &[u8]) -> Option<&[u8]> {
    let (length, rest) = data.split_first()?;
    rest.get(usize::from(*length)..)
}

/// What comes after an uncompressed name (RFC 1035, 3.1).
fn past_name(data: &[u8]) -> Option<&[u8]> {
    let mut rest = data;
    loop {
        let (length, label) = rest.split_first()?;
        match length {
            0 => break Some(label),
            1..=63 => rest = label.get(usize::from(*length)..)?,
            _ => break None,
        }
    }
    .filter(|rest| data.len().saturating_sub(rest.len()) <= 255)
}

fn expand(
    message: &[u8],
    range: &Range<usize>,
    layout: &Layout,
    names: &mut Names<'_>,
) -> Result<Vec<u8>, DecodeError> {
    let wrong = || {
        DecodeError::new(
            Cause::BadValue,
            range.start,
            "data as its type lays it out",
            "other data",
        )
    };
    let data = message.get(range.clone());
    let strings = data.and_then(|data| data.get(layout.before..));
    let rest = (0..layout.strings).fold(strings, |rest, _| rest.and_then(past_string));
    let mut at = range.end.saturating_sub(rest.ok_or_else(wrong)?.len());
    let mut out = Vec::with_capacity(range.len());
    out.extend_from_slice(message.get(range.start..at).ok_or_else(wrong)?);
    for _ in 0..layout.names {
        at = names.expand(at, &mut out)?;
    }
    // A name that reaches beyond the data leaves less than nothing.
    let after = message.get(at..range.end).ok_or_else(wrong)?;
    if !layout.after.allows(after.len()) {
        return Err(wrong());
    }
    out.extend_from_slice(after);
    Ok(out)
}
