//! From what was typed to what is valid: names are looked up, rules compiled, parts that do not
//! fit together refused.

mod names;
mod routes;

use crate::diagnostic::{Diagnostic, codes};
use crate::plan::{ListenerPlan, Plan, UpstreamPlan};
use crate::protocols::Protocols;
use crate::read::Reader;
use crate::typed::{File, Listener, Upstream};
use gatewright_core::codec::Protocol;
use names::Names;
use routes::Routes;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// The plan of a file. `None` if something is missing without which there is none; that and all
/// other errors are noted.
pub(crate) fn plan(reader: &mut Reader<'_>, file: &File, protocols: &Protocols) -> Option<Plan> {
    let names = Names::new(reader, file, protocols);
    let spoken: Vec<_> = file
        .listeners
        .iter()
        .map(|listener| spoken(reader, &names, listener))
        .collect();
    let routes = Routes::new(reader, &names, &spoken);
    names.note_unused(reader);
    note_same_address(reader, &file.listeners);
    if file.listeners.is_empty() {
        reader.note(
            Diagnostic::error(codes::MISSING_KEY, "there is no listener")
                .at(&Arc::clone(&reader.source), 0..0)
                .help("`[listeners.NAME]` with `bind` and `protocol`"),
        );
    }
    let mut listeners = Vec::with_capacity(file.listeners.len());
    for (index, (listener, protocol)) in file.listeners.iter().zip(&spoken).enumerate() {
        if let Some(protocol) = protocol {
            listeners.extend(listener_plan(&routes, index, listener, protocol));
        }
    }
    (listeners.len() == file.listeners.len()).then(|| Plan {
        workers: workers(file.gateway.workers),
        drain: file.gateway.drain,
        log: file.gateway.log.clone(),
        admin: file.gateway.admin.as_ref().map(|admin| admin.value),
        listeners,
        upstreams: file.upstreams.iter().map(upstream_plan).collect(),
    })
}

fn workers(typed: Option<usize>) -> NonZeroUsize {
    typed
        .and_then(NonZeroUsize::new)
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

/// The protocol of a listener. A frame limit above the protocol's own is noted.
fn spoken(
    reader: &mut Reader<'_>,
    names: &Names<'_>,
    listener: &Listener,
) -> Option<Arc<dyn Protocol>> {
    let protocol = names.protocol(reader, listener.protocol.as_ref()?)?;
    let longest = protocol.descriptor().capabilities.max_frame;
    if let Some(span) = listener.frame.span.clone()
        && listener.frame.value > longest
    {
        let name = &protocol.descriptor().name;
        let message = format!("`frame` is above what `{name}` allows");
        let help = format!("no frame of this protocol is longer than {longest} bytes");
        let source = Arc::clone(&reader.source);
        reader.note(
            Diagnostic::error(codes::OUT_OF_RANGE, message)
                .at(&source, span)
                .help(help),
        );
    }
    Some(protocol)
}

fn listener_plan(
    routes: &Routes<'_>,
    index: usize,
    listener: &Listener,
    protocol: &Arc<dyn Protocol>,
) -> Option<ListenerPlan> {
    let (table, plans) = routes.of_listener(index, protocol)?;
    let mut limits = listener.limits;
    limits.frame = limits
        .frame
        .min(protocol.descriptor().capabilities.max_frame);
    Some(ListenerPlan {
        name: listener.name.value.as_str().into(),
        bind: listener.bind.as_ref()?.value,
        protocol: Arc::clone(protocol),
        limits,
        table,
        routes: plans,
    })
}

fn upstream_plan(upstream: &Upstream) -> UpstreamPlan {
    UpstreamPlan {
        name: upstream.name.value.as_str().into(),
        endpoints: upstream.endpoints.clone(),
        ranks: upstream.ranks.clone(),
        policy: upstream.policy,
        check: upstream.check.clone(),
        retry: upstream.retry.clone(),
        limits: upstream.limits,
        tls: upstream.tls.clone(),
    }
}

fn note_same_address(reader: &mut Reader<'_>, listeners: &[Listener]) {
    let bound: Vec<_> = listeners
        .iter()
        .filter_map(|listener| Some((listener, listener.bind.as_ref()?)))
        .collect();
    for (index, (_, bind)) in bound.iter().enumerate() {
        let mut before = bound.iter().take(index);
        if let Some((other, _)) =
            before.find(|(_, first)| first.value == bind.value && bind.value.port() != 0)
        {
            let message = format!(
                "listener `{}` has the address {} already",
                other.name.value, bind.value
            );
            let source = Arc::clone(&reader.source);
            reader
                .note(Diagnostic::error(codes::DUPLICATE, message).at(&source, bind.span.clone()));
        }
    }
}
