//! `gatewright gen fuzz`

use super::harness::Harness;
use crate::cli::definition::Folders;
use crate::cli::exit::{Exit, Outcome};
use crate::cli::hex;
use crate::cli::output::print;
use crate::cli::report::{complain, note};
use gatewright_codecs::ksy::Definition;
use gatewright_codecs::ksy::generate::dictionary::dictionary;
use gatewright_codecs::ksy::read::{Limits, Machine};
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

/// Write what a fuzzer needs: a dictionary, and a corpus of the messages given
///
/// DIR/NAME.dict and DIR/corpus, for AFL and libFuzzer. With --source also a crate for cargo-fuzz
/// that holds the definition to the laws of all protocols.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Fuzz {
    /// The definition.
    #[arg(value_name = "FILE.ksy")]
    definition: PathBuf,
    /// Files with one message each: hexadecimal digits if they end in `.hex`, else the bytes.
    #[arg(value_name = "MESSAGE")]
    messages: Vec<PathBuf>,
    #[command(flatten)]
    folders: Folders,
    /// The folder; it is made if it is not there.
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    /// A copy of Gatewright's source, whose crates are not in a registry: write the crate, too.
    #[arg(long, value_name = "DIR")]
    source: Option<PathBuf>,
}

impl Fuzz {
    /// What a fuzzer needs for a definition without imports.
    pub(in crate::cli) const fn of(
        definition: PathBuf,
        messages: Vec<PathBuf>,
        out: PathBuf,
    ) -> Self {
        Self {
            definition,
            messages,
            folders: Folders::of(Vec::new()),
            out,
            source: None,
        }
    }

    pub(super) fn run(&self) -> Exit {
        self.tell().into()
    }

    pub(in crate::cli) fn tell(&self) -> Outcome {
        let definition = self.folders.load_or_tell(&self.definition)?;
        let corpus = self.out.join("corpus");
        fs::create_dir_all(&corpus).map_err(|error| refused(&corpus, &error))?;
        let name = &definition.plan.ty(definition.root).name;
        let path = self.out.join(format!("{name}.dict"));
        let words = dictionary(&definition.plan);
        write(&path, words.as_bytes())?;
        print(format_args!(
            "{}: {} words",
            path.display(),
            words.lines().count()
        ))?;
        let mut good = 0_usize;
        for message in &self.messages {
            let bytes = bytes_of(message)?;
            good += usize::from(reads(&definition, message, &bytes));
            let name = message.file_stem().unwrap_or(message.as_os_str());
            write(&corpus.join(name), &bytes)?;
        }
        print(format_args!(
            "{}: {} messages, {good} of them good",
            corpus.display(),
            self.messages.len()
        ))?;
        match &self.source {
            Some(source) => self.harness(&definition, source),
            None => Ok(()),
        }
    }

    fn harness(&self, definition: &Definition, source: &Path) -> Outcome {
        if definition.section.is_none() {
            let file = self.definition.display();
            complain(format_args!(
                "{file} has no `-gateway` section, so there is no protocol to fuzz"
            ));
            return Err(Exit::BadUsage);
        }
        if !source.join("core/Cargo.toml").is_file() {
            let source = source.display();
            complain(format_args!("{source} is no copy of Gatewright's source"));
            return Err(Exit::BadUsage);
        }
        let harness = Harness {
            name: &definition.plan.ty(definition.root).name,
            source,
            definition: &self.definition,
            folders: self.folders.paths(),
        };
        let made = harness.within(&self.out);
        for file in made.map_err(|error| refused(&self.out, &error))? {
            file.write().map_err(|error| refused(&file.path, &error))?;
            print(file.path.display())?;
        }
        Ok(())
    }
}

fn refused(path: &Path, error: &dyn Display) -> Exit {
    complain(format_args!("cannot write {}: {error}", path.display()));
    Exit::Refused
}

fn write(path: &Path, bytes: &[u8]) -> Outcome {
    fs::write(path, bytes).map_err(|error| refused(path, &error))
}

fn bytes_of(path: &Path) -> Outcome<Vec<u8>> {
    let unreadable = |error: &dyn Display| {
        complain(format_args!("cannot read {}: {error}", path.display()));
        Exit::BadUsage
    };
    let bytes = fs::read(path).map_err(|error| unreadable(&error))?;
    if path.extension().is_none_or(|extension| extension != "hex") {
        return Ok(bytes);
    }
    let text = String::from_utf8(bytes).map_err(|error| unreadable(&error))?;
    hex::parse(&text).map_err(|error| unreadable(&error))
}

/// Whether a message is one; that it is none makes it no worse a beginning for a fuzzer.
fn reads(definition: &Definition, path: &Path, bytes: &[u8]) -> bool {
    let frame = bytes.to_vec().into();
    let mut machine = Machine::new(&definition.plan, frame, Limits::MESSAGE);
    match machine.read(definition.root, &[]) {
        Ok(_) => true,
        Err(error) => {
            note(format_args!("note: {}: {error}", path.display()));
            false
        }
    }
}
