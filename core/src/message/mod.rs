//! The protocol-neutral message: what every codec reads into and writes from.

mod body;
pub mod headers;
mod value;

pub use body::{Body, BodyClosed, BodySender, BodyStream};
pub use headers::Headers;
pub use value::{Record, Value};

use bytes::Bytes;
use std::fmt;
use std::sync::Arc;

/// What a message is to the conversation it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Asks for something; a reply is due unless the operation is one-way.
    Request,
    /// Answers one request.
    Reply,
    /// Stands alone: no reply is due, from either side.
    Event,
}

/// An operation's index in its protocol's [`Descriptor`](crate::codec::Descriptor).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationId(pub u16);

/// A field's index in its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u16);

impl Slot {
    /// The slot as an index into a record.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What ties a reply to its request on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Correlation {
    /// The protocol has none: replies follow the order of the requests.
    #[default]
    None,
    /// A number, as wide as the wire's field at most.
    Id(u64),
    /// Anything else that identifies a request, as its bytes.
    Key(Arc<[u8]>),
}

/// One message of any protocol.
///
/// Fields live in the slots of the operation's structure. A decoded message keeps the frame it
/// was read from, so that a hop which changes nothing re-emits those bytes; setting a field
/// forgets that frame, setting the correlation does not (codecs patch it in).
#[derive(Clone, PartialEq)]
pub struct Message {
    kind: Kind,
    operation: OperationId,
    correlation: Correlation,
    fields: Record,
    body: Body,
    frame: Option<Bytes>,
}

impl Message {
    /// A message made here rather than read off a wire.
    #[must_use]
    #[inline]
    pub fn new(kind: Kind, operation: OperationId, fields: Record) -> Self {
        Self {
            kind,
            operation,
            correlation: Correlation::None,
            fields,
            body: Body::Empty,
            frame: None,
        }
    }

    /// The same message with its correlation. To change the field that carries it on the wire
    /// too, use [`Descriptor::correlate`](crate::codec::Descriptor::correlate).
    #[must_use]
    #[inline]
    pub fn with_correlation(mut self, correlation: Correlation) -> Self {
        self.correlation = correlation;
        self
    }

    /// The same message with its body.
    #[must_use]
    #[inline]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// The same message, remembered as read from `frame`.
    #[must_use]
    #[inline]
    pub fn with_frame(mut self, frame: Bytes) -> Self {
        self.frame = Some(frame);
        self
    }

    /// What the message is to its conversation.
    #[must_use]
    #[inline]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What the message asks or answers.
    #[must_use]
    #[inline]
    pub const fn operation(&self) -> OperationId {
        self.operation
    }

    /// What ties it to its request.
    #[must_use]
    #[inline]
    pub const fn correlation(&self) -> &Correlation {
        &self.correlation
    }

    /// All fields, by slot.
    #[must_use]
    #[inline]
    pub const fn fields(&self) -> &Record {
        &self.fields
    }

    /// One field; [`Value::Null`] if it is absent.
    #[must_use]
    #[inline]
    pub fn field(&self, slot: Slot) -> &Value {
        self.fields.get(slot.index()).unwrap_or(&Value::Null)
    }

    /// Sets a field and forgets the original frame, which no longer says the same. A slot
    /// beyond the record's end is ignored: slots come from the descriptor that sized it.
    pub fn set_field(&mut self, slot: Slot, value: Value) {
        self.replace_field(slot, value);
    }

    /// [Sets](Self::set_field) a field and gives back what it was.
    pub fn replace_field(&mut self, slot: Slot, value: Value) -> Value {
        let Some(place) = self.fields.get_mut(slot.index()) else {
            return value;
        };
        self.frame = None;
        std::mem::replace(place, value)
    }

    pub(crate) fn set_correlation(&mut self, correlation: Correlation, slot: Option<Slot>) {
        if let (Some(slot), Correlation::Id(id)) = (slot, &correlation)
            && let Some(place) = self.fields.get_mut(slot.index())
        {
            *place = Value::Int(i128::from(*id));
        }
        self.correlation = correlation;
    }

    /// About how many bytes it keeps: its frame, or its fields if it has none, and the values that
    /// lists and structures consist of. Its payload is not among them.
    #[must_use]
    pub fn size(&self) -> usize {
        let elements: usize = self.fields.iter().map(Value::elements_size).sum();
        let of_fields = || {
            let texts: usize = self.fields.iter().map(Value::text_size).sum();
            size_of_val(&*self.fields) + texts
        };
        elements + self.frame.as_ref().map_or_else(of_fields, Bytes::len)
    }

    /// The payload beside the fields, for protocols that have one.
    #[must_use]
    #[inline]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// Gives it another payload.
    pub fn set_body(&mut self, body: Body) {
        self.body = body;
    }

    /// Takes the payload out, leaving [`Body::Empty`].
    pub fn take_body(&mut self) -> Body {
        std::mem::take(&mut self.body)
    }

    /// The frame that the message was read from, if nothing but its correlation changed since.
    #[must_use]
    #[inline]
    pub const fn frame(&self) -> Option<&Bytes> {
        self.frame.as_ref()
    }
}

/// Field values may be secrets, so none is printed.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind)
            .field("operation", &self.operation.0)
            .field("correlation", &self.correlation)
            .field("fields", &self.fields.len())
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{DecodeError, Event};

    /// Texts and bytes are parts of the frame, elements of lists are values beside it.
    #[test]
    fn the_size_is_the_frame_and_the_values_in_lists() {
        let bytes = Value::List(vec![Value::Int(1); 100]);
        let texts = Value::List(vec![Value::from("abc")]);
        let fields = vec![
            Value::from("text"),
            Value::Int(1),
            bytes,
            Value::Record(vec![texts]),
        ];
        let read = Message::new(Kind::Request, OperationId(0), fields)
            .with_frame(Bytes::from_static(b"a frame"));
        let value = size_of::<Value>();
        assert_eq!(read.size(), 7 + 102 * value);
        let mut made = read;
        made.set_field(Slot(0), Value::from("longer text"));
        assert_eq!(made.size(), 11 + 3 + (4 + 102) * value);
    }

    /// Compilers move what is larger by a call, and a message is moved a dozen times.
    #[test]
    fn messages_and_what_they_are_handed_on_in_take_two_cache_lines() {
        assert!(size_of::<Message>() <= 128);
        assert!(size_of::<Option<Event>>() <= 128);
        assert!(size_of::<Result<Event, DecodeError>>() <= 128);
    }
}
