//! `resp`: redis' protocol, RESP2 and RESP3.
//!
//! Clients send commands, each an array of bulk strings, or a line of words:
//!
//! ```text
//! *2\r\n $3\r\n GET\r\n $1\r\n k\r\n            PING hello\r\n
//!  |      |     |
//!  |      |     as many bytes as its length says, and the end of the line
//!  |      length of the command's name
//!  number of bulk strings: the name and its arguments
//! ```
//!
//! Servers answer in the order of the commands, each time with one value:
//!
//! ```text
//! +text\r\n        simple string        _\r\n                null
//! -text\r\n        error                #t\r\n  #f\r\n       boolean
//! :number\r\n      integer              ,3.14\r\n ,inf\r\n   double
//! $5\r\nbytes\r\n  bulk string          (number\r\n          big number
//! $-1\r\n *-1\r\n  null in RESP2        !5\r\nbytes\r\n      bulk error
//! *2\r\n…          array                =9\r\ntxt:bytes\r\n  verbatim string
//! %1\r\n… …        map: pairs           ~2\r\n…              set
//! |1\r\n… … value  attribute: pairs that say something about the value behind them
//! >2\r\n…          push: no answer, but news (never inside another value)
//! ```
//!
//! A frame is one command, one answer with the attributes before it, or one push. Read strictly: lines end
//! in CR LF; lengths are decimal digits without sign or leading zeros; integers fit 64 bits. Not
//! supported are streamed values (`$?`, `*?`, `;`, `.`), and inline commands with quotes, which
//! have an array for what they cannot say. Empty lines, empty arrays and null arrays ask for nothing,
//! and are passed over. Limits: [`MAX_FRAME`], [`MAX_DEPTH`], [`MAX_ELEMENTS`],
//! [`MAX_INLINE`].
//!
//! Specification: <https://redis.io/docs/latest/develop/reference/protocol-spec/>

mod commands;
mod delimit;
mod elements;
mod emit;
mod names;
mod parse;
mod reject;
mod scan;
mod schema;
#[cfg(test)]
mod tests;
mod text;
mod usual;
mod write;
mod wrong;

use crate::Sample;
use crate::builtin::corpus;
use bytes::{Bytes, BytesMut};
use delimit::Walk;
use gatewright_core::codec::{
    ConnCodec, DecodeError, Delimited, Descriptor, EncodeError, EncodeProblem, Event, Overlong,
    Protocol, Rejected, Scanned, Side,
};
use gatewright_core::fault::Fault;
use gatewright_core::message::Message;
use names::Names;
use std::sync::Arc;

/// The longest frame, in bytes: redis' largest string and as much again for what surrounds it.
pub const MAX_FRAME: usize = 1 << 30;
/// A reply with more aggregates in each other, the outermost counted, is read without listing its
/// elements; none is written.
pub const MAX_DEPTH: usize = 32;
/// No frame with more aggregates in each other is read. A connection keeps 8 bytes for each while
/// the frame comes. A script can make replies of some thousand.
const MAX_NESTED: usize = 16 << 10;
/// What a command may hold, and all aggregates of a reply that is written; a map's keys and values
/// count one by one. Of one that is read, the bytes are counted only.
pub const MAX_ELEMENTS: usize = 1 << 20;
/// The longest inline command, in bytes without the end of its line; as in redis.
pub const MAX_INLINE: usize = 64 << 10;
/// The longest name of a command, in bytes.
const MAX_NAME: usize = 64;
/// The letters before the colon of a verbatim string.
const FORMAT: usize = 3;
/// A reply with more elements is read without listing them: as fields they take some hundred
/// bytes each, whatever little they take on the wire.
const MAX_LISTED: usize = 16 << 10;

