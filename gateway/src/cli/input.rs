//! What a verb works on: a file, standard input, or the argument itself.

use super::exit::{Exit, Outcome};
use super::report::complain;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// Bytes and where they came from.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) bytes: Vec<u8>,
    /// How messages name it.
    pub(super) name: String,
    /// Whether the argument was the input itself rather than its place.
    pub(super) literal: bool,
}

impl Input {
    /// What an argument stands for: `-` or nothing for standard input, else the file of that
    /// name, else the argument itself.
    ///
    /// # Errors
    /// How to exit if the file or standard input cannot be read.
    pub(super) fn of(argument: Option<&str>) -> Outcome<Self> {
        match argument {
            None | Some("-") => Self::read("standard input".to_owned(), |bytes| {
                io::stdin().lock().read_to_end(bytes)
            }),
            Some(path) if is_there(path) => Self::read(path.to_owned(), |bytes| {
                fs::File::open(path)?.read_to_end(bytes)
            }),
            Some(text) => Ok(Self {
                bytes: text.as_bytes().to_vec(),
                name: "the argument".to_owned(),
                literal: true,
            }),
        }
    }

    /// The input as text.
    ///
    /// # Errors
    /// How to exit if it is not UTF-8.
    pub(super) fn text(&self) -> Outcome<&str> {
        std::str::from_utf8(&self.bytes).map_err(|_| {
            complain(format_args!("{} is not UTF-8 text", self.name));
            Exit::BadUsage
        })
    }

    fn read(name: String, read: impl FnOnce(&mut Vec<u8>) -> io::Result<usize>) -> Outcome<Self> {
        let mut bytes = Vec::new();
        match read(&mut bytes) {
            Ok(_) => Ok(Self {
                bytes,
                name,
                literal: false,
            }),
            Err(error) => {
                complain(format_args!("cannot read {name}: {error}"));
                Err(Exit::BadUsage)
            }
        }
    }
}

/// Whether there is something of that name to read: a pipe and a device are as good as a file.
fn is_there(path: &str) -> bool {
    let path = Path::new(path);
    path.exists() && !path.is_dir()
}
