//! The protocols that a file declares: those that are linked in looked up, definitions read.

use super::names::unknown;
use crate::definitions::Defined;
use crate::diagnostic::{Diagnostic, codes};
use crate::protocols::Protocols;
use crate::read::{Problem, Reader};
use crate::typed::{Definition, File, Form};
use gatewright_core::codec::Protocol;
use gatewright_core::expr::Span;
use std::sync::Arc;

/// By the file's protocols, in its order; `None` for one that cannot be used, which is noted.
pub(super) fn declared(
    reader: &mut Reader<'_>,
    file: &File,
    linked: &Protocols,
) -> Vec<Option<Arc<dyn Protocol>>> {
    let mut known = Vec::new();
    let protocols = file.protocols.iter();
    protocols
        .map(|declared| match declared.form.as_ref()? {
            Form::Codec(codec) => {
                let found = linked.get(&codec.value);
                if found.is_none() {
                    unknown(reader, "codec", codec, linked.names());
                }
                found.cloned()
            }
            Form::Definition(definition) => known_or_read(reader, &mut known, definition, linked),
        })
        .collect()
}

/// A definition that was read for another name of this file, and what came of it.
#[derive(Debug)]
struct Known<'f> {
    definition: &'f Definition,
    protocol: Option<Arc<dyn Protocol>>,
}

/// One definition is one protocol, whatever names it has: between them messages are forwarded as
/// they are.
fn known_or_read<'f>(
    reader: &mut Reader<'_>,
    known: &mut Vec<Known<'f>>,
    definition: &'f Definition,
    protocols: &Protocols,
) -> Option<Arc<dyn Protocol>> {
    let same = |known: &&Known<'_>| known.definition.is_same(definition);
    if let Some(known) = known.iter().find(same) {
        return known.protocol.clone();
    }
    let protocol = read(reader, definition, protocols);
    known.push(Known {
        definition,
        protocol: protocol.clone(),
    });
    protocol
}

fn read(
    reader: &mut Reader<'_>,
    definition: &Definition,
    protocols: &Protocols,
) -> Option<Arc<dyn Protocol>> {
    let Definition { file, folders } = definition;
    let Some(definitions) = protocols.definitions() else {
        let problem = Problem::new(codes::NO_DEFINITIONS, "this program reads no definitions");
        let help = "name a codec that is linked in: `codec = \"…\"`";
        reader.problem(problem.help(help), file.span.clone());
        return None;
    };
    match definitions.load(&file.value, folders) {
        Ok(Defined { protocol, warnings }) => {
            note(reader, warnings, &file.span);
            Some(protocol)
        }
        Err(found) => {
            if !found.iter().any(Diagnostic::is_error) {
                let message = format!("`{}` cannot be used", file.value.display());
                reader.problem(Problem::new(codes::UNREADABLE, message), file.span.clone());
            }
            note(reader, found, &file.span);
            None
        }
    }
}

/// Notes what was found in a definition. What has no place is shown at the definition's name.
fn note(reader: &mut Reader<'_>, found: Vec<Diagnostic>, name: &Span) {
    for diagnostic in found {
        let source = Arc::clone(&reader.source);
        reader.note(match diagnostic.place {
            Some(_) => diagnostic,
            None => diagnostic.at(&source, name.clone()),
        });
    }
}
