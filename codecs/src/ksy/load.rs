//! A definition's files: the first, and what it imports.

use super::codes;
use super::files::{FileId, Files};
use super::finding::Findings;
use super::spec::{self, At, ClassSpec};
use super::yaml::{self, Budget, Kind, MAX_FILE, Node};
use gatewright_core::expr::RuleError;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::{Component, Path, PathBuf};

mod opaque;

/// The most files of a definition.
pub const MAX_FILES: usize = 256;
/// The most imports that are followed, those of a file that is loaded already included.
pub const MAX_IMPORTS: usize = 4096;

/// The most bytes of all files together: 4 MiB.
pub const MAX_BYTES: usize = 4 << 20;

/// Where files come from. What reads them is not this crate.
pub trait Sources {
    /// The text of a file.
    ///
    /// # Errors
    ///
    /// It is not to be had, or it has more than `limit` bytes; then it should not be read.
    fn read(&self, path: &Path, limit: usize) -> Result<String, Unreadable>;

    /// The name of a file that may be spelled in several ways: files of one name are one. Without an
    /// implementation it is the path, whose `.` and `..` are taken out before.
    fn identity(&self, path: &Path) -> PathBuf {
        path.to_owned()
    }
}

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no such file.
    Missing,
    /// It has more bytes than were asked for.
    TooLarge,
    /// Anything else, as a sentence without its end.
    Other(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such file"),
            Self::TooLarge => f.write_str("it is too large"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

/// One file of a definition.
#[derive(Clone, Debug)]
pub struct DefinitionFile {
    /// Which file.
    pub file: FileId,
    /// What is written in it, to tell paths from places; an empty map if it is not YAML.
    pub tree: Node,
    /// What it says.
    pub spec: ClassSpec,
    /// The definitions that it imports, by their number in [`Loaded::definitions`], in the order of
    /// its `imports`, those of nested types included. What could not be found is not there.
    pub imports: Vec<At<usize>>,
}

/// A definition's files, and what is wrong with them.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    /// The texts.
    pub files: Files,
    /// The first file, and what it imports, each once.
    pub definitions: Vec<DefinitionFile>,
    /// What was found.
    pub findings: Findings,
}

/// Reads a definition and everything that it imports. `folders` are searched for imports that begin
/// with `/`, in their order. Files may import each other in a circle.
///
/// # Errors
///
/// The file itself cannot be read. Everything else is a finding.
pub fn load(path: &Path, sources: &dyn Sources, folders: &[PathBuf]) -> Result<Loaded, Unreadable> {
    let path = tidy(path);
    let text = sources.read(&path, MAX_FILE)?;
    let mut loader = Loader {
        sources,
        folders,
        loaded: Loaded::default(),
        queue: VecDeque::new(),
        known: BTreeMap::new(),
        imports: 0,
        budget: Budget::default(),
        bytes: MAX_BYTES,
    };
    loader.take(path, text);
    while let Some(number) = loader.queue.pop_front() {
        loader.follow(number);
    }
    Ok(loader.loaded)
}

struct Loader<'s> {
    sources: &'s dyn Sources,
    folders: &'s [PathBuf],
    loaded: Loaded,
    /// Definitions whose imports are still to be followed.
    queue: VecDeque<usize>,
    /// The definition of each file, by its identity.
    known: BTreeMap<PathBuf, usize>,
    /// How many imports were followed.
    imports: usize,
    /// What the trees may still cost.
    budget: Budget,
    /// How many bytes may still be read.
    bytes: usize,
}

