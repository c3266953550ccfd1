//! Configurations.

use super::declared;
use super::tally::{count, tally};
use crate::Builder;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{Format, print};
use crate::cli::report::{note, report};
use gatewright_config::plan::Plan;
use gatewright_config::{Diagnostic, Memory};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The configuration, and what is asked of it.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) path: PathBuf,
    pub(super) deny_warnings: bool,
    pub(super) format: Format,
}

impl Configuration {
    pub(super) fn run(self, builder: Builder) -> Exit {
        let (plan, found) = match builder.config(&self.path).load() {
            Ok(gateway) => {
                let loaded = gateway.loaded();
                let mut found = gateway.problems_of_tls();
                let runs = !found.iter().any(Diagnostic::is_error);
                let plan = runs.then(|| loaded.plan.clone());
                found.extend_from_slice(&loaded.warnings);
                (plan, found)
            }
            Err(found) => (None, found),
        };
        let told = match self.format {
            Format::Text => self.tell(plan.as_ref(), &found),
            Format::Json => print(document(plan.as_ref(), &found)),
        };
        let verdict = match plan {
            None => Exit::BadConfig,
            Some(_) if self.denies(&found) => Exit::Findings,
            Some(_) => Exit::Good,
        };
        verdict.once_told(told)
    }

    const fn denies(&self, warnings: &[Diagnostic]) -> bool {
        self.deny_warnings && !warnings.is_empty()
    }

    fn tell(&self, plan: Option<&Plan>, found: &[Diagnostic]) -> Outcome {
        report(found);
        let name = self.path.display();
        let Some(plan) = plan else {
            note(format_args!("{name}: {}", tally(found)));
            return Ok(());
        };
        declared::lines(&plan.protocols).try_for_each(print)?;
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

fn document(plan: Option<&Plan>, found: &[Diagnostic]) -> Value {
    let found: Vec<Value> = found.iter().map(Diagnostic::to_json).collect();
    let memory = plan.map(|plan| memory(&plan.memory()));
    let definitions = plan.map(|plan| declared::documents(&plan.protocols));
    json!({ "diagnostics": found, "definitions": definitions, "memory": memory })
}

fn memory(memory: &Memory) -> Value {
    let line = |line: &gatewright_config::MemoryLine| json!({ "of": line.of, "what": line.what, "formula": line.formula, "bytes": line.bytes });
    let lines: Vec<Value> = memory.lines.iter().map(line).collect();
    let largest: Vec<Value> = memory.largest.iter().map(largest).collect();
    json!({ "bytes": memory.total(), "lines": lines, "largest": largest })
}

/// One of the largest parts by its place among the lines, and what half of a limit would save of it.
fn largest(largest: &gatewright_config::Largest) -> Value {
    let lever =
        |lever: &gatewright_config::Lever| json!({ "key": lever.key, "saved": lever.saved });
    let levers: Vec<Value> = largest.levers.iter().map(lever).collect();
    json!({ "line": largest.line, "halved": levers })
}
