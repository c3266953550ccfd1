//! Protocols as typed.

use crate::diagnostic::codes;
use crate::keys::gateway as keys;
use crate::read::{Problem, Reader, Section, Spanned, path};
use std::path::PathBuf;

/// A protocol under a name of the user's.
#[derive(Debug)]
pub(crate) struct Protocol {
    pub(crate) name: Spanned<String>,
    /// `None` if it cannot be told, which is noted.
    pub(crate) form: Option<Form>,
}

/// In which form there is a protocol.
#[derive(Debug)]
pub(crate) enum Form {
    /// The name of one that is linked in.
    Codec(Spanned<String>),
    Definition(Definition),
}

/// A protocol that is written as data.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) file: Spanned<PathBuf>,
    /// For imports that name no place of their own.
    pub(crate) folders: Vec<PathBuf>,
}

impl Definition {
    /// Whether both are one protocol under two names.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.file.value == other.file.value && self.folders == other.folders
    }
}

impl Protocol {
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        name: Spanned<String>,
        section: &Section<'_>,
    ) -> Self {
        let codec = section.name(reader, &keys::PROTOCOL_CODEC);
        let definition = definition(reader, section);
        note_idle_imports(reader, section);
        let codec_is_typed = section.node(&keys::PROTOCOL_CODEC).is_some();
        let form = match section.node(&keys::PROTOCOL_DEFINITION) {
            Some(node) if codec_is_typed => {
                let message = "`codec` and `definition` exclude each other";
                let problem = Problem::new(codes::EXACTLY_ONE, message);
                reader.problem(problem.help("keep one of them"), node.span.clone());
                None
            }
            Some(_) => definition.map(Form::Definition),
            None if codec_is_typed => codec.map(Form::Codec),
            None => {
                note_formless(reader, section);
                None
            }
        };
        Self { name, form }
    }
}

fn definition(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<Definition> {
    let typed = section.expanded(reader, &keys::PROTOCOL_DEFINITION);
    let file = typed.and_then(|typed| {
        let file = path::file(reader, &typed)?;
        Some(Spanned::new(file, typed.span))
    });
    let folders = section.expanded_texts(reader, &keys::PROTOCOL_IMPORTS);
    let folders = folders.iter().map(|typed| path::folder(reader, typed));
    // A folder that is missing may have what the definition would be blamed for lacking.
    let folders = folders
        .collect::<Vec<_>>()
        .into_iter()
        .collect::<Option<_>>();
    Some(Definition {
        file: file?,
        folders: folders?,
    })
}

/// A protocol that says neither how it is written nor who reads it.
fn note_formless(reader: &mut Reader<'_>, section: &Section<'_>) {
    if section.is_refused() {
        return;
    }
    let message = "`definition` or `codec` is missing";
    let problem = Problem::new(codes::MISSING_KEY, message);
    let help = format!(
        "`definition` takes {}, `codec` {}",
        keys::PROTOCOL_DEFINITION.kind.describe(),
        keys::PROTOCOL_CODEC.kind.describe()
    );
    reader.problem(problem.help(help), section.place().clone());
}

/// Folders for imports without a definition do nothing.
fn note_idle_imports(reader: &mut Reader<'_>, section: &Section<'_>) {
    if section.node(&keys::PROTOCOL_DEFINITION).is_some() {
        return;
    }
    if let Some(node) = section.node(&keys::PROTOCOL_IMPORTS) {
        let problem = Problem::warning(codes::UNUSED, "`imports` without a `definition`");
        let help = "they are where a definition's imports are searched: leave it away";
        reader.problem(problem.help(help), node.span.clone());
    }
}
