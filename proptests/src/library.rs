//! The definitions that are shipped, each with its corpus.

use gatewright_codecs::framing::Framer;
use gatewright_codecs::ksy::finding::Severity;
use gatewright_codecs::ksy::load::{Sources, Unreadable};
use gatewright_codecs::ksy::{Definition, Refused, protocol};
use gatewright_core::codec::Protocol;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files where they lie.
#[derive(Clone, Copy, Debug)]
pub struct Disk;

impl Sources for Disk {
    fn read(&self, path: &Path, _: usize) -> Result<String, Unreadable> {
        std::fs::read_to_string(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Unreadable::Missing,
            _ => Unreadable::Other(error.to_string()),
        })
    }
}

/// A definition and where its messages are.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// The definition, or the file beside it.
    pub path: PathBuf,
    /// A folder of `.hex` files.
    pub corpus: PathBuf,
}

impl Shipped {
    /// All of them, by folder and name. A side file `NAME-VARIANT.gateway.yaml` has a corpus of
    /// its own.
    ///
    /// # Panics
    /// If the folder cannot be read.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let library = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/protocols");
        let folders = sorted(&library).into_iter().filter(|path| path.is_dir());
        folders
            .flat_map(|folder| sorted(&folder))
            .filter_map(Self::of)
            .collect()
    }

    fn of(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let corpus = match name.strip_suffix(".gateway.yaml") {
            Some(stem) => match stem.split_once('-') {
                Some((_, variant)) => format!("corpus-{variant}"),
                None => "corpus".to_owned(),
            },
            None => name.ends_with(".ksy").then(|| "corpus".to_owned())?,
        };
        let corpus = path.with_file_name(corpus);
        Some(Self { path, corpus })
    }

    /// The files of its corpus.
    ///
    /// # Panics
    /// If the folder cannot be read.
    #[must_use]
    pub fn samples(&self) -> Vec<PathBuf> {
        sorted(&self.corpus)
    }

    /// The protocol.
    ///
    /// # Panics
    /// If it does not load.
    #[must_use]
    pub fn protocol(&self) -> Arc<dyn Protocol> {
        let loaded = protocol::load(&self.path, &Disk, &[]);
        loaded.unwrap_or_else(|why| self.refused(why)).protocol
    }

    /// Whether a message is a whole datagram.
    ///
    /// # Panics
    /// If it does not load.
    #[must_use]
    pub fn is_datagram(&self) -> bool {
        let loaded = Definition::load(&self.path, &Disk, &[]);
        let section = loaded.unwrap_or_else(|why| self.refused(why)).section;
        section.is_some_and(|section| section.request.framer == Framer::Datagram)
    }

    fn refused(&self, why: Refused) -> ! {
        let path = self.path.display();
        match why {
            Refused::Unreadable(why) => panic!("{path}: {why}"),
            Refused::Faulty { findings, .. } => {
                let errors = findings.all().iter();
                let errors = errors.filter(|finding| finding.severity == Severity::Error);
                let shown: Vec<_> = errors
                    .map(|fault| format!("{} {}: {}", fault.code, fault.path, fault.message))
                    .collect();
                panic!("{path}: {}", shown.join("\n"))
            }
        }
    }
}

/// What is in a folder, by name.
///
/// # Panics
/// If it cannot be read.
#[must_use]
pub fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>().expect("a folder's entries");
    paths.sort();
    paths
}

/// The bytes of a `.hex` file: pairs of digits, blanks, and comments behind `#`.
///
/// # Panics
/// If it is something else.
#[must_use]
pub fn hex(path: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or(line));
    let digits: String = lines.flat_map(str::split_whitespace).collect();
    let byte = |at| {
        let pair = digits.get(at..at + 2);
        let byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        byte.unwrap_or_else(|| panic!("{}: no hexadecimal digits", path.display()))
    };
    (0..digits.len()).step_by(2).map(byte).collect()
}
