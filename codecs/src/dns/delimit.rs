//! Where a message ends.

use super::{HEADER, MAX_FRAME, PREFIX};
use crate::framing::fixed::{be_u16, octets};
use crate::framing::{LengthField, Width};
use gatewright_core::codec::{Cause, DecodeError, Delimited, Overlong, foreign_preamble};
use gatewright_core::message::Correlation;
use nom::Parser;
use nom::sequence::preceded;

const LENGTH: LengthField = LengthField::new(0, Width::U16).shortest(PREFIX + HEADER);

/// The shortest question and record: a root name, then the fixed fields.
const QUESTION: usize = 5;
const RECORD: usize = 11;

pub(super) fn delimit(buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError> {
    let delimited = LENGTH.delimit(buf, max_frame)?;
    if impossible(buf)
        && let Some(protocol) = foreign_preamble(buf)
    {
        let expected = "a length and a DNS header";
        return Err(DecodeError::new(
            Cause::ForeignProtocol,
            0,
            expected,
            protocol,
        ));
    }
    Ok(delimited)
}

/// A message of any length begins with that length and its id.
pub(super) fn overlong(buf: &[u8]) -> Overlong {
    let id = preceded(octets::<PREFIX, _>, be_u16::<()>).parse(buf);
    match (LENGTH.total(buf, MAX_FRAME), id) {
        (Ok(Some(total)), Ok((_, id))) => Overlong::Frame {
            length: total.get(),
            correlation: Correlation::Id(id.into()),
        },
        (Ok(_), _) => Overlong::Need,
        (Err(_), _) => Overlong::Unknown,
    }
}

/// Whether the header counts more than its message can hold. Any two bytes are a good length, so
/// the first bytes of other protocols are told from a message only by what follows them.
fn impossible(buf: &[u8]) -> bool {
    let counts = (
        preceded(octets::<{ PREFIX + 4 }, _>, be_u16::<()>),
        be_u16,
        be_u16,
        be_u16,
    )
        .parse(buf);
    let Ok((_, (questions, answers, authorities, additionals))) = counts else {
        return false;
    };
    let records = [answers, authorities, additionals]
        .into_iter()
        .map(usize::from)
        .fold(0, usize::saturating_add);
    let least = usize::from(questions)
        .saturating_mul(QUESTION)
        .saturating_add(records.saturating_mul(RECORD));
    let total = LENGTH
        .total(buf, MAX_FRAME)
        .ok()
        .flatten()
        .map_or(0, |total| total.get());
    least > total.saturating_sub(PREFIX.saturating_add(HEADER))
}
