//! What a server sends. Nothing of it is masked: RFC 6455, 5.1.

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
