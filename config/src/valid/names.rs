//! What the names in a file stand for, and whether anybody says them.

use crate::diagnostic::codes;
use crate::protocols::Protocols;
use crate::read::{Problem, Reader, Spanned};
use crate::suggest;
use crate::typed::File;
use gatewright_core::codec::Protocol;
use std::sync::Arc;

/// All names of a file.
pub(super) struct Names<'f> {
    pub(super) file: &'f File,
    linked: &'f Protocols,
    /// By the file's protocols; `None` if the codec is not there, which is noted.
    declared: Vec<Option<Arc<dyn Protocol>>>,
}

impl<'f> Names<'f> {
    pub(super) fn new(reader: &mut Reader<'_>, file: &'f File, linked: &'f Protocols) -> Self {
        let mut declared = Vec::with_capacity(file.protocols.len());
        for protocol in &file.protocols {
            declared.push(protocol.codec.as_ref().and_then(|codec| {
                let found = linked.get(&codec.value);
                if found.is_none() {
                    unknown(reader, "codec", codec, linked.names());
                }
                found.cloned()
            }));
        }
        Self {
            file,
            linked,
            declared,
        }
    }

    /// The protocol of that name: one of the file, else a codec that is linked in.
    pub(super) fn protocol(
        &self,
        reader: &mut Reader<'_>,
        name: &Spanned<String>,
    ) -> Option<Arc<dyn Protocol>> {
        if let Some(index) = self
            .file
            .protocols
            .iter()
            .position(|protocol| protocol.name.value == name.value)
        {
            return self.declared.get(index).cloned().flatten();
        }
        let found = self.linked.get(&name.value).cloned();
        if found.is_none() {
            let declared = self
                .file
                .protocols
                .iter()
                .map(|protocol| protocol.name.value.as_str());
            unknown(
                reader,
                "protocol",
                name,
                declared.chain(self.linked.names()),
            );
        }
        found
    }

    /// The listener of that name, by its index.
    pub(super) fn listener(
        &self,
        reader: &mut Reader<'_>,
        name: &Spanned<String>,
    ) -> Option<usize> {
        let names = self
            .file
            .listeners
            .iter()
            .map(|listener| listener.name.value.as_str());
        let found = names.clone().position(|listener| listener == name.value);
        if found.is_none() {
            unknown(reader, "listener", name, names);
        }
        found
    }

    /// The upstream of that name, by its index.
    pub(super) fn upstream(
        &self,
        reader: &mut Reader<'_>,
        name: &Spanned<String>,
    ) -> Option<usize> {
        let names = self
            .file
            .upstreams
            .iter()
            .map(|upstream| upstream.name.value.as_str());
        let found = names.clone().position(|upstream| upstream == name.value);
        if found.is_none() {
            unknown(reader, "upstream", name, names);
        }
        found
    }

    /// Warns of each part that no other names.
    pub(super) fn note_unused(&self, reader: &mut Reader<'_>) {
        let file = self.file;
        for Spanned { value, span } in file.protocols.iter().map(|protocol| &protocol.name) {
            let named = |listener: &crate::typed::Listener| {
                listener
                    .protocol
                    .as_ref()
                    .is_some_and(|p| p.value == *value)
            };
            if !file.listeners.iter().any(named) {
                unused(
                    reader,
                    format!("no listener speaks protocol `{value}`"),
                    span,
                );
            }
        }
        for Spanned { value, span } in file.listeners.iter().map(|listener| &listener.name) {
            if !file
                .routes
                .iter()
                .any(|route| route.from.iter().any(|from| from.value == *value))
            {
                unused(
                    reader,
                    format!("no route takes the messages of listener `{value}`: all are refused"),
                    span,
                );
            }
        }
        for Spanned { value, span } in file.upstreams.iter().map(|upstream| &upstream.name) {
            if !file
                .routes
                .iter()
                .any(|route| route.to.as_ref().is_some_and(|to| to.value == *value))
            {
                unused(
                    reader,
                    format!("no route sends to upstream `{value}`"),
                    span,
                );
            }
        }
    }
}

fn unused(reader: &mut Reader<'_>, message: String, span: &gatewright_core::expr::Span) {
    reader.problem(Problem::warning(codes::UNUSED, message), span.clone());
}

fn unknown<'n>(
    reader: &mut Reader<'_>,
    kind: &str,
    name: &Spanned<String>,
    all: impl IntoIterator<Item = &'n str> + Clone,
) {
    let message = format!("there is no {kind} `{}`", name.value.escape_debug());
    let help = suggest::instead(&name.value, all);
    reader.problem(
        Problem::new(codes::UNKNOWN_NAME, message).help_if(help),
        name.span.clone(),
    );
}
