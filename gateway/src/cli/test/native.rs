//! Messages of protocols in a test file.

use super::expected;
use super::reader::{Node, Reader};
use crate::cli::decode::{Frames, From};
use crate::cli::messages;
use bytes::Bytes;
use gatewright_config::codes;
use gatewright_core::codec::json::{Secrets, from_json, to_json};
use gatewright_core::codec::{Descriptor, EncodeError, Event, Protocol};
use gatewright_core::message::Message;
use serde_json::Value as Json;
use std::sync::Arc;

/// The bytes of a message that is given with all of its fields.
pub(super) fn frame(
    reader: &mut Reader,
    node: &Node<'_>,
    protocol: &Arc<dyn Protocol>,
    json: &Json,
) -> Option<Bytes> {
    let message = match from_json(protocol.descriptor(), json) {
        Ok(message) => message,
        Err(error) => {
            let near = error.suggestion();
            let help = near.map(|name| format!("did you mean `{name}`?"));
            let message = format!("`{}`: {}", error.path(), error.message());
            let span = Reader::locate(node, error.path());
            reader.note(codes::BAD_TEST_MESSAGE, message, span, help);
            return None;
        }
    };
    match messages::write(protocol, &message) {
        Ok(frame) => Some(frame.freeze()),
        Err(error) => {
            let message = error.to_string();
            reader.note(codes::BAD_TEST_MESSAGE, message, node.span(), None);
            None
        }
    }
}

/// The fields that a message should have, among others.
pub(super) fn fields(
    reader: &mut Reader,
    node: &Node<'_>,
    descriptor: &Descriptor,
) -> Option<Json> {
    let json = reader.json(node)?;
    match expected::normalise(descriptor, json) {
        Ok(json) => Some(json),
        Err(misfit) => {
            let span = Reader::locate(node, &misfit.path);
            reader.note(codes::BAD_TEST_MESSAGE, misfit.message, span, misfit.help);
            None
        }
    }
}

/// A server's reply, as a gateway reads it. Its id is the gateway's business.
pub(super) fn reply(
    reader: &mut Reader,
    node: &Node<'_>,
    protocol: &Arc<dyn Protocol>,
) -> Option<Message> {
    let mut json = reader.json(node)?;
    with_id(protocol.descriptor(), &mut json);
    let frame = frame(reader, node, protocol, &json)?;
    let reply = read(protocol, From::Server, frame);
    if reply.is_none() {
        let message = "this is nothing that a server answers";
        reader.note(codes::BAD_TEST_MESSAGE, message, node.span(), None);
    }
    reply
}

fn with_id(descriptor: &Descriptor, json: &mut Json) {
    let Some((name, fields)) = json
        .as_object_mut()
        .and_then(|object| object.iter_mut().next())
    else {
        return;
    };
    let operation = descriptor.operation_named(name);
    let slot = operation.and_then(|operation| descriptor.operation(operation).id);
    if let (Some(operation), Some(slot), Some(fields)) = (operation, slot, fields.as_object_mut())
        && let Some(field) = descriptor.record(operation).fields.get(slot.index())
    {
        let name = field.name.to_string();
        fields.entry(name).or_insert_with(|| Json::from(0));
    }
}

/// A message on its way upstream, as the server reads it.
///
/// # Errors
/// If a value does not fit the wire.
pub(super) fn as_read(protocol: &Arc<dyn Protocol>, message: Message) -> Result<Json, EncodeError> {
    let frame = messages::write(protocol, &message)?.freeze();
    let message = read(protocol, From::Client, frame).unwrap_or(message);
    Ok(to_json(protocol.descriptor(), &message, Secrets::Shown))
}

fn read(protocol: &Arc<dyn Protocol>, from: From, frame: Bytes) -> Option<Message> {
    let limit = protocol.descriptor().capabilities.max_frame;
    let mut frames = Frames::new(protocol, Some(from), limit, frame);
    match frames.next()?.ok()?.event {
        Event::Head(message) => Some(message),
        Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => None,
    }
}
