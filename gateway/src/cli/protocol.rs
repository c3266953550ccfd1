//! Which protocol a verb speaks.

use super::exit::{Exit, Outcome};
use super::report::complain;
use crate::Builder;
use gatewright_core::codec::Protocol;
use std::sync::Arc;

/// The protocol, by name.
#[derive(Debug, clap::Args)]
pub(super) struct Spoken {
    /// The protocol; `gatewright version -v` lists those linked in.
    #[arg(short, long, value_name = "NAME")]
    protocol: String,
}

impl Spoken {
    /// The protocol of that name.
    ///
    /// # Errors
    /// How to exit if none of that name is linked in.
    pub(super) fn find(&self, builder: &Builder) -> Outcome<Arc<dyn Protocol>> {
        linked(builder, &self.protocol)
    }
}

/// The protocol of that name.
///
/// # Errors
/// How to exit if none of that name is linked in.
pub(super) fn linked(builder: &Builder, name: &str) -> Outcome<Arc<dyn Protocol>> {
    let protocols = builder.protocols();
    protocols.get(name).cloned().ok_or_else(|| {
        let known: Vec<&str> = protocols.names().collect();
        complain(format_args!(
            "no protocol `{name}` is linked in; there is {}",
            known.join(", ")
        ));
        Exit::BadUsage
    })
}
