//! The audit: many clients, many requests at a time, a backend that answers in any order and
//! fails a tenth, clients that leave in the middle. Every reply right, none lost, none twice,
//! none for another.

use crate::support::backend::{Action, Answer, Asked, Backend, approved};
use crate::support::client::Client;
use crate::support::config::{Config, status};
use crate::support::gateway::Gateway;
use crate::support::rng::{Rng, mix};
use crate::support::wire::{AuthReq, AuthRsp, approval_code};
use h2::Reason;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

const CONNECTIONS: usize = 64;
const IN_FLIGHT: usize = 32;
/// Requests that are left behind when a client leaves, as a share of all: one in so many.
const CANCELLED: usize = 20;
const SEED: u64 = 0x6a7e_3712;

/// How many requests in all: 100,000 is what counts, fewer are quicker.
fn requests() -> usize {
    match std::env::var("GATEWRIGHT_AUDIT") {
        Ok(number) => number
            .parse()
            .expect("GATEWRIGHT_AUDIT: a number of requests"),
        Err(_) => 20_000,
    }
}

/// What becomes of a request, as backend and client can tell from the request alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Approved,
    Declined,
    Broken,
    Reset,
}

impl Verdict {
    fn of(seq: u32, merchant: &str, amount: u64) -> Self {
        let number = merchant
            .bytes()
            .fold(mix(u64::from(seq) ^ amount << 32), |hash, byte| {
                mix(hash ^ u64::from(byte))
            });
        match number % 30 {
            0 => Self::Declined,
            1 => Self::Broken,
            2 => Self::Reset,
            _ => Self::Approved,
        }
    }

    fn action(self, asked: &Asked) -> Action {
        match self {
            Self::Approved => Action::Shuffle(approved(asked)),
            Self::Declined => Action::Shuffle(Answer::status(402)),
            Self::Broken => Action::Shuffle(Answer::status(500)),
            Self::Reset => Action::Reset(Reason::INTERNAL_ERROR),
        }
    }

    const fn status(self) -> u8 {
        match self {
            Self::Approved => status::APPROVED,
            Self::Declined => status::DECLINED,
            Self::Broken | Self::Reset => status::FAILED,
        }
    }
}

/// One client after another in the same place.
struct Auditor {
    gateway: SocketAddr,
    merchant: String,
    left: usize,
    seq: u32,
    rng: Rng,
    waiting: HashMap<u32, AuthReq>,
    tally: Tally,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    sent: usize,
    replied: HashSet<(String, u32)>,
    failed: usize,
    left_behind: usize,
    departures: usize,
}

impl Auditor {
    fn new(place: usize, gateway: SocketAddr, requests: usize) -> Self {
        Self {
            gateway,
            merchant: format!("CLIENT-{place}"),
            left: requests,
            seq: 0,
            rng: Rng::seeded(SEED + place as u64),
            waiting: HashMap::new(),
            tally: Tally::default(),
        }
    }

    async fn run(mut self) -> Tally {
        let mut client = Client::connect(self.gateway).await;
        self.fill(&mut client).await;
        while !self.waiting.is_empty() {
            let reply = client
                .next()
                .await
                .unwrap_or_else(|end| panic!("{}: {end}", self.merchant));
            self.check(&reply);
            // A departure leaves all in flight behind: that many fewer of them make the share.
            if self.left > 0 && self.rng.below(CANCELLED * IN_FLIGHT) == 0 {
                client.abort();
                self.tally.departures += 1;
                self.tally.left_behind += self.waiting.drain().count();
                client = Client::connect(self.gateway).await;
            }
            self.fill(&mut client).await;
        }
        self.tally
    }

    async fn fill(&mut self, client: &mut Client) {
        let room = (IN_FLIGHT - self.waiting.len()).min(self.left);
        let requests: Vec<_> = (0..room).map(|_| self.request()).collect();
        self.left -= room;
        self.tally.sent += room;
        self.waiting.extend(
            requests
                .iter()
                .map(|request| (request.seq, request.clone())),
        );
        client.send(requests).await;
    }

    fn request(&mut self) -> AuthReq {
        self.seq += 1;
        let amount = self.rng.below(1 << 31) as u32;
        AuthReq::new(self.seq)
            .merchant(self.merchant.as_str())
            .amount(amount)
    }

    fn check(&mut self, reply: &AuthRsp) {
        let Some(request) = self.waiting.remove(&reply.seq) else {
            panic!(
                "{}: a reply to what was not asked, or twice: {reply:?}",
                self.merchant
            );
        };
        let amount = u64::from(request.amount);
        let verdict = Verdict::of(request.seq, &self.merchant, amount);
        assert_eq!(reply.status, verdict.status(), "{request:?} {reply:?}");
        if verdict == Verdict::Approved {
            let code = approval_code(request.seq, &self.merchant, amount);
            assert_eq!(reply.code, code, "another's reply: {request:?} {reply:?}");
        } else {
            self.tally.failed += 1;
        }
        self.tally
            .replied
            .insert((self.merchant.clone(), reply.seq));
    }
}

fn script(asked: &Asked) -> Action {
    let amount = asked.json()["amount_minor"].as_u64().expect("an amount");
    Verdict::of(asked.seq(), asked.merchant(), amount).action(asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_lost_none_twice_none_swapped() {
    let requests = requests();
    let backend = Backend::scripted(script).batch(64, SEED).start().await;
    let config = Config::pos([backend.url()])
        .workers(2)
        .upstream("queue-wait", "\"1h\"")
        .upstream("queue", 10_000);
    let gateway = Gateway::start(&config).await;
    let auditors = (0..CONNECTIONS).map(|place| {
        let share = requests / CONNECTIONS + usize::from(place < requests % CONNECTIONS);
        tokio::spawn(Auditor::new(place, gateway.front(), share).run())
    });
    let auditors: Vec<_> = auditors.collect();
    let mut total = Tally::default();
    for auditor in auditors {
        let tally = auditor.await.expect("an audit without findings");
        total.sent += tally.sent;
        total.failed += tally.failed;
        total.left_behind += tally.left_behind;
        total.departures += tally.departures;
        total.replied.extend(tally.replied);
    }
    let asked = backend
        .until("the last ones to be taken back", |log| log.in_flight() == 0)
        .await
        .asked;

    assert_eq!(total.sent, requests);
    assert_eq!(
        total.replied.len() + total.left_behind,
        requests,
        "none lost"
    );
    let done: HashSet<_> = asked
        .iter()
        .map(|asked| (asked.merchant().to_owned(), asked.seq()))
        .collect();
    assert_eq!(done.len(), asked.len(), "none done twice");
    assert!(
        done.is_superset(&total.replied),
        "none answered that was not asked"
    );
    assert!(
        total.failed * 20 > total.replied.len(),
        "the backend did fail: {} times",
        total.failed
    );
    assert!(
        total.departures > 0 || requests < 20_000,
        "clients did leave"
    );
    println!(
        "audit: {requests} requests, {} replied ({} of them failures), {} left behind by {} departures",
        total.replied.len(),
        total.failed,
        total.left_behind,
        total.departures,
    );
}
