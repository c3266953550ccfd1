//! Floods of HTTP/2, each by one client at line rate against a gateway of its own: it has to end them or to take
//! them, in bounded memory, with few requests upstream, and beside clients that notice nothing.

mod attacker;
mod frames;
mod kinds;

use crate::gateway::{Ended, Gateway};
use crate::slow::{Latencies, Server, ask_for};
use attacker::Seen;
use kinds::{FLOODS, Fate, Flood};
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Those who ask for one thing after the other, meanwhile.
const GOOD: usize = 4;
/// How long they do so first, until the gateway has what memory it needs for them.
const WARM: Duration = Duration::from_secs(1);
/// How much more memory a flood may cost, in KiB.
const GROWTH: u64 = 16 << 10;
/// How long a connection may live on which there is a flood that is to be ended.
const LIFE: Duration = Duration::from_secs(1);
/// `in-flight` of the listener.
const IN_FLIGHT: u64 = 10;
/// Requests that may reach the server without an answer: those in flight, those that may be given up beyond
/// them, and as many on their way.
const UNANSWERED: u64 = 4 * IN_FLIGHT;

const LISTENER: &str = "[gateway]\nworkers = 2\n[log]\nfilter = \"error\"\n\
    [listeners.web]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\n\
    limits = { connections = 64, in-flight = 10, frame = \"8KiB\", body = \"64KiB\", send-buffer = \"64KiB\", send-time = \"1s\", frame-time = \"1s\" }\n";

/// Plays each for so long. Whether nothing was found.
pub(crate) async fn play(program: &Path, time: Duration) -> Result<bool, Box<dyn Error>> {
    println!(
        "| flood | sent, MiB | connections | ended | longest, ms | GOAWAY | upstream | memory, KiB | good clients |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---|"
    );
    let mut clean = true;
    for flood in &FLOODS {
        let found = one(program, flood, time).await?;
        clean &= found.is_empty();
        for what in found {
            println!("VIOLATION {}: {what}", flood.name);
        }
    }
    Ok(clean)
}

/// Plays one, and says what is wrong.
async fn one(program: &Path, flood: &Flood, time: Duration) -> Result<Vec<String>, Box<dyn Error>> {
    let server = Server::start(&Arc::default()).await?;
    let config = format!(
        "{LISTENER}[upstreams.files]\nurl = \"{}\"\ntimeout = \"20s\"\n[[routes]]\nfrom = \"web\"\nto = \"files\"",
        server.url()
    );
    let gateway = Gateway::start(program, "flood", &config, &[]).await?;
    let front = gateway.address("web")?;
    good(front, WARM).await?;
    let before = gateway.most_memory();
    let until = Instant::now() + time;
    let (seen, beside) = tokio::join!(flood.run(front, until), good(front, time));
    let grown = gateway.most_memory().saturating_sub(before);
    let upstream = server.counted();
    let Ended { fault, .. } = gateway.stop().await?;
    let told = match &beside {
        Ok(latencies) => latencies.to_string(),
        Err(error) => error.clone(),
    };
    println!(
        "| {} | {} | {} | {} | {} | {} | {upstream} | {grown} | {told} |",
        flood.name,
        seen.sent >> 20,
        seen.connections,
        seen.ended,
        seen.longest.as_millis(),
        seen.goaway
            .map_or_else(String::new, |code| code.to_string()),
    );
    let mut found: Vec<_> = fault.into_iter().chain(beside.err()).collect();
    if grown > GROWTH {
        found.push(format!("{grown} KiB more memory"));
    }
    found.extend(judge(flood, &seen, upstream, time));
    Ok(found)
}

/// What is wrong with how it went.
fn judge(flood: &Flood, seen: &Seen, upstream: u64, time: Duration) -> Vec<String> {
    let mut found = Vec::new();
    // What nobody takes is given up after `send-time`, which makes room for as much.
    let rounds = time.as_secs() + 2;
    let lives = seen.connections as u64;
    let most = seen.answered + UNANSWERED * lives + IN_FLIGHT * rounds;
    if upstream > most {
        found.push(format!("{upstream} requests upstream, {most} at most"));
    }
    if flood.fate == Fate::Ended {
        // The last one may have had no time.
        if seen.ended == 0 || seen.ended + 1 < seen.connections {
            found.push("it was not ended".to_owned());
        }
        if seen.longest > LIFE {
            found.push(format!("it was ended after {:?}", seen.longest));
        }
    }
    found
}

/// What good clients see for a while.
async fn good(front: SocketAddr, time: Duration) -> Result<Latencies, String> {
    let mut asking = JoinSet::new();
    for number in 0..GOOD {
        asking.spawn(ask_for(front, number, time));
    }
    let mut all = Latencies::default();
    while let Some(one) = asking.join_next().await {
        all.add(one.map_err(|error| error.to_string())??);
    }
    Ok(all)
}
