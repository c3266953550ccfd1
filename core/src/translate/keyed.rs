//! The keys of messages that rules make.

use crate::codec::{Delimited, Event, Protocol, Side};
use crate::fault::{Fault, FaultClass};
use crate::message::{Correlation, Message};
use bytes::BytesMut;
use std::sync::Arc;

/// The message with the key that its fields make up. Which ones these are, its codec alone knows:
/// it is written, and read as whoever gets it will. It keeps the bytes, so that it is not written
/// again.
///
/// # Errors
/// If it cannot be written, or has no key: its reply could not be told from others.
pub(super) fn keyed(message: Message, protocol: &Arc<dyn Protocol>) -> Result<Message, Fault> {
    let unfit = |detail: String| Fault::unsent(FaultClass::BadRequest, detail);
    let codec = |side| {
        let longest = protocol.descriptor().capabilities.max_frame;
        Arc::clone(protocol).codec(side, longest)
    };
    let mut frame = BytesMut::new();
    let written = codec(Side::Client).encode(&Event::Head(message), &mut frame);
    written.map_err(|error| unfit(error.to_string()))?;
    let mut reader = codec(Side::Server);
    let unread = |error: crate::codec::DecodeError| unfit(error.to_string());
    let delimited = reader.delimit(&frame).map_err(unread)?;
    let is_whole = matches!(delimited, Delimited::Frame(length) if length.get() == frame.len());
    match reader.decode(frame.freeze()).map_err(unread)? {
        Event::Head(message)
            if is_whole && matches!(message.correlation(), Correlation::Key(_)) =>
        {
            Ok(message)
        }
        Event::Head(_) | Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => {
            Err(unfit(
                "the message has no key to tell its reply by".to_owned(),
            ))
        }
    }
}
