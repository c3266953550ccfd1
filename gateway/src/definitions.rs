//! Definitions of protocols, from disk.

use gatewright_codecs::ksy::Refused;
use gatewright_codecs::ksy::files::{FileId, Files};
use gatewright_codecs::ksy::finding::{Finding, Findings, Severity};
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::protocol;
use gatewright_config::{Defined, Definitions, Diagnostic, SourceFile, codes};
use gatewright_core::expr::RuleError;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file system. Of a file no more is read than a definition may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk;

impl Definitions for Disk {
    fn load(&self, file: &Path, folders: &[PathBuf]) -> Result<Defined, Vec<Diagnostic>> {
        let loaded =
            protocol::load(file, self, folders).map_err(|refused| refusal(file, refused))?;
        Ok(Defined {
            protocol: loaded.protocol,
            warnings: diagnostics(&loaded.files, &loaded.findings),
        })
    }
}

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

    fn identity(&self, path: &Path) -> PathBuf {
        // A file that is not there is not one that was read before.
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }
}

/// Why there is no definition.
pub(crate) fn refusal(file: &Path, refused: Refused) -> Vec<Diagnostic> {
    match refused {
        Refused::Unreadable(why) => {
            let message = format!("{} cannot be read: {why}", file.display());
            vec![Diagnostic::error(codes::UNREADABLE, message)]
        }
        Refused::Faulty { files, findings } => diagnostics(&files, &findings),
    }
}

/// What was found, in the order of the files, and how much more there was.
pub(crate) fn diagnostics(files: &Files, findings: &Findings) -> Vec<Diagnostic> {
    let mut found: Vec<&Finding> = findings.all().iter().collect();
    found.sort_by_key(|finding| (finding.file, finding.span.start, finding.span.end));
    // An expression that is looked at for its type and for its value fails twice.
    found.dedup();
    let mut sources = BTreeMap::new();
    let shown = found.into_iter().map(|finding| {
        let made = || Arc::new(source(files, finding.file));
        diagnostic(finding, sources.entry(finding.file).or_insert_with(made))
    });
    let mut shown: Vec<Diagnostic> = shown.collect();
    shown.extend(omitted(findings));
    shown
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

/// An error in one of a definition's files.
pub(crate) fn located(files: &Files, file: FileId, fault: RuleError) -> Diagnostic {
    let source = Arc::new(source(files, file));
    Diagnostic::rule(gatewright_config::Severity::Error, fault, source)
}

fn source(files: &Files, file: FileId) -> SourceFile {
    let (name, text) = files.get(file).map_or_else(Default::default, |file| {
        (file.path.display().to_string(), file.text.clone())
    });
    SourceFile::new(name, text)
}

fn omitted(findings: &Findings) -> Option<Diagnostic> {
    let more = findings.omitted();
    let message = format!("{more} more findings are not shown");
    (more > 0).then(|| Diagnostic::warning(codes::OMITTED, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_codecs::ksy::finding::MAX_FINDINGS;

    /// A file that is there as long as this is.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str, bytes: &[u8]) -> Self {
            let name = format!("gatewright-{}-{name}.ksy", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, bytes).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_file_is_read_up_to_a_limit() {
        let file = Scratch::new("limit", b"seq: []");
        assert_eq!(Disk.read(&file.0, 7), Ok("seq: []".to_owned()));
        assert_eq!(Disk.read(&file.0, 6), Err(Unreadable::TooLarge));
        // A file without an end is no reason to read without one.
        let endless = Disk.read(Path::new("/dev/zero"), 1 << 10);
        assert_eq!(endless, Err(Unreadable::TooLarge));
    }

    #[test]
    fn what_is_no_text_or_not_there_is_refused() {
        let file = Scratch::new("binary", b"\xff");
        assert!(matches!(
            Disk.read(&file.0, 10),
            Err(Unreadable::Other(reason)) if reason.contains("UTF-8")
        ));
        let missing = file.0.with_extension("none");
        assert_eq!(Disk.read(&missing, 10), Err(Unreadable::Missing));
        let found = Disk.load(&missing, &[]).unwrap_err();
        let [one] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((one.code, &one.place), (codes::UNREADABLE, &None));
    }

    #[test]
    fn more_findings_than_are_shown_are_counted() {
        let fields = "  - {id: a, type: u2le, size: none}\n".repeat(MAX_FINDINGS + 50);
        let file = Scratch::new(
            "flood",
            format!("meta: {{id: a}}\nseq:\n{fields}").as_bytes(),
        );
        let found = Disk.load(&file.0, &[]).unwrap_err();
        let (last, others) = found.split_last().unwrap();
        assert_eq!(last.code, codes::OMITTED);
        assert!(others.len() >= MAX_FINDINGS);
        let places = others.iter().map(|finding| {
            let place = finding.place.as_ref().unwrap();
            (place.span.start, place.span.end)
        });
        assert!(places.is_sorted());
    }

    /// A folder to search in may be absolute where the file is named relatively, and the other way
    /// round: a type that comes back to itself is the same type.
    #[test]
    fn a_file_is_one_however_it_is_spelled() {
        let protocols = Path::new("../config/protocols");
        let whole = protocols.canonicalize().expect("a folder");
        assert_eq!(
            Disk.identity(&protocols.join("pos/pos.ksy")),
            Disk.identity(&whole.join("pos/../pos/pos.ksy"))
        );
        assert_eq!(Disk.identity(Path::new("none.ksy")), Path::new("none.ksy"));
    }
}
