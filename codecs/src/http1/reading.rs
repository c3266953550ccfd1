//! What one connection's peer sends: heads, parts of bodies, and after the last message nothing.

use super::asked::{Asked, Stays, Unanswered};
use super::body::{self, Awaited};
use super::head::{self, Request, Response, Usual};
use super::schema;
use super::search::{Search, Section};
use super::wrong;
use bytes::Bytes;
use gatewright_core::codec::{Cause, Control, DecodeError, Delimited, Event, Side};
use gatewright_core::message::{Body, Kind, Message, OperationId, Value};
use std::num::NonZeroUsize;

/// Responses that may come before the one: nobody sends many.
const MAX_INTERIM: u8 = 32;

/// The reading half of a codec.
#[derive(Debug)]
pub(super) struct Reading {
    side: Side,
    max_frame: usize,
    search: Search,
    /// The head that is next, if it was read when its end was looked for.
    usual: Option<Box<Usual>>,
    state: State,
    /// What becomes of the connection once the message is complete.
    stays: Stays,
    /// The client sends a body once it is told to.
    waits: Waits,
    interim: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Head,
    Body(Awaited),
    /// The last message was read. What comes behind it is nobody's.
    Over,
}

/// Whether a client waits before it sends its body: RFC 9110, 10.1.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    No,
    ToBeTold,
}

impl Reading {
    pub(super) fn new(side: Side, max_frame: usize) -> Self {
        Self {
            side,
            max_frame,
            search: Search::default(),
            usual: None,
            state: State::Head,
            stays: Stays::Yes,
            waits: Waits::No,
            interim: 0,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    pub(super) const fn waits(&self) -> Waits {
        self.waits
    }

    /// The client was told, or will not be.
    pub(super) fn tell(&mut self) {
        self.waits = Waits::No;
    }

    /// See `ConnCodec::delimit`.
    pub(super) fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        if self.state == State::Body(Awaited::End) {
            self.complete();
        }
        match self.state {
            State::Head => {
                let end = self.head_end(buf)?.and_then(NonZeroUsize::new);
                Ok(end.map_or(Delimited::need(1), Delimited::Frame))
            }
            State::Body(awaited) => awaited.delimit(buf, &mut self.search, self.max_frame),
            State::Over if buf.is_empty() => Ok(Delimited::need(1)),
            State::Over => {
                let (expected, got) = ("nothing behind the last message", "more");
                Err(DecodeError::new(Cause::TrailingBytes, 0, expected, got))
            }
        }
    }

    /// Where the head at the start of `buf` ends. One that is there at once is read at once, too.
    fn head_end(&mut self, buf: &[u8]) -> Result<Option<usize>, DecodeError> {
        if self.search.is_new()
            && let Some(usual) = head::usual(self.side, buf)
            && usual.end <= self.max_frame
        {
            let end = usual.end;
            self.usual = Some(usual);
            return Ok(Some(end));
        }
        let section = Section::Head(self.side);
        self.search.advance(section, buf, self.max_frame)
    }

    /// What was read of the frame when its end was looked for, or can be read so now: it came in pieces.
    fn take_usual(&mut self, frame: &[u8]) -> Option<Box<Usual>> {
        let read = self.usual.take();
        let usual = read.or_else(|| head::usual(self.side, frame));
        usual.filter(|usual| usual.end == frame.len())
    }

    /// See `ConnCodec::decode`.
    pub(super) fn decode(
        &mut self,
        frame: Bytes,
        unanswered: &mut Unanswered,
    ) -> Result<Event, DecodeError> {
        self.search.reset();
        match (self.state, self.side) {
            (State::Head, Side::Server) => self.request(frame, unanswered),
            (State::Head, Side::Client) => self.response(frame, unanswered),
            (State::Body(awaited), _) => {
                let part = awaited.decode(frame)?;
                self.waits = Waits::No;
                match part.rest {
                    Some(rest) => self.state = State::Body(rest),
                    None => self.complete(),
                }
                Ok(part.event)
            }
            (State::Over, _) => Err(wrong::value(0, "nothing behind the last message", "more")),
        }
    }

    fn request(&mut self, frame: Bytes, unanswered: &mut Unanswered) -> Result<Event, DecodeError> {
        if !unanswered.has_place() {
            let (expected, got) = ("fewer requests that await their answers", "one more");
            return Err(DecodeError::new(Cause::TooLong, 1, expected, got));
        }
        let request = self.read_request(frame)?;
        unanswered.push(request.asked);
        self.stays = request.asked.stays;
        let body = Awaited::of(request.length);
        if request.expects_continue && body.is_some() {
            self.waits = Waits::ToBeTold;
        }
        Ok(self.begin(Kind::Request, schema::REQUEST, request.record, body))
    }

    fn read_request(&mut self, frame: Bytes) -> Result<Request, DecodeError> {
        match self.take_usual(&frame) {
            Some(usual) => head::usual_request(frame, usual),
            None => head::request(frame),
        }
    }

    fn read_response(&mut self, frame: Bytes, asked: Asked) -> Result<Response, DecodeError> {
        match self.take_usual(&frame) {
            Some(usual) => head::usual_response(frame, usual, asked),
            None => head::response(frame, asked),
        }
    }

    fn response(
        &mut self,
        frame: Bytes,
        unanswered: &mut Unanswered,
    ) -> Result<Event, DecodeError> {
        match self.read_response(frame, unanswered.first())? {
            Response::Interim if self.interim < MAX_INTERIM => {
                self.interim = self.interim.saturating_add(1);
                Ok(Event::Control(Control::Continue))
            }
            Response::Interim => Err(wrong::value(9, "the response itself", "another before it")),
            Response::Final {
                record,
                length,
                stays,
            } => {
                unanswered.pop();
                self.interim = 0;
                self.stays = stays;
                let body = Awaited::of(length);
                Ok(self.begin(Kind::Reply, schema::RESPONSE, record, body))
            }
        }
    }

    fn begin(
        &mut self,
        kind: Kind,
        operation: OperationId,
        record: Vec<Value>,
        body: Option<Awaited>,
    ) -> Event {
        let message = Message::new(kind, operation, record);
        Event::Head(match body {
            Some(awaited) => {
                self.state = State::Body(awaited);
                message.with_body(Body::Awaited)
            }
            None => {
                self.complete();
                message
            }
        })
    }

    fn complete(&mut self) {
        self.state = match self.stays {
            Stays::Yes | Stays::IfTold => State::Head,
            Stays::No => State::Over,
        };
    }

    /// See `ConnCodec::due`.
    pub(super) fn due(&mut self) -> Option<Event> {
        (self.state == State::Body(Awaited::End)).then(|| {
            self.complete();
            body::end()
        })
    }

    /// See `ConnCodec::finish`.
    pub(super) fn finish(&mut self) -> Result<Option<Event>, DecodeError> {
        match self.state {
            State::Head | State::Over => Ok(None),
            State::Body(Awaited::Rest | Awaited::End) => {
                self.state = State::Over;
                Ok(Some(body::end()))
            }
            State::Body(Awaited::Bytes(_) | Awaited::Chunks(_)) => {
                Err(wrong::cut(0, "the rest of the body"))
            }
        }
    }

    /// The answer to a request that was refused is the last one. A request whose body was refused is
    /// among those to be answered already.
    pub(super) fn refused(&mut self, unanswered: &mut Unanswered) {
        if self.state == State::Head {
            unanswered.push(Asked::UNKNOWN);
        }
        self.state = State::Over;
        self.waits = Waits::No;
    }
}
