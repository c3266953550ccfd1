//! JSON to bytes: what `encode` and `send` take.

use super::exit::{Exit, Outcome};
use super::input::Input;
use super::report::complain;
use bytes::BytesMut;
use gatewright_core::codec::json::from_json;
use gatewright_core::codec::{EncodeError, Event, Protocol, Side};
use gatewright_core::message::{Kind, Message};
use serde_json::{Deserializer, Value};
use std::sync::Arc;

/// The messages of an input: one, an array of them, or several one after the other.
///
/// # Errors
/// How to exit if it cannot be read, is not JSON, or no message of the protocol.
pub(super) fn read(protocol: &Arc<dyn Protocol>, argument: Option<&str>) -> Outcome<Vec<Message>> {
    let input = Input::of(argument)?;
    let mut messages = Vec::new();
    for document in Deserializer::from_str(input.text()?).into_iter::<Value>() {
        let document = document.map_err(|error| {
            complain(format_args!("{} is not JSON: {error}", input.name));
            Exit::Findings
        })?;
        let documents = match document {
            Value::Array(documents) => documents,
            single => vec![single],
        };
        for document in documents {
            let number = messages.len() + 1;
            let message = from_json(protocol.descriptor(), &document).map_err(|error| {
                complain(format_args!("message {number}: {error}"));
                Exit::Findings
            })?;
            messages.push(message);
        }
    }
    if messages.is_empty() {
        complain(format_args!("{} holds no message", input.name));
        return Err(Exit::Findings);
    }
    Ok(messages)
}

/// A message's bytes as the side that sends such messages writes them.
///
/// # Errors
/// If a value does not fit the wire.
pub(super) fn write(
    protocol: &Arc<dyn Protocol>,
    message: &Message,
) -> Result<BytesMut, EncodeError> {
    let side = match message.kind() {
        Kind::Request | Kind::Event => Side::Client,
        Kind::Reply => Side::Server,
    };
    let max_frame = protocol.descriptor().capabilities.max_frame;
    let mut frame = BytesMut::new();
    Arc::clone(protocol)
        .codec(side, max_frame)
        .encode(&Event::Head(message.clone()), &mut frame)?;
    Ok(frame)
}

/// The bytes of each message.
///
/// # Errors
/// How to exit if one cannot be written.
pub(super) fn write_all(
    protocol: &Arc<dyn Protocol>,
    messages: &[Message],
) -> Outcome<Vec<BytesMut>> {
    let write = |(index, message)| {
        write(protocol, message).map_err(|error| {
            let operation = &protocol.descriptor().operation(message.operation()).name;
            complain(format_args!("message {}: {operation}: {error}", index + 1));
            Exit::Findings
        })
    };
    messages.iter().enumerate().map(write).collect()
}
