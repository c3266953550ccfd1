//! A message into one frame.

use super::commands::Command;
use super::names::{self, Names};
use super::schema::{
    ARGS, CODE, ERROR, ERROR_ATTRIBUTES, KEY, Kinds, MESSAGE, NAME, OTHER, PUSH, PUSH_ITEMS,
    PUSH_KIND, REPLY, REPLY_ATTRIBUTES, TYPE, command_of,
};
use super::write::{self, Room};
use super::{MAX_ELEMENTS, MAX_FRAME, elements, parse};
use crate::framing::field;
use bytes::{BufMut, BytesMut};
use gatewright_core::codec::{EncodeError, EncodeProblem, Side};
use gatewright_core::message::{Message, Value};

pub(super) fn emit(
    names: &Names,
    side: Side,
    message: &Message,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let operation = message.operation();
    let sender = match operation {
        REPLY | ERROR | PUSH => Side::Server,
        _ => Side::Client,
    };
    if sender != side {
        return Err(EncodeError::new("", EncodeProblem::NotInProtocol));
    }
    // Nothing on the wire ties a reply to its request: the frame is good as it is.
    if let Some(frame) = message.frame() {
        out.put_slice(frame);
        return Ok(());
    }
    let start = out.len();
    match operation {
        REPLY => reply(message, out),
        ERROR => error(message, out),
        PUSH => push(message, out),
        OTHER => other(names, message, out),
        _ => match command_of(operation) {
            Some((row, command)) => known(row, command, message, out),
            None => Err(EncodeError::new("", EncodeProblem::NotInProtocol)),
        },
    }?;
    if out.len().saturating_sub(start) > MAX_FRAME {
        return Err(EncodeError::new("", EncodeProblem::OutOfRange));
    }
    Ok(())
}

// ---- commands

fn known(
    row: u16,
    command: &Command,
    message: &Message,
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let args = field::list(message.field(ARGS), "args")?;
    // It would be read as that subcommand.
    let next = args.first().and_then(Value::as_bytes);
    if next.is_some_and(|next| names::subcommand(row, command, next).is_some()) {
        return Err(EncodeError::new("args", EncodeProblem::OutOfRange));
    }
    copies(message.field(NAME), "name", Some(&command.name.into()))?;
    copies(message.field(KEY), "key", command.key.find(args))?;
    words(command.words(), args, out)
}

/// A command that has no operation of its own, by its name.
fn other(names: &Names, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    let name = field::text(message.field(NAME), "name")?.as_bytes();
    if !parse::is_name(name) || name.iter().any(u8::is_ascii_uppercase) {
        return Err(EncodeError::new("name", EncodeProblem::Charset));
    }
    // It would be read as that operation.
    if names.find(name).is_some() {
        return Err(EncodeError::new("name", EncodeProblem::OutOfRange));
    }
    let args = field::list(message.field(ARGS), "args")?;
    words(std::iter::once(name), args, out)
}

fn words<'n>(
    names: impl Iterator<Item = &'n [u8]> + Clone,
    args: &[Value],
    out: &mut BytesMut,
) -> Result<(), EncodeError> {
    let count = args.len().saturating_add(names.clone().count());
    if count > MAX_ELEMENTS {
        return Err(EncodeError::new("args", EncodeProblem::OutOfRange));
    }
    write::number(b'*', count, out);
    names.for_each(|name| write::bulk(b'$', name, out));
    for arg in args {
        write::bulk(b'$', field::bytes(arg, "args")?, out);
    }
    Ok(())
}

/// A field that repeats what another says, or says nothing.
fn copies(copy: &Value, name: &'static str, said: Option<&Value>) -> Result<(), EncodeError> {
    if copy.is_null() || said == Some(copy) {
        return Ok(());
    }
    Err(EncodeError::new(name, EncodeProblem::OutOfRange))
}

// ---- answers

fn reply(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    let mut room = Room::new();
    room.attributes(message.field(REPLY_ATTRIBUTES), out)?;
    match message
        .field(TYPE)
        .as_int()
        .and_then(|n| Kinds::of(usize::try_from(n).ok()?))
    {
        // At the top these are an operation and a field.
        Some(Kinds::Error | Kinds::Attribute) => {
            Err(EncodeError::new("type", EncodeProblem::OutOfRange))
        }
        Some(_) | None => room.element(message.fields(), 0, out),
    }
}

fn error(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    let text = message.field(MESSAGE);
    copies(
        message.field(CODE),
        "code",
        Some(&elements::first_word(text)),
    )?;
    Room::new().attributes(message.field(ERROR_ATTRIBUTES), out)?;
    write::error(field::text(text, "message")?, out);
    Ok(())
}

fn push(message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
    let items = message.field(PUSH_ITEMS);
    let kind = elements::kind_of_push(items);
    copies(message.field(PUSH_KIND), "kind", Some(&kind))?;
    if items.as_list().is_some_and(<[Value]>::is_empty) {
        return Err(EncodeError::new("items", EncodeProblem::OutOfRange));
    }
    Room::new().items(b'>', items, 0, out)
}
