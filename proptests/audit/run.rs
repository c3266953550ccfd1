//! One phase: servers, the gateway before them, clients, and the verdict.

use crate::authority::Authority;
use crate::chaos::Chaos;
use crate::client::{Client, Front, Seen, Task};
use crate::config::{self, ALPN};
use crate::gateway::Ended;
use crate::plan::{Carry, Group, Mode, Phase, Scheme};
use crate::relief::Watches;
use crate::request::SERVERS;
use crate::rng::{Rng, mix};
use crate::server::{Below, Deeds, Server, ServerLog, Speaks, Spec, Telling};
use crate::verdict::{Verdict, judge};
use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// What came of a group.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) group: &'static str,
    pub(crate) hostile: bool,
    pub(crate) verdict: Verdict,
    pub(crate) kills: usize,
    pub(crate) departures: usize,
}

/// One phase of one mode.
pub(crate) struct Run {
    pub(crate) gateway: Arc<PathBuf>,
    pub(crate) authority: Arc<Authority>,
    pub(crate) mode: &'static Mode,
    pub(crate) phase: Phase,
    pub(crate) seed: u64,
    /// How often one thing is killed, or ended, where that is a part of the phase.
    pub(crate) kills: Duration,
}

/// The servers of a group and what is in front of them.
struct Farm {
    servers: Vec<Server>,
    proxies: Vec<Chaos>,
    addresses: Vec<SocketAddr>,
    log: Arc<ServerLog>,
}

type Fallible<T> = Result<T, Box<dyn Error + Send + Sync>>;

impl Run {
    /// Plays the phase and judges each of its groups.
    pub(crate) async fn play(&self, groups: Vec<Group>) -> Fallible<(Vec<Judged>, Ended)> {
        let part = self.part();
        let mut rng = Rng::seeded(part);
        let mut farms = Vec::new();
        for group in &groups {
            farms.push(self.farm(group, rng.fork()).await?);
        }
        let with_servers: Vec<_> = (groups.iter().cloned())
            .zip(farms.iter().map(|farm| farm.addresses.clone()))
            .collect();
        let text = config::text(self.mode, &with_servers);
        let mut watches = Watches {
            program: Arc::clone(&self.gateway),
            name: format!("{}-{}", self.mode.name, self.phase.name()),
            config: text,
            authority: self.authority.pem.clone(),
            begun: 0,
        };
        let gateway = watches.next().await?;
        let mut fronts = Vec::new();
        let mut playing = JoinSet::new();
        for (number, (group, farm)) in groups.into_iter().zip(farms).enumerate() {
            let front = Arc::new(Front::new(gateway.address(&config::listener(number))?));
            fronts.push(Arc::clone(&front));
            let stage = Stage {
                group,
                farm,
                front,
                mode: self.mode,
                part: mix(part ^ number as u64),
                rng: rng.fork(),
            };
            playing.spawn(stage.play());
        }
        let judging = async {
            let mut judged = Vec::new();
            while let Some(one) = playing.join_next().await {
                judged.push(one??);
            }
            Fallible::Ok(judged)
        };
        let every = (self.phase == Phase::Drain).then_some(self.kills);
        watches
            .relieve_until(judging, gateway, &fronts, every)
            .await
    }

    /// A number that no other part of any run has.
    fn part(&self) -> u64 {
        let name = self.mode.name.bytes().chain(self.phase.name().bytes());
        name.fold(mix(self.seed), |part, byte| mix(part ^ u64::from(byte)))
    }

    async fn farm(&self, group: &Group, mut rng: Rng) -> Fallible<Farm> {
        let log = Arc::new(ServerLog::default());
        let speaks = match (self.mode.scheme.is_http2(), self.mode.carry) {
            (false, _) => Speaks::Frames,
            (true, Carry::Proxied) => Speaks::Http2(Telling::Whole),
            (true, _) => Speaks::Http2(Telling::Payment),
        };
        let below = self.below(config::scheme(self.mode, group));
        let below = below.map_err(|error| error.to_string())?;
        let mut farm = Farm {
            servers: Vec::new(),
            proxies: Vec::new(),
            addresses: Vec::new(),
            log: Arc::clone(&log),
        };
        for number in 0..group.servers {
            let server = Server::start(Spec {
                wire: self.mode.served,
                server: (rng.below(usize::from(SERVERS)) & !3 | number) as u8,
                speaks,
                below: below.clone(),
                hostile: group.hostile,
                late: group.timeout + Duration::from_millis(300),
                log: Arc::clone(&log),
                rng: rng.fork(),
            })?;
            farm.addresses.push(server.address());
            if group.chaos {
                let proxy = match below {
                    Below::Quic(_) => Chaos::start_udp(server.address(), rng.fork()).await?,
                    Below::Tcp | Below::Tls(_) => {
                        Chaos::start(server.address(), rng.fork()).await?
                    }
                };
                farm.addresses[number] = proxy.address();
                farm.proxies.push(proxy);
            }
            farm.servers.push(server);
        }
        Ok(farm)
    }

