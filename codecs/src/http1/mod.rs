//! `http`: HTTP/1.1 and HTTP/1.0, strictly.
//!
//! ```text
//! POST /path?query HTTP/1.1 CRLF        HTTP/1.1 200 OK CRLF
//!  |    |           version             version  |   words that nobody reads
//!  |    target                                   status
//!  method
//! Host: example.org CRLF                Content-Type: text/plain CRLF
//! Content-Length: 5 CRLF                Transfer-Encoding: chunked CRLF
//! CRLF                                  CRLF
//! hello                                 5 CRLF hello CRLF 0 CRLF trailers CRLF
//! ```
//!
//! A frame is a head (first line, fields, empty line), or a part of a body: as many bytes as are there, the
//! line before a chunk with the first of its data, or the last such line with the trailers. So no part is
//! empty, and a body of chunks is read in one pass.
//!
//! **What could be read in two ways is refused.** Lines end in CR LF. A field's name is a token, its value UTF-8
//! without control characters; no line is folded. There is one `Host` in a request, a valid one;
//! one `Content-Length`, of digits, or one `Transfer-Encoding`, which is `chunked`, never both. Exactly one
//! space stands between the parts of a request's first line, and its target has only bytes that a URI
//! may have, or in its query what browsers leave there. This is stricter than RFC 9112 has to be: whitespace that it lets a recipient forgive, lone LF,
//! and bytes above ASCII that are not UTF-8 are not forgiven.
//!
//! **What is written has one form**, whatever was read: `host` first, then the fields as they were given, then
//! what says how long the body is, which nobody but this codec writes. Fields of one hop (RFC 9110, 7.6.1:
//! `Connection`, what it names, `Keep-Alive`, `Transfer-Encoding`, `Upgrade` and their like) are no part of a
//! message: they are taken out where it is read, and left out where it is written. Nothing is ever upgraded.
//!
//! **An answer is framed by its request.** One to HEAD has no body. What follows a good one to CONNECT, on
//! either side, is a tunnel's and not HTTP: to this codec it is the connection's last message, as it is after
//! `Connection: close`. The last answer on a connection says `connection: close`;
//! [`Control::GoAway`](gatewright_core::codec::Control::GoAway) makes the next one that.
//!
//! **A head is looked at once** if it is there at once and in the form that nearly all have (`head/usual.rs`): the
//! look that finds its end reads it. Of one that comes in pieces, `search` finds the end, however slowly it comes;
//! what is seldom said, and what is wrong, the rest of `head` reads or names.
//!
//! Limits: [`MAX_FRAME`], [`MAX_LINE`], [`MAX_FIELDS`], [`MAX_METHOD`]; 65,536 requests that await
//! their answers, at three bytes each; 32 interim responses; 1 KiB of extensions in a body's chunks.
//!
//! Specification: RFC 9110 and RFC 9112.

mod asked;
mod authority;
mod body;
mod chunk;
mod codec;
mod decimal;
mod emit;
mod given;
mod head;
mod hop;
mod octets;
mod reading;
mod reason;
mod reject;
mod schema;
mod search;
#[cfg(test)]
mod tests;
mod writing;
mod wrong;

pub use authority::is_authority;
pub use head::is_path_and_query;

use crate::Sample;
use crate::builtin::corpus;
use codec::HttpCodec;
use gatewright_core::codec::{ConnCodec, Descriptor, Protocol, Rejected, Side};
use gatewright_core::fault::Fault;
use gatewright_core::message::Message;
use std::sync::Arc;

/// The longest head, or part of a body that is read at once, in bytes.
pub const MAX_FRAME: usize = 1 << 20;
/// The longest first line, in bytes with its end: RFC 9112, 3 recommends 8000 at least.
pub const MAX_LINE: usize = 8 << 10;
/// So many fields may be passed on with a message, and as many may follow its body.
pub const MAX_FIELDS: usize = 100;
/// The longest method, in bytes.
pub const MAX_METHOD: usize = 32;
/// Lines of a head: some fields are of this hop alone.
const MAX_LINES: usize = MAX_FIELDS + 28;

