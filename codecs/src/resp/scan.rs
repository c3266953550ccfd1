//! Counts frames that can be passed on unread.

use super::delimit::Walk;
use super::names::Names;
use super::usual;
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
        if let Some(length) = usual(walk, names, side, rest) {
            scanned.frames = scanned.frames.saturating_add(1);
            scanned.bytes = scanned.bytes.saturating_add(length);
            continue;
        }
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

/// The length of a frame that passes, where one look tells.
#[inline]
fn usual(walk: &Walk, names: &Names, side: Side, buf: &[u8]) -> Option<usize> {
    if !walk.is_at_start() {
        return None;
    }
    let length = match side {
        Side::Server => {
            let command = usual::command(buf)?;
            passes_by_name(names, command.name).then_some(command.length)
        }
        Side::Client => usual::reply(buf),
    };
    length.filter(|length| *length <= walk.max_frame())
}

fn passes_by_name(names: &Names, name: &[u8]) -> bool {
    names
        .find(name)
        .is_some_and(|(_, command)| command.needs == Needs::Nothing && command.subcommands == 0)
}

fn passes(walk: &Walk, names: &Names, side: Side, frame: &[u8]) -> bool {
    match side {
        Side::Server => passes_by_name(names, walk.name(frame)),
        // What may be an error is read: it may speak against the server.
        Side::Client => !matches!(frame.first(), Some(b'>' | b'-' | b'!' | b'|') | None),
    }
}
