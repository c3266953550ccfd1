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
mod flood;
mod gateway;
mod hostile;
mod outcome;
mod plan;
mod relief;
mod report;
mod request;
mod rng;
mod run;
#[cfg(test)]
mod self_test;
mod server;
mod slow;
mod verdict;
mod wire;

use authority::Authority;
use clap::Parser;
use gateway::Ended;
use hostile::HOSTILE;
use plan::{MODES, Mode, Phase, WITNESS};
use report::{Place, Report};
use run::{Judged, Run};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::{JoinError, JoinSet};

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
    /// `all`, or some of plain, cancel, kill, drain, chaos, hostile.
    #[arg(long, default_value = "all", value_delimiter = ',')]
    phases: Vec<String>,
    /// Milliseconds from one kill of a server to the next, in the phase of kills; in that of drains,
    /// from one gateway to the next.
    #[arg(long, default_value_t = 500)]
    kill_every: u64,
    /// Phases that are played at the same time: much of each is waiting.
    #[arg(long, default_value_t = 3)]
    at_once: usize,
    /// Instead of all that: so many clients that read answers of 1 MiB slowly.
    #[arg(long)]
    slow_readers: Option<usize>,
    /// Instead of all that: floods of HTTP/2, each for so many seconds.
    #[arg(long)]
    floods: Option<u64>,
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
    let gateway = Arc::new(gateway::find(args.gateway)?);
    if let Some(readers) = args.slow_readers {
        return slow::play(&gateway, readers).await;
    }
    if let Some(seconds) = args.floods {
        return flood::play(&gateway, Duration::from_secs(seconds)).await;
    }
    let authority = Arc::new(Authority::new()?);
    let kills = Duration::from_millis(args.kill_every);
    let each = args.requests.div_ceil(modes.len());
    let began = Instant::now();
    let runs = phases.iter().flat_map(|phase| {
        modes.iter().map(|(place, mode)| Part {
            mode_row: *place,
            run: Run {
                gateway: Arc::clone(&gateway),
                authority: Arc::clone(&authority),
                mode,
                phase: *phase,
                seed: args.seed,
                kills,
            },
        })
    });
    let mut report = Report::default();
    let mut playing = JoinSet::new();
    for part in runs {
        if playing.len() >= args.at_once.max(1) {
            note(&mut report, playing.join_next().await)?;
        }
        playing.spawn(part.play(each));
    }
    while !playing.is_empty() {
        note(&mut report, playing.join_next().await)?;
    }
    report.print(args.seed, began.elapsed());
    Ok(report.is_clean())
}

/// A phase of a mode, and the mode's place in the table of modes.
struct Part {
    mode_row: usize,
    run: Run,
}

struct Played {
    mode: &'static str,
    mode_row: usize,
    phase: Phase,
    judged: Vec<Judged>,
    ended: Ended,
    took: Duration,
}

impl Part {
    async fn play(self, requests: usize) -> Result<Played, Box<dyn Error + Send + Sync>> {
        let Run { mode, phase, .. } = self.run;
        let started = Instant::now();
        let groups = plan::groups(phase, mode, requests, self.run.kills);
        let played = self.run.play(groups).await;
        let (judged, ended) = played.map_err(|e| format!("{} {}: {e}", mode.name, phase.name()))?;
        Ok(Played {
            mode: mode.name,
            mode_row: self.mode_row,
            phase,
            judged,
            ended,
            took: started.elapsed(),
        })
    }
}

type Joined<T> = Option<Result<Result<T, Box<dyn Error + Send + Sync>>, JoinError>>;

fn note(report: &mut Report, joined: Joined<Played>) -> Result<(), Box<dyn Error>> {
    let Some(joined) = joined else { return Ok(()) };
    let played = joined?.map_err(|error| error.to_string())?;
    let (mode, phase) = (played.mode, played.phase);
    let requests = (played.judged.iter()).map(|one| one.verdict.tally.requests);
    println!(
        "{mode} {}: {} in {:.1} s",
        phase.name(),
        requests.sum::<usize>(),
        played.took.as_secs_f64()
    );
    for one in &played.judged {
        let place = Place {
            mode,
            phase: phase.name(),
            mode_row: played.mode_row,
            phase_row: phase_row(phase, one),
        };
        report.add(place, one);
    }
    let Ended { memory, fault } = played.ended;
    report.note_gateway(mode, phase.name(), memory, fault);
    Ok(())
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
