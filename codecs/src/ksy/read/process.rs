//! What is done with bytes once they are cut out.

use super::eval::Here;
use super::{Class, Machine, ReadError, Val};
use crate::ksy::plan::Process;
use bytes::Bytes;
use gatewright_core::message::Value;
use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

impl<'p> Machine<'p> {
    /// What goes with the process: a key or a number of bits.
    pub(in crate::ksy) fn process_key(
        &mut self,
        process: &'p Process,
        here: &Here,
    ) -> Result<Val, ReadError> {
        match process {
            Process::Xor(key) | Process::RotateLeft(key) | Process::RotateRight(key) => {
                self.eval(key, here)
            }
            Process::Zlib => Ok(Val::Absent),
        }
    }
}

/// The bytes after the process, `most` at most.
pub(in crate::ksy) fn processed(
    process: &Process,
    key: &Val,
    bytes: &[u8],
    most: usize,
) -> Result<Bytes, ReadError> {
    let too_much = || ReadError::new(Class::Other, format!("more than {most} bytes come of this"));
    if bytes.len() > most {
        return Err(too_much());
    }
    match process {
        Process::Xor(_) => xor(bytes, key),
        Process::RotateLeft(_) => rotated(bytes, key, u8::rotate_left),
        Process::RotateRight(_) => rotated(bytes, key, u8::rotate_right),
        Process::Zlib => {
            use miniz_oxide::inflate::TINFLStatus;
            let inflated = decompress_to_vec_zlib_with_limit(bytes, most);
            inflated
                .map(Bytes::from)
                .map_err(|error| match error.status {
                    TINFLStatus::HasMoreOutput => too_much(),
                    _ => ReadError::new(Class::Conversion, "the bytes are not zlib's"),
                })
        }
    }
}

fn xor(bytes: &[u8], key: &Val) -> Result<Bytes, ReadError> {
    let single;
    let key: &[u8] = match key {
        Val::Plain(Value::Bytes(key)) => key,
        Val::Plain(Value::Int(n)) => {
            single = [u8::try_from(*n & 0xff).unwrap_or_default()];
            &single
        }
        _ => &[],
    };
    if key.is_empty() {
        return Err(ReadError::new(Class::Other, "the key has no bytes"));
    }
    Ok(bytes
        .iter()
        .zip(key.iter().cycle())
        .map(|(byte, key)| byte ^ key)
        .collect())
}

fn rotated(bytes: &[u8], by: &Val, rotate: fn(u8, u32) -> u8) -> Result<Bytes, ReadError> {
    let by = match by {
        Val::Plain(Value::Int(n)) => u32::try_from(n.rem_euclid(8)).ok(),
        _ => None,
    };
    let by = by.ok_or_else(|| ReadError::new(Class::Other, "nothing says how far to rotate"))?;
    Ok(bytes.iter().map(|byte| rotate(*byte, by)).collect())
}
