//! `gatewright explain`

use super::exit::{Exit, Outcome};
use super::output::{Format, print};
use super::report::{complain, note};
use crate::Builder;
use gatewright_codecs::ksy::codes;
use gatewright_config::{explain, nearest_to_explain};
use gatewright_core::expr::codes::Code;
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
        let Some(text) = explain(subject).or_else(|| of_definitions(subject)) else {
            complain(format_args!("there is no code or key `{subject}`"));
            if let Some(near) = nearest_to_explain(subject) {
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

/// The explanation of a code that a definition file draws.
fn of_definitions(code: &str) -> Option<String> {
    let Code {
        code,
        title,
        explanation,
    } = codes::find(code)?;
    Some(format!("{code}: {title}\n\n{explanation}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_of_definitions_means_something_else_too() {
        for row in codes::ALL {
            assert_eq!(explain(row.code), None, "{}", row.code);
            let text = of_definitions(&row.code.to_lowercase());
            assert!(text.is_some_and(|text| text.starts_with(row.code)));
        }
        assert_eq!(of_definitions("limits.frame"), None);
    }
}
