//! Upstreams as typed.

use super::endpoints::{read_check, read_endpoints, read_key, read_policy};
use super::retry::read_retry;
use crate::diagnostic::codes;
use crate::keys::upstream as keys;
use crate::plan::{CheckPlan, Endpoint, UpstreamLimits, UpstreamTls};
use crate::read::{Problem, Reader, Section, Spanned, server_name};
use gatewright_core::expr::{Source, Span};
use gatewright_core::pool::{PoolPolicy, Rank};
use gatewright_core::retry::RetryPolicy;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: Spanned<String>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) ranks: Vec<Rank>,
    pub(crate) policy: PoolPolicy,
    pub(crate) key: Option<Source>,
    pub(crate) check: Option<CheckPlan>,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeout: Duration,
    pub(crate) limits: UpstreamLimits,
    pub(crate) tls: UpstreamTls,
}

impl Upstream {
    pub(crate) fn read(
        reader: &mut Reader<'_>,
        name: Spanned<String>,
        section: &Section<'_>,
    ) -> Self {
        let (endpoints, ranks) = read_endpoints(reader, section);
        let policy = read_policy(reader, section);
        let limits = section.section(reader, &keys::LIMITS);
        let upstream = Self {
            name,
            endpoints,
            ranks,
            policy,
            key: read_key(reader, section, policy.balance),
            check: read_check(reader, section),
            retry: read_retry(reader, section),
            timeout: section.duration(reader, &keys::TIMEOUT).value,
            limits: read_limits(reader, &limits),
            tls: read_tls(reader, section),
        };
        upstream.note_idle_tls(reader, section);
        upstream
    }

    /// TLS settings without a TLS endpoint do nothing.
    fn note_idle_tls(&self, reader: &mut Reader<'_>, section: &Section<'_>) {
        let Some(node) = section.node(&keys::TLS) else {
            return;
        };
        let any_tls = self.endpoints.iter().any(Endpoint::is_tls);
        if !any_tls && !self.endpoints.is_empty() {
            let problem = Problem::warning(
                codes::UNUSED,
                format!("`tls` of upstream `{}` is not used", self.name.value),
            );
            reader.problem(
                problem.help("none of its URLs is `https://`"),
                node.span.clone(),
            );
        }
    }
}

fn read_limits(reader: &mut Reader<'_>, limits: &Section<'_>) -> UpstreamLimits {
    UpstreamLimits {
        connections: limits.count(reader, &keys::CONNECTIONS).value,
        streams: limits.count(reader, &keys::STREAMS).value,
        queue: limits.count(reader, &keys::QUEUE).value,
        queue_wait: limits.duration(reader, &keys::QUEUE_WAIT).value,
        body: limits.size(reader, &keys::BODY).value,
        connect: limits.duration(reader, &keys::CONNECT).value,
        idle: limits.duration(reader, &keys::IDLE).value,
    }
}

fn read_tls(reader: &mut Reader<'_>, section: &Section<'_>) -> UpstreamTls {
    let tls = section.section(reader, &keys::TLS);
    let ca = tls
        .expanded(reader, &keys::TLS_CA)
        .map(|path| existing(reader, &path.value, path.span));
    let server_name = tls
        .expanded(reader, &keys::TLS_SERVER_NAME)
        .and_then(|name| {
            reader.accept(server_name(&name.value), &name.span)?;
            Some(name.value.into())
        });
    UpstreamTls { ca, server_name }
}

/// The path, from the configuration's folder; noted if there is no such file.
fn existing(reader: &mut Reader<'_>, path: &str, span: Span) -> PathBuf {
    let path = reader.folder.join(path);
    let refused = match std::fs::metadata(&path) {
        Ok(found) if found.is_file() => return path,
        Ok(_) => "it is not a file".to_owned(),
        Err(error) => error.to_string(),
    };
    let problem = Problem::new(
        codes::MISSING_FILE,
        format!("cannot read `{}`", path.display()),
    );
    reader.problem(
        problem
            .label(refused)
            .help("paths are relative to the folder of the configuration"),
        span,
    );
    path
}
