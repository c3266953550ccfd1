//! One connection and side: what is read decides how answers are written, what is written how they
//! are read.

use super::asked::{Asked, Stays, Unanswered};
use super::reading::{Reading, Waits};
use super::writing::{Writing, none_such};
use bytes::{BufMut, Bytes, BytesMut};
use gatewright_core::codec::{
    Cause, ConnCodec, Control, DecodeError, Delimited, EncodeError, Event, Recovery, Side,
};
use gatewright_core::message::Message;

/// The codec; see the [module](super).
#[derive(Debug)]
pub(super) struct HttpCodec {
    side: Side,
    reading: Reading,
    writing: Writing,
    /// On a server's side those that were read, on a client's those that were written.
    unanswered: Unanswered,
    /// No more requests are taken: the answer to the last one says so.
    leaving: bool,
}

impl HttpCodec {
    pub(super) fn new(side: Side, max_frame: usize) -> Self {
        Self {
            side,
            reading: Reading::new(side, max_frame),
            writing: Writing::new(),
            unanswered: Unanswered::default(),
            leaving: false,
        }
    }

    /// A client is told what it did wrong, unless it speaks another protocol; a server is not.
    fn refuse(&mut self, error: DecodeError) -> DecodeError {
        self.leaving = true;
        let nobodys = matches!(error.cause(), Cause::ForeignProtocol | Cause::TrailingBytes);
        if self.side == Side::Client || nobodys || self.reading.is_over() {
            return error.with_recovery(Recovery::Close);
        }
        self.reading.refused(&mut self.unanswered);
        error.with_recovery(Recovery::AnswerAndClose)
    }

    fn head(&mut self, message: &Message, out: &mut BytesMut) -> Result<(), EncodeError> {
        match self.side {
            Side::Client => self.writing.request(message, &mut self.unanswered, out),
            Side::Server => {
                let asked = self.to_answer();
                self.writing.response(message, asked, out)?;
                self.unanswered.pop();
                Ok(())
            }
        }
    }

    /// The request to be answered next, as it is answered.
    fn to_answer(&self) -> Asked {
        let asked = self.unanswered.first();
        let is_last = self.unanswered.len() <= 1;
        // RFC 9110, 10.1.1: who waits for a word and gets an answer may send its body or not. What
        // follows could be either.
        let unsure = self.reading.waits() == Waits::ToBeTold;
        if is_last && (self.leaving || unsure) {
            return Asked {
                stays: Stays::No,
                ..asked
            };
        }
        asked
    }

    fn control(&mut self, control: &Control, out: &mut BytesMut) -> Result<(), EncodeError> {
        match (self.side, control) {
            (Side::Server, Control::Continue) => {
                // Before the answers to other requests it would be theirs.
                let is_next = self.unanswered.len() == 1 && self.writing.is_between_messages();
                if is_next && self.reading.waits() == Waits::ToBeTold {
                    out.put_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                    self.reading.tell();
                }
                Ok(())
            }
            (Side::Server, Control::GoAway) => {
                self.leaving = true;
                Ok(())
            }
            (Side::Client, Control::Continue | Control::GoAway) | (_, Control::Heartbeat(_)) => {
                Err(none_such())
            }
        }
    }

    fn write(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        match event {
            Event::Head(message) => self.head(message, out),
            Event::Body(bytes) => self.writing.body(bytes, out),
            Event::End(trailers) => self.writing.end(trailers, out),
            Event::Control(control) => self.control(control, out),
            Event::Reset(_) => Err(none_such()),
        }
    }
}

impl ConnCodec for HttpCodec {
    fn delimit(&mut self, buf: &[u8]) -> Result<Delimited, DecodeError> {
        let found = self.reading.delimit(buf);
        found.map_err(|error| self.refuse(error))
    }

    fn decode(&mut self, frame: Bytes) -> Result<Event, DecodeError> {
        let read = self.reading.decode(frame, &mut self.unanswered);
        read.map_err(|error| self.refuse(error))
    }

    fn due(&mut self) -> Option<Event> {
        self.reading.due()
    }

    fn finish(&mut self) -> Result<Option<Event>, DecodeError> {
        self.reading.finish()
    }

    fn has_ended(&self) -> bool {
        self.reading.is_over() || self.leaving || self.writing.is_over()
    }

    fn encode(&mut self, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
        let start = out.len();
        self.write(event, out).inspect_err(|_| out.truncate(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each idle connection has one. The next larger block of the allocator has 192 bytes.
    #[test]
    fn an_idle_connection_s_codec_fits_its_block() {
        let size = size_of::<HttpCodec>();
        assert!(size <= 160, "{size}");
    }
}
