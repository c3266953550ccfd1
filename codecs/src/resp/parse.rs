//! A whole frame that a client sent into a message whose bytes are slices of it. What both
//! sides' frames are made of: [`line`], [`length`], [`counted`].

use super::MAX_NAME;
use super::commands::Command;
use super::names::{self, Names};
use super::schema::{OTHER, operation_of};
use super::text::{self, Counted};
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::{Cause, DecodeError, Recovery};
use gatewright_core::message::{Correlation, Kind, Message, OperationId, Record, Value};
use nom::bytes::complete::{tag, take, take_until};
use nom::combinator::fail;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

/// All that a parser can find wrong is that the frame is not what its delimiter lets through.
pub(super) type Parsed<'f, T> = IResult<&'f [u8], T, ()>;

const CRLF: &str = "\r\n";

/// The text up to the end of its line.
pub(super) fn line(input: &[u8]) -> Parsed<'_, &[u8]> {
    terminated(take_until(CRLF), tag(CRLF)).parse(input)
}

/// A length in digits, and the end of its line.
pub(super) fn length(input: &[u8]) -> Parsed<'_, usize> {
    match text::length(input) {
        Counted::Is { value, line } => take(line).map(|_| value).parse(input),
        Counted::Short | Counted::Wrong { .. } => fail().parse(input),
    }
}

/// As many bytes as the length before them says.
pub(super) fn counted(input: &[u8]) -> Parsed<'_, &[u8]> {
    let (rest, len) = length(input)?;
    terminated(take(len), tag(CRLF)).parse(rest)
}

/// What a frame is answered with that its delimiter would not have let through.
pub(super) fn malformed(frame: &Bytes) -> DecodeError {
    let expected = "one whole value";
    DecodeError::new(Cause::Truncated, frame.len(), expected, "something else")
}

pub(super) fn command(names: &Names, frame: Bytes) -> Result<Message, DecodeError> {
    if !frame.starts_with(b"*") {
        return inline(names, frame);
    }
    if matches!(&*frame, b"*0\r\n" | b"*-1\r\n") {
        return Err(nothing_asked("an array of nothing"));
    }
    match array(&frame) {
        Ok(([], (name, args))) => build(names, &frame, name, args),
        Ok(_) | Err(_) => Err(malformed(&frame)),
    }
}

/// The name and the arguments.
fn array(frame: &Bytes) -> Parsed<'_, (&[u8], Vec<Value>)> {
    const SHORTEST: usize = 6;
    let word = || preceded(tag("$"), counted);
    let (rest, count) = preceded(tag("*"), length).parse(frame)?;
    let (mut rest, name) = word().parse(rest)?;
    let count = count.saturating_sub(1);
    // What is reserved was sent.
    let mut args = Vec::with_capacity(count.min(rest.len().wrapping_div(SHORTEST)));
    for _ in 0..count {
        let (after, arg) = word().parse(rest)?;
        args.push(Value::Bytes(frame.slice_ref(arg)));
        rest = after;
    }
    Ok((rest, (name, args)))
}

/// Words with blanks between them.
fn inline(names: &Names, frame: Bytes) -> Result<Message, DecodeError> {
    let Ok(([], text)) = line(&frame) else {
        return Err(malformed(&frame));
    };
    if let Some(at) = text.iter().position(|byte| matches!(byte, b'"' | b'\'')) {
        let expected = "words without quotes, or an array";
        let error = DecodeError::new(Cause::BadValue, at, expected, "a quote");
        return Err(error.answering(None, Correlation::None));
    }
    let mut words = text
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    let Some(name) = words.next() else {
        return Err(nothing_asked("an empty line"));
    };
    let args = words.map(|word| Value::Bytes(frame.slice_ref(word)));
    build(names, &frame, name, args.collect())
}

/// Redis passes over what asks for nothing, and answers nothing.
fn nothing_asked(got: &'static str) -> DecodeError {
    let error = DecodeError::new(Cause::BadValue, 0, "a command", got);
    error.with_recovery(Recovery::Skip)
}

fn build(
    names: &Names,
    frame: &Bytes,
    name: &[u8],
    mut args: Vec<Value>,
) -> Result<Message, DecodeError> {
    let (operation, fields) = match names.find(name) {
        Some((row, command)) => {
            let (row, command) = take_subcommand(row, command, &mut args);
            let key = command.key.find(&args).cloned().unwrap_or_default();
            let name = ByteString::from_static(command.name);
            (operation_of(row), vec![name.into(), Value::List(args), key])
        }
        None => (OTHER, other(frame, name, args)?),
    };
    Ok(request(operation, fields).with_frame(frame.clone()))
}

/// The row of a subcommand, its name taken off the arguments, or else that of the command.
fn take_subcommand(
    row: u16,
    command: &'static Command,
    args: &mut Vec<Value>,
) -> (u16, &'static Command) {
    let word = args.first().and_then(Value::as_bytes);
    match word.and_then(|word| names::subcommand(row, command, word)) {
        Some(subcommand) => {
            args.remove(0);
            subcommand
        }
        None => (row, command),
    }
}

fn request(operation: OperationId, fields: Record) -> Message {
    Message::new(Kind::Request, operation, fields)
}

fn other(frame: &Bytes, name: &[u8], args: Vec<Value>) -> Result<Record, DecodeError> {
    if !is_name(name) {
        let expected = "a command's name in printable ASCII, of 64 bytes at most";
        let error = DecodeError::new(Cause::UnknownOperation, 0, expected, "another one");
        return Err(error.answering(None, Correlation::None));
    }
    let name = if name.iter().any(u8::is_ascii_uppercase) {
        String::from_utf8_lossy(name).to_ascii_lowercase().into()
    } else {
        lossy(frame, name)
    };
    Ok(vec![Value::Str(name), Value::List(args)])
}

/// Whether a command may be called so.
pub(super) fn is_name(name: &[u8]) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && name.iter().all(u8::is_ascii_graphic)
}

/// A part of the frame as text; what is not UTF-8 in it is replaced.
pub(super) fn lossy(frame: &Bytes, part: &[u8]) -> ByteString {
    match ByteString::try_from(frame.slice_ref(part)) {
        Ok(text) => text,
        Err(_) => String::from_utf8_lossy(part).into_owned().into(),
    }
}
