//! `gatewright encode`

use super::exit::{Exit, Outcome};
use super::hex;
use super::messages;
use super::output::{print, print_bytes};
use super::protocol::Spoken;
use crate::Builder;

/// Write messages as bytes.
#[derive(Debug, clap::Args)]
pub(super) struct Encode {
    #[command(flatten)]
    spoken: Spoken,
    /// Messages as `decode --format json` shows them: JSON itself, a file, or `-` for standard
    /// input.
    #[arg(value_name = "JSON")]
    input: Option<String>,
    /// Print the bytes themselves instead of hexadecimal digits, one line a message.
    #[arg(long)]
    raw: bool,
}

impl Encode {
    pub(super) fn run(self, builder: Builder) -> Exit {
        self.tell(&builder).into()
    }

    fn tell(&self, builder: &Builder) -> Outcome {
        let protocol = self.spoken.find(builder)?;
        let messages = messages::read(&protocol, self.input.as_deref())?;
        let frames = messages::write_all(&protocol, &messages)?;
        if self.raw {
            return print_bytes(&frames.concat());
        }
        let lines: Vec<String> = frames.iter().map(|frame| hex::show(frame)).collect();
        print(lines.join("\n"))
    }
}
