//! Where a frame ends.

use super::{Body, KIND_AT, LEN_AT, MAGIC};
use crate::framing::{LengthField, Width};
use gatewright_core::codec::{Cause, DecodeError, Delimited, foreign_preamble};
use std::num::NonZeroUsize;

/// Kind and `seq` are in every body, whatever its kind.
const LENGTH: LengthField = LengthField::new(LEN_AT, Width::U16).shortest(super::BODY_AT);

pub(super) fn delimit(buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError> {
    if let Some(error) = wrong_magic(buf) {
        return Err(error);
    }
    if let (Some(total), Some(kind)) = (LENGTH.total(buf, max_frame)?, buf.get(KIND_AT)) {
        check_len(total, *kind)?;
    }
    LENGTH.delimit(buf, max_frame)
}

/// The first byte that is not the magic's, as soon as it is there.
fn wrong_magic(buf: &[u8]) -> Option<DecodeError> {
    let (at, (_, got)) = buf
        .iter()
        .zip(MAGIC)
        .map(|(got, want)| (want, *got))
        .enumerate()
        .find(|(_, (want, got))| want != got)?;
    const EXPECTED: &str = "the magic ac 4d";
    Some(match foreign_preamble(buf) {
        Some(protocol) => DecodeError::new(Cause::ForeignProtocol, 0, EXPECTED, protocol),
        None => DecodeError::new(Cause::BadMagic, at, EXPECTED, format!("{got:02x}")),
    })
}

/// A body of a known kind has one length. Another one means that either is wrong, so where the
/// next frame starts is anybody's guess.
fn check_len(total: NonZeroUsize, kind: u8) -> Result<(), DecodeError> {
    let Some(body) = Body::of_kind(kind) else {
        return Ok(());
    };
    let want = usize::from(body.len());
    let got = total.get().saturating_sub(KIND_AT);
    if got == want {
        return Ok(());
    }
    let cause = if got < want {
        Cause::TooShort
    } else {
        Cause::TooLong
    };
    let expected = format!("a length of {want} for kind {kind:02x}");
    Err(DecodeError::new(
        cause,
        LEN_AT,
        expected,
        format!("a length of {got}"),
    ))
}
