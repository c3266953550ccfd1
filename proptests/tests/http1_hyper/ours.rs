//! A row as our codec reads it.

use crate::{Account, End, Told};
use bytes::Bytes;
use gatewright_codecs::http1::{Http, MAX_FRAME};
use gatewright_core::codec::{
    ConnCodec, Control, DecodeError, Delimited, Event, Protocol as _, Side,
};
use gatewright_core::message::{Body, Message, Value};
use std::sync::Arc;

struct Reader<'r> {
    codec: Box<dyn ConnCodec>,
    side: Side,
    row: &'r [u8],
    at: usize,
    begins: usize,
    /// The message that goes on.
    open: Option<Told>,
    told: Vec<Told>,
}

pub(crate) fn read(side: Side, row: &[u8]) -> Account {
    let codec = Arc::new(Http::new()).codec(side, MAX_FRAME);
    let mut reader = Reader {
        codec,
        side,
        row,
        at: 0,
        begins: 0,
        open: None,
        told: Vec::new(),
    };
    let end = match reader.run() {
        Ok(end) => end,
        Err(error) => End::Refused {
            begins: reader.begins,
            error: error.to_string(),
        },
    };
    Account {
        told: reader.told,
        end,
    }
}

impl Reader<'_> {
    fn run(&mut self) -> Result<End, DecodeError> {
        while !self.is_over() {
            let rest = &self.row[self.at..];
            let length = match self.codec.delimit(rest)? {
                Delimited::Frame(length) if length.get() <= rest.len() => length.get(),
                Delimited::Frame(_) | Delimited::Need(_) => break,
            };
            let frame = Bytes::copy_from_slice(&rest[..length]);
            let event = self.codec.decode(frame)?;
            self.at += length;
            self.take(event);
            if let Some(event) = self.codec.due() {
                self.take(event);
            }
        }
        if self.is_over() {
            return Ok(End::Clean);
        }
        if self.at == self.row.len()
            && let Some(event) = self.codec.finish()?
        {
            self.take(event);
        }
        let partial = self.open.is_some() || self.at < self.row.len();
        Ok(if partial { End::Partial } else { End::Clean })
    }

    /// A client has asked once, and a server reads on until a client has said that it was its last.
    fn is_over(&self) -> bool {
        let answered = self.side == Side::Client && !self.told.is_empty();
        let tunnel = self
            .told
            .last()
            .is_some_and(|last| last.what.starts_with("CONNECT "));
        self.open.is_none() && (answered || tunnel || self.codec.has_ended())
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Head(message) => {
                let told = Told {
                    what: what(self.side, &message),
                    body: Vec::new(),
                };
                match message.body() {
                    Body::Awaited => self.open = Some(told),
                    Body::Empty | Body::Whole(_) | Body::Stream(_) => self.end(told),
                }
            }
            Event::Body(bytes) => {
                let open = self.open.as_mut().expect("a message");
                open.body.extend_from_slice(&bytes);
            }
            Event::End(_) => {
                let told = self.open.take().expect("a message");
                self.end(told);
            }
            // An interim response: more follows.
            Event::Control(Control::Continue) => self.begins = self.at,
            other => panic!("{other:?}"),
        }
    }

    fn end(&mut self, told: Told) {
        self.told.push(told);
        self.begins = self.at;
    }
}

fn what(side: Side, message: &Message) -> String {
    let http = Http::new();
    let shape = http.descriptor().http.expect("HTTP");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match side {
        Side::Server => {
            let (method, target) = (message.field(shape.method), message.field(shape.target));
            format!("{} {}", text(method), text(target))
        }
        Side::Client => format!("{:?}", message.field(shape.status).as_int()),
    }
}