/// Frames as redis' clients and servers send them, and as they must not.
pub(crate) const CORPUS: &[Sample] = corpus![
    "bad_bare_lf.hex",
    "bad_boolean.hex",
    "bad_count_huge.hex",
    "bad_count_sum.hex",
    "bad_double.hex",
    "bad_element.hex",
    "bad_empty_arrays.hex",
    "bad_http_get.hex",
    "bad_http_post.hex",
    "bad_inline_control.hex",
    "bad_inline_quotes.hex",
    "bad_integer_64.hex",
    "bad_length_64.hex",
    "bad_length_sign.hex",
    "bad_length_zeros.hex",
    "bad_missing_cr.hex",
    "bad_null_length.hex",
    "bad_push_empty.hex",
    "bad_push_nested.hex",
    "bad_streamed_array.hex",
    "bad_streamed_string.hex",
    "bad_tls_hello.hex",
    "bad_verbatim.hex",
    "command_binary.hex",
    "command_eval.hex",
    "command_get.hex",
    "command_hello.hex",
    "command_llen.hex",
    "command_unlisted.hex",
    "commands_inline.hex",
    "commands_pipelined.hex",
    "errors_redis.hex",
    "push_deep.hex",
    "push_invalidate.hex",
    "push_subscribe.hex",
    "replies_redis2.hex",
    "replies_redis3.hex",
    "replies_resp2.hex",
    "replies_resp3.hex",
    "replies_transaction.hex",
    "reply_attribute.hex",
    "reply_deep.hex",
    "reply_hello.hex",
    "reply_ok.hex",
];

/// The protocol; see the [module](self).
#[derive(Debug)]
pub struct Resp {
    descriptor: Arc<Descriptor>,
    names: Names,
}

impl Resp {
    /// The protocol, with a descriptor of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            descriptor: Arc::new(schema::descriptor()),
            names: Names::new(),
        }
    }
}

impl Default for Resp {
    fn default() -> Self {
        Self::new()
    }
}

impl Protocol for Resp {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn codec(self: Arc<Self>, side: Side, max_frame: usize) -> Box<dyn ConnCodec> {
        Box::new(RespCodec {
            walk: Walk::new(side, max_frame),
            side,
            resp: self,
        })
    }

    fn reject(&self, _: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        Some(reject::reject(&self.descriptor, fault))
    }
}

#[derive(Debug)]
struct RespCodec {
    resp: Arc<Resp>,
    side: Side,
    walk: Walk,
}

impl ConnCodec for RespCodec {
    fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        let found = self.walk.advance(buf);
        match found {
            Ok(Delimited::Need(_)) => {}
            Ok(Delimited::Frame(_)) | Err(_) => self.walk.reset(),
        }
        found
    }

    fn scan(&mut self, buf: &[u8], most: usize) -> Result<Scanned, DecodeError> {
        scan::scan(&mut self.walk, &self.resp.names, self.side, buf, most)
    }

    fn overlong(&self, buf: &[u8]) -> Overlong {
        match self.side {
            Side::Client => delimit::overlong(buf),
            Side::Server => Overlong::Unknown,
        }
    }

    fn decode(&mut self, frame: Bytes) -> Result<Event, DecodeError> {
        match self.side {
            Side::Server => parse::command(&self.resp.names, frame),
            Side::Client => elements::reply(frame),
        }
        .map(Event::Head)
    }

    fn encode(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        let Some(message) = event.message() else {
            return Err(EncodeError::new("", EncodeProblem::NotInProtocol));
        };
        let start = out.len();
        emit::emit(&self.resp.names, self.side, message, out).inspect_err(|_| out.truncate(start))
    }
}

/// Whether a value of RESP starts with that byte.
const fn is_type(byte: u8) -> bool {
    matches!(
        byte,
        b'+' | b'-'
            | b':'
            | b'$'
            | b'*'
            | b'_'
            | b'#'
            | b','
            | b'('
            | b'!'
            | b'='
            | b'%'
            | b'~'
            | b'|'
            | b'>'
    )
}
