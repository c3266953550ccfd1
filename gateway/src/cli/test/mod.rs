//! `gatewright test`

mod case;
mod expected;
mod judge;
mod native;
mod play;
mod reader;
mod response;
mod upstream;
mod web;

use super::exit::{Exit, Outcome};
use super::output::{Format, print};
use super::report::{complain, report};
use crate::Builder;
use gatewright_config::plan::Plan;
use gatewright_config::{Diagnostic, SourceFile};
use judge::Difference;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SUFFIX: &str = ".test.toml";

/// Run tests of a configuration, without any network.
///
/// A test says which bytes a client sends, which request or message should go upstream, what the
/// upstream answers, and which bytes the client should get.
#[derive(Debug, clap::Args)]
pub(super) struct Test {
    /// Test files [default: all *.test.toml beside the configuration, or in its folder].
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
    /// The configuration [default: gatewright.toml beside each test file].
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The form of the result.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What became of one test.
#[derive(Debug)]
struct Verdict {
    file: String,
    line: usize,
    name: String,
    differences: Vec<Difference>,
}

impl Test {
    pub(super) fn run(self, builder: Builder) -> Exit {
        self.tell(&builder).unwrap_or_else(|exit| exit)
    }

    fn tell(&self, builder: &Builder) -> Outcome<Exit> {
        let files = self.files()?;
        let mut plans = BTreeMap::new();
        let (mut verdicts, mut found) = (Vec::new(), Vec::new());
        for file in &files {
            let config = self.config_of(file);
            if !plans.contains_key(&config) {
                plans.insert(config.clone(), self.load(builder, &config)?);
            }
            let source = read(file)?;
            if let Some(plan) = plans.get(&config) {
                match run_file(&source, plan) {
                    Ok(run) => verdicts.extend(run),
                    Err(wrong) => found.extend(wrong),
                }
            }
        }
        let good = found.is_empty() && verdicts.iter().all(Verdict::is_good);
        let exit = if good { Exit::Good } else { Exit::Findings };
        Ok(exit.once_told(self.show(&verdicts, &found)))
    }

    /// The files to run, or how to exit if there are none.
    fn files(&self) -> Outcome<Vec<PathBuf>> {
        if !self.files.is_empty() {
            return Ok(self.files.clone());
        }
        let folder = match self.config.as_deref() {
            Some(config) if !config.is_dir() => config.parent(),
            folder => folder,
        };
        let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
        let entries = std::fs::read_dir(folder.unwrap_or_else(|| Path::new(".")));
        let entries = entries.into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .filter(|entry| entry.file_name().to_string_lossy().ends_with(SUFFIX))
            .map(|entry| match folder {
                Some(folder) => folder.join(entry.file_name()),
                None => entry.file_name().into(),
            })
            .collect();
        files.sort();
        if files.is_empty() {
            complain(format_args!(
                "there are no *{SUFFIX} beside the configuration"
            ));
            return Err(Exit::BadUsage);
        }
        Ok(files)
    }

    fn config_of(&self, file: &Path) -> PathBuf {
        self.config
            .clone()
            .unwrap_or_else(|| file.with_file_name("gatewright.toml"))
    }

    fn load(&self, builder: &Builder, config: &Path) -> Outcome<Plan> {
        match builder.clone().config(config).load() {
            Ok(gateway) => Ok(gateway.loaded().plan.clone()),
            Err(found) => {
                let told = match self.format {
                    Format::Text => {
                        report(&found);
                        Ok(())
                    }
                    Format::Json => self.show(&[], &found),
                };
                Err(Exit::BadConfig.once_told(told))
            }
        }
    }

    fn show(&self, verdicts: &[Verdict], found: &[Diagnostic]) -> Outcome {
        match self.format {
            Format::Text => {
                report(found);
                verdicts
                    .iter()
                    .try_for_each(|verdict| print(verdict.text()))?;
                let good = verdicts.iter().filter(|verdict| verdict.is_good()).count();
                let bad = verdicts.len() - good;
                let unread = match found.len() {
                    0 => String::new(),
                    errors => format!(", {errors} errors in test files"),
                };
                print(format_args!("{good} passed, {bad} failed{unread}"))
            }
            Format::Json => {
                let tests: Vec<Value> = verdicts.iter().map(Verdict::to_json).collect();
                let found: Vec<Value> = found.iter().map(Diagnostic::to_json).collect();
                print(json!({ "tests": tests, "diagnostics": found }))
            }
        }
    }
}

fn read(file: &Path) -> Outcome<Arc<SourceFile>> {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Arc::new(SourceFile::new(name, text))),
        Err(error) => {
            complain(format_args!("cannot read {name}: {error}"));
            Err(Exit::BadUsage)
        }
    }
}

fn run_file(source: &Arc<SourceFile>, plan: &Plan) -> Result<Vec<Verdict>, Vec<Diagnostic>> {
    let cases = case::read(source, plan)?;
    let verdicts = cases.into_iter().filter_map(|case| {
        let listener = plan.listeners.get(case.listener)?;
        let played = play::play(&plan.upstreams, listener, &case);
        Some(Verdict {
            file: source.name().to_owned(),
            line: case.line,
            differences: judge::judge(&case, &played, &listener.protocol),
            name: case.name,
        })
    });
    Ok(verdicts.collect())
}

impl Verdict {
    const fn is_good(&self) -> bool {
        self.differences.is_empty()
    }

    fn text(&self) -> String {
        let word = if self.is_good() { "ok  " } else { "FAIL" };
        let mut lines = vec![format!("{word} {}:{} {}", self.file, self.line, self.name)];
        for Difference { at, expected, got } in &self.differences {
            lines.push(format!("  {at}"));
            lines.push(indented("    expected ", expected));
            lines.push(indented("    got      ", got));
        }
        lines.join("\n")
    }

    fn to_json(&self) -> Value {
        let difference =
            |d: &Difference| json!({ "at": d.at, "expected": d.expected, "got": d.got });
        let differences: Vec<Value> = self.differences.iter().map(difference).collect();
        json!({
            "file": self.file, "line": self.line, "name": self.name,
            "passed": self.is_good(), "differences": differences,
        })
    }
}

/// A text of some lines behind a head, all of them as far to the right.
fn indented(head: &str, text: &str) -> String {
    let next = format!("\n{}", " ".repeat(head.len()));
    format!("{head}{}", text.replace('\n', &next))
}
