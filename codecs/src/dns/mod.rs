//! `dns`: the Domain Name System over TCP (RFC 1035, RFC 7766).
//!
//! ```text
//!  0     2                                  14
//! +-----+----------------------------------+-----------+---------+-------------+-------------+
//! | len | header                           | questions | answers | authorities | additionals |
//! +-----+----------------------------------+-----------+---------+-------------+-------------+
//!       |<- len bytes: the message ------------------------------------------------------- ->|
//!
//!   header    id 2 · QR 1 bit, OPCODE 4, AA, TC, RD, RA, Z, AD, CD, RCODE 4 · four counts of 2
//!   question  name · type 2 · class 2
//!   record    name · type 2 · class 2 · ttl 4 · length 2 · data
//! ```
//!
//! `query` and `update` (its opcode) ask, `answer` (QR) answers; an update may not be sent twice.
//! `name` and `qtype` repeat the first question, for rules to read: they need not be given, and
//! are refused when written if they say something else than `questions`.
//!
//! Names are text as in zone files, without the last dot: `www.example.com`, the root is `.`,
//! a dot or backslash inside a label is `\.` or `\\`, a byte that does not print is `\DDD`.
//! Written, a last dot may be there, and any octet may be escaped. Case is kept: rules that must
//! not see it say `lower(name)`.
//!
//! Record data is bytes. Names inside the data of the types whose names may be compressed are
//! expanded when read, so that data means the same in any message; all names are written
//! uncompressed. Bit Z must be zero (section 4.1.1) and is written so. A message that was read
//! and not changed is written as it came, but for its id.

mod delimit;
mod emit;
mod name;
mod parse;
mod rdata;
mod reject;
mod schema;
#[cfg(test)]
mod tests;

use crate::Sample;
use crate::builtin::corpus;
use bytes::{BufMut, Bytes, BytesMut};
use gatewright_core::codec::{
    DecodeError, Delimited, Descriptor, EncodeError, EncodeProblem, FrameProtocol, Overlong,
    Rejected, Side,
};
use gatewright_core::fault::Fault;
use gatewright_core::message::{Message, OperationId};
use std::sync::Arc;

/// The two bytes that TCP needs before each message (RFC 1035, 4.2.2).
const PREFIX: usize = 2;
const HEADER: usize = 12;
const MAX_FRAME: usize = PREFIX + 0xffff;

const QUERY: OperationId = OperationId(0);
const UPDATE: OperationId = OperationId(1);
const ANSWER: OperationId = OperationId(2);

const OPCODE_QUERY: u8 = 0;
const OPCODE_UPDATE: u8 = 5;

/// More than one question has no meaning (RFC 9619).
const MAX_QUESTIONS: usize = 1;
/// Records in a request: far above what signatures and options take, and a bound on what a
/// client can make us build (about 300 bytes each). Replies are bound by their length alone.
const MAX_REQUEST_RECORDS: usize = 256;

// The header's second two bytes (RFC 1035, 4.1.1; RFC 4035, 3.2 for AD and CD).
const QR: u16 = 1 << 15;
const AA: u16 = 1 << 10;
const TC: u16 = 1 << 9;
const RD: u16 = 1 << 8;
const RA: u16 = 1 << 7;
const AD: u16 = 1 << 5;
const CD: u16 = 1 << 4;

pub(crate) const CORPUS: &[Sample] = corpus![
    "answer_a_cname.hex",
    "answer_compressed_data.hex",
    "answer_naptr_sig.hex",
    "answer_nxdomain.hex",
    "bad_count.hex",
    "bad_data_name.hex",
    "bad_http_get.hex",
    "bad_label_type.hex",
    "bad_length.hex",
    "bad_long_name.hex",
    "bad_pointer_forward.hex",
    "bad_pointer_header.hex",
    "bad_pointer_loop.hex",
    "bad_tls_hello.hex",
    "bad_trailing_bytes.hex",
    "bad_two_questions.hex",
    "bind_mx.hex",
    "bind_refused.hex",
    "bind_soa.hex",
    "bind_srv.hex",
    "query_a_edns.hex",
    "query_escapes.hex",
    "query_root.hex",
    "update_delete.hex",
];

/// The protocol; see the [module](self).
#[derive(Debug)]
pub struct Dns {
    descriptor: Arc<Descriptor>,
}

impl Dns {
    /// The protocol, with a descriptor of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            descriptor: Arc::new(schema::descriptor()),
        }
    }
}

impl Default for Dns {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameProtocol for Dns {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn delimit(&self, buf: &[u8], max_frame: usize) -> Result<Delimited, DecodeError> {
        delimit::delimit(buf, max_frame)
    }

    fn overlong(&self, buf: &[u8]) -> Overlong {
        delimit::overlong(buf)
    }

    fn decode(&self, frame: Bytes, side: Side) -> Result<Message, DecodeError> {
        parse::parse(frame, side)
    }

    fn encode(&self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        emit::emit(message, out)
    }

    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        reject::reject(&self.descriptor, request, fault)
    }

    fn unframed(&self, frame: &Bytes) -> Bytes {
        frame.slice(PREFIX.min(frame.len())..)
    }

    fn framed(&self, message: Bytes) -> Result<Bytes, EncodeError> {
        let len = u16::try_from(message.len())
            .map_err(|_| EncodeError::new("", EncodeProblem::OutOfRange))?;
        let mut frame = BytesMut::with_capacity(message.len().saturating_add(PREFIX));
        frame.put_u16(len);
        frame.put_slice(&message);
        Ok(frame.freeze())
    }
}
