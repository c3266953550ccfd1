//! The report: tables for people.

use crate::plan::WITNESS;
use crate::run::Judged;
use crate::verdict::{Tally, Violation};
use std::collections::BTreeMap;
use std::time::Duration;

/// Violations of one group that are shown.
const SHOWN: usize = 5;

/// What is known so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    modes: Table,
    phases: Table,
    total: Tally,
    kills: usize,
    departures: usize,
    memory: u64,
    faults: Vec<String>,
}

/// The rows of a table, by their place in it.
type Table = BTreeMap<usize, Row>;

#[derive(Debug)]
struct Row {
    name: String,
    tally: Tally,
}

/// Where a group belongs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) mode: &'static str,
    pub(crate) phase: &'static str,
    /// The mode's place in the table of modes.
    pub(crate) mode_row: usize,
    /// The group's place in the table of phases.
    pub(crate) phase_row: usize,
}

impl Report {
    /// Adds a group of a phase.
    pub(crate) fn add(&mut self, place: Place, judged: &Judged) {
        let tally = &judged.verdict.tally;
        let name = match judged.hostile {
            true => format!("{}: {}", place.phase, judged.group),
            false if judged.group == WITNESS => "witnesses of all".to_owned(),
            false => place.phase.to_owned(),
        };
        add_row(
            &mut self.modes,
            place.mode_row,
            place.mode.to_owned(),
            tally,
        );
        add_row(&mut self.phases, place.phase_row, name, tally);
        self.total.add(tally);
        self.kills += judged.kills;
        self.departures += judged.departures;
        show_violations(place, judged);
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
        for Row { name, tally } in self.modes.values() {
            row(name, tally);
        }
        println!();
        header("phase");
        for Row { name, tally } in self.phases.values() {
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

fn add_row(table: &mut Table, place: usize, name: String, tally: &Tally) {
    let row = table.entry(place).or_insert_with(|| Row {
        name,
        tally: Tally::default(),
    });
    row.tally.add(tally);
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

fn show_violations(place: Place, judged: &Judged) {
    let Place { mode, phase, .. } = place;
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
