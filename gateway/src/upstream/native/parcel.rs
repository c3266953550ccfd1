//! What is sent at once: a message, or frames that nobody read.

use bytes::Bytes;
use gatewright_core::codec::Event;
use gatewright_core::message::{Kind, Message, OperationId, Record};
use std::num::NonZeroU32;

/// What is sent at once and answered in one place.
#[derive(Debug)]
pub(crate) enum Parcel<'a> {
    /// A message, lent: it comes back as it was.
    Message(&'a mut Message),
    /// Whole frames of requests, each with one reply due.
    Frames(&'a Bytes, NonZeroU32),
}

/// A parcel that waits.
#[derive(Debug)]
pub(super) enum Kept {
    Message(Box<Message>),
    Frames(Bytes, NonZeroU32),
}

impl Parcel<'_> {
    /// The same, to be sent later.
    pub(super) fn keep(self) -> Kept {
        match self {
            Self::Message(message) => Kept::Message(Box::new(message.clone())),
            Self::Frames(frames, requests) => Kept::Frames(frames.clone(), requests),
        }
    }
}

impl Kept {
    /// About how many bytes it holds.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Message(message) => message.size(),
            Self::Frames(frames, _) => frames.len(),
        }
    }

    pub(super) fn parcel(&mut self) -> Parcel<'_> {
        match self {
            Self::Message(message) => Parcel::Message(message),
            Self::Frames(frames, requests) => Parcel::Frames(frames, *requests),
        }
    }
}

/// Runs `with` on the message as the event that codecs take, and gives it back.
pub(super) fn as_event<T>(message: &mut Message, with: impl FnOnce(&mut Event) -> T) -> T {
    let placeholder = Message::new(Kind::Event, OperationId(0), Record::new());
    let mut event = Event::Head(std::mem::replace(message, placeholder));
    let result = with(&mut event);
    if let Event::Head(lent) = event {
        *message = lent;
    }
    result
}
