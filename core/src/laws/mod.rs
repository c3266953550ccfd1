//! The properties that every codec must hold, as plain functions (feature `laws`).
//!
//! Each law takes a protocol and bytes or a message, and returns the [`Violation`] it found; a
//! panic inside the codec is one as well. [`check_input`] runs all that make sense for bytes of
//! any kind: it is the whole of a fuzz target, and of a test over recorded traffic.
//! [`check_message`] does the same for a message that was made rather than read, and
//! [`check_descriptor`] holds what the protocol says about itself to what it can mean.
//!
//! For a protocol `Mine`, a fuzz target is three lines:
//!
//! ```ignore
//! #![no_main]
//! static MINE: LazyLock<Arc<dyn Protocol>> = LazyLock::new(|| Arc::new(Mine::new()));
//! libfuzzer_sys::fuzz_target!(|data: &[u8]| laws::check_input(&MINE, data).unwrap());
//! ```
//!
//! and a test, with `gatewright-core = { …, features = ["laws"] }` among the dev-dependencies:
//!
//! ```ignore
//! #[test]
//! fn mine_obeys_the_laws() {
//!     let mine: Arc<dyn Protocol> = Arc::new(Mine::new());
//!     laws::check_descriptor(mine.descriptor()).unwrap();
//!     for frame in RECORDED {
//!         laws::check_input(&mine, frame).unwrap();
//!     }
//! }
//! ```
//!
//! | law | what it holds |
//! |---|---|
//! | [`any_chunking`] | however the bytes arrive, the same messages are read |
//! | [`Reading`] | no frame above the limit or beyond the bytes; a need that was stated was one |
//! | [`scanned`] | frames that are counted to be passed on are frames, good ones, that need nothing |
//! | [`rewritten`] | read → write gives the same bytes |
//! | [`written`] | message → write → read gives what was said |
//! | [`streamed`] | written in parts, however these are cut, a message reads as it does in one |
//! | [`prefixes`] | the beginning of a message is never another message |
//! | [`flips`] | a message with one byte changed is read or refused, not more |
//! | [`patched`] | another id, and nothing else, and back |
//! | [`rejections`] | a native answer can be written, read, and reaches who asked |
//! | [`shown`] | message → JSON → message gives the same |

mod descriptor;
mod frames;
mod ids;
mod json;
mod messages;
mod reading;
mod replies;
mod sameness;
mod streams;

pub use descriptor::check_descriptor;
pub use frames::{flips, prefixes, rewritten};
pub use ids::patched;
pub use json::{check_json, shown};
pub use messages::written;
pub use reading::{End, Outcome, Reading, any_chunking, scanned};
pub use replies::rejections;
pub use streams::streamed;

use crate::codec::{EncodeProblem, Event, Protocol, Side};
use crate::message::{Kind, Message};
use std::fmt;
use std::sync::Arc;

/// A law that a codec broke.
#[derive(Clone, PartialEq, Eq)]
pub struct Violation {
    law: &'static str,
    detail: String,
}

impl Violation {
    fn new(law: &'static str, detail: impl Into<String>) -> Self {
        Self {
            law,
            detail: detail.into(),
        }
    }

    /// The law's name: that of the function here that checks it.
    #[must_use]
    pub const fn law(&self) -> &'static str {
        self.law
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.law, self.detail)
    }
}

/// As [`Display`](fmt::Display), for `unwrap` in tests.
impl fmt::Debug for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Violation {}

/// Of the messages in one input, so many are looked at closely.
const MESSAGES: usize = 8;

