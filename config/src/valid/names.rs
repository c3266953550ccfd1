//! What the names in a file stand for, and whether anybody says them.

use super::declared::declared;
use crate::diagnostic::{Diagnostic, codes};
use crate::plan::Service;
use crate::protocols::Protocols;
use crate::read::{Problem, Reader, Spanned};
use crate::suggest;
use crate::typed::File;
use gatewright_core::codec::Protocol;
use gatewright_core::relay::Raw;
use std::sync::Arc;

/// All names of a file.
pub(super) struct Names<'f> {
    pub(super) file: &'f File,
    linked: &'f Protocols,
    /// By the file's protocols; `None` for one that cannot be used, which is noted.
    pub(super) declared: Vec<Option<Arc<dyn Protocol>>>,
    raw: Spoken,
}

/// What the clients of a listener speak.
#[derive(Clone, Debug)]
pub(super) struct Spoken {
    pub(super) protocol: Arc<dyn Protocol>,
    pub(super) service: Service,
}

impl Spoken {
    fn messages(protocol: &Arc<dyn Protocol>) -> Self {
        Self {
            protocol: Arc::clone(protocol),
            service: Service::Messages,
        }
    }
}

impl<'f> Names<'f> {
    pub(super) fn new(reader: &mut Reader<'_>, file: &'f File, linked: &'f Protocols) -> Self {
        if linked.get(Raw::NAME).is_some() {
            let source = Arc::clone(&reader.source);
            reader.note(taken("a codec that is linked in").at(&source, 0..0));
        }
        let protocols = file.protocols.iter();
        for protocol in protocols.filter(|protocol| protocol.name.value == Raw::NAME) {
            let source = Arc::clone(&reader.source);
            reader.note(taken("this protocol").at(&source, protocol.name.span.clone()));
        }
        Self {
            file,
            linked,
            declared: declared(reader, file, linked),
            raw: Spoken {
                protocol: Arc::new(Raw::new()),
                service: Service::Relay,
            },
        }
    }

    /// The protocol of that name: `raw`, one of the file, or a codec that is linked in.
    pub(super) fn protocol(
        &self,
        reader: &mut Reader<'_>,
        name: &Spanned<String>,
    ) -> Option<Spoken> {
        if name.value == Raw::NAME {
            return Some(self.raw.clone());
        }
        if let Some(index) = self
            .file
            .protocols
            .iter()
            .position(|protocol| protocol.name.value == name.value)
        {
            let declared = self.declared.get(index)?.as_ref();
            return declared.map(Spoken::messages);
        }
        let found = self.linked.get(&name.value).map(Spoken::messages);
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
                declared.chain(self.linked.names()).chain([Raw::NAME]),
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
        index(reader, "listener", name, names)
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
        index(reader, "upstream", name, names)
    }

    /// Warns of each part that no other names. A name that is wrong may have been meant for it,
    /// so there is no warning beside such an error.
    pub(super) fn note_unused(&self, reader: &mut Reader<'_>) {
        let Self { file, .. } = self;
        let spoken: Option<Vec<_>> = file
            .listeners
            .iter()
            .map(|listener| text(&listener.protocol))
            .collect();
        let by_upstreams = file.upstreams.iter();
        let by_upstreams = by_upstreams.filter_map(|upstream| text(&upstream.protocol));
        let spoken = spoken.map(|spoken| spoken.into_iter().chain(by_upstreams).collect());
        let from = file
            .routes
            .iter()
            .map(|route| route.from.iter().map(|from| from.value.as_str()).collect());
        let from: Vec<Vec<_>> = from.collect();
        let from = (!from.iter().any(Vec::is_empty)).then(|| from.concat());
        let to: Option<Vec<_>> = file.routes.iter().map(|route| text(&route.to)).collect();
        let protocols: Vec<_> = file
            .protocols
            .iter()
            .map(|protocol| &protocol.name)
            .collect();
        let listeners: Vec<_> = file
            .listeners
            .iter()
            .map(|listener| &listener.name)
            .collect();
        let upstreams: Vec<_> = file
            .upstreams
            .iter()
            .map(|upstream| &upstream.name)
            .collect();
        let linked: Vec<_> = self.linked.names().chain([Raw::NAME]).collect();
        unused(
            reader,
            "nobody speaks protocol",
            &protocols,
            spoken,
            &linked,
        );
        unused(
            reader,
            "no route takes the messages of listener",
            &listeners,
            from,
            &[],
        );
        unused(reader, "no route sends to upstream", &upstreams, to, &[]);
    }
}

fn taken(whose: &str) -> Diagnostic {
    let message = format!("`{}` cannot be the name of {whose}", Raw::NAME);
    Diagnostic::error(codes::BAD_NAME, message)
        .help("`raw` stands for bytes that are relayed as they are: choose another name")
}

fn text(name: &Option<Spanned<String>>) -> Option<&str> {
    name.as_ref().map(|name| name.value.as_str())
}

/// Warns of the names that are not said. `said` is `None` if one could not be read; `others`
/// may be said as well.
fn unused(
    reader: &mut Reader<'_>,
    message: &str,
    names: &[&Spanned<String>],
    said: Option<Vec<&str>>,
    others: &[&str],
) {
    let Some(said) = said else { return };
    let exists =
        |name: &&str| others.contains(name) || names.iter().any(|known| known.value == **name);
    if !said.iter().all(exists) {
        return;
    }
    for name in names
        .iter()
        .filter(|name| !said.contains(&name.value.as_str()))
    {
        let problem = Problem::warning(codes::UNUSED, format!("{message} `{}`", name.value));
        reader.problem(problem, name.span.clone());
    }
}

/// The place of a name among those that there are.
fn index<'n>(
    reader: &mut Reader<'_>,
    kind: &str,
    name: &Spanned<String>,
    mut names: impl Iterator<Item = &'n str> + Clone,
) -> Option<usize> {
    let all = names.clone();
    let found = names.position(|known| known == name.value);
    if found.is_none() {
        unknown(reader, kind, name, all);
    }
    found
}

pub(super) fn unknown<'n>(
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
