//! `gatewright decode`

mod frames;

pub(super) use frames::{Frame, FrameError, Frames, From};

use super::exit::{Exit, Outcome};
use super::hex;
use super::input::Input;
use super::output::{Format, print};
use super::protocol::Spoken;
use super::report::{complain, note};
use super::view::View;
use crate::Builder;
use gatewright_core::codec::{Control, Descriptor, Event};
use serde_json::{Value, json};

/// Read the frames in bytes and show their messages.
#[derive(Debug, clap::Args)]
pub(super) struct Decode {
    #[command(flatten)]
    spoken: Spoken,
    /// A file, `-` for standard input, or hexadecimal digits.
    #[arg(value_name = "INPUT")]
    input: Option<String>,
    /// Who sent the bytes [default: both, in turn].
    #[arg(long, value_enum, value_name = "PEER")]
    from: Option<From>,
    /// The file or standard input holds hexadecimal digits, with `#` comments.
    #[arg(long)]
    hex: bool,
    #[command(flatten)]
    view: View,
}

impl Decode {
    pub(super) fn run(self, builder: Builder) -> Exit {
        self.tell(&builder).into()
    }

    fn tell(&self, builder: &Builder) -> Outcome {
        let protocol = self.spoken.find(builder)?;
        let bytes = self.bytes()?;
        for read in Frames::new(&protocol, self.from, bytes.into()) {
            match read {
                Ok(frame) => print(self.show(protocol.descriptor(), &frame))?,
                Err(error) => return Err(self.refuse(&error)),
            }
        }
        Ok(())
    }

    fn bytes(&self) -> Outcome<Vec<u8>> {
        let input = Input::of(self.input.as_deref())?;
        if !self.hex && !input.literal {
            return Ok(input.bytes);
        }
        hex::parse(input.text()?).map_err(|error| {
            if input.literal {
                complain("the input is neither a file nor hexadecimal digits");
            } else {
                complain(format_args!("{}: {error}", input.name));
            }
            Exit::BadUsage
        })
    }

    fn show(&self, descriptor: &Descriptor, frame: &Frame) -> String {
        let about = format!(" at byte {}, {} bytes", frame.offset, frame.length);
        let housekeeping = match &frame.event {
            Event::Head(message) => return self.view.show(descriptor, message, &about),
            Event::Control(Control::Heartbeat(_)) => "heartbeat",
            Event::Control(Control::GoAway) => "go-away",
            Event::Body(_) => "body",
            Event::End => "end",
            Event::Reset(_) => "reset",
        };
        match self.view.format {
            Format::Text => format!("{housekeeping}{about}"),
            Format::Json => json!({ "event": housekeeping }).to_string(),
        }
    }

    fn refuse(&self, error: &FrameError) -> Exit {
        match self.view.format {
            Format::Text => complain(error),
            Format::Json => note(document(error)),
        }
        Exit::Findings
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
