//! Slow readers of long answers: the gateway's memory has to stay below the sum that `check`
//! prints, every byte has to be right, and who reads well should notice little.

mod good;
mod reader;
mod server;

pub(crate) use reader::{Latencies, ask_for};
pub(crate) use server::{COUNTED, Server};

use crate::gateway::{Ended, Gateway};
use good::Good;
use reader::Reading;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Of each long answer.
const LONG: usize = 1 << 20;
/// Those who read well, one request after the other.
const GOOD: usize = 16;
/// How long they are measured, before the slow ones come and beside them.
const MEASURED: Duration = Duration::from_secs(5);
/// Ports of the server: a connection upstream carries one answer at a time, and there may be so
/// many to one endpoint.
const PER_ENDPOINT: usize = 1_000;
/// How long the buffers between servers and readers may take to fill.
const FILLING: Duration = Duration::from_secs(120);

/// Plays it with so many slow readers. Whether nothing was found.
pub(crate) async fn play(program: &Path, readers: usize) -> Result<bool, Box<dyn Error>> {
    let written = Arc::default();
    let mut servers = Vec::new();
    for _ in 0..=readers / PER_ENDPOINT {
        servers.push(Server::start(&written).await?);
    }
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    let good = Good::start().await?;
    let config = config(readers, &urls, good.url())?;
    let gateway = Gateway::start(program, "slow", &config, &[]).await?;
    let bound = gateway.worst_case(program)?;
    let front = gateway.address("web")?;
    let alone = good.measure(front).await?;
    let (stage, reading) = watch::channel(Reading::Slowly);
    let answered = Arc::new(AtomicUsize::new(0));
    let mut slow = JoinSet::new();
    for number in 0..readers {
        let (reading, answered) = (reading.clone(), Arc::clone(&answered));
        slow.spawn(reader::read(front, number, reading, answered));
    }
    while answered.load(Ordering::Relaxed) < readers && !slow.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    fill(&written, readers).await;
    let beside = good.measure(front).await?;
    // All of them read on to the end now.
    stage.send_replace(Reading::Fast);
    let outcomes = slow.join_all().await;
    let wrong: Vec<_> = outcomes.iter().filter_map(|o| o.as_ref().err()).collect();
    let Ended { memory, fault } = gateway.stop().await?;
    let bound = bound >> 20;
    println!(
        "{readers} slow readers of {} KiB: the gateway's most memory {memory} MiB of {bound} MiB that `check` allows; {} right to the last byte",
        LONG >> 10,
        readers - wrong.len(),
    );
    println!("good clients alone:  {alone}\nbeside slow readers: {beside}");
    for what in wrong.iter().take(5) {
        println!("VIOLATION {what}");
    }
    if let Some(fault) = &fault {
        println!("GATEWAY {fault}");
    }
    Ok(wrong.is_empty() && fault.is_none() && memory < bound)
}

/// Waits until the servers write no more than the readers take: all that is between them is full.
async fn fill(written: &AtomicU64, readers: usize) {
    const LOOK: Duration = Duration::from_secs(1);
    let taken = readers as u64 * reader::SIP as u64 * LOOK.as_millis() as u64
        / reader::PAUSE.as_millis() as u64;
    let filling = async {
        let mut before = written.load(Ordering::Relaxed);
        loop {
            tokio::time::sleep(LOOK).await;
            let now = written.load(Ordering::Relaxed);
            if now - before <= 2 * taken {
                return;
            }
            before = now;
        }
    };
    if tokio::time::timeout(FILLING, filling).await.is_err() {
        println!("the buffers are not full yet");
    }
}

fn config(readers: usize, urls: &[String], good: &str) -> Result<String, std::fmt::Error> {
    let most = readers + 2 * GOOD;
    // A client that takes little at a time has a full window for long: it is not to be put out for that.
    // Nor for its `send-time`: the system says that there is room once a third of what it holds is gone,
    // which is a minute's work for such a client.
    let mut text = String::from("[gateway]\nworkers = 2\n[log]\nfilter = \"error\"\n");
    writeln!(
        text,
        "[listeners.web]\nbind = \"tcp://127.0.0.1:0\"\nprotocol = \"http\"\n\
         limits = {{ connections = {most}, in-flight = 1, frame = \"8KiB\", body = \"64KiB\", send-buffer = \"64KiB\", send-time = \"10m\" }}"
    )?;
    writeln!(
        text,
        "[upstreams.files]\nurl = {urls:?}\ntimeout = \"10m\"\n\
         limits = {{ connections = {PER_ENDPOINT}, queue = {most}, queue-wait = \"60s\", body = \"64KiB\", frame = \"64KiB\" }}"
    )?;
    writeln!(text, "[upstreams.good]\nurl = {good:?}")?;
    for (path, to) in [("slow", "files"), ("good", "good")] {
        writeln!(
            text,
            "[[routes]]\nfrom = \"web\"\noperation = \"GET /{path}/{{rest...}}\"\nto = \"{to}\""
        )?;
    }
    Ok(text)
}
