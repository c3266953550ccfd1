//! Paths, which start at the configuration's folder.

use super::{Expanded, Problem, Reader, Spanned};
use crate::diagnostic::codes;
use std::fs::Metadata;
use std::path::PathBuf;

/// The path of a file; noted if there is none.
pub(crate) fn file(reader: &mut Reader<'_>, typed: &Spanned<Expanded>) -> Option<PathBuf> {
    existing(reader, typed, Metadata::is_file, "it is not a file")
}

/// The path of a folder; noted if there is none.
pub(crate) fn folder(reader: &mut Reader<'_>, typed: &Spanned<Expanded>) -> Option<PathBuf> {
    existing(reader, typed, Metadata::is_dir, "it is not a folder")
}

fn existing(
    reader: &mut Reader<'_>,
    typed: &Spanned<Expanded>,
    fits: fn(&Metadata) -> bool,
    misfit: &str,
) -> Option<PathBuf> {
    let path = reader.folder.join(&typed.value.text);
    let refused = match std::fs::metadata(&path) {
        Ok(found) if fits(&found) => return Some(path),
        Ok(_) => misfit.to_owned(),
        Err(error) => error.to_string(),
    };
    let path = path.to_string_lossy();
    let message = format!("cannot read `{}`", typed.value.shown(&path));
    let problem = Problem::new(codes::MISSING_FILE, message)
        .label(refused)
        .help("paths are relative to the folder of the configuration");
    reader.problem(problem, typed.span.clone());
    None
}
