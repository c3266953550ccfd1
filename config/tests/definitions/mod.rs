//! Stands in for whoever reads definitions: in a file, `wrong` is an error and `odd` a warning,
//! `imports: [/NAME]` is searched in the folders, and `id: NAME` makes it the built-in protocol of
//! that name.

use gatewright_config::{Defined, Definitions, Diagnostic, SourceFile};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

#[derive(Debug, Default)]
pub(crate) struct Stub {
    asked: Mutex<Vec<(PathBuf, Vec<PathBuf>)>>,
}

impl Stub {
    /// What was loaded so far, with the folders for its imports.
    pub(crate) fn asked(&self) -> Vec<(PathBuf, Vec<PathBuf>)> {
        self.asked.lock().unwrap().clone()
    }
}

impl Definitions for Stub {
    fn load(&self, file: &Path, folders: &[PathBuf]) -> Result<Defined, Vec<Diagnostic>> {
        let asked = (file.to_owned(), folders.to_vec());
        self.asked.lock().unwrap().push(asked);
        let Ok(text) = std::fs::read_to_string(file) else {
            return Err(vec![Diagnostic::error("GW4001", "it is not text")]);
        };
        let mut found = findings(file, &text);
        if let Some(import) = between(&text, "imports: [/", "]") {
            for folder in folders {
                let path = folder.join(import).with_extension("ksy");
                if let Ok(text) = std::fs::read_to_string(&path) {
                    found.extend(findings(&path, &text));
                }
            }
        }
        let id = between(&text, "id: ", "\n").unwrap_or_default();
        let protocol = gatewright_codecs::BUILTIN.iter().find(|row| row.name == id);
        match protocol {
            Some(row) if !found.iter().any(Diagnostic::is_error) => Ok(Defined {
                protocol: (row.protocol)(),
                warnings: found,
            }),
            _ => Err(found),
        }
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0)
}

fn findings(file: &Path, text: &str) -> Vec<Diagnostic> {
    let source = Arc::new(SourceFile::new(file.display().to_string(), text));
    let all = |word: &'static str, finding: Diagnostic| -> Vec<Diagnostic> {
        let places = text.match_indices(word);
        let at = |(start, word): (usize, &str)| {
            let end = start + word.len();
            finding.clone().at(&source, start..end)
        };
        places.map(at).collect()
    };
    let wrong = Diagnostic::error("GW3012", "the type cannot be read");
    let odd = Diagnostic::warning("GW3017", "an encoding under another name");
    [all("wrong", wrong), all("odd", odd)].concat()
}