/// Messages as clients and servers send them, and as they must not.
pub(crate) const CORPUS: &[Sample] = corpus![
    "bad_absolute_other.hex",
    "bad_asterisk.hex",
    "bad_behind_close.hex",
    "bad_both_lengths.hex",
    "bad_chunk_big.hex",
    "bad_chunk_digits.hex",
    "bad_chunk_extension.hex",
    "bad_chunk_lf.hex",
    "bad_chunk_lf_ext.hex",
    "bad_chunk_no_end.hex",
    "bad_chunk_none.hex",
    "bad_chunk_plus.hex",
    "bad_chunk_prefix.hex",
    "bad_chunk_space.hex",
    "bad_chunk_underscore.hex",
    "bad_coding_http10.hex",
    "bad_coding_list.hex",
    "bad_coding_other.hex",
    "bad_coding_twice.hex",
    "bad_connect_body.hex",
    "bad_connection_names_length.hex",
    "bad_connection_options.hex",
    "bad_control.hex",
    "bad_cr.hex",
    "bad_cut_body.hex",
    "bad_empty_lines.hex",
    "bad_fold.hex",
    "bad_fragment.hex",
    "bad_host_list.hex",
    "bad_host_port.hex",
    "bad_host_user.hex",
    "bad_length_big.hex",
    "bad_length_empty.hex",
    "bad_length_hex.hex",
    "bad_length_inner_space.hex",
    "bad_length_list.hex",
    "bad_length_list_differs.hex",
    "bad_length_minus.hex",
    "bad_length_nbsp.hex",
    "bad_length_plus.hex",
    "bad_length_twice.hex",
    "bad_lf.hex",
    "bad_lf_field.hex",
    "bad_long_line.hex",
    "bad_many_fields.hex",
    "bad_method_long.hex",
    "bad_method_token.hex",
    "bad_name_empty.hex",
    "bad_name_token.hex",
    "bad_no_colon.hex",
    "bad_no_host.hex",
    "bad_not_utf8.hex",
    "bad_nul.hex",
    "bad_preface.hex",
    "bad_response_101.hex",
    "bad_response_204_length.hex",
    "bad_response_both_lengths.hex",
    "bad_response_status.hex",
    "bad_space_before_colon.hex",
    "bad_space_behind.hex",
    "bad_space_first.hex",
    "bad_tab.hex",
    "bad_target_byte.hex",
    "bad_target_escape.hex",
    "bad_tls_hello.hex",
    "bad_trailer_length.hex",
    "bad_two_hosts.hex",
    "bad_two_spaces.hex",
    "bad_version_12.hex",
    "bad_version_20.hex",
    "bad_version_lower.hex",
    "bad_version_none.hex",
    "connect.hex",
    "get.hex",
    "get_absolute.hex",
    "get_absolute_no_path.hex",
    "get_close.hex",
    "get_connection_names.hex",
    "get_empty_line.hex",
    "get_host_empty.hex",
    "get_http10.hex",
    "get_http10_keep_alive.hex",
    "get_ipv6.hex",
    "get_pipelined.hex",
    "get_utf8.hex",
    "options_asterisk.hex",
    "post_chunked.hex",
    "post_chunked_trailers.hex",
    "post_expect.hex",
    "post_length.hex",
    "post_length_zero.hex",
    "post_pipelined.hex",
    "response.hex",
    "response_chunked.hex",
    "response_close.hex",
    "response_continue.hex",
    "response_no_content.hex",
    "response_no_reason.hex",
];

/// The protocol; see the [module](self).
#[derive(Debug)]
pub struct Http {
    descriptor: Arc<Descriptor>,
}

impl Http {
    /// The protocol, with a descriptor of its own.
    #[must_use]
    pub fn new() -> Self {
        Self {
            descriptor: Arc::new(schema::descriptor()),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self::new()
    }
}

impl Protocol for Http {
    fn descriptor(&self) -> &Arc<Descriptor> {
        &self.descriptor
    }

    fn codec(self: Arc<Self>, side: Side, max_frame: usize) -> Box<dyn ConnCodec> {
        Box::new(HttpCodec::new(side, max_frame))
    }

    fn reject(&self, request: &Rejected<'_>, fault: &Fault) -> Option<Message> {
        Some(reject::reject(&self.descriptor, request, fault.class()))
    }
}
