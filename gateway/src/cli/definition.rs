//! Definitions of protocols, from disk.

use super::exit::{Exit, Outcome};
use super::report::{note, report};
use gatewright_codecs::ksy::files::{FileId, Files};
use gatewright_codecs::ksy::finding::{Finding, Findings, Severity};
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::{Definition, Refused};
use gatewright_config::{Diagnostic, SourceFile, codes};
use gatewright_core::expr::RuleError;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the name of a file ends that is a definition.
const EXTENSION: &str = "ksy";

/// Whether an argument names a definition rather than something that is linked in.
pub(super) fn is_definition(argument: &str) -> bool {
    Path::new(argument)
        .extension()
        .is_some_and(|extension| extension == EXTENSION)
}

/// Where definitions that begin with `/` are imported from.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Folders {
    /// A folder for imports that begin with `/`; may be repeated.
    #[arg(short = 'I', long = "import-path", value_name = "DIR")]
    folders: Vec<PathBuf>,
}

/// A definition that can be used, and what could be better.
#[derive(Debug)]
pub(super) struct Sound {
    pub(super) definition: Definition,
    pub(super) warnings: Vec<Diagnostic>,
}

impl Folders {
    /// Loads a definition and tells nothing.
    ///
    /// # Errors
    /// With all that was found, if there is an error.
    pub(super) fn load(&self, path: &Path) -> Result<Sound, Vec<Diagnostic>> {
        match Definition::load(path, &Disk, &self.folders) {
            Ok(definition) => Ok(Sound {
                warnings: diagnostics(&definition.files, &definition.findings),
                definition,
            }),
            Err(Refused::Unreadable(why)) => {
                let message = format!("{} cannot be read: {why}", path.display());
                Err(vec![Diagnostic::error(codes::UNREADABLE, message)])
            }
            Err(Refused::Faulty { files, findings }) => Err(diagnostics(&files, &findings)),
        }
    }

    /// Loads a definition and tells what is wrong with it.
    ///
    /// # Errors
    /// How to exit if it cannot be used.
    pub(super) fn load_or_tell(&self, path: &Path) -> Outcome<Definition> {
        match self.load(path) {
            Ok(sound) => {
                report(&sound.warnings);
                Ok(sound.definition)
            }
            Err(found) => {
                report(&found);
                Err(Exit::BadConfig)
            }
        }
    }
}

/// What was found, in the order of the files.
fn diagnostics(files: &Files, findings: &Findings) -> Vec<Diagnostic> {
    let mut found: Vec<&Finding> = findings.all().iter().collect();
    found.sort_by_key(|finding| (finding.file, finding.span.start, finding.span.end));
    // An expression that is looked at for its type and for its value fails twice.
    found.dedup();
    if findings.omitted() > 0 {
        note(format_args!(
            "{} more findings are not shown",
            findings.omitted()
        ));
    }
    let mut sources = BTreeMap::new();
    let shown = found.into_iter().map(|finding| {
        let made = || Arc::new(source(files, finding.file));
        diagnostic(finding, sources.entry(finding.file).or_insert_with(made))
    });
    shown.collect()
}

fn diagnostic(finding: &Finding, source: &Arc<SourceFile>) -> Diagnostic {
    let message = finding.message.as_str();
    let diagnostic = match finding.severity {
        Severity::Error => Diagnostic::error(finding.code, message),
        Severity::Warning => Diagnostic::warning(finding.code, message),
    };
    let diagnostic = diagnostic
        .at(source, finding.span.clone())
        .path(finding.path.as_str());
    match &finding.help {
        Some(help) => diagnostic.help(help.as_str()),
        None => diagnostic,
    }
}

/// A fault in one of a definition's files.
pub(super) fn located(
    files: &Files,
    severity: gatewright_config::Severity,
    file: FileId,
    fault: RuleError,
) -> Diagnostic {
    Diagnostic::rule(severity, fault, Arc::new(source(files, file)))
}

fn source(files: &Files, file: FileId) -> SourceFile {
    let (name, text) = files.get(file).map_or_else(Default::default, |file| {
        (file.path.display().to_string(), file.text.clone())
    });
    SourceFile::new(name, text)
}

/// The file system.
#[derive(Clone, Copy, Debug)]
struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, limit: usize) -> Result<String, Unreadable> {
        let file = File::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Unreadable::Missing,
            _ => Unreadable::Other(error.to_string()),
        })?;
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        file.take(most.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| Unreadable::Other(error.to_string()))?;
        if bytes.len() > limit {
            return Err(Unreadable::TooLarge);
        }
        String::from_utf8(bytes).map_err(|_| Unreadable::Other("it is not UTF-8".to_owned()))
    }
}
