//! Frames of HTTP/2 (RFC 9113, 4 and 6), for what no library would send.

use crate::slow::COUNTED;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames: RFC 9113, 6.
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const PRIORITY: u8 = 2;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// Appends a frame. No payload is longer than 16 KiB.
pub(super) fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    let length = u32::try_from(payload.len()).unwrap_or_default();
    out.extend_from_slice(&length.to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// What a client begins with, with these settings.
pub(super) fn hello(settings: &[u8]) -> Vec<u8> {
    let mut out = PREFACE.to_vec();
    frame(&mut out, SETTINGS, 0, 0, settings);
    out
}

/// A field that nobody indexes (RFC 7541, 6.2.2), no string of it longer than 126 bytes.
pub(super) fn field(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    for text in [name, value] {
        block.push(u8::try_from(text.len()).unwrap_or_default());
        block.extend_from_slice(text.as_bytes());
    }
}

/// The fields that each request has, for an answer of so many bytes.
pub(super) fn request(method: &str, length: usize) -> Vec<u8> {
    let mut block = Vec::new();
    field(&mut block, ":method", method);
    field(&mut block, ":scheme", "http");
    field(&mut block, ":authority", "audit");
    field(&mut block, ":path", &format!("/good/{COUNTED}/{length}"));
    block
}
