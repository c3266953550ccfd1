//! A crate that holds a definition to the laws of all protocols, for cargo-fuzz.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

const MANIFEST: &str = include_str!("template/harness.toml");
const TARGET: &str = include_str!("template/harness.rs");

/// What the crate is made of.
#[derive(Debug)]
pub(super) struct Harness<'h> {
    /// The protocol's name.
    pub(super) name: &'h str,
    /// Where Gatewright's crates are.
    pub(super) source: &'h Path,
    pub(super) definition: &'h Path,
    /// Where imports that begin with `/` are looked for.
    pub(super) folders: &'h [PathBuf],
}

/// A file of the crate.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Harness<'_> {
    /// The files of the crate in a folder that is there.
    ///
    /// # Errors
    /// If a path cannot be looked up.
    pub(super) fn within(&self, folder: &Path) -> io::Result<[Made; 2]> {
        let folder = folder.canonicalize()?;
        let near = |path: &Path| Ok(relative(&folder, &path.canonicalize()?));
        let folders: io::Result<Vec<String>> = self.folders.iter().map(|path| near(path)).collect();
        let folders: Vec<String> = folders?.iter().map(|path| format!("{path:?}")).collect();
        let called = folder.file_name().unwrap_or_default().to_string_lossy();
        let manifest = MANIFEST
            .replace("NAME", self.name)
            .replace("FOLDER", &called)
            .replace("SOURCE", &near(self.source)?);
        let target = TARGET
            .replace("\"DEFINITION\"", &format!("{:?}", near(self.definition)?))
            .replace("&[FOLDERS]", &format!("&[{}]", folders.join(", ")));
        Ok([
            Made {
                path: folder.join("Cargo.toml"),
                text: manifest,
            },
            Made {
                path: folder
                    .join("fuzz_targets")
                    .join(format!("{}.rs", self.name)),
                text: target,
            },
        ])
    }
}

impl Made {
    pub(super) fn write(&self) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.path, &self.text)
    }
}

/// The way from one absolute path to another, so that both can be moved together.
fn relative(from: &Path, to: &Path) -> String {
    let mut here: Vec<Component<'_>> = from.components().collect();
    let mut there = to.components().collect::<Vec<_>>();
    let same = here.iter().zip(&there).take_while(|(a, b)| a == b).count();
    here.drain(..same);
    there.drain(..same);
    let up = here.iter().map(|_| "..".to_owned());
    let down = there
        .iter()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    let way: Vec<String> = up.chain(down).collect();
    way.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_lead_up_and_down() {
        let way = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(way("/a/b/fuzz", "/a/b/x.ksy"), "../x.ksy");
        assert_eq!(way("/a/b", "/c/d"), "../../c/d");
        assert_eq!(way("/a", "/a/b"), "b");
    }
}
