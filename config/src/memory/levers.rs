//! Which limits make the worst case what it is: found by halving each.

use super::{Memory, MemoryLine, sum};
use crate::keys::Key;
use crate::keys::{gateway, listener, upstream};
use crate::plan::{ListenerLimits, Plan, UpstreamLimits};
use std::fmt;

/// So many parts, and limits of each, are told.
const MOST: usize = 3;
/// What makes up less of it, in hundredths, is not told.
const LEAST: u64 = 5;

/// One of the largest parts, and what lowers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Largest {
    /// The part, as an index into the lines.
    pub line: usize,
    /// The limits that lower it, the one that does most first.
    pub levers: Vec<Lever>,
}

/// A limit that lowers a part of the worst case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lever {
    /// The key, such as `listeners.pos.limits.frame`.
    pub key: String,
    /// Bytes that the part has less if the limit is half of what it is.
    pub saved: u64,
}

impl Largest {
    /// One line, with its end before it.
    pub(super) fn tell(&self, memory: &Memory, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(line) = memory.lines.get(self.line) else {
            return Ok(());
        };
        let what = line.what.split(',').next().unwrap_or_default();
        let share = hundredths(line.bytes, memory.total());
        write!(f, "\n{share:>8} %  of that are {what} of {}", line.of)?;
        for (place, lever) in self.levers.iter().enumerate() {
            let before = if place == 0 { ":" } else { "," };
            let saved = hundredths(lever.saved, line.bytes);
            write!(f, "{before} {saved} % less with half of {}", lever.key)?;
        }
        Ok(())
    }
}

fn hundredths(part: u64, whole: u64) -> u64 {
    let whole = u128::from(whole.max(1));
    let share = (u128::from(part) * 100 + whole / 2) / whole;
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// The largest parts of a plan's worst case.
pub(super) fn largest(plan: &Plan, lines: &[MemoryLine]) -> Vec<Largest> {
    let total = sum(lines);
    let mut order: Vec<usize> = (0..lines.len()).collect();
    let bytes = |line: &usize| lines.get(*line).map_or(0, |line| line.bytes);
    order.sort_by_key(|line| std::cmp::Reverse(bytes(line)));
    order.retain(|line| hundredths(bytes(line), total) >= LEAST);
    order.truncate(MOST);
    let halved: Vec<_> = halves(plan);
    let largest = |line: usize| {
        let saved = |(key, less): &(String, Vec<MemoryLine>)| {
            let left = less.get(line)?.bytes;
            // Where another part has what this one leaves, nothing is.
            let saved = bytes(&line).saturating_sub(left);
            let saved = saved.min(total.saturating_sub(sum(less)));
            let key = key.clone();
            (hundredths(saved, bytes(&line)) >= LEAST).then_some(Lever { key, saved })
        };
        let mut levers: Vec<Lever> = halved.iter().filter_map(saved).collect();
        levers.sort_by_key(|lever| std::cmp::Reverse(lever.saved));
        levers.truncate(MOST);
        Largest { line, levers }
    };
    order.into_iter().map(largest).collect()
}

/// The limits of a listener that bound memory.
const OF_LISTENERS: [Limit<ListenerLimits>; 5] = [
    Limit(&listener::CONNECTIONS, |limits| &mut limits.connections),
    Limit(&listener::IN_FLIGHT, |limits| &mut limits.in_flight),
    Limit(&listener::BODY, |limits| &mut limits.body),
    Limit(&listener::FRAME, |limits| &mut limits.frame),
    Limit(&listener::SEND_BUFFER, |limits| &mut limits.send_buffer),
];

/// Those of an upstream.
const OF_UPSTREAMS: [Limit<UpstreamLimits>; 7] = [
    Limit(&upstream::CONNECTIONS, |limits| &mut limits.connections),
    Limit(&upstream::DEDICATED, |limits| &mut limits.dedicated),
    Limit(&upstream::STREAMS, |limits| &mut limits.streams),
    Limit(&upstream::QUEUE, |limits| &mut limits.queue),
    Limit(&upstream::BODY, |limits| &mut limits.body),
    Limit(&upstream::WINDOW, |limits| &mut limits.window),
    Limit(&upstream::FRAME, |limits| &mut limits.frame),
];

/// A limit by its key.
struct Limit<L>(&'static Key, fn(&mut L) -> &mut usize);

/// What the worst case is with half of each limit.
fn halves(plan: &Plan) -> Vec<(String, Vec<MemoryLine>)> {
    let mut plan = plan.clone();
    let mut halves = Vec::new();
    let before = plan.in_flight;
    halve(&mut plan.in_flight);
    halves.push((gateway::IN_FLIGHT.path.to_owned(), plan.memory_lines()));
    plan.in_flight = before;
    for at in 0..plan.listeners.len() {
        for Limit(key, limit) in OF_LISTENERS {
            let name = key.path.replace('*', &plan.listeners[at].name);
            let before = plan.listeners[at].limits;
            halve(limit(&mut plan.listeners[at].limits));
            halves.push((name, plan.memory_lines()));
            plan.listeners[at].limits = before;
        }
    }
    for at in 0..plan.upstreams.len() {
        for Limit(key, limit) in OF_UPSTREAMS {
            let name = key.path.replace('*', &plan.upstreams[at].name);
            let before = plan.upstreams[at].limits;
            halve(limit(&mut plan.upstreams[at].limits));
            halves.push((name, plan.memory_lines()));
            plan.upstreams[at].limits = before;
        }
    }
    halves
}

/// Every limit is 1 at least.
fn halve(limit: &mut usize) {
    *limit = limit.div_ceil(2);
}