/// Runs every law that bytes of any kind can be held to, on both sides of a connection.
///
/// # Errors
/// The first law that is broken.
pub fn check_input(protocol: &Arc<dyn Protocol>, bytes: &[u8]) -> Result<(), Violation> {
    for side in [Side::Server, Side::Client] {
        let reading = Reading::of(protocol, side, [bytes])?;
        let each_byte: Vec<usize> = (0..bytes.len()).collect();
        for cuts in [
            &each_byte[..],
            &[bytes.len() / 2],
            &[bytes.len() / 3, bytes.len() / 3 * 2],
        ] {
            any_chunking(protocol, side, bytes, cuts)?;
        }
        for most in [1, usize::MAX] {
            scanned(protocol, side, bytes, most)?;
        }
        for outcome in reading.outcomes.iter().take(MESSAGES) {
            if let Some(message) = outcome.message() {
                check_frame(protocol, side, outcome, message)?;
                streamed(protocol, side, outcome)?;
            }
            rejections(protocol, side, outcome)?;
        }
    }
    Ok(())
}

/// Runs every law that a message made from fields can be held to. The message must be one that
/// the protocol can carry.
///
/// # Errors
/// The first law that is broken.
pub fn check_message(protocol: &Arc<dyn Protocol>, message: &Message) -> Result<(), Violation> {
    shown(protocol, message)?;
    for side in readers(protocol, message) {
        let bytes = written(protocol, *side, message)?;
        check_input(protocol, &bytes)?;
    }
    Ok(())
}

/// The laws of one whole message and the frame it was read from.
fn check_frame(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    outcome: &Outcome,
    message: &Message,
) -> Result<(), Violation> {
    let frame = &outcome.frame[..];
    rewritten(protocol, side, frame, message)?;
    // A connection that ends earlier makes another message of one that lasts until it does.
    if outcome.end != End::Connection {
        prefixes(protocol, side, frame)?;
    }
    flips(protocol, side, frame)?;
    patched(protocol, side, frame, message)?;
    shown(protocol, message)?;
    match encode(protocol, writer(side), &made_anew(message)) {
        // What was read in a short form (compressed) may be too long in the plain one.
        Err(error) if error.field().is_empty() && *error.problem() == EncodeProblem::OutOfRange => {
            Ok(())
        }
        _ => written(protocol, side, &made_anew(message)).map(|_| ()),
    }
}

/// The same message as if its fields had been set one by one: its frame is forgotten.
fn made_anew(message: &Message) -> Message {
    Message::new(
        message.kind(),
        message.operation(),
        message.fields().clone(),
    )
    .with_correlation(message.correlation().clone())
    .with_body(message.body().clone())
}

/// Who writes what `reader` reads.
const fn writer(reader: Side) -> Side {
    match reader {
        Side::Server => Side::Client,
        Side::Client => Side::Server,
    }
}

/// Who may read a message. An event goes the ways that its protocol writes it.
fn readers(protocol: &Arc<dyn Protocol>, message: &Message) -> &'static [Side] {
    let goes_to = |reader| match encode(protocol, writer(reader), message) {
        Ok(_) => true,
        Err(error) => *error.problem() != EncodeProblem::NotInProtocol,
    };
    match message.kind() {
        Kind::Request => &[Side::Server],
        Kind::Reply => &[Side::Client],
        Kind::Event if !goes_to(Side::Server) => &[Side::Client],
        Kind::Event if !goes_to(Side::Client) => &[Side::Server],
        Kind::Event => &[Side::Server, Side::Client],
    }
}

/// The bytes of a message, written by `side` on a fresh connection.
fn encode(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    message: &Message,
) -> Result<bytes::BytesMut, crate::codec::EncodeError> {
    let mut out = bytes::BytesMut::new();
    let max_frame = protocol.descriptor().capabilities.max_frame;
    Arc::clone(protocol)
        .codec(side, max_frame)
        .encode(&Event::Head(message.clone()), &mut out)?;
    Ok(out)
}

/// The message, if the event is a whole one.
fn whole(event: &Event) -> Option<&Message> {
    match event {
        Event::Head(message) if message.body().whole().is_some() => Some(message),
        Event::Head(_) | Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => {
            None
        }
    }
}

/// The first bytes, for the text of a violation.
fn hex(bytes: &[u8]) -> String {
    const SHOWN: usize = 80;
    let digits: String = bytes
        .iter()
        .take(SHOWN)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match bytes.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{digits}… and {more} bytes"),
        Some(0) | None => digits,
    }
}

#[cfg(test)]
mod tests;
