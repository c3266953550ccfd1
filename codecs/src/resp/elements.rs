//! A whole frame that a server sent into a message whose bytes are slices of it.

use super::delimit::Walk;
use super::parse::{Parsed, counted, length, line, lossy, malformed};
use super::schema::{ERROR, Kinds, PUSH, REPLY};
use super::{FORMAT, MAX_DEPTH, MAX_LISTED, text};
use bytes::Bytes;
use bytestring::ByteString;
use gatewright_core::codec::{DecodeError, Delimited, Side};
use gatewright_core::message::{Kind, Message, Record, Value};
use nom::Parser;
use nom::bytes::complete::{tag, take};
use nom::combinator::{fail, map_opt};
use nom::sequence::terminated;
use std::borrow::Cow;

/// One value, or an attribute. Fields that its kind has not are null.
struct Element {
    kind: Kinds,
    text: Value,
    number: Value,
    data: Value,
    items: Value,
}

impl Element {
    const fn new(kind: Kinds) -> Self {
        Self {
            kind,
            text: Value::Null,
            number: Value::Null,
            data: Value::Null,
            items: Value::Null,
        }
    }

    fn fields(self) -> Record {
        let kind = self.kind.number().into();
        vec![kind, self.text, self.number, self.data, self.items]
    }
}

pub(super) fn reply(frame: Bytes) -> Result<Message, DecodeError> {
    let mut reader = Reader {
        frame: &frame,
        listed: 0,
    };
    let message = if frame.starts_with(b">") {
        reader.push()
    } else {
        reader.answer()
    };
    match message {
        Ok(([], message)) => Ok(message.with_frame(frame)),
        Ok(_) | Err(_) => Err(malformed(&frame)),
    }
}

struct Reader<'f> {
    frame: &'f Bytes,
    /// Elements of aggregates so far. Once they are more than the limit, none of them is kept.
    listed: usize,
}

