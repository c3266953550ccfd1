//! Clients: each sends its share of requests, one connection after the other, and notes what
//! became of each.

mod conversation;
mod judged;
mod pending;
mod stream;
mod streams;

use crate::outcome::{Finding, Oddity, Outcome, Record};
use crate::request::{Class, Request, nonce};
use crate::rng::Rng;
use crate::wire::{Order, Wire};
use conversation::Conversation;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

/// Where clients come in: another address once another gateway has taken over.
#[derive(Debug)]
pub(crate) struct Front(Mutex<SocketAddr>);

impl Front {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self(Mutex::new(address))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn move_to(&self, address: SocketAddr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
}

/// What all clients of a group do.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) front: Arc<Front>,
    pub(crate) wire: &'static dyn Wire,
    /// Whether that is carried by streams of HTTP/2.
    pub(crate) http2: bool,
    /// Makes the nonces of this group its own.
    pub(crate) part: u64,
    /// Most requests in flight.
    pub(crate) depth: usize,
    /// One batch of requests in so many ends with the client's leaving.
    pub(crate) leaves: Option<usize>,
    /// After which a reply is lost.
    pub(crate) patience: Duration,
    /// The requests are spread over so much time at least.
    pub(crate) least: Duration,
    /// Whether somebody other than the client and the gateway may end connections.
    pub(crate) spoilt: bool,
}

/// Bursts of requests in the least time for all of them.
const BURSTS: u32 = 8;

/// What one client saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) records: Vec<Record>,
    pub(crate) findings: Vec<Finding>,
    /// Connections that the client left with requests in flight.
    pub(crate) departures: usize,
}

/// One client.
pub(crate) struct Client {
    task: Arc<Task>,
    number: u32,
    rng: Rng,
    requests: usize,
    began: Instant,
    seen: Seen,
}

impl Client {
    pub(crate) fn new(task: Arc<Task>, number: u32, requests: usize, rng: Rng) -> Self {
        Self {
            task,
            number,
            rng,
            requests,
            began: Instant::now(),
            seen: Seen::default(),
        }
    }

    /// Sends all requests.
    pub(crate) async fn run(mut self) -> Seen {
        let mut refusals = 0;
        while self.left() > 0 {
            match TcpStream::connect(self.task.front.address()).await {
                Ok(tcp) => {
                    refusals = 0;
                    let _ = tcp.set_nodelay(true);
                    self.converse(tcp).await;
                }
                Err(error) if refusals == 50 => {
                    self.find(Oddity::Deaf(error.to_string()));
                    break;
                }
                Err(_) => {
                    refusals += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
        self.seen
    }

    async fn converse(&mut self, tcp: TcpStream) {
        if !self.task.http2 {
            return Conversation::new(self, tcp).run().await;
        }
        if let Err(error) = streams::converse(self, tcp).await {
            self.find(Oddity::Deaf(error.to_string()));
        }
    }

    /// Sends some requests, reads nothing, and leaves once `over`. Where others speak HTTP/2, this one
    /// speaks HTTP/1.1.
    pub(crate) async fn run_mute(mut self, over: Arc<AtomicBool>) -> Seen {
        if let Ok(mut tcp) = TcpStream::connect(self.task.front.address()).await {
            let _ = tcp.set_zero_linger();
            let mut bytes = Vec::new();
            while self.left() > 0 {
                let request = self.next_request();
                self.task.wire.write_request(&request, &mut bytes);
            }
            // It blocks once the gateway does not read any more.
            let writing = async { drop(tcp.write_all(&bytes).await) };
            let wait = async {
                while !over.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::join!(
                async {
                    // Its end may find the client still writing.
                    let _ = tokio::time::timeout(Duration::from_millis(200), writing).await;
                },
                wait
            );
            self.seen.departures += 1;
        }
        self.seen
    }

    fn left(&self) -> usize {
        self.requests - self.seen.records.len()
    }

    fn next_request(&mut self) -> Request {
        let seq = self.seen.records.len() as u32;
        let nonce = nonce(self.task.part, self.number, seq);
        let class = match self.rng.once_in(2) {
            true => Class::Once,
            false => Class::Idempotent,
        };
        self.seen.records.push(Record {
            client: self.number,
            seq,
            nonce,
            class,
            outcome: Outcome::Left,
        });
        let id = match self.task.wire.order() {
            Order::Ids(largest) => seq & largest,
            Order::Requests => 0,
        };
        Request { id, nonce, class }
    }

    fn find(&mut self, what: Oddity) {
        let (client, seq) = (self.number, self.seen.records.len() as u32);
        self.seen.findings.push(Finding { client, seq, what });
    }

    /// Waits where the requests are to be spread over more time. They come in bursts, so that
    /// much is in flight when something happens at the beginning of one.
    async fn pace(&self) {
        let least = self.task.least;
        let done = self.seen.records.len() as f64 / self.requests as f64;
        let passed = self.began.elapsed();
        if least.mul_f64(done) > passed {
            let burst = (least / BURSTS).as_micros().max(1);
            let into_burst = Duration::from_micros((passed.as_micros() % burst) as u64);
            tokio::time::sleep(least / BURSTS - into_burst).await;
        }
    }
}
