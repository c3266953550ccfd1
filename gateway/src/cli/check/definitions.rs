//! Definitions of protocols.

use super::outline;
use super::tally::{count, tally};
use crate::cli::definition::{Folders, Sound};
use crate::cli::exit::{Exit, Outcome};
use crate::cli::output::{Format, print};
use crate::cli::report::{note, report};
use gatewright_codecs::ksy::Definition;
use gatewright_codecs::ksy::model::{Model, TypeId};
use gatewright_codecs::ksy::protocol::outline::Outline;
use gatewright_config::Diagnostic;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A definition, or what is wrong with it.
type Loaded = Result<Sound, Vec<Diagnostic>>;

/// The definitions, and what is asked of them.
#[derive(Debug)]
pub(super) struct Definitions {
    pub(super) paths: Vec<PathBuf>,
    pub(super) folders: Folders,
    pub(super) deny_warnings: bool,
    pub(super) format: Format,
}

impl Definitions {
    pub(super) fn run(&self) -> Exit {
        let load = |path: &PathBuf| self.folders.load_to_speak(path);
        let loaded: Vec<Loaded> = self.paths.iter().map(load).collect();
        let judge = |before, loaded| self.judge(before, loaded);
        // The worst of them says how to exit.
        let verdict = loaded.iter().fold(Exit::Good, judge);
        verdict.once_told(self.tell(&loaded))
    }

    fn tell(&self, loaded: &[Loaded]) -> Outcome {
        let mut all = self.paths.iter().zip(loaded);
        match self.format {
            Format::Text => all.try_for_each(|(path, loaded)| self.show(path, loaded)),
            Format::Json => {
                let documents = all.map(|(path, loaded)| document(path, loaded));
                let (found, definitions): (Vec<_>, Vec<_>) = documents.unzip();
                let found: Vec<Value> = found.into_iter().flatten().collect();
                print(json!({ "diagnostics": found, "definitions": definitions }))
            }
        }
    }

    fn judge(&self, before: Exit, loaded: &Loaded) -> Exit {
        match loaded {
            Err(_) => Exit::BadConfig,
            Ok(sound) if self.denies(sound) && before == Exit::Good => Exit::Findings,
            Ok(_) => before,
        }
    }

    const fn denies(&self, sound: &Sound) -> bool {
        self.deny_warnings && !sound.warnings.is_empty()
    }

    fn show(&self, path: &Path, loaded: &Loaded) -> Outcome {
        let name = path.display();
        let sound = match loaded {
            Ok(sound) => sound,
            Err(found) => {
                report(found);
                note(format_args!("{name}: {}", tally(found)));
                return Ok(());
            }
        };
        report(&sound.warnings);
        if self.denies(sound) {
            note(format_args!("{name}: {}, denied", tally(&sound.warnings)));
            return Ok(());
        }
        let good = if sound.warnings.is_empty() {
            "good".to_owned()
        } else {
            format!("good, with {}", tally(&sound.warnings))
        };
        print(format_args!("{name}: {good}: {}", parts(&sound.definition)))?;
        print(types(&sound.definition.model))?;
        match Outline::of(&sound.definition) {
            Some(outline) => print(outline::text(&outline)),
            None => Ok(()),
        }
    }
}

/// How much there is of what.
fn parts(definition: &Definition) -> String {
    let types = &definition.plan.types;
    let fields = types.iter().map(|ty| ty.fields.len()).sum();
    let instances = types.iter().map(|ty| ty.instances.len()).sum();
    let parts = [
        count(types.len(), "type"),
        count(fields, "field"),
        count(instances, "instance"),
        count(definition.plan.enums.len(), "enum"),
    ];
    parts.join(", ")
}

/// One line a type: its name and those of its members.
fn types(model: &Model) -> String {
    let paths: Vec<String> = model.ids().map(|id| model.path(id)).collect();
    let width = paths.iter().map(|path| path.chars().count()).max();
    let width = width.unwrap_or_default();
    let lines = model.ids().zip(&paths);
    let lines = lines.map(|(id, path)| {
        let members = members(model, id).join(", ");
        format!("  {path:width$}  {members}").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The names of a type's members, in their order.
fn members(model: &Model, id: TypeId) -> Vec<String> {
    let members = model.ty(id).members();
    let names = members.map(|member| member.name().unwrap_or("_").to_owned());
    names.collect()
}

/// A definition's diagnostics, and what there is in it.
fn document(path: &Path, loaded: &Loaded) -> (Vec<Value>, Value) {
    let found = match loaded {
        Ok(sound) => &sound.warnings,
        Err(found) => found,
    };
    let types = loaded.as_ref().ok().map(|sound| {
        let model = &sound.definition.model;
        let ty = |id| json!({ "name": model.path(id), "members": members(model, id) });
        model.ids().map(ty).collect::<Vec<Value>>()
    });
    let sound = loaded.as_ref().ok();
    let outline = sound.and_then(|sound| Outline::of(&sound.definition));
    let document = json!({
        "file": path.display().to_string(),
        "good": loaded.is_ok(),
        "types": types,
        "protocol": outline.as_ref().map(outline::document),
    });
    (found.iter().map(Diagnostic::to_json).collect(), document)
}
