//! The simulated world over many seeds.
//!
//! `GATEWRIGHT_SIM` says how many seeds, `GATEWRIGHT_SIM_FIRST` the first of them, `GATEWRIGHT_SIM_STEPS` how many steps of each,
//! `GATEWRIGHT_SIM_SEED` runs one seed alone and prints the hash of its trace.

use gatewright_simulation::{Report, run};
use std::env;
use std::thread;

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is a number, not `{text}`")),
    )
}

fn steps(default: u32) -> u32 {
    number("GATEWRIGHT_SIM_STEPS").map_or(default, |steps| steps as u32)
}

#[test]
fn every_promise_holds_in_every_world() {
    if let Some(seed) = number("GATEWRIGHT_SIM_SEED") {
        let report = run(seed, steps(2_000));
        println!("seed {seed}: {report:x?}");
        return;
    }
    let asked = number("GATEWRIGHT_SIM");
    let (seeds, steps) = (asked.unwrap_or(24), steps(asked.map_or(2_000, |_| 20_000)));
    let first = number("GATEWRIGHT_SIM_FIRST").unwrap_or(0);
    let workers = thread::available_parallelism().map_or(1, usize::from) as u64;
    let each = |worker: u64| {
        (worker..seeds)
            .step_by(workers as usize)
            .map(move |seed| run(first + seed, steps))
    };
    let reports: Vec<Report> = thread::scope(|scope| {
        let running: Vec<_> = (0..workers)
            .map(|worker| scope.spawn(move || each(worker).collect::<Vec<_>>()))
            .collect();
        let joined = running.into_iter().map(|running| running.join());
        joined
            .flat_map(|reports| reports.expect("no promise is broken"))
            .collect()
    });
    let sum = |of: fn(&Report) -> u64| reports.iter().map(of).sum::<u64>();
    let (answered, refused) = (sum(|r| r.answered), sum(|r| r.refused));
    let (retired, gone) = (sum(|r| r.retired), sum(|r| r.gone));
    let late = sum(|r| r.late);
    println!(
        "{seeds} seeds of {steps} steps: {answered} requests answered, {refused} refused, \
         {late} tries late, {retired} connections retired, {gone} endpoints went"
    );
    // A world in which nothing happens would prove nothing.
    assert!(
        answered > seeds * u64::from(steps) / 20,
        "{answered} answers"
    );
    assert!(refused > 0, "nothing was ever refused");
    assert!(late > 0, "no try was ever late");
    assert!(retired > 0, "no connection ever retired");
    assert!(gone > 0, "no endpoint ever went");
}

#[test]
fn the_same_seed_is_the_same_world() {
    for seed in 0..12 {
        assert_eq!(run(seed, 1_000), run(seed, 1_000), "seed {seed}");
    }
    assert_ne!(run(1, 1_000).hash, run(2, 1_000).hash);
}
