//! Messages by a protocol that is linked in.

use super::frames::{Frame, FrameError, Frames, From};
use super::reader::{Carrier, Entry, Failure, Reader, Recording};
use crate::cli::exit::Outcome;
use crate::cli::hex;
use crate::cli::output::Format;
use crate::cli::view::{Told, View};
use bytes::Bytes;
use gatewright_core::codec::json::Secrets;
use gatewright_core::codec::{Control, Event, Protocol};
use gatewright_core::message::Message;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Linked {
    protocol: Arc<dyn Protocol>,
    view: View,
    /// The requests of the conversation so far, where that is in several recordings.
    requests: RefCell<Vec<Message>>,
}

/// The most requests that are kept for the replies to them.
const MAX_REQUESTS: usize = 65_536;

impl Reader for Linked {
    fn read(
        &self,
        recording: &Recording,
        show: &mut dyn FnMut(Entry) -> Outcome,
    ) -> Outcome<Result<(), Failure>> {
        let bytes = match self.framed(recording) {
            Ok(bytes) => bytes,
            Err(failure) => return Ok(Err(failure)),
        };
        // What a stream would add in front of a datagram is not in the recording.
        let added = bytes.len().saturating_sub(recording.bytes.len());
        let max_frame = self.protocol.descriptor().capabilities.max_frame;
        let mut frames = Frames::new(&self.protocol, recording.from, max_frame, bytes);
        if recording.from == Some(From::Server) {
            frames = frames.after(&self.requests.borrow());
        }
        for read in frames {
            match read {
                Ok(mut frame) => {
                    self.note(recording, &frame.event);
                    frame.length = frame.length.saturating_sub(added);
                    show(Entry {
                        end: frame.offset.saturating_add(frame.length),
                        told: self.show(&frame),
                    })?;
                }
                Err(error) => return Ok(Err(failure(&error, added))),
            }
        }
        Ok(Ok(()))
    }

    fn forget(&self) {
        self.requests.borrow_mut().clear();
    }
}

impl Linked {
    pub(super) fn new(protocol: Arc<dyn Protocol>, view: View) -> Self {
        Self {
            protocol,
            view,
            requests: RefCell::default(),
        }
    }

    fn note(&self, recording: &Recording, event: &Event) {
        let mut requests = self.requests.borrow_mut();
        if recording.from == Some(From::Client)
            && requests.len() < MAX_REQUESTS
            && let Event::Head(message) = event
        {
            requests.push(message.clone());
        }
    }

    /// The bytes as a stream has them.
    fn framed(&self, recording: &Recording) -> Result<Bytes, Failure> {
        match recording.carrier {
            Carrier::Stream => Ok(recording.bytes.clone()),
            Carrier::Datagram => self
                .protocol
                .framed(recording.bytes.clone())
                .map_err(|error| Failure::of(&error.to_string(), "too-long")),
        }
    }

    fn show(&self, frame: &Frame) -> Told {
        let descriptor = self.protocol.descriptor();
        let about = format!(" at byte {}, {} bytes", frame.offset, frame.length);
        let housekeeping = match &frame.event {
            Event::Head(message) => return self.view.show(descriptor, message, &about),
            Event::Control(Control::Heartbeat(_)) => "heartbeat",
            Event::Control(Control::GoAway) => "go-away",
            Event::Control(Control::Continue) => "continue",
            Event::Body(bytes) => return self.show_body(bytes, &about),
            Event::End(_) => "end",
            Event::Reset(_) => "reset",
        };
        match self.view.format {
            Format::Text => Told::Text(format!("{housekeeping}{about}")),
            Format::Json => Told::Json(json!({ "event": housekeeping })),
        }
    }

    /// Anything may be in a body, so that all of it is a secret.
    fn show_body(&self, bytes: &[u8], about: &str) -> Told {
        let shown = match self.view.secrets() {
            Secrets::Masked => None,
            Secrets::Shown => Some(std::str::from_utf8(bytes).map_err(|_| hex::show(bytes))),
        };
        match (self.view.format, shown) {
            (Format::Text, None) => Told::Text(format!("body{about}")),
            (Format::Text, Some(Ok(text))) => Told::Text(format!("body{about}\n  {text:?}")),
            (Format::Text, Some(Err(hex))) => Told::Text(format!("body{about}\n  hex {hex}")),
            (Format::Json, None) => Told::Json(json!({ "event": "body" })),
            (Format::Json, Some(Ok(text))) => Told::Json(json!({ "event": "body", "text": text })),
            (Format::Json, Some(Err(hex))) => Told::Json(json!({ "event": "body", "hex": hex })),
        }
    }
}

fn failure(error: &FrameError, added: usize) -> Failure {
    let counting = match added {
        0 => String::new(),
        added => format!(", counting {added} bytes that only a stream has"),
    };
    Failure {
        text: format!("{error}{counting}"),
        document: document(error),
    }
}

fn document(error: &FrameError) -> Value {
    match error {
        FrameError::Broken { offset, error } => json!({ "error": {
            "frame": offset,
            "offset": offset.saturating_add(error.offset()),
            "cause": error.cause().as_str(),
            "expected": error.expected(),
            "got": error.got(),
        }}),
        FrameError::Incomplete {
            offset,
            have,
            missing,
        } => json!({ "error": {
            "frame": offset, "cause": "incomplete", "have": have, "missing": missing,
        }}),
    }
}
