//! Laws of one good frame.

use super::{Reading, Violation, encode, hex, writer, written};
use crate::codec::{Protocol, Side};
use crate::message::Message;
use bytes::Bytes;
use std::sync::Arc;

/// So many places of a long frame are tried.
const PLACES: usize = 64;

/// Places spread over `len` bytes: all of them if they are few.
fn places(len: usize) -> impl Iterator<Item = usize> {
    (0..len)
        .step_by(len.div_ceil(PLACES).max(1))
        .chain(len.checked_sub(1))
}

/// A message that was read from `frame` is written as the same bytes. One that keeps no frame may be
/// written as others that say the same: [`written`].
///
/// # Errors
/// If it cannot be written, or not so.
pub fn rewritten(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    frame: &[u8],
    message: &Message,
) -> Result<(), Violation> {
    const LAW: &str = "rewritten";
    match encode(protocol, writer(side), message) {
        Ok(out) if out == frame => Ok(()),
        Ok(_) if message.frame().is_none() => written(protocol, side, message)
            .map(|_| ())
            .map_err(|violation| Violation::new(LAW, violation.to_string())),
        Ok(out) => Err(Violation::new(
            LAW,
            format!("read {} and wrote {}", hex(frame), hex(&out)),
        )),
        Err(error) => Err(Violation::new(
            LAW,
            format!("read {} and cannot write it: {error}", hex(frame)),
        )),
    }
}

/// Cut short anywhere, a good frame is no message: more bytes are needed, or it is refused.
///
/// # Errors
/// If another message was read.
pub fn prefixes(protocol: &Arc<dyn Protocol>, side: Side, frame: &[u8]) -> Result<(), Violation> {
    let max_frame = protocol.descriptor().capabilities.max_frame;
    for len in places(frame.len()) {
        let cut = &frame[..len];
        let reading = Reading::of(protocol, side, [cut])?;
        if reading
            .outcomes
            .iter()
            .any(|outcome| outcome.result.is_ok() && !outcome.is_part())
        {
            return Err(Violation::new(
                "prefixes",
                format!("the first {len} bytes are a message of {}", hex(frame)),
            ));
        }
        // A frame that its delimiter would not have let through: any error will do, a panic not.
        let _ = Arc::clone(protocol)
            .codec(side, max_frame)
            .decode(Bytes::copy_from_slice(cut));
    }
    Ok(())
}

/// With one byte changed, a frame may become anything that [`Reading`] and writing can cope with.
///
/// # Errors
/// If the reading broke a law, or a message that was read is not [`rewritten`].
pub fn flips(protocol: &Arc<dyn Protocol>, side: Side, frame: &[u8]) -> Result<(), Violation> {
    const MASKS: [u8; 3] = [0x01, 0x80, 0xff];
    for (place, mask) in places(frame.len()).zip(MASKS.into_iter().cycle()) {
        let mut changed = frame.to_vec();
        changed[place] ^= mask;
        let reading = Reading::of(protocol, side, [&changed[..]])?;
        for outcome in &reading.outcomes {
            if let Some(message) = outcome.message() {
                rewritten(protocol, side, &outcome.frame, message)?;
            }
        }
    }
    Ok(())
}
