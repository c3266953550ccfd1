//! What ties replies to requests where it is not one number: several values, as bytes and back.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use bytestring::ByteString;
use gatewright_core::message::Value;

const INT: u8 = 0;
const TEXT: u8 = 1;
const BYTES: u8 = 2;
const ABSENT: u8 = 3;

/// The values as one key: the same values give the same bytes, others give others.
pub(super) fn to_key(values: &[Value]) -> Bytes {
    let mut key = BytesMut::new();
    for value in values {
        match value {
            Value::Int(n) => {
                key.put_u8(INT);
                key.put_i128(*n);
            }
            Value::Str(text) => put(&mut key, TEXT, text.as_bytes()),
            Value::Bytes(bytes) => put(&mut key, BYTES, bytes),
            _ => key.put_u8(ABSENT),
        }
    }
    key.freeze()
}

fn put(key: &mut BytesMut, kind: u8, bytes: &[u8]) {
    key.put_u8(kind);
    key.put_u64(bytes.len() as u64);
    key.put_slice(bytes);
}

/// The values of a key; fewer if it is none.
pub(super) fn from_key(mut key: Bytes) -> Vec<Value> {
    let mut values = Vec::new();
    while let Some(value) = next(&mut key) {
        values.push(value);
    }
    values
}

fn next(key: &mut Bytes) -> Option<Value> {
    let kind = key.try_get_u8().ok()?;
    if kind == ABSENT {
        return Some(Value::Null);
    }
    if kind == INT {
        return key.try_get_i128().ok().map(Value::Int);
    }
    let len = usize::try_from(key.try_get_u64().ok()?).ok()?;
    let bytes = (len <= key.len()).then(|| key.split_to(len))?;
    match kind {
        TEXT => ByteString::try_from(bytes).ok().map(Value::Str),
        BYTES => Some(Value::Bytes(bytes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_their_values() {
        let values = vec![
            Value::Int(-7),
            Value::Str("a".into()),
            Value::Null,
            Value::Bytes(Bytes::from_static(b"a")),
            Value::Str("".into()),
        ];
        assert_eq!(from_key(to_key(&values)), values);
        let swapped = to_key(&[Value::Str("b".into()), Value::Str("a".into())]);
        assert_ne!(
            to_key(&[Value::Str("a".into()), Value::Str("b".into())]),
            swapped
        );
        assert_eq!(from_key(Bytes::from_static(&[TEXT, 0xff])), []);
    }
}
