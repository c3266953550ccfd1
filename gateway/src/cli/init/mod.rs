//! `gatewright init`

use super::exit::{Exit, Outcome};
use super::generate::Fuzz;
use super::output::print;
use super::report::complain;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What stands for the protocol's name in the templates.
const NAME: &str = "NAME";
/// The name where the folder's is none.
const DEFAULT: &str = "acme";
/// The longest name that a configuration takes.
const MAX_NAME: usize = 64;

/// Begin a project: a protocol's definition, a configuration, tests, what fuzzers need
///
/// It runs at once, against a built-in upstream. Nothing that is there is overwritten.
#[derive(Debug, clap::Args)]
pub(super) struct Init {
    /// The folder; it is made if it is not there.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The protocol's name [default: the folder's, if it can be one, else acme].
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// A file of a new project.
struct Template {
    /// Its name, in which NAME stands for the protocol's.
    name: &'static str,
    text: &'static str,
}

const TEMPLATES: [Template; 7] = [
    Template {
        name: "NAME.ksy",
        text: include_str!("template/protocol.ksy"),
    },
    Template {
        name: "gatewright.toml",
        text: include_str!("template/gatewright.toml"),
    },
    Template {
        name: "NAME.test.toml",
        text: include_str!("template/test.toml"),
    },
    Template {
        name: "corpus/lookup.hex",
        text: include_str!("template/lookup.hex"),
    },
    Template {
        name: "corpus/found.hex",
        text: include_str!("template/found.hex"),
    },
    Template {
        name: "corpus/failed.hex",
        text: include_str!("template/failed.hex"),
    },
    Template {
        name: "fuzz/README.md",
        text: include_str!("template/fuzz.md"),
    },
];

impl Init {
    pub(super) fn run(&self) -> Exit {
        self.tell().into()
    }

    fn tell(&self) -> Outcome {
        let name = self.name()?;
        let files = TEMPLATES.map(|template| {
            let path = self.folder.join(template.name.replace(NAME, &name));
            (path, template.text.replace(NAME, &name))
        });
        if let Some((path, _)) = files.iter().find(|(path, _)| path.exists()) {
            complain(format_args!("{} is there already", path.display()));
            return Err(Exit::Refused);
        }
        for (path, text) in &files {
            write(path, text).map_err(|error| refused(path, &error))?;
            print(path.display())?;
        }
        self.fuzz(&name, files.iter().map(|(path, _)| path))
            .tell()?;
        let folder = self.folder.display();
        print(format_args!(
            "\nNext: cd {folder} && gatewright check && gatewright test && gatewright run"
        ))?;
        print(format_args!(
            "      gatewright send -p {name}.ksy --to tcp://127.0.0.1:7700 '{{\"lookup\": {{\"number\": 1, \"article\": \"A1\"}}}}'"
        ))
    }

    /// What makes a dictionary of the definition, and a corpus for fuzzers of its messages.
    fn fuzz<'f>(&self, name: &str, files: impl Iterator<Item = &'f PathBuf>) -> Fuzz {
        let is_message = |path: &&PathBuf| path.extension().is_some_and(|end| end == "hex");
        let definition = self.folder.join(format!("{name}.ksy"));
        let messages = files.filter(is_message).cloned().collect();
        Fuzz::of(definition, messages, self.folder.join("fuzz"))
    }

    fn name(&self) -> Outcome<String> {
        match &self.name {
            Some(name) if is_name(name) => Ok(name.clone()),
            Some(_) => {
                complain(format_args!(
                    "a name begins with a small letter and has small letters, digits and `_`, {MAX_NAME} at most"
                ));
                Err(Exit::BadUsage)
            }
            None => {
                let folder = self.folder.file_name().and_then(|name| name.to_str());
                let name = folder.filter(|name| is_name(name));
                Ok(name.unwrap_or(DEFAULT).to_owned())
            }
        }
    }
}

/// Whether both a definition and a configuration take it for a name.
fn is_name(name: &str) -> bool {
    let tail = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= MAX_NAME
        && name != "raw"
        && name.bytes().all(tail)
}

/// Writes a new file: one that somebody else made meanwhile stays as it is.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

fn refused(path: &Path, error: &io::Error) -> Exit {
    complain(format_args!("cannot write {}: {error}", path.display()));
    Exit::Refused
}
