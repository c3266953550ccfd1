//! `gatewright decode`

mod asked;
mod attempt;
mod captured;
mod defined;
mod framed;
mod frames;
mod linked;
mod moment;
mod reader;
mod tree;

pub(super) use frames::{FrameError, Frames, From};

use super::exit::{Exit, Outcome};
use super::hex;
use super::input::Input;
use super::output::{Format, print};
use super::protocol::{Named, Spoken, Written};
use super::report::{complain, note};
use super::view::View;
use crate::Builder;
use captured::Captured;
use defined::Defined;
use framed::Framed;
use gatewright_codecs::capture::is_capture;
use linked::Linked;
use reader::{Failure, Reader, Recording};

/// Read the frames in bytes and show their messages.
#[derive(Debug, clap::Args)]
pub(super) struct Decode {
    #[command(flatten)]
    spoken: Spoken,
    /// A file, `-` for standard input, or hexadecimal digits. Of a capture (pcap, pcapng), the TCP
    /// streams and UDP datagrams in it are read, in the order of time.
    #[arg(value_name = "INPUT")]
    input: Option<String>,
    /// Who sent the bytes [default: both, in turn, and the client where either may have]; of a capture, whose
    /// messages are shown.
    #[arg(long, value_enum, value_name = "PEER")]
    from: Option<From>,
    /// The file or standard input holds hexadecimal digits, with `#` comments.
    #[arg(long)]
    hex: bool,
    /// Of a capture, only what goes to or comes from this port, which is the server's.
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// The input is one frame, whatever the definition says of framing and even if it is a capture.
    #[arg(long)]
    whole: bool,
    /// Print one exact JSON document, `{"ok": …}` or `{"error": …}`, in which every value says what
    /// it is. Needs a definition; secrets are shown.
    #[arg(long, conflicts_with = "format")]
    typed: bool,
    #[command(flatten)]
    view: View,
}

impl Decode {
    pub(super) fn run(self, builder: Builder) -> Exit {
        self.tell(&builder).into()
    }

    fn tell(&self, builder: &Builder) -> Outcome {
        let named = self.spoken.named(builder)?;
        if self.typed {
            return self.tell_typed(named);
        }
        let reader = self.reader(named)?;
        let bytes = self.bytes()?;
        if is_capture(&bytes) && !self.whole {
            let captured = Captured {
                reader: reader.as_ref(),
                port: self.port,
                from: self.from,
                format: self.view.format,
            };
            return captured.tell(bytes.into());
        }
        if self.port.is_some() {
            complain("--port needs a capture");
            return Err(Exit::BadUsage);
        }
        if bytes.is_empty() && !reader.takes_nothing() {
            complain("there is no frame: the input is empty");
            return Err(Exit::Findings);
        }
        let recording = Recording::stream(bytes.into(), self.from);
        let read = reader.read(&recording, &mut |entry| print(entry.told))?;
        read.map_err(|failure| self.refuse(&failure))
    }

    fn reader(&self, named: Named) -> Outcome<Box<dyn Reader>> {
        match named {
            Named::Definition(written) => self.definition_reader(written),
            Named::Linked(_) if self.whole => Err(needs_definition("--whole")),
            Named::Linked(protocol) => Ok(Box::new(Linked::new(protocol, self.view))),
        }
    }

    /// A definition with a section is read frame by frame; as JSON it is what `encode` takes.
    fn definition_reader(&self, written: Written) -> Outcome<Box<dyn Reader>> {
        let Written { file, folders } = written;
        let definition = folders.load_or_tell(&file)?;
        let view = self.view;
        if self.whole || definition.section.is_none() {
            return Ok(Box::new(Defined { definition, view }));
        }
        match view.format {
            Format::Text => Ok(Box::new(Framed::new(definition, view))),
            Format::Json => {
                let protocol = folders.protocol(&file)?;
                Ok(Box::new(Linked::new(protocol, view)))
            }
        }
    }

    fn tell_typed(&self, named: Named) -> Outcome {
        let Named::Definition(Written { file, folders }) = named else {
            return Err(needs_definition("--typed"));
        };
        let bytes = self.bytes()?;
        defined::tell_typed(folders.load(&file), bytes.into())
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

    fn refuse(&self, failure: &Failure) -> Exit {
        match self.view.format {
            Format::Text => complain(&failure.text),
            Format::Json => note(&failure.document),
        }
        Exit::Findings
    }
}

fn needs_definition(flag: &str) -> Exit {
    complain(format_args!(
        "{flag} needs a definition: `--protocol FILE.ksy`"
    ));
    Exit::BadUsage
}
