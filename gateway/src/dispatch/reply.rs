//! What clients get.

use super::Exchange;
use super::room::weight;
use bytes::BytesMut;
use gatewright_core::codec::Event;
use gatewright_core::message::{Body, BodyStream, Message};
use std::time::Duration;

/// A reply and the request that it answers: if the reply cannot be written, the protocol's own
/// refusal of that request is. It waits for its turn and is moved about, so it is small.
#[derive(Debug)]
pub(crate) enum Reply {
    /// The reply that an exchange ended with.
    Exchange(Box<Exchange>),
    /// The answer to a request that was not forwarded.
    Refusal(Box<Refusal>),
    /// The answer to what could not be read, or asks for nothing.
    Unread(Box<Event>),
    /// Whole frames of replies to requests that nobody read.
    Frames(BytesMut),
}

#[derive(Debug)]
pub(crate) struct Refusal {
    event: Event,
    pub(super) request: Message,
}

/// What is to be written.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// A message.
    Event(&'a Event),
    /// Whole frames as they came from an upstream.
    Frames(&'a [u8]),
}

impl Reply {
    pub(crate) fn to_unread(message: Message) -> Self {
        Self::Unread(Box::new(Event::Head(message)))
    }

    pub(super) fn to_request(message: Message, request: Message) -> Self {
        let event = Event::Head(message);
        Self::Refusal(Box::new(Refusal { event, request }))
    }

    /// Takes out the payload, if that is a stream; the message awaits it then.
    pub(crate) fn take_stream(&mut self) -> Option<BodyStream> {
        let Self::Exchange(exchange) = self else {
            return None;
        };
        exchange.take_stream()
    }

    /// Whether its payload comes as a stream.
    pub(crate) fn streams(&self) -> bool {
        let Some(Event::Head(message)) = self.event() else {
            return false;
        };
        matches!(message.body(), Body::Stream(_))
    }

    /// How many bytes it holds until it is written.
    pub(crate) fn weight(&self) -> usize {
        match (self, self.event()) {
            (Self::Frames(frames), _) => frames.len(),
            (_, Some(Event::Head(message))) => weight(message),
            (
                _,
                Some(Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_)) | None,
            ) => 0,
        }
    }

    /// The same with its request, if that takes no room of requests: one that was refused at once is kept with its answer.
    pub(crate) fn weight_at_once(&self) -> usize {
        let request = match self {
            Self::Exchange(exchange) => exchange.weight_without_room(),
            Self::Refusal(refusal) => weight(&refusal.request),
            Self::Unread(_) | Self::Frames(_) => 0,
        };
        self.weight().saturating_add(request)
    }

    /// How long a payload that comes as a stream may stand still.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::Exchange(exchange) => exchange.patience(),
            Self::Refusal(_) | Self::Unread(_) | Self::Frames(_) => Duration::ZERO,
        }
    }

    /// The message that it is, if it is one that was made here.
    pub(crate) fn event(&self) -> Option<&Event> {
        match self.content()? {
            Content::Event(event) => Some(event),
            Content::Frames(_) => None,
        }
    }

    /// `None` for an exchange that has no reply: that is never made one.
    pub(crate) fn content(&self) -> Option<Content<'_>> {
        match self {
            Self::Exchange(exchange) => exchange.reply().map(Content::Event),
            Self::Refusal(refusal) => Some(Content::Event(&refusal.event)),
            Self::Unread(event) => Some(Content::Event(event)),
            Self::Frames(frames) => Some(Content::Frames(frames)),
        }
    }
}
