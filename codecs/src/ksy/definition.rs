//! A definition, loaded.

use super::check::{Found, check};
use super::codes;
use super::files::Files;
use super::finding::{Findings, Severity};
use super::load::{Loaded, Sources, Unreadable, load};
use super::model::{Model, TypeId};
use super::plan::Plan;
use super::section::check::Soundness;
use super::section::input::{FileTree, gather};
use super::section::plan::{OptionsPlan, SectionPlan};
use super::section::side::{self, Side};
use super::section::{self, Compiled};
use super::yaml::{Kind, Node};
use gatewright_core::expr::RuleError;
use std::path::{Path, PathBuf};

/// A definition that can be read with.
#[derive(Debug)]
pub struct Definition {
    /// The texts of its files.
    pub files: Files,
    /// Its structures as the files name them.
    pub model: Model,
    /// Everything in it, compiled.
    pub plan: Plan,
    /// The structure of the whole file.
    pub root: TypeId,
    /// What the gateway makes of its messages, if it says so.
    pub section: Option<SectionPlan>,
    /// What it says of fields.
    pub options: OptionsPlan,
    /// What could be better.
    pub findings: Findings,
}

/// Why there is no definition.
#[derive(Debug)]
pub enum Refused {
    /// The file itself cannot be read.
    Unreadable(Unreadable),
    /// It has errors.
    Faulty {
        /// The texts of its files.
        files: Files,
        /// All that was found, of which at least one is an error.
        findings: Findings,
    },
}

impl Definition {
    /// Loads, checks and compiles a definition and all that it imports. Imports that begin with
    /// `/` are looked for in `folders`. The path may be that of a file beside the definition
    /// (see [`side`](super::section::side)), which names it.
    ///
    /// # Errors
    /// If it cannot be read, or has errors.
    pub fn load(path: &Path, sources: &dyn Sources, folders: &[PathBuf]) -> Result<Self, Refused> {
        let side = side::open(path, sources).map_err(Refused::Unreadable)?;
        let Loaded {
            mut files,
            definitions,
            mut findings,
        } = match &side {
            Some(side) => definition_of(side, sources, folders)?,
            None => load(path, sources, folders).map_err(Refused::Unreadable)?,
        };
        let (mut trees, specs): (Vec<_>, Vec<_>) = definitions
            .into_iter()
            .map(|file| {
                let tree = FileTree {
                    file: file.file,
                    tree: file.tree,
                };
                (tree, (file.file, file.spec))
            })
            .unzip();
        let side = side.and_then(|side| {
            let tree = side.tree.root?;
            let file = files.add(side.path, side.text);
            for error in side.tree.errors {
                findings.error(file, &tree, error);
            }
            trees.push(FileTree { file, tree });
            Some(Side { file })
        });
        let compiled = match Model::new(specs) {
            Ok(model) => {
                let compiled = compile(&model, &trees, side.as_ref(), &mut findings);
                Some((model, compiled))
            }
            Err(_) => {
                if let Some(first) = trees.first() {
                    let message = "a definition has at most 65,535 types and as many enums";
                    let fault = RuleError::new(codes::TOO_LARGE, 0..0, message);
                    findings.error(first.file, &first.tree, fault);
                }
                None
            }
        };
        match compiled {
            Some((model, (mut plan, section, options))) if findings.errors() == 0 => {
                keep_secrets(&mut plan, &options);
                Ok(Self {
                    files,
                    model,
                    plan,
                    section,
                    options,
                    root: TypeId(0),
                    findings,
                })
            }
            _ => Err(Refused::Faulty { files, findings }),
        }
    }
}

/// Marks the fields that people may not see, so that whoever shows a message need not ask.
fn keep_secrets(plan: &mut Plan, options: &OptionsPlan) {
    for (ty, slot, _) in options.all().filter(|(.., options)| options.secret) {
        if let Some(field) = plan
            .types
            .get_mut(ty.index())
            .and_then(|ty| ty.field_mut(slot))
        {
            field.secret = true;
        }
    }
}

/// The definition that a side file names.
fn definition_of(
    side: &side::Opened,
    sources: &dyn Sources,
    folders: &[PathBuf],
) -> Result<Loaded, Refused> {
    let loaded = side
        .definition()
        .and_then(|path| load(&path, sources, folders).map_err(|why| side.without(&why)));
    loaded.map_err(|error| {
        let mut files = Files::default();
        let file = files.add(side.path.clone(), side.text.clone());
        let nothing = Node {
            kind: Kind::Mapping(Vec::new()),
            span: 0..0,
        };
        let mut findings = Findings::default();
        findings.error(file, side.tree.root.as_ref().unwrap_or(&nothing), error);
        Refused::Faulty { files, findings }
    })
}

/// Checks and compiles; what is wrong is added to the findings.
fn compile(
    model: &Model,
    trees: &[FileTree],
    side: Option<&Side>,
    findings: &mut Findings,
) -> (Plan, Option<SectionPlan>, OptionsPlan) {
    let (plan, found) = check(model);
    report(found, trees, findings);
    let sound = match findings.errors() {
        0 => Soundness::Sound,
        _ => Soundness::Faulty,
    };
    let input = gather(model, trees, side, findings);
    let Compiled {
        section,
        options,
        found,
    } = section::check::compile(model, &plan, &input, sound);
    report(found, trees, findings);
    (plan, section, options)
}

fn report(found: Vec<Found>, trees: &[FileTree], findings: &mut Findings) {
    for found in found {
        let tree = trees.iter().find(|tree| tree.file == found.file);
        let Some(FileTree { file, tree }) = tree else {
            continue;
        };
        match found.severity {
            Severity::Error => findings.error(*file, tree, found.fault),
            Severity::Warning => findings.warning(*file, tree, found.fault),
        }
    }
}
