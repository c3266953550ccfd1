//! The report: tables for people.

use crate::run::Judged;
use crate::verdict::{Tally, Violation};
use std::collections::BTreeMap;
use std::time::Duration;

/// Violations of one group that are shown.
const SHOWN: usize = 5;

/// What is known so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    modes: BTreeMap<usize, (&'static str, Tally)>,
    phases: BTreeMap<usize, (String, Tally)>,
    total: Tally,
    kills: usize,
    departures: usize,
    memory: u64,
    faults: Vec<String>,
}

impl Report {
    /// Adds a group of a phase; `mode` and `phase` tell their places in the tables.
    pub(crate) fn add(
        &mut self,
        mode: (usize, &'static str),
        phase: (usize, &str),
        judged: &Judged,
    ) {
        let tally = &judged.verdict.tally;
        let known = self.modes.entry(mode.0);
        known
            .or_insert_with(|| (mode.1, Tally::default()))
            .1
            .add(tally);
        let name = match judged.hostile {
            true => format!("{}: {}", phase.1, judged.group),
            false if judged.group == "witness" => "witnesses of all".to_owned(),
            false => phase.1.to_owned(),
        };
        let known = self.phases.entry(phase.0);
        known
            .or_insert_with(|| (name, Tally::default()))
            .1
            .add(tally);
        self.total.add(tally);
        self.kills += judged.kills;
        self.departures += judged.departures;
        show_violations(mode.1, phase.1, judged);
    }

    /// Notes how the gateway of a phase ended.
    pub(crate) fn note_gateway(
        &mut self,
        mode: &str,
        phase: &str,
        memory: u64,
        fault: Option<String>,
    ) {
        self.memory = self.memory.max(memory);
        if let Some(fault) = fault {
            println!("GATEWAY {mode} {phase}: {fault}");
            self.faults.push(format!("{mode} {phase}"));
        }
    }

    /// Whether anything was found.
    pub(crate) fn is_clean(&self) -> bool {
        self.total.violations == 0 && self.faults.is_empty()
    }

    pub(crate) fn print(&self, seed: u64, took: Duration) {
        println!();
        header("mode");
        for (name, tally) in self.modes.values() {
            row(name, tally);
        }
        println!();
        header("phase");
        for (name, tally) in self.phases.values() {
            row(name, tally);
        }
        println!();
        header("");
        row("all", &self.total);
        println!();
        println!(
            "seed {seed}, {:.0} s; {} kills of servers, {} departures of clients with {} requests in flight; the gateway's most memory {} MiB; {}",
            took.as_secs_f64(),
            self.kills,
            self.departures,
            self.total.cancelled,
            self.memory,
            if self.is_clean() {
                "no violations"
            } else {
                "VIOLATIONS"
            },
        );
    }
}

fn header(name: &str) {
    println!(
        "| {name:<20} | requests |       ok |  timeout | unreach. | bad rep. | overload | unspec'd |  unknown |  forged | violations |"
    );
    println!(
        "|{:-<22}|{}|",
        "",
        ["---------:"; 8].join("|") + "|--------:|-----------:"
    );
}

fn row(name: &str, tally: &Tally) {
    use crate::wire::Failure::{BadReply, Overload, Timeout, Unreachable, Unspecified};
    let failed = |failure| tally.failed.get(&failure).copied().unwrap_or(0);
    println!(
        "| {name:<20} | {:>8} | {:>8} | {:>8} | {:>8} | {:>8} | {:>8} | {:>8} | {:>8} | {:>7} | {:>10} |",
        tally.requests,
        tally.ok,
        failed(Timeout),
        failed(Unreachable),
        failed(BadReply),
        failed(Overload),
        failed(Unspecified),
        tally.unknown,
        tally.forged,
        tally.violations,
    );
}

fn show_violations(mode: &str, phase: &str, judged: &Judged) {
    let violations = &judged.verdict.violations;
    for Violation {
        client,
        nonce,
        wrong,
    } in violations.iter().take(SHOWN)
    {
        let who = client.map_or_else(String::new, |(client, seq)| {
            format!(" client {client} seq {seq}")
        });
        println!(
            "VIOLATION {mode} {phase} {}:{who} nonce {nonce:032x}: {wrong:?}",
            judged.group
        );
    }
    if violations.len() > SHOWN {
        println!(
            "… and {} more of {mode} {phase} {}",
            violations.len() - SHOWN,
            judged.group
        );
    }
}
