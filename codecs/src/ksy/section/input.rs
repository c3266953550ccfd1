//! All `-gateway` keys of a definition, gathered from where they stand.

use super::side::{self, Side};
use super::spec::{OptionsSpec, SectionSpec, TraitsSpec};
use super::{keys, read};
use crate::ksy::codes;
use crate::ksy::files::FileId;
use crate::ksy::finding::Findings;
use crate::ksy::model::{EnumIndex, Member, Model, TypeId};
use crate::ksy::spec::At;
use crate::ksy::spec::reader::Reader;
use crate::ksy::yaml::Node;
use gatewright_core::expr::{RuleError, Span};
use std::collections::BTreeMap;

/// Something that is said of something else.
#[derive(Clone, Debug)]
pub struct Said<T> {
    /// In which file.
    pub file: FileId,
    /// Where.
    pub span: Span,
    /// What.
    pub what: T,
}

/// What the `-gateway` keys of a definition say.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The section at the top, or in a side file.
    pub section: Option<SectionSpec>,
    /// What is said of fields and instances.
    pub options: BTreeMap<(TypeId, usize), Said<OptionsSpec>>,
    /// What is said of values of enums, by their numbers.
    pub traits: BTreeMap<(EnumIndex, i128), Said<TraitsSpec>>,
}

/// The tree of a file.
#[derive(Debug)]
pub struct FileTree {
    /// Which file.
    pub file: FileId,
    /// What is written in it.
    pub tree: Node,
}

/// Reads all `-gateway` keys. What a side file says stands in the place of what the definition
/// says of the same.
pub(in crate::ksy) fn gather(
    model: &Model,
    trees: &[FileTree],
    side: Option<&Side>,
    findings: &mut Findings,
) -> Input {
    let mut gatherer = Gatherer {
        model,
        trees,
        findings,
        input: Input::default(),
    };
    for id in model.ids() {
        gatherer.section_of(id, side);
        gatherer.members_of(id);
    }
    gatherer.enums();
    if let Some(side) = side {
        gatherer.side(side);
    }
    gatherer.input
}

struct Gatherer<'g> {
    model: &'g Model,
    trees: &'g [FileTree],
    findings: &'g mut Findings,
    input: Input,
}

impl<'g> Gatherer<'g> {
    fn reader(&mut self, file: FileId) -> Option<Reader<'g, '_>> {
        let found = self.trees.iter().find(|tree| tree.file == file)?;
        Some(Reader {
            file,
            tree: &found.tree,
            findings: self.findings,
        })
    }

    fn section_of(&mut self, id: TypeId, side: Option<&Side>) {
        let ty = self.model.ty(id);
        let Some(node) = &ty.spec.gateway else { return };
        let Some(mut reader) = self.reader(ty.file) else {
            return;
        };
        if id == TypeId(0) {
            let read = side
                .is_none()
                .then(|| read::top(&mut reader, node, keys::TOP));
            self.input.section = read.flatten();
        } else if ty.outer.is_some() {
            let message = "only the file as a whole has a section";
            reader.error(codes::SECTION_PLACE, &node.span, message);
        } else {
            let message = "the section of an imported file is not used";
            let warning = RuleError::new(codes::SECTION_PLACE, node.span.clone(), message);
            reader.warn(warning);
        }
    }

    fn members_of(&mut self, id: TypeId) {
        let ty = self.model.ty(id);
        for (slot, member) in ty.members().enumerate() {
            let node = match member {
                Member::Param(_) => None,
                Member::Field(spec) | Member::Instance(spec) => spec.gateway.as_ref(),
            };
            if let Some(node) = node {
                self.options(id, slot, ty.file, node);
            }
        }
    }

    fn options(&mut self, id: TypeId, slot: usize, file: FileId, node: &'g Node) {
        let member = self.model.ty(id).member(slot);
        let Some(mut reader) = self.reader(file) else {
            return;
        };
        let read = match member {
            Some(Member::Instance(_)) => read::instance_options(&mut reader, node),
            Some(Member::Field(_) | Member::Param(_)) | None => read::options(&mut reader, node),
        };
        if let Some(what) = read {
            let span = node.span.clone();
            self.input
                .options
                .insert((id, slot), Said { file, span, what });
        }
    }

    fn enums(&mut self) {
        for (at, model) in self.model.enums.iter().enumerate() {
            let Ok(at) = u16::try_from(at) else { return };
            for value in &model.spec.values {
                if let Some(node) = &value.gateway {
                    self.traits(EnumIndex(at), value.number, model.file, node);
                }
            }
        }
    }

    fn traits(&mut self, id: EnumIndex, number: i128, file: FileId, node: &'g Node) {
        let Some(mut reader) = self.reader(file) else {
            return;
        };
        if let Some(what) = read::traits(&mut reader, node) {
            let span = node.span.clone();
            self.input
                .traits
                .insert((id, number), Said { file, span, what });
        }
    }

    /// What a side file says.
    fn side(&mut self, side: &Side) {
        let Some(tree) = self.trees.iter().find(|tree| tree.file == side.file) else {
            return;
        };
        let node = &tree.tree;
        let Some(mut reader) = self.reader(side.file) else {
            return;
        };
        self.input.section = read::top(&mut reader, node, keys::SIDE);
        for (path, value) in self.entries(side.file, node, "fields") {
            match side::member_at(self.model, path.value) {
                Some((id, slot)) => self.options(id, slot, side.file, value),
                None => self.unknown(side.file, &path, "field"),
            }
        }
        for (path, value) in self.entries(side.file, node, "enums") {
            match side::value_at(self.model, path.value) {
                Some((id, number)) => self.traits(id, number, side.file, value),
                None => self.unknown(side.file, &path, "enum value"),
            }
        }
    }

    fn entries(&mut self, file: FileId, node: &'g Node, key: &str) -> Vec<(At<&'g str>, &'g Node)> {
        let Some(mut reader) = self.reader(file) else {
            return Vec::new();
        };
        let fields = node.get(key).and_then(|entry| reader.fields(&entry.value));
        let entries = fields.into_iter().flat_map(|fields| fields.named());
        entries.map(|(name, entry)| (name, &entry.value)).collect()
    }

    fn unknown(&mut self, file: FileId, path: &At<&str>, what: &str) {
        let shown = crate::ksy::yaml::shortened(path.value);
        let message = format!("there is no {what} `{shown}` in the definition");
        if let Some(mut reader) = self.reader(file) {
            reader.error(codes::SIDE_FILE, &path.span, message);
        }
    }
}