impl<'f> Reader<'f> {
    fn answer(&mut self) -> Parsed<'f, Message> {
        let mut attributes = Vec::new();
        let mut has_attributes = false;
        let mut rest = &**self.frame;
        let value = loop {
            let (after, value) = self.element(rest, 0)?;
            rest = after;
            match (value.kind, value.items) {
                (Kinds::Attribute, Value::List(pairs)) => {
                    has_attributes = true;
                    attributes.extend(pairs);
                }
                (_, items) => break Element { items, ..value },
            }
        };
        let attributes = match has_attributes && self.listed <= MAX_LISTED {
            true => Value::List(attributes),
            false => Value::Null,
        };
        Ok((rest, self.message(value, attributes)))
    }

    fn message(&self, mut value: Element, attributes: Value) -> Message {
        if value.kind == Kinds::Error {
            let code = first_word(&value.text);
            return Message::new(Kind::Reply, ERROR, vec![value.text, code, attributes]);
        }
        if self.listed > MAX_LISTED {
            value.items = Value::Null;
        }
        let mut fields = value.fields();
        fields.push(attributes);
        Message::new(Kind::Reply, REPLY, fields)
    }

    fn push(&mut self) -> Parsed<'f, Message> {
        let (rest, _) = tag(">").parse(&**self.frame)?;
        let (rest, pushed) = self.aggregate(Kinds::Array, rest, 1, 0)?;
        let items = if self.listed > MAX_LISTED {
            Value::Null
        } else {
            pushed.items
        };
        let kind = kind_of_push(&items);
        Ok((rest, Message::new(Kind::Event, PUSH, vec![items, kind])))
    }

    fn element(&mut self, input: &'f [u8], depth: usize) -> Parsed<'f, Element> {
        let (rest, first) = take(1_usize).parse(input)?;
        match first {
            b"+" => self.text(Kinds::Simple, rest),
            b"-" => self.text(Kinds::Error, rest),
            b"," => self.text(Kinds::Double, rest),
            b"(" => self.text(Kinds::BigNumber, rest),
            b":" => integer(rest),
            b"#" => boolean(rest),
            b"_" => null(Kinds::Null, "\r\n", rest),
            b"$" if rest.starts_with(b"-") => null(Kinds::NullBulk, "-1\r\n", rest),
            b"*" if rest.starts_with(b"-") => null(Kinds::NullArray, "-1\r\n", rest),
            b"$" => self.bulk(rest),
            b"!" => self.bulk_error(rest),
            b"=" => self.verbatim(rest),
            b"*" | b"~" | b"%" | b"|" if depth >= MAX_DEPTH => self.pass(input),
            b"*" => self.aggregate(Kinds::Array, rest, 1, depth),
            b"~" => self.aggregate(Kinds::Set, rest, 1, depth),
            b"%" => self.aggregate(Kinds::Map, rest, 2, depth),
            b"|" => self.aggregate(Kinds::Attribute, rest, 2, depth),
            _ => fail().parse(input),
        }
    }

    fn text(&self, kind: Kinds, input: &'f [u8]) -> Parsed<'f, Element> {
        let (rest, line) = line(input)?;
        let text = Value::Str(lossy(self.frame, line));
        Ok((
            rest,
            Element {
                text,
                ..Element::new(kind)
            },
        ))
    }

    fn bulk(&self, input: &'f [u8]) -> Parsed<'f, Element> {
        let (rest, data) = counted(input)?;
        let data = Value::Bytes(self.frame.slice_ref(data));
        Ok((
            rest,
            Element {
                data,
                ..Element::new(Kinds::Bulk)
            },
        ))
    }

    fn bulk_error(&self, input: &'f [u8]) -> Parsed<'f, Element> {
        let (rest, text) = counted(input)?;
        let text = lossy(self.frame, text);
        // As it would be written; the frame keeps its lines.
        let text = match text::on_one_line(&text) {
            Cow::Borrowed(_) => Value::Str(text),
            Cow::Owned(text) => Value::Str(text.into()),
        };
        Ok((
            rest,
            Element {
                text,
                ..Element::new(Kinds::Error)
            },
        ))
    }

    /// Three letters that say how it is written, a colon, and the text.
    fn verbatim(&self, input: &'f [u8]) -> Parsed<'f, Element> {
        let (rest, whole) = counted(input)?;
        let (data, format) = terminated(take(FORMAT), tag(":")).parse(whole)?;
        let element = Element {
            text: Value::Str(lossy(self.frame, format)),
            data: Value::Bytes(self.frame.slice_ref(data)),
            ..Element::new(Kinds::Verbatim)
        };
        Ok((rest, element))
    }

    /// An element that is not to be listed, with the attributes before it.
    fn pass(&mut self, input: &'f [u8]) -> Parsed<'f, Element> {
        let end = Walk::new(Side::Client, usize::MAX).advance(input);
        let Ok(Delimited::Frame(length)) = end else {
            return fail().parse(input);
        };
        self.listed = usize::MAX;
        take(length.get())
            .map(|_| Element::new(Kinds::Array))
            .parse(input)
    }

    /// So many times `each` elements, with the attributes before them.
    fn aggregate(
        &mut self,
        kind: Kinds,
        input: &'f [u8],
        each: usize,
        depth: usize,
    ) -> Parsed<'f, Element> {
        let (mut rest, count) = length(input)?;
        let mut left = count.saturating_mul(each);
        let mut items = Vec::new();
        while left > 0 {
            // Nobody would see them: where they end is all that has to be known.
            if self.listed.saturating_add(left) > MAX_LISTED {
                (rest, _) = self.pass(rest)?;
                left = left.saturating_sub(1);
                continue;
            }
            let (after, element) = self.element(rest, depth.saturating_add(1))?;
            rest = after;
            if element.kind != Kinds::Attribute {
                left = left.saturating_sub(1);
            }
            self.listed = self.listed.saturating_add(1);
            items.push(Value::Record(element.fields()));
        }
        let items = Value::List(items);
        Ok((
            rest,
            Element {
                items,
                ..Element::new(kind)
            },
        ))
    }
}

fn integer(input: &[u8]) -> Parsed<'_, Element> {
    let (rest, number) = map_opt(line, text::integer).parse(input)?;
    let number = number.into();
    Ok((
        rest,
        Element {
            number,
            ..Element::new(Kinds::Integer)
        },
    ))
}

fn boolean(input: &[u8]) -> Parsed<'_, Element> {
    let (rest, letter) = line(input)?;
    let number = match letter {
        b"t" => 1_u8.into(),
        b"f" => 0_u8.into(),
        _ => return fail().parse(input),
    };
    Ok((
        rest,
        Element {
            number,
            ..Element::new(Kinds::Boolean)
        },
    ))
}

/// The rest of a null, which is always the same.
fn null<'f>(kind: Kinds, rest: &'static str, input: &'f [u8]) -> Parsed<'f, Element> {
    tag(rest).map(|_| Element::new(kind)).parse(input)
}

/// What clients tell errors apart by.
pub(super) fn first_word(message: &Value) -> Value {
    let Value::Str(text) = message else {
        return Value::Null;
    };
    let word = text.split(' ').next().unwrap_or(text);
    Value::Str(text.slice_ref(word))
}

/// The first item, if it is a text.
pub(super) fn kind_of_push(items: &Value) -> Value {
    let first = items.as_list().and_then(<[Value]>::first);
    match first.and_then(Value::as_record).map(Vec::as_slice) {
        Some([_, Value::Str(text), _, Value::Null, _]) => Value::Str(text.clone()),
        Some([_, _, _, Value::Bytes(data), _]) => match ByteString::try_from(data.clone()) {
            Ok(text) => Value::Str(text),
            Err(_) => Value::Null,
        },
        _ => Value::Null,
    }
}
