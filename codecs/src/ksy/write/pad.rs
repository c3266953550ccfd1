//! What ends a field's bytes, and what fills them up.

use super::{WriteError, WriteProblem};
use crate::ksy::plan::Cut;
use crate::ksy::read::cut::{find, trimmed};
use bytes::{BufMut, BytesMut};

/// The most bytes of a message to which something is added that nobody gave: 16 MiB.
const MAX_FILLED: usize = 16 << 20;

/// Whether a message of so many bytes may have so many more that nobody gave. A definition may
/// ask for exabytes of padding.
///
/// # Errors
/// If it may not.
pub(super) fn room(len: usize, more: usize) -> Result<(), WriteError> {
    if more == 0 || len.saturating_add(more) <= MAX_FILLED {
        return Ok(());
    }
    let message = "so many bytes are not filled up";
    Err(WriteError::new(WriteProblem::TooMuch, message))
}

/// Appends a field's bytes as they stand in a message, in `size` bytes if that is known.
///
/// # Errors
/// If they do not fit, or a reader would find others there.
pub(super) fn padded(
    data: &[u8],
    cut: &Cut,
    size: Option<usize>,
    out: &mut BytesMut,
) -> Result<(), WriteError> {
    let error = |message| Err(WriteError::new(WriteProblem::DoesNotFit, message));
    let from = out.len();
    out.put_slice(data);
    let terminator = cut.terminator.as_deref();
    let terminated = matches!(cut.size, crate::ksy::plan::Size::Terminated);
    if let Some(terminator) = terminator {
        let ends = find(data, terminator, cut.unit);
        if cut.include {
            let last = data.len().checked_sub(terminator.len());
            let needed = terminated && cut.eos_error;
            if ends.is_none() && needed || ends.is_some() && ends != last {
                return error("the bytes must end with their terminator, and hold it nowhere else");
            }
            // It belongs to the field and is the beginning of whatever follows as well.
            if let (true, false, true, Some(last)) = (terminated, cut.consume, ends.is_some(), last)
            {
                out.truncate(from.saturating_add(last));
            }
        } else if ends.is_some() {
            return error("the bytes hold what would end them");
        }
        let room = size.is_none_or(|size| data.len().saturating_add(terminator.len()) <= size);
        if !cut.include && room && (cut.consume || !terminated) {
            out.put_slice(terminator);
        }
    }
    let written = out.len().saturating_sub(from);
    if let Some(size) = size {
        let Some(missing) = size.checked_sub(written) else {
            return error("the value is longer than its place");
        };
        if missing > 0 && cut.pad_right.is_none() && terminator.is_none() {
            return error("the value is shorter than its place, and nothing fills it up");
        }
        room(out.len(), missing)?;
        out.put_bytes(cut.pad_right.unwrap_or_default(), missing);
    }
    let whole = out.get(from..).unwrap_or_default();
    if !terminated && trimmed(whole, cut) != data.len() {
        return error("the value ends with what would be taken for padding");
    }
    Ok(())
}
