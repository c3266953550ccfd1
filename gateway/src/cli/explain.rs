//! `gatewright explain`

use super::exit::{Exit, Outcome};
use super::output::{Format, print};
use super::report::{complain, note};
use crate::Builder;
use gatewright_codecs::ksy::codes;
use gatewright_config::{explain_with, nearest_to_explain};
use serde_json::json;

/// Explain a diagnostic's code or a configuration key.
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// A code such as GW2004, or a key such as `listeners.pos.limits.frame` or `limits`.
    #[arg(value_name = "CODE|KEY")]
    subject: String,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Explain {
    pub(super) fn run(self, _: Builder) -> Exit {
        self.tell().into()
    }

    fn tell(&self) -> Outcome {
        let subject = &self.subject;
        let Some(text) = explain_with(subject, codes::ALL) else {
            complain(format_args!("there is no code or key `{subject}`"));
            if let Some(near) = nearest_to_explain(subject, codes::ALL) {
                note(format_args!("  = help: did you mean `{near}`?"));
            }
            return Err(Exit::BadUsage);
        };
        match self.format {
            Format::Text => print(text.trim_end()),
            Format::Json => print(json!({ "subject": subject, "text": text })),
        }
    }
}
