//! The law of messages that were made from fields.

use super::sameness::{lost_field, said};
use super::{Reading, Violation, encode, hex, writer};
use crate::codec::{Protocol, Side};
use crate::message::Message;
use bytes::BytesMut;
use std::sync::Arc;

const LAW: &str = "written";

/// What is written is read by `side` as one message that says all that was given; returns its
/// bytes. Fields with a default, and optional ones, need not be given.
///
/// # Errors
/// If the message cannot be written, or reads otherwise.
pub fn written(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    message: &Message,
) -> Result<BytesMut, Violation> {
    let descriptor = protocol.descriptor();
    let name = &descriptor.operation(message.operation()).name;
    let bytes = encode(protocol, writer(side), message)
        .map_err(|error| Violation::new(LAW, format!("`{name}` cannot be written: {error}")))?;
    let reading = Reading::of(protocol, side, [&bytes[..]])?;
    let Some(read) = reading.only_message() else {
        return Err(Violation::new(
            LAW,
            format!(
                "`{name}` does not read as one message: {}: {reading:?}",
                hex(&bytes)
            ),
        ));
    };
    let same_head = (read.kind(), read.operation(), read.correlation())
        == (message.kind(), message.operation(), message.correlation());
    if !same_head || read.body() != message.body() {
        return Err(Violation::new(
            LAW,
            format!("{message:?} reads as {read:?}"),
        ));
    }
    match lost_field(
        &descriptor.schema,
        descriptor.record(message.operation()),
        &said(descriptor, message),
        &said(descriptor, read),
    ) {
        Some(field) => Err(Violation::new(
            LAW,
            format!("in `{name}`, {field}: {}", hex(&bytes)),
        )),
        None => Ok(bytes),
    }
}
