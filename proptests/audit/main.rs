//! The audit: tags each request, sends it through a real gateway process with every fault that
//! there is a name for, and sorts every outcome into ok, failed or unknown.
//!
//! ```sh
//! cargo run --release -p gatewright-audit -- --requests 500000 --seed 1
//! ```

mod authority;
mod chaos;
mod client;
mod config;
mod gateway;
mod hostile;
mod outcome;
mod plan;
mod report;
mod request;
mod rng;
mod run;
#[cfg(test)]
mod self_test;
mod server;
mod verdict;
mod wire;

use authority::Authority;
use clap::Parser;
use hostile::HOSTILE;
use plan::{MODES, Mode, Phase, WITNESS};
use report::{Part, Report};
use run::{Judged, Run};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Sends requests through a gateway with seeded faults on all sides, and accounts for each.
#[derive(Debug, Parser)]
struct Args {
    /// Requests in all, over all modes and phases.
    #[arg(long, default_value_t = 500_000)]
    requests: usize,
    /// What all faults follow from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// `all`, or names of modes with commas between.
    #[arg(long, default_value = "all", value_delimiter = ',')]
    modes: Vec<String>,
    /// `all`, or some of plain, cancel, kill, chaos, hostile.
    #[arg(long, default_value = "all", value_delimiter = ',')]
    phases: Vec<String>,
    /// Milliseconds from one kill of a server to the next, in the phase of kills.
    #[arg(long, default_value_t = 500)]
    kill_every: u64,
    /// The gateway's program; else the one beside this program.
    #[arg(long)]
    gateway: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let played = runtime
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(play(args)));
    match played {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("audit: {error}");
            ExitCode::from(2)
        }
    }
}

/// Plays all that is asked for. Whether nothing was found.
async fn play(args: Args) -> Result<bool, Box<dyn Error>> {
    let modes = chosen_modes(&args.modes)?;
    let phases = chosen_phases(&args.phases)?;
    let gateway = gateway::find(args.gateway)?;
    let authority = Authority::new()?;
    let kills = Duration::from_millis(args.kill_every);
    let each = args.requests.div_ceil(modes.len());
    let began = Instant::now();
    let mut report = Report::default();
    for (place, mode) in modes {
        for phase in &phases {
            let run = Run {
                gateway: &gateway,
                authority: &authority,
                mode,
                phase: *phase,
                seed: args.seed,
            };
            let groups = plan::groups(*phase, mode, each, kills);
            let started = Instant::now();
            let (judged, ended) = run.play(groups).await?;
            let requests: usize = judged.iter().map(|j| j.verdict.tally.requests).sum();
            println!(
                "{} {}: {requests} in {:.1} s",
                mode.name,
                phase.name(),
                started.elapsed().as_secs_f64()
            );
            for one in &judged {
                let part = Part {
                    mode: mode.name,
                    phase: phase.name(),
                    mode_row: place,
                    phase_row: phase_row(*phase, one),
                };
                report.add(part, one);
            }
            report.note_gateway(mode.name, phase.name(), ended.memory, ended.fault);
        }
    }
    report.print(args.seed, began.elapsed());
    Ok(report.is_clean())
}

/// The place of a group in the table of phases.
fn phase_row(phase: Phase, judged: &Judged) -> usize {
    let deed = HOSTILE
        .iter()
        .position(|row| judged.hostile && row.name == judged.group);
    match deed {
        Some(deed) => 100 + deed,
        None if judged.group == WITNESS => 200,
        None => phase as usize,
    }
}

fn chosen_modes(names: &[String]) -> Result<Vec<(usize, &'static Mode)>, String> {
    let all = names.iter().any(|name| name == "all");
    let unknown = names
        .iter()
        .find(|name| *name != "all" && MODES.iter().all(|mode| mode.name != **name));
    if let Some(unknown) = unknown {
        let known: Vec<_> = MODES.iter().map(|mode| mode.name).collect();
        return Err(format!(
            "there is no mode {unknown}; there are {}",
            known.join(", ")
        ));
    }
    let chosen = |mode: &&Mode| all || names.iter().any(|name| name == mode.name);
    Ok((0..).zip(MODES.iter().filter(chosen)).collect())
}

fn chosen_phases(names: &[String]) -> Result<Vec<Phase>, String> {
    let all = names.iter().any(|name| name == "all");
    let unknown = names
        .iter()
        .find(|name| *name != "all" && Phase::ALL.iter().all(|phase| phase.name() != **name));
    if let Some(unknown) = unknown {
        return Err(format!("there is no phase {unknown}"));
    }
    let chosen = |phase: &Phase| all || names.iter().any(|name| name == phase.name());
    Ok(Phase::ALL.into_iter().filter(chosen).collect())
}
