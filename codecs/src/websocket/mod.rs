//! The frames of WebSocket (RFC 6455, 5) as both sides see them: a carrier of bytes, not a protocol.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-+-+-+-------+-+-------------+-------------------------------+
//! |F|R|R|R| opcode|M| length (7)  | extended length (16 or 64)    |
//! |I|S|S|S|  (4)  |A|             | if length is 126 or 127       |
//! |N|V|V|V|       |S|             |                               |
//! | |1|2|3|       |K|             |                               |
//! +-+-+-+-+-------+-+-------------+-------------------------------+
//! | masking key (32), from clients only   | payload               |
//! +---------------------------------------+-----------------------+
//! ```
//!
//! What binary messages hold is one stream of bytes: where a message or a frame ends, means nothing, as in
//! the WebSocket bindings of MQTT (5.0, 6.0.1). So nothing is collected: a [`Reader`] takes the heads out of
//! the bytes that came, where they lie, and what it needs to remember has a few bytes, however long a
//! message says that it is. Only a control frame, of 125 bytes at most, is kept until it is whole.
//!
//! Refused are reserved bits (no extension is ever agreed on) and opcodes, frames that are not masked though they come from a client, or are though they come from a server, lengths in a
//! longer form than needed, control frames that are long or in parts, messages within messages, text, and
//! codes of a close that may not be sent.

mod close;
mod head;
mod peer;
mod reader;
#[cfg(test)]
mod tests;
mod written;

pub use close::{CloseCode, Violation};
pub use peer::Peer;
pub use reader::{End, Reader};
pub use written::{binary_head, close, masked, pong};

/// The longest payload of a control frame, in bytes: RFC 6455, 5.5.
pub const MAX_CONTROL: usize = 125;
