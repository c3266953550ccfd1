//! Files beside a definition, so that somebody else's `.ksy` stays as it is.
//!
//! ```yaml
//! # acme.gateway.yaml
//! ksy: acme.ksy                     # relative to this file
//! frame: {auto: true, max: 64KiB}   # and what else a section has
//! operation: body.kind
//! fields:                           # what a field's `-gateway` would say, by the path of its id
//!   types/auth_req/pan: {secret: true}
//! enums:                            # the same for values of enums
//!   kind/auth_req: {idempotent: true}
//! ```
//!
//! What it says stands in the place of what the definition says: the section as a whole, each
//! field and each enum value as a whole.

use crate::ksy::codes;
use crate::ksy::files::FileId;
use crate::ksy::load::{Sources, Unreadable};
use crate::ksy::model::{EnumIndex, Member, Model, TypeId};
use crate::ksy::yaml::{self, MAX_FILE, Tree};
use gatewright_core::expr::RuleError;
use std::path::{Path, PathBuf};

/// What the names of such files end in.
pub const SUFFIX: &str = ".gateway.yaml";

/// A side file among the files of a definition.
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Which.
    pub file: FileId,
}

/// A side file that was read.
#[derive(Debug)]
pub(in crate::ksy) struct Opened {
    pub(in crate::ksy) path: PathBuf,
    pub(in crate::ksy) text: String,
    pub(in crate::ksy) tree: Tree,
}

/// Reads the file if it is one beside a definition.
pub(in crate::ksy) fn open(
    path: &Path,
    sources: &dyn Sources,
) -> Result<Option<Opened>, Unreadable> {
    let name = path.file_name().and_then(|name| name.to_str());
    if !name.is_some_and(|name| name.ends_with(SUFFIX)) {
        return Ok(None);
    }
    let text = sources.read(path, MAX_FILE)?;
    Ok(Some(Opened {
        path: path.to_owned(),
        tree: yaml::read(&text, &mut yaml::Budget::default()),
        text,
    }))
}

impl Opened {
    /// Where its definition is.
    pub(in crate::ksy) fn definition(&self) -> Result<PathBuf, RuleError> {
        let Some(root) = &self.tree.root else {
            let missing = RuleError::new(codes::SIDE_FILE, 0..0, "this file says nothing");
            return Err(self.tree.errors.first().cloned().unwrap_or(missing));
        };
        root.as_mapping()?;
        let Some(ksy) = root.get("ksy") else {
            let message = "`ksy` is missing, the definition that this file is about";
            return Err(RuleError::new(codes::SIDE_FILE, root.span.clone(), message));
        };
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        Ok(folder.join(ksy.value.as_str()?))
    }

    /// The error that its definition cannot be read.
    pub(in crate::ksy) fn without(&self, why: &Unreadable) -> RuleError {
        let root = self.tree.root.as_ref();
        let span = root.and_then(|root| root.get("ksy"));
        let span = span.map_or(0..0, |ksy| ksy.value.span.clone());
        RuleError::new(
            codes::NO_FILE,
            span,
            format!("the definition cannot be read: {why}"),
        )
    }
}

/// The type in which a path begins, and what is left of it.
fn begin<'p>(model: &Model, path: &'p str) -> Option<(TypeId, Vec<&'p str>)> {
    let (mut ty, mut parts) = (TypeId(0), path.split('/').peekable());
    while parts.next_if_eq(&"types").is_some() {
        ty = model.find_type(ty, &[parts.next()?])?;
    }
    Some((ty, parts.collect()))
}

/// The field or instance that a path names.
pub(super) fn member_at(model: &Model, path: &str) -> Option<(TypeId, usize)> {
    let (ty, rest) = begin(model, path)?;
    let [id] = rest.as_slice() else { return None };
    let slot = model.ty(ty).slot(id)?;
    match model.ty(ty).member(slot)? {
        Member::Field(_) | Member::Instance(_) => Some((ty, slot)),
        Member::Param(_) => None,
    }
}

/// The value of an enum that a path names.
pub(super) fn value_at(model: &Model, path: &str) -> Option<(EnumIndex, i128)> {
    let (ty, rest) = begin(model, path)?;
    let [name, label] = rest.as_slice() else {
        return None;
    };
    let id = model.find_enum(ty, &[name])?;
    let values = &model.enumeration(id).spec.values;
    let value = values.iter().find(|value| value.label.value == *label)?;
    Some((id, value.number))
}
