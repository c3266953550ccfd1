//! Which protocol a verb speaks.

use super::definition::{Folders, is_definition};
use super::exit::{Exit, Outcome};
use super::report::{complain, report};
use crate::Builder;
use gatewright_config::plan::ProtocolPlan;
use gatewright_core::codec::Protocol;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The protocol, by file or name.
#[derive(Debug, clap::Args)]
pub(super) struct Spoken {
    /// The protocol: a definition (a file that ends in `.ksy`), one of the configuration, or one
    /// that is linked in, which `gatewright version -v` lists.
    #[arg(short, long, value_name = "FILE|NAME")]
    protocol: String,
    /// A configuration, whose `[protocols]` can be named, too.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    folders: Folders,
}

/// What was named.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Definition(Written),
    Linked(Arc<dyn Protocol>),
}

/// A definition that is to be loaded.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) file: PathBuf,
    pub(super) folders: Folders,
}

impl Spoken {
    /// The protocol of that name or definition.
    ///
    /// # Errors
    /// How to exit if there is none, or it cannot be used.
    pub(super) fn find(&self, builder: &Builder) -> Outcome<Arc<dyn Protocol>> {
        match self.named(builder)? {
            Named::Definition(Written { file, folders }) => folders.protocol_or_tell(&file),
            Named::Linked(protocol) => Ok(protocol),
        }
    }

    /// What has that name, a definition not loaded yet.
    ///
    /// # Errors
    /// How to exit if there is nothing of that name, or the configuration is invalid.
    pub(super) fn named(&self, builder: &Builder) -> Outcome<Named> {
        if is_definition(&self.protocol) {
            return self.written().map(Named::Definition);
        }
        let declared = match &self.config {
            Some(config) => declared(builder, config)?,
            None => Vec::new(),
        };
        let same = |declared: &&ProtocolPlan| *declared.name == *self.protocol;
        if let Some(declared) = declared.iter().find(same) {
            return Ok(named(declared));
        }
        let linked = builder.protocols().get(&self.protocol);
        let linked = linked.ok_or_else(|| self.refuse(builder, &declared))?;
        Ok(Named::Linked(Arc::clone(linked)))
    }

    fn written(&self) -> Outcome<Written> {
        if self.config.is_some() {
            complain("--config is for the name of a protocol, not for a definition");
            return Err(Exit::BadUsage);
        }
        Ok(Written {
            file: (&self.protocol).into(),
            folders: self.folders.clone(),
        })
    }

    fn refuse(&self, builder: &Builder, declared: &[ProtocolPlan]) -> Exit {
        let declared = declared.iter().map(|declared| &*declared.name);
        let known: Vec<&str> = declared.chain(builder.protocols().names()).collect();
        let name = &self.protocol;
        complain(format_args!(
            "there is no protocol `{name}`; there is {}, and definitions end in .ksy",
            known.join(", ")
        ));
        Exit::BadUsage
    }
}

/// The protocols that a configuration has names for.
fn declared(builder: &Builder, config: &Path) -> Outcome<Vec<ProtocolPlan>> {
    match builder.clone().config(config).load() {
        Ok(gateway) => Ok(gateway.loaded().plan.protocols.clone()),
        Err(found) => {
            report(&found);
            Err(Exit::BadConfig)
        }
    }
}

fn named(declared: &ProtocolPlan) -> Named {
    match &declared.definition {
        Some(definition) => Named::Definition(Written {
            file: definition.file.clone(),
            folders: Folders::of(definition.folders.clone()),
        }),
        None => Named::Linked(Arc::clone(&declared.protocol)),
    }
}