    /// What carries a group's requests to its servers.
    fn below(&self, scheme: Scheme) -> Result<Below, Box<dyn Error>> {
        Ok(match scheme {
            Scheme::Tcp | Scheme::Http | Scheme::H2c => Below::Tcp,
            Scheme::Tls => Below::Tls(self.authority.server(None)?),
            Scheme::Https => Below::Tls(self.authority.server(Some("h2"))?),
            Scheme::Quic => Below::Quic(self.authority.quic_server(ALPN)?),
        })
    }
}

/// A group on its way.
struct Stage {
    group: Group,
    farm: Farm,
    front: Arc<Front>,
    mode: &'static Mode,
    part: u64,
    rng: Rng,
}

/// Requests of the client that reads nothing.
const MUTE: usize = 2_000;

impl Stage {
    async fn play(mut self) -> Fallible<Judged> {
        let before_clients = match self.group.chaos {
            true => Some(Chaos::start(self.front.address(), self.rng.fork()).await?),
            false => None,
        };
        if let Some(proxy) = &before_clients {
            self.front.move_to(proxy.address());
        }
        let over = Arc::new(AtomicBool::new(false));
        let task = Arc::new(self.task());
        let mute = self.group.mute.then(|| {
            let client = Client::new(Arc::clone(&task), u32::MAX, MUTE, self.rng.fork());
            tokio::spawn(client.run_mute(Arc::clone(&over)))
        });
        let mut clients = JoinSet::new();
        for number in 0..self.group.clients {
            let share = share(self.group.requests, self.group.clients, number);
            let client = Client::new(Arc::clone(&task), number as u32, share, self.rng.fork());
            clients.spawn(client.run());
        }
        let kills = AtomicUsize::new(0);
        let rng = self.rng.fork();
        let seen = async {
            let seen = clients.join_all().await;
            over.store(true, Ordering::Relaxed);
            seen
        };
        let (mut seen, killed) = tokio::join!(
            seen,
            kill(&mut self.farm, self.group.kills, &over, &kills, rng)
        );
        killed?;
        if let Some(mute) = mute {
            seen.push(mute.await?);
        }
        let deeds = self.farm.end().await;
        Ok(self.judge(seen, deeds, kills.into_inner()))
    }

    fn task(&self) -> Task {
        let Group {
            depth,
            leaves,
            patience,
            least,
            chaos,
            ..
        } = self.group;
        Task {
            front: Arc::clone(&self.front),
            wire: self.mode.wire,
            http2: self.mode.streams,
            part: self.part,
            depth,
            leaves,
            patience,
            least,
            spoilt: chaos,
        }
    }

    fn judge(&self, seen: Vec<Seen>, deeds: Deeds, kills: usize) -> Judged {
        let mut all = Seen::default();
        for mut one in seen {
            all.records.append(&mut one.records);
            all.findings.append(&mut one.findings);
            all.departures += one.departures;
        }
        Judged {
            group: self.group.name,
            hostile: self.group.hostile.is_some(),
            verdict: judge(all.records, &all.findings, deeds, self.group.tolerance),
            kills,
            departures: all.departures,
        }
    }
}

const fn share(requests: usize, clients: usize, number: usize) -> usize {
    requests / clients + (number < requests % clients) as usize
}

/// Kills one server after the other until all is over; each is down for half the time.
async fn kill(
    farm: &mut Farm,
    every: Option<Duration>,
    over: &AtomicBool,
    kills: &AtomicUsize,
    mut rng: Rng,
) -> std::io::Result<()> {
    let Some(every) = every else { return Ok(()) };
    let mut next = 0;
    let mut ticks = tokio::time::interval(every / 2);
    ticks.tick().await;
    while !over.load(Ordering::Relaxed) {
        ticks.tick().await;
        // Somewhere in the burst of requests that begins now.
        tokio::time::sleep(Duration::from_millis(rng.below(10) as u64)).await;
        let count = farm.servers.len();
        let server = &mut farm.servers[next % count];
        server.kill().await?;
        kills.fetch_add(1, Ordering::Relaxed);
        ticks.tick().await;
        server.revive()?;
        next += 1;
    }
    Ok(())
}

impl Farm {
    /// Ends all servers; what they did is known then.
    async fn end(&mut self) -> Deeds {
        self.proxies.clear();
        for server in &mut self.servers {
            server.stop().await;
        }
        self.log.take()
    }
}
