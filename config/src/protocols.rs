//! The protocols that a configuration may name.

use crate::definitions::Definitions;
use gatewright_core::codec::Protocol;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The codecs that are linked into the program, by name, and what makes protocols of definitions.
#[derive(Clone, Debug, Default)]
pub struct Protocols {
    by_name: BTreeMap<String, Arc<dyn Protocol>>,
    definitions: Option<Arc<dyn Definitions>>,
}

impl Protocols {
    /// No protocol yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_name: BTreeMap::new(),
            definitions: None,
        }
    }

    /// The same with somebody who reads definitions. Without, a configuration that names one is
    /// refused.
    #[must_use]
    pub fn with_definitions(mut self, definitions: Arc<dyn Definitions>) -> Self {
        self.definitions = Some(definitions);
        self
    }

    /// Who reads definitions, if anybody does.
    #[must_use]
    pub fn definitions(&self) -> Option<&dyn Definitions> {
        self.definitions.as_deref()
    }

    /// Adds a protocol; one of the same name is replaced and handed back.
    pub fn insert(
        &mut self,
        name: impl Into<String>,
        protocol: Arc<dyn Protocol>,
    ) -> Option<Arc<dyn Protocol>> {
        self.by_name.insert(name.into(), protocol)
    }

    /// The protocol of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Protocol>> {
        self.by_name.get(name)
    }

    /// All protocols, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<dyn Protocol>)> {
        self.by_name
            .iter()
            .map(|(name, protocol)| (name.as_str(), protocol))
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_name.keys().map(String::as_str)
    }
}

impl<N: Into<String>> FromIterator<(N, Arc<dyn Protocol>)> for Protocols {
    fn from_iter<I: IntoIterator<Item = (N, Arc<dyn Protocol>)>>(protocols: I) -> Self {
        Self {
            by_name: protocols
                .into_iter()
                .map(|(name, protocol)| (name.into(), protocol))
                .collect(),
            definitions: None,
        }
    }
}
