//! JSON to bytes: what `encode` and `send` take.

use super::exit::{Exit, Outcome};
use super::input::Input;
use super::report::complain;
use super::view::MASK;
use bytes::BytesMut;
use gatewright_core::codec::json::from_json;
use gatewright_core::codec::{
    Descriptor, EncodeError, EncodeProblem, Event, Protocol, Schema, Side, StructDef, Type,
};
use gatewright_core::message::{Kind, Message, Record, Value};
use serde_json::{Deserializer, Value as Json};
use std::sync::Arc;

/// The messages of an input: one, an array of them, or several one after the other.
///
/// # Errors
/// How to exit if it cannot be read, is not JSON, or no message of the protocol.
pub(super) fn read(protocol: &Arc<dyn Protocol>, argument: Option<&str>) -> Outcome<Vec<Message>> {
    let input = Input::of(argument)?;
    let mut messages = Vec::new();
    for document in Deserializer::from_str(input.text()?).into_iter::<Json>() {
        let document = document.map_err(|error| {
            let what = if input.literal {
                "neither a file nor"
            } else {
                "not"
            };
            complain(format_args!("{} is {what} JSON: {error}", input.name));
            Exit::Findings
        })?;
        let documents = match document {
            Json::Array(documents) => documents,
            single => vec![single],
        };
        for document in documents {
            let number = messages.len() + 1;
            messages.push(one(protocol.descriptor(), &document).map_err(|problem| {
                complain(format_args!("message {number}: {problem}"));
                Exit::Findings
            })?);
        }
    }
    if messages.is_empty() {
        complain(format_args!("{} holds no message", input.name));
        return Err(Exit::Findings);
    }
    Ok(messages)
}

fn one(descriptor: &Descriptor, document: &Json) -> Result<Message, String> {
    if let Some(event) = housekeeping(descriptor, document) {
        return Err(format!(
            "`{event}` is no message, and nothing else can be written"
        ));
    }
    let message = from_json(descriptor, document).map_err(|error| error.to_string())?;
    let operation = descriptor.operation(message.operation());
    let def = descriptor.record(message.operation());
    match masked(&descriptor.schema, def, message.fields()) {
        Some(field) => Err(format!(
            "{}.{field}: its value is only masked; `decode --show-secrets` shows it",
            operation.name
        )),
        None => Ok(message),
    }
}

/// What `decode` calls a frame that is no message, if it is one.
fn housekeeping<'d>(descriptor: &Descriptor, document: &'d Json) -> Option<&'d str> {
    match descriptor.operation_named("event") {
        Some(_) => None,
        None => document.get("event")?.as_str(),
    }
}

/// The first secret field that holds what `decode` shows instead of secrets: nobody means to
/// send that.
fn masked(schema: &Schema, def: &StructDef, record: &Record) -> Option<String> {
    def.fields.iter().zip(record).find_map(|(field, value)| {
        if field.secret && is_mask(value) {
            return Some(field.name.to_string());
        }
        let inner = masked_within(schema, &field.ty, value)?;
        Some(format!("{}{inner}", field.name))
    })
}

/// The same within a value that has fields of its own: the way from there to the field.
fn masked_within(schema: &Schema, ty: &Type, value: &Value) -> Option<String> {
    match (ty, value) {
        (Type::Struct(id), Value::Record(record)) => {
            let field = masked(schema, schema.structure(*id), record)?;
            Some(format!(".{field}"))
        }
        (Type::List(element), Value::List(_) | Value::Headers(_)) => {
            let mut items = value.as_list()?.iter().enumerate();
            items.find_map(|(index, item)| {
                let inner = masked_within(schema, element, item)?;
                Some(format!("[{index}]{inner}"))
            })
        }
        _ => None,
    }
}

/// Bytes that JSON shows as text take it for their own.
fn is_mask(value: &Value) -> bool {
    match value {
        Value::Str(text) => text == MASK,
        Value::Bytes(bytes) => bytes == MASK,
        _ => false,
    }
}

/// The side that sends such messages. An event goes the ways that its protocol writes it.
pub(super) fn sender(protocol: &Arc<dyn Protocol>, message: &Message) -> Side {
    match message.kind() {
        Kind::Request => Side::Client,
        Kind::Reply => Side::Server,
        Kind::Event => match write_by(protocol, Side::Client, message) {
            Err(error) if *error.problem() == EncodeProblem::NotInProtocol => Side::Server,
            Ok(_) | Err(_) => Side::Client,
        },
    }
}

/// A message's bytes as the side that sends such messages writes them.
///
/// # Errors
/// If a value does not fit the wire.
pub(super) fn write(
    protocol: &Arc<dyn Protocol>,
    message: &Message,
) -> Result<BytesMut, EncodeError> {
    write_by(protocol, sender(protocol, message), message)
}

fn write_by(
    protocol: &Arc<dyn Protocol>,
    side: Side,
    message: &Message,
) -> Result<BytesMut, EncodeError> {
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
