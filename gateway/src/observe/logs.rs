//! Log lines. No field's value is ever in one, so no secret is.

use crate::dispatch::Route;
use gatewright_config::plan::{LogFormat, LogPlan};
use gatewright_core::codec::Protocol;
use gatewright_core::fault::Fault;
use gatewright_core::message::{Correlation, Message};
use gatewright_core::translate::{Facts, HttpAnswer};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Sends log lines to standard error, as the plan says. The first call in a process counts.
pub(crate) fn start(plan: &LogPlan) {
    // The configuration takes less than the library does, so this cannot fail.
    let filter = EnvFilter::try_new(&plan.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    // A subscriber that is there already belongs to the program that embeds us.
    let _ = match plan.format {
        LogFormat::Text => lines.with_ansi(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
}

/// One line a message, if asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageLog {
    enabled: bool,
}

impl MessageLog {
    pub(crate) const fn new(plan: &LogPlan) -> Self {
        Self {
            enabled: plan.messages,
        }
    }

    pub(crate) const fn is_enabled(self) -> bool {
        self.enabled
    }

    /// A message of this operation came from upstream; none where none is due.
    pub(crate) fn replied(self, exchange: &Logged<'_>, reply: Option<&str>, attempts: u32) {
        if self.enabled {
            let Logged { facts, route, .. } = exchange;
            tracing::info!(
                target: "gatewright::message",
                trace = %format_args!("{:032x}", facts.trace),
                listener = %facts.peer.listener,
                peer = %facts.peer.address,
                client = facts.named_client().map(tracing::field::display),
                conn = facts.peer.connection,
                subject = subject(facts),
                operation = exchange.operation(),
                id = %exchange.id(),
                route = route.map(|route| &*route.plan.name),
                upstream = route.map(|route| route.upstream.name()),
                reply,
                attempts,
                took_us = exchange.took.as_micros() as u64,
                "replied"
            );
        }
    }

    pub(crate) fn answered(self, exchange: &Logged<'_>, answer: &HttpAnswer, attempts: u32) {
        if self.enabled {
            let Logged { facts, route, .. } = exchange;
            tracing::info!(
                target: "gatewright::message",
                trace = %format_args!("{:032x}", facts.trace),
                listener = %facts.peer.listener,
                peer = %facts.peer.address,
                client = facts.named_client().map(tracing::field::display),
                conn = facts.peer.connection,
                subject = subject(facts),
                operation = exchange.operation(),
                id = %exchange.id(),
                route = route.map(|route| &*route.plan.name),
                upstream = route.map(|route| route.upstream.name()),
                status = answer.status.as_u16(),
                bytes = answer.body.held(),
                attempts,
                took_us = exchange.took.as_micros() as u64,
                "answered"
            );
        }
    }

    pub(crate) fn faulted(self, exchange: &Logged<'_>, fault: &Fault) {
        if self.enabled {
            let Logged { facts, route, .. } = exchange;
            tracing::info!(
                target: "gatewright::message",
                trace = %format_args!("{:032x}", facts.trace),
                listener = %facts.peer.listener,
                peer = %facts.peer.address,
                client = facts.named_client().map(tracing::field::display),
                conn = facts.peer.connection,
                subject = subject(facts),
                operation = exchange.operation(),
                id = %exchange.id(),
                route = route.map(|route| &*route.plan.name),
                upstream = route.map(|route| route.upstream.name()),
                fault = fault.class().as_str(),
                blame = ?fault.class().blame(),
                detail = fault.detail(),
                took_us = exchange.took.as_micros() as u64,
                "failed"
            );
        }
    }
}

/// What a line tells of an exchange.
#[derive(Debug)]
pub(crate) struct Logged<'a> {
    pub(crate) protocol: &'a Arc<dyn Protocol>,
    pub(crate) route: Option<&'a Route>,
    pub(crate) request: &'a Message,
    pub(crate) facts: &'a Facts,
    pub(crate) took: Duration,
}

impl Logged<'_> {
    fn operation(&self) -> &str {
        let descriptor = self.protocol.descriptor();
        &descriptor.operation(self.request.operation()).name
    }

    fn id(&self) -> Id<'_> {
        Id(self.request.correlation())
    }
}

/// The subject of the client's certificate. As text it is quoted, and what is special in it escaped.
fn subject(facts: &Facts) -> Option<&str> {
    facts.certificate()?.subject.as_deref()
}

struct Id<'a>(&'a Correlation);

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Correlation::None => f.write_str("-"),
            Correlation::Id(id) => write!(f, "{id}"),
            Correlation::Key(key) => key.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_as_they_are_checked() {
        for filter in ["INFO", "off", "warn,gatewright=debug,h2::client=off"] {
            let read = EnvFilter::try_new(filter).expect(filter).to_string();
            let mut directives: Vec<_> = read.split(',').collect();
            let lower = filter.to_lowercase();
            let mut expected: Vec<_> = lower.split(',').collect();
            directives.sort_unstable();
            expected.sort_unstable();
            assert_eq!(directives, expected);
        }
    }
}
