//! What a row of the table of protocols holds.

use gatewright_core::codec::Protocol;
use std::fmt;
use std::sync::Arc;

/// One protocol of this crate.
#[derive(Clone, Copy)]
pub struct Builtin {
    /// The name that configurations use: the protocol's own.
    pub name: &'static str,
    /// The folder of its codec, after which its fuzz target is named, too: the name, and the version
    /// where a protocol has several codecs.
    pub folder: &'static str,
    /// Makes the protocol. Its descriptor is built here: call it once and share the value.
    pub protocol: fn() -> Arc<dyn Protocol>,
    /// Recorded and hand-made bytes, good and bad: all files of the folder's `corpus`.
    pub corpus: &'static [Sample],
}

impl fmt::Debug for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builtin")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// One file of a corpus: hexadecimal digits, with `#` comments that say what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The file's name. It starts with `bad_` if the bytes break the protocol.
    pub name: &'static str,
    /// The file's text.
    pub text: &'static str,
}

impl Sample {
    /// The bytes that the digits spell, or `None` if they spell none.
    #[must_use]
    pub fn bytes(&self) -> Option<Vec<u8>> {
        let code = self
            .text
            .lines()
            .map(|line| line.split('#').next().unwrap_or(line));
        let digits: Vec<u8> = code
            .flat_map(str::bytes)
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        digits.chunks(2).map(pair).collect()
    }

    /// Whether the bytes break the protocol.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.name.starts_with("bad_")
    }
}

fn pair(digits: &[u8]) -> Option<u8> {
    match digits {
        [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
        _ => None,
    }
}

fn nibble(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

/// The files of a codec's `corpus` folder, for its row of the table.
macro_rules! corpus {
    ($($file:literal),+ $(,)?) => {
        &[$($crate::Sample { name: $file, text: include_str!(concat!("corpus/", $file)) }),+]
    };
}

pub(crate) use corpus;

#[cfg(test)]
mod tests {
    use super::Sample;
    use crate::BUILTIN;
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    fn src() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
    }

    fn names(folder: &Path, keep: impl Fn(&Path) -> bool) -> BTreeSet<String> {
        let entries =
            std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let paths = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| keep(path));
        paths
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn every_folder_is_a_row() {
        let mut folders = names(&src(), Path::is_dir);
        for shared in ["capture", "framing", "ksy", "websocket"] {
            assert!(folders.remove(shared), "{shared} is not there");
        }
        let rows: BTreeSet<String> = BUILTIN.iter().map(|row| row.folder.to_owned()).collect();
        assert_eq!(folders, rows);
        assert_eq!(rows.len(), BUILTIN.len(), "a folder stands twice");
    }

    #[test]
    fn a_row_is_named_like_its_protocol() {
        for row in BUILTIN {
            assert_eq!((row.protocol)().descriptor().name, row.name);
        }
    }

    #[test]
    fn every_row_lists_its_whole_corpus() {
        for row in BUILTIN {
            let files = names(&src().join(row.folder).join("corpus"), Path::is_file);
            let listed: BTreeSet<String> = row
                .corpus
                .iter()
                .map(|sample| sample.name.to_owned())
                .collect();
            assert_eq!(files, listed, "{}", row.name);
            assert!(
                row.corpus.iter().any(Sample::is_bad),
                "{} has no bad sample",
                row.name
            );
            assert!(
                !row.corpus.iter().all(Sample::is_bad),
                "{} has no good sample",
                row.name
            );
        }
    }

    #[test]
    fn samples_are_bytes_with_a_comment() {
        for (row, sample) in BUILTIN
            .iter()
            .flat_map(|row| row.corpus.iter().map(move |sample| (row, sample)))
        {
            assert!(
                sample.text.starts_with("# "),
                "{}/{} does not say what it is",
                row.name,
                sample.name
            );
            assert!(
                sample.bytes().is_some_and(|bytes| !bytes.is_empty()),
                "{}/{} is not hexadecimal",
                row.name,
                sample.name
            );
        }
    }

    #[test]
    fn every_row_has_a_fuzz_target() {
        let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/fuzz_targets");
        for row in BUILTIN {
            let file = targets.join(format!("{}.rs", row.folder));
            let text = std::fs::read_to_string(&file)
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            assert!(
                text.contains(&format!("check_input(\"{}\"", row.name)),
                "{} does not check its input",
                file.display()
            );
        }
    }

    #[test]
    fn half_a_byte_is_no_byte() {
        assert_eq!(
            Sample {
                name: "",
                text: "# a\nac 4"
            }
            .bytes(),
            None
        );
        assert_eq!(
            Sample {
                name: "",
                text: "# a\nac 4g"
            }
            .bytes(),
            None
        );
        assert_eq!(
            Sample {
                name: "",
                text: "# a\nac 4d # b\n 00"
            }
            .bytes(),
            Some(vec![0xac, 0x4d, 0])
        );
    }
}
