//! What is sent: by a server as it is, by a client masked (RFC 6455, 5.1).

use super::MAX_CONTROL;

const FIN: u8 = 0x80;

/// The head of a message of so many bytes that is one frame.
#[must_use]
pub fn binary_head(length: usize) -> Vec<u8> {
    head(0x2, length)
}

/// A whole close. RFC 6455, 5.5.1: one that answers another says the same code, or none if that has none.
#[must_use]
pub fn close(code: Option<u16>) -> Vec<u8> {
    let code = code.map(u16::to_be_bytes);
    control(0x8, code.as_ref().map_or(&[], |code| code))
}

/// The answer to a ping that said this.
#[must_use]
pub fn pong(said: &[u8]) -> Vec<u8> {
    control(0xA, said)
}

/// A whole frame as a client has to send it. The key is to be one that nobody can guess, and another for each
/// frame: RFC 6455, 5.3.
#[must_use]
pub fn masked(frame: &[u8], key: [u8; 4]) -> Vec<u8> {
    let head = match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        Some(_) | None => 2,
    };
    let (head, payload) = frame.split_at_checked(head).unwrap_or((frame, &[]));
    let mut masked = Vec::with_capacity(frame.len().saturating_add(key.len()));
    masked.extend_from_slice(head);
    if let Some(length) = masked.get_mut(1) {
        *length |= 0x80;
    }
    masked.extend_from_slice(&key);
    let keys = key.iter().cycle();
    masked.extend(payload.iter().zip(keys).map(|(byte, key)| byte ^ key));
    masked
}

fn control(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let payload = payload.get(..MAX_CONTROL).unwrap_or(payload);
    let mut frame = head(opcode, payload.len());
    frame.extend_from_slice(payload);
    frame
}

fn head(opcode: u8, length: usize) -> Vec<u8> {
    let mut head = vec![FIN | opcode];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..=125), _) => head.push(length),
        (_, Ok(length)) => {
            head.push(126);
            head.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            head.push(127);
            head.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    head
}
