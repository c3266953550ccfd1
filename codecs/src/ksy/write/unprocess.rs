//! What is done with bytes before they are laid out: the reverse of what a reader does.

use super::{WriteError, WriteProblem};
use crate::ksy::plan::Process;
use crate::ksy::read::Val;
use crate::ksy::read::process::processed;
use bytes::Bytes;
use gatewright_core::message::Value;
use miniz_oxide::deflate::compress_to_vec_zlib;

/// zlib's usual level.
const LEVEL: u8 = 6;

pub(super) fn unprocessed(process: &Process, key: &Val, bytes: &[u8]) -> Result<Bytes, WriteError> {
    let opposite = |key: &Val| match key {
        Val::Plain(Value::Int(n)) => Val::Plain(Value::Int(n.wrapping_neg())),
        other => other.clone(),
    };
    let most = bytes.len();
    Ok(match process {
        Process::Xor(_) => processed(process, key, bytes, most)?,
        Process::RotateLeft(_) | Process::RotateRight(_) => {
            processed(process, &opposite(key), bytes, most)?
        }
        Process::Zlib => {
            let bytes = compress_to_vec_zlib(bytes, LEVEL);
            if bytes.is_empty() {
                return Err(WriteError::new(
                    WriteProblem::TooMuch,
                    "the bytes cannot be compressed",
                ));
            }
            bytes.into()
        }
    })
}
