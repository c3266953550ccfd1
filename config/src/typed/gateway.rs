//! What concerns the process as a whole.

use crate::diagnostic::codes;
use crate::keys::gateway as keys;
use crate::plan::{DrainPlan, LogFormat, LogPlan};
use crate::read::{Problem, Reader, Section, Setting, Spanned, address, filter};
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) workers: Option<usize>,
    pub(crate) gather: Duration,
    pub(crate) in_flight: usize,
    pub(crate) drain: DrainPlan,
    pub(crate) log: LogPlan,
    pub(crate) admin: Option<Spanned<SocketAddr>>,
}

impl Gateway {
    pub(crate) fn read(reader: &mut Reader<'_>, root: &Section<'_>) -> Self {
        let gateway = root.section(reader, &keys::GATEWAY);
        Self {
            workers: gateway.count_if(reader, &keys::WORKERS),
            gather: gateway.duration(reader, &keys::GATHER).value,
            in_flight: gateway.size(reader, &keys::IN_FLIGHT).value,
            drain: drain(reader, &gateway),
            log: log(reader, root),
            admin: admin(reader, root),
        }
    }
}

fn drain(reader: &mut Reader<'_>, gateway: &Section<'_>) -> DrainPlan {
    let drain = gateway.section(reader, &keys::DRAIN);
    let deadline = drain.duration(reader, &keys::DRAIN_DEADLINE).value;
    let spread = drain.duration(reader, &keys::DRAIN_SPREAD);
    if let Some(span) = spread.span
        && spread.value > deadline
    {
        let problem = Problem::warning(codes::UNUSED, "`spread` is above `deadline`");
        let help = format!("all that is still open after {deadline:?} is closed at once");
        reader.problem(problem.help(help), span);
    }
    DrainPlan {
        deadline,
        spread: spread.value,
    }
}

fn log(reader: &mut Reader<'_>, root: &Section<'_>) -> LogPlan {
    let log = root.section(reader, &keys::LOG);
    let format = log.text(reader, &keys::LOG_FORMAT);
    let filter = log.text(reader, &keys::LOG_FILTER);
    if let Some(Setting {
        value,
        span: Some(span),
    }) = &filter
    {
        reader.accept(filter::check(value), span);
    }
    LogPlan {
        filter: filter.map(|filter| filter.value).unwrap_or_default(),
        format: match format.as_ref().map(|format| format.value.as_str()) {
            Some("json") => LogFormat::Json,
            _ => LogFormat::Text,
        },
        messages: log.flag(reader, &keys::LOG_MESSAGES).value,
    }
}

fn admin(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Spanned<SocketAddr>> {
    let http = root
        .section(reader, &keys::ADMIN)
        .expanded(reader, &keys::ADMIN_HTTP)?;
    let address = reader.accept(address::admin(&http.value), &http.span)?;
    Some(Spanned::new(address, http.span))
}
