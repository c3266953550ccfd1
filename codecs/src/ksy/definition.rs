//! A definition, loaded.

use super::check::{Found, check};
use super::codes;
use super::files::Files;
use super::finding::{Findings, Severity};
use super::load::{Loaded, Sources, Unreadable, load};
use super::model::{Model, TypeId};
use super::plan::Plan;
use gatewright_core::expr::RuleError;
use std::path::{Path, PathBuf};

/// A definition that can be read with.
#[derive(Debug)]
pub struct Definition {
    /// The texts of its files.
    pub files: Files,
    /// What the files say: names, documentation, the text of expressions.
    pub model: Model,
    /// Everything in it, compiled.
    pub plan: Plan,
    /// The structure of the whole file.
    pub root: TypeId,
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
    /// `/` are looked for in `folders`.
    ///
    /// # Errors
    /// If it cannot be read, or has errors.
    pub fn load(path: &Path, sources: &dyn Sources, folders: &[PathBuf]) -> Result<Self, Refused> {
        let Loaded {
            files,
            definitions,
            mut findings,
        } = load(path, sources, folders).map_err(Refused::Unreadable)?;
        let (trees, specs): (Vec<_>, Vec<_>) = definitions
            .into_iter()
            .map(|file| ((file.file, file.tree), (file.file, file.spec)))
            .unzip();
        let mut report = |found: Found| {
            let tree = trees.iter().find(|(file, _)| *file == found.file);
            let Some((file, tree)) = tree else { return };
            match found.severity {
                Severity::Error => findings.error(*file, tree, found.fault),
                Severity::Warning => findings.warning(*file, tree, found.fault),
            }
        };
        let compiled = match Model::new(specs) {
            Ok(model) => {
                let (plan, found) = check(&model);
                found.into_iter().for_each(&mut report);
                Some((model, plan))
            }
            Err(_) => {
                if let Some((file, _)) = trees.first() {
                    let message = "a definition has at most 65,535 types and as many enums";
                    report(Found {
                        severity: Severity::Error,
                        file: *file,
                        fault: RuleError::new(codes::TOO_LARGE, 0..0, message),
                    });
                }
                None
            }
        };
        match compiled {
            Some((model, plan)) if findings.errors() == 0 => Ok(Self {
                files,
                model,
                plan,
                root: TypeId(0),
                findings,
            }),
            _ => Err(Refused::Faulty { files, findings }),
        }
    }
}
