//! The law of messages whose bodies come in parts.

use super::sameness::said;
use super::{End, Outcome, Reading, Violation, hex, writer};
use crate::codec::{ConnCodec, EncodeError, Event, Protocol, Side};
use crate::message::{Body, Message};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

const LAW: &str = "streamed";

/// A message that was read in parts is written in parts, of any size, and then reads as itself:
/// what follows its body, too. Messages of one frame pass.
///
/// # Errors
/// If a part cannot be written, or the whole reads otherwise.
pub fn streamed(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    outcome: &Outcome,
) -> Result<(), Violation> {
    let (Some(message), End::Parts) = (outcome.message(), outcome.end) else {
        return Ok(());
    };
    let body = message.body().whole().unwrap_or_default();
    for size in [body.len().max(1), 1, 7] {
        let bytes = written(protocol, side, outcome, message, &body, size).map_err(|error| {
            let frame = hex(&outcome.frame);
            Violation::new(LAW, format!("{frame} cannot be written in parts: {error}"))
        })?;
        let reading = Reading::of(protocol, side, [&bytes[..]])?;
        if !says(protocol, &reading, outcome, message) {
            let detail = format!("{} became {}", hex(&outcome.frame), hex(&bytes));
            return Err(Violation::new(LAW, detail));
        }
    }
    Ok(())
}

fn written(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    outcome: &Outcome,
    message: &Message,
    body: &Bytes,
    size: usize,
) -> Result<BytesMut, EncodeError> {
    let max_frame = protocol.descriptor().capabilities.max_frame;
    let mut codec: Box<dyn ConnCodec> = Arc::clone(protocol).codec(writer(side), max_frame);
    let mut out = BytesMut::new();
    let head = message.clone().with_body(Body::Awaited);
    codec.encode(&Event::Head(head), &mut out)?;
    for part in body.chunks(size) {
        codec.encode(&Event::Body(body.slice_ref(part)), &mut out)?;
    }
    codec.encode(&Event::End(outcome.trailers.clone()), &mut out)?;
    Ok(out)
}

fn says(
    protocol: &Arc<dyn Protocol>,
    reading: &Reading,
    outcome: &Outcome,
    message: &Message,
) -> bool {
    let descriptor = protocol.descriptor();
    let (Some(read), [only]) = (reading.only_message(), &reading.outcomes[..]) else {
        return false;
    };
    read.operation() == message.operation()
        && read.body() == message.body()
        && only.trailers == outcome.trailers
        && said(descriptor, read) == said(descriptor, message)
}
