//! `gatewright check`

use super::exit::{Exit, Outcome};
use super::output::{Format, print};
use super::report::{note, report};
use crate::Builder;
use gatewright_config::plan::Plan;
use gatewright_config::{Diagnostic, Memory};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Check a configuration: all that is wrong with it, and the memory that its limits allow.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The configuration: a file, or a folder, of which all files *.toml are read.
    #[arg(short, long, value_name = "FILE", default_value = "gatewright.toml")]
    config: PathBuf,
    /// Fail if there are warnings.
    #[arg(long)]
    deny_warnings: bool,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Check {
    pub(super) fn run(self, builder: Builder) -> Exit {
        let (plan, found) = match builder.config(&self.config).load() {
            Ok(gateway) => {
                let loaded = gateway.loaded();
                (Some(loaded.plan.clone()), loaded.warnings.clone())
            }
            Err(found) => (None, found),
        };
        let told = match self.format {
            Format::Text => self.tell(plan.as_ref(), &found),
            Format::Json => print(document(plan.as_ref(), &found)),
        };
        match (told, plan) {
            (Err(exit), _) => exit,
            (Ok(()), None) => Exit::BadConfig,
            (Ok(()), Some(_)) if self.denies(&found) => Exit::Findings,
            (Ok(()), Some(_)) => Exit::Good,
        }
    }

    const fn denies(&self, warnings: &[Diagnostic]) -> bool {
        self.deny_warnings && !warnings.is_empty()
    }

    fn tell(&self, plan: Option<&Plan>, found: &[Diagnostic]) -> Outcome {
        report(found);
        let name = self.config.display();
        let Some(plan) = plan else {
            note(format_args!("{name}: {}", tally(found)));
            return Ok(());
        };
        print(plan.memory())?;
        if self.denies(found) {
            note(format_args!("{name}: {}, denied", tally(found)));
            return Ok(());
        }
        let routes: usize = plan.listeners.iter().map(|l| l.routes.len()).sum();
        let parts = [
            count(plan.listeners.len(), "listener"),
            count(routes, "route"),
            count(plan.upstreams.len(), "upstream"),
        ];
        let parts = parts.join(", ");
        if found.is_empty() {
            print(format_args!("{name}: good: {parts}"))
        } else {
            print(format_args!("{name}: good, with {}: {parts}", tally(found)))
        }
    }
}

/// How many errors and warnings there are.
fn tally(found: &[Diagnostic]) -> String {
    let errors = found.iter().filter(|d| d.is_error()).count();
    let warnings = found.len() - errors;
    match (errors, warnings) {
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn count(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{n} {what}{plural}")
}

fn document(plan: Option<&Plan>, found: &[Diagnostic]) -> Value {
    let found: Vec<Value> = found.iter().map(Diagnostic::to_json).collect();
    let memory = plan.map(|plan| memory(&plan.memory()));
    json!({ "diagnostics": found, "memory": memory })
}

fn memory(memory: &Memory) -> Value {
    let line = |line: &gatewright_config::MemoryLine| json!({ "of": line.of, "what": line.what, "formula": line.formula, "bytes": line.bytes });
    let lines: Vec<Value> = memory.lines.iter().map(line).collect();
    json!({ "bytes": memory.total(), "lines": lines })
}
