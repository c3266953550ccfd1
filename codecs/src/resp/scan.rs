//! Counts frames that can be passed on unread.

use super::delimit::Walk;
use super::names::Names;
use gatewright_core::codec::{DecodeError, Delimited, Needs, Scanned, Side};

/// See [`ConnCodec::scan`](gatewright_core::codec::ConnCodec::scan). Stops before inline
/// commands, too: what they are called is only known once they are read.
pub(super) fn scan(
    walk: &mut Walk,
    names: &Names,
    side: Side,
    buf: &[u8],
    most: usize,
) -> Result<Scanned, DecodeError> {
    let mut scanned = Scanned::default();
    while scanned.frames < most {
        let rest = buf.get(scanned.bytes..).unwrap_or_default();
        match walk.advance(rest) {
            Ok(Delimited::Frame(length)) => {
                let frame = rest.get(..length.get()).unwrap_or_default();
                if !passes(walk, names, side, frame) {
                    // The walk stays at its end, so that `delimit` need not look for it.
                    break;
                }
                walk.reset();
                scanned.frames = scanned.frames.saturating_add(1);
                scanned.bytes = scanned.bytes.saturating_add(length.get());
            }
            Ok(Delimited::Need(_)) => break,
            Err(error) => {
                walk.reset();
                if scanned.frames == 0 {
                    return Err(error);
                }
                break;
            }
        }
    }
    Ok(scanned)
}

fn passes(walk: &Walk, names: &Names, side: Side, frame: &[u8]) -> bool {
    match side {
        Side::Server => names.find(walk.name(frame)).is_some_and(|(_, command)| {
            command.needs == Needs::Nothing && command.subcommands == 0
        }),
        // What may be an error is read: it may speak against the server.
        Side::Client => !matches!(frame.first(), Some(b'>' | b'-' | b'!' | b'|') | None),
    }
}