impl Loader<'_> {
    /// Takes a file in, and says which definition it is.
    fn take(&mut self, path: PathBuf, text: String) -> usize {
        self.bytes = self.bytes.saturating_sub(text.len());
        let parsed = yaml::read(&text, &mut self.budget);
        let file = self.loaded.files.add(path.clone(), text);
        let findings = &mut self.loaded.findings;
        let readable = parsed.root.is_some();
        let tree = parsed.root.unwrap_or(Node {
            kind: Kind::Mapping(Vec::new()),
            span: 0..0,
        });
        for error in parsed.errors {
            findings.error(file, &tree, error);
        }
        let spec = if readable {
            spec::load(file, &tree, findings)
        } else {
            ClassSpec::default()
        };
        let number = self.loaded.definitions.len();
        self.loaded.definitions.push(DefinitionFile {
            file,
            tree,
            spec,
            imports: Vec::new(),
        });
        self.queue.push_back(number);
        self.known.insert(self.sources.identity(&path), number);
        number
    }

    fn follow(&mut self, number: usize) {
        let Some(definition) = self.loaded.definitions.get(number) else {
            return;
        };
        let path = self
            .loaded
            .files
            .get(definition.file)
            .map(|file| file.path.clone());
        let mut wanted = Vec::new();
        collect(&definition.spec, &mut wanted);
        for import in wanted {
            let found = self.import(path.as_deref().unwrap_or_else(|| Path::new("")), &import);
            let Some(definition) = self.loaded.definitions.get_mut(number) else {
                return;
            };
            match found {
                Ok(value) => definition.imports.push(At {
                    value,
                    span: import.span,
                }),
                Err(error) => {
                    let findings = &mut self.loaded.findings;
                    findings.error(definition.file, &definition.tree, error);
                }
            }
        }
        self.follow_opaque(number, path.as_deref().unwrap_or_else(|| Path::new("")));
    }

    /// Types that a file leaves to others (`ks-opaque-types`) are looked for beside it. Those that
    /// are not there are reported where they are used.
    fn follow_opaque(&mut self, number: usize, from: &Path) {
        let Some(definition) = self.loaded.definitions.get(number) else {
            return;
        };
        if !definition.spec.meta.opaque_types {
            return;
        }
        for name in opaque::names(&definition.spec) {
            let import = At {
                value: name,
                span: 0..0,
            };
            if let Ok(value) = self.import(from, &import)
                && let Some(definition) = self.loaded.definitions.get_mut(number)
            {
                let span = import.span;
                definition.imports.push(At { value, span });
            }
        }
    }

    fn import(&mut self, from: &Path, import: &At<String>) -> Result<usize, RuleError> {
        self.imports = self.imports.saturating_add(1);
        let candidates = self.candidates(from, &import.value);
        for path in &candidates {
            if let Some(known) = self.known.get(&self.sources.identity(path)) {
                return Ok(*known);
            }
            if self.loaded.files.len() >= MAX_FILES || self.imports > MAX_IMPORTS {
                let message =
                    format!("a definition has at most {MAX_FILES} files and {MAX_IMPORTS} imports");
                let span = import.span.clone();
                return Err(RuleError::new(codes::TOO_MANY_FILES, span, message));
            }
            match self.sources.read(path, MAX_FILE.min(self.bytes)) {
                Ok(text) => return Ok(self.take(path.clone(), text)),
                Err(Unreadable::Missing) => {}
                Err(other) => {
                    let message = format!("{} cannot be read: {other}", path.display());
                    return Err(RuleError::new(codes::NO_FILE, import.span.clone(), message));
                }
            }
        }
        Err(missing(import, &candidates))
    }

    /// Where an import may be.
    fn candidates(&self, from: &Path, import: &str) -> Vec<PathBuf> {
        let file = format!("{import}.ksy");
        match file.strip_prefix('/') {
            Some(file) => self
                .folders
                .iter()
                .map(|folder| tidy(&folder.join(file)))
                .collect(),
            None => vec![tidy(
                &from.parent().unwrap_or_else(|| Path::new("")).join(file),
            )],
        }
    }
}

fn missing(import: &At<String>, candidates: &[PathBuf]) -> RuleError {
    let shown = yaml::shortened(&import.value);
    let error = RuleError::new(
        codes::NO_FILE,
        import.span.clone(),
        format!("there is no file for the import `{shown}`"),
    );
    let places: Vec<String> = candidates
        .iter()
        .map(|path| yaml::shortened(&path.display().to_string()))
        .collect();
    if places.is_empty() {
        error.help("imports that begin with `/` need a folder to search in (`-I DIR`)")
    } else {
        error.help(format!("looked for {}", places.join(", ")))
    }
}

/// The imports of a type and of those in it.
fn collect(spec: &ClassSpec, imports: &mut Vec<At<String>>) {
    imports.extend(spec.meta.imports.iter().cloned());
    for (_, spec) in &spec.types {
        collect(spec, imports);
    }
}

/// The same path without `.` and, where a folder stands before it, `..`: each file has one name.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        let named = matches!(tidied.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if named => {
                tidied.pop();
            }
            Component::ParentDir
            | Component::Prefix(_)
            | Component::RootDir
            | Component::Normal(_) => tidied.push(part),
        }
    }
    tidied
}

#[cfg(test)]
mod tests;
