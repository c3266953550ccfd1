//! A deterministic world around core's state machines: sessions, the pool, ledgers and retries,
//! glued as the gateway glues them, under a virtual clock, with seeded faults and a shadow model.
//!
//! A run is a pure function of its seed: no sockets, threads or real time, nothing decided by the
//! order of a hash. `client`, `native`, `http` and `upstream` mirror the gateway's glue in few
//! words; `server` is the network and the servers; `shadow` and `places` are the model.

mod client;
mod dice;
mod http;
mod native;
mod places;
mod server;
mod setting;
mod shadow;
mod trace;
mod trial;
mod upstream;

use self::http::{Stream, StreamId};
use client::{Client, Out};
use dice::Dice;
use gatewright_core::limit::RetryBudget;
use gatewright_core::pool::{ConnId, Pool, Ticket};
use gatewright_core::session::Spare;
use native::{Call, CallId, Lane, LaneKey};
use places::Places;
use server::{Net, Wire};
use setting::Setting;
use shadow::Requests;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;
use trace::Trace;
use upstream::{Connected, Waiter};

type ClientId = u64;
/// Names a request, and is all that it says.
type Nonce = u64;

/// What came of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Of all that happened, in order.
    pub hash: u64,
    /// Requests that ended in their answer.
    pub answered: u64,
    /// Requests that ended in a refusal.
    pub refused: u64,
    /// Tries that took too long, and were given up.
    pub late: u64,
    /// Connections that retired.
    pub retired: u64,
    /// Endpoints that went.
    pub gone: u64,
}

/// A task of the gateway's that can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    Client(ClientId),
    Lane(LaneKey),
    Driver(ConnId),
}

struct World {
    setting: Setting,
    dice: Dice,
    trace: Trace,
    step: u32,
    start: Instant,
    now: Instant,
    requests: Requests,
    places: Places,
    pool: Pool,
    budget: RetryBudget,
    connected: Vec<Connected>,
    /// Connections that ended by a fault of the world.
    broken: Vec<ConnId>,
    waiters: BTreeMap<Ticket, Waiter>,
    lanes: BTreeMap<LaneKey, Lane>,
    calls: BTreeMap<CallId, Call>,
    streams: BTreeMap<StreamId, Stream>,
    clients: BTreeMap<ClientId, Client>,
    spares: Vec<Spare<Out>>,
    wires: Vec<Wire>,
    net: BTreeMap<(Instant, u64), Net>,
    /// Until when the server of an endpoint answers nothing.
    stuck: BTreeMap<usize, Instant>,
    /// The endpoints that are there.
    there: BTreeSet<usize>,
    tasks: Vec<Task>,
    last_number: u64,
    retired: u64,
    gone: u64,
}

/// How often timers may lead to timers that are due at once.
const SPINS: u32 = 1_000;

/// How often something may be due once all clients are gone.
const LAST_ROUNDS: u32 = 100_000;

/// Of a thousand steps, those in which endpoints that are looked for come and go.
const MOVES: u32 = 4;

macro_rules! say {
    ($world:expr, $($what:tt)*) => {{
        let world = &mut *$world;
        let at = world.now - world.start;
        world.trace.note(world.step, at, format_args!($($what)*));
    }};
}
use say;

/// Runs the world of a seed for so many steps, and on until nothing is left to do.
///
/// # Panics
/// If a promise is broken, after telling where and how to see it again.
#[must_use]
pub fn run(seed: u64, steps: u32) -> Report {
    let mut world = World::new(seed);
    let ran = catch_unwind(AssertUnwindSafe(|| world.run(steps)));
    if let Err(panic) = ran {
        eprintln!(
            "seed {seed}, step {} of {steps}; the last events:",
            world.step
        );
        world.trace.last().for_each(|line| eprintln!("{line}"));
        eprintln!("{:?}", world.setting);
        eprintln!(
            "again: GATEWRIGHT_SIM_SEED={seed} GATEWRIGHT_SIM_STEPS={steps} \
             cargo test -p gatewright-simulation"
        );
        resume_unwind(panic);
    }
    Report {
        hash: world.trace.hash(),
        answered: world.requests.answered,
        refused: world.requests.refused,
        late: world.requests.tries_late,
        retired: world.retired,
        gone: world.gone,
    }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let setting = Setting::drawn(&mut dice);
        let start = Instant::now();
        let fixed = match setting.found {
            true => &[][..],
            false => &setting.ranks[..],
        };
        Self {
            pool: Pool::balanced(fixed, setting.limits, setting.policy),
            budget: RetryBudget::new(setting.retry.budget),
            stuck: BTreeMap::new(),
            there: (0..fixed.len()).collect(),
            dice,
            trace: Trace::new(),
            step: 0,
            start,
            now: start,
            requests: Requests::new(!setting.trouble.is_none()),
            places: Places::default(),
            connected: Vec::new(),
            broken: Vec::new(),
            waiters: BTreeMap::new(),
            lanes: BTreeMap::new(),
            calls: BTreeMap::new(),
            streams: BTreeMap::new(),
            clients: BTreeMap::new(),
            spares: Vec::new(),
            wires: Vec::new(),
            net: BTreeMap::new(),
            tasks: Vec::new(),
            last_number: 0,
            retired: 0,
            gone: 0,
            setting,
        }
    }

    /// A number that was not used yet.
    const fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn wake(&mut self, task: Task) {
        if !self.tasks.contains(&task) {
            self.tasks.push(task);
        }
    }

    fn run(&mut self, steps: u32) {
        if self.setting.found {
            let all = 0..self.setting.ranks.len();
            self.follow(all.collect());
        }
        while self.step < steps {
            self.step += 1;
            if self.dice.permille(self.setting.trouble.world) {
                self.something_happens();
            } else if self.setting.found && self.dice.permille(MOVES) {
                self.endpoints_change();
            } else if self.dice.permille(self.setting.load) {
                self.a_client_acts();
            } else {
                self.pass_time();
            }
            self.run_tasks();
            self.check();
        }
        self.wind_down();
    }

    /// Until the next thing is due, or for a moment.
    fn pass_time(&mut self) {
        let moment = self.now + self.dice.up_to_ms(3);
        let next = self.next_due().unwrap_or(moment);
        self.now = match self.dice.permille(100) {
            true => moment,
            false => next.max(self.now),
        };
    }

    fn conns(&self) -> Vec<ConnId> {
        self.connected.iter().map(|c| c.id).collect()
    }

    fn conn_timeout(&mut self, id: ConnId) -> Option<Instant> {
        match self.setting.native() {
            Some(_) => self.link_timeout(id),
            None => self.http_timeout(id),
        }
    }

    fn next_due(&mut self) -> Option<Instant> {
        let mut due: Vec<Instant> = self.pool.poll_timeout().into_iter().collect();
        due.extend(self.net.keys().next().map(|(at, _)| *at));
        due.extend(
            self.clients
                .values()
                .filter_map(|c| c.session.poll_timeout()),
        );
        due.extend(self.next_late());
        for id in self.conns() {
            due.extend(self.conn_timeout(id));
        }
        due.into_iter().min()
    }

    /// Does all that is due; the order of what may come in any order is drawn.
    fn run_tasks(&mut self) {
        while let Some(entry) = self.net.first_entry()
            && entry.key().0 <= self.now
        {
            let net = entry.remove();
            self.handle_net(net);
            if self.dice.permille(500) {
                self.run_some_task();
            }
        }
        for _ in 0..SPINS {
            self.fire_timers();
            if self.tasks.is_empty() {
                return;
            }
            while self.run_some_task() {}
        }
        panic!("something is due again and again");
    }

    fn run_some_task(&mut self) -> bool {
        if self.tasks.is_empty() {
            return false;
        }
        let place = self.dice.index(self.tasks.len());
        match self.tasks.swap_remove(place) {
            Task::Client(id) => self.turn(id),
            Task::Lane(key) => self.poll_lane(key),
            Task::Driver(id) => match self.setting.native() {
                Some(_) => self.drive(id),
                None => self.drive_http(id),
            },
        }
        true
    }

    fn fire_timers(&mut self) {
        let now = self.now;
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if is_due(self.pool.poll_timeout()) {
            self.pool.handle_timeout(now);
            self.act();
            let next = self.pool.poll_timeout();
            assert!(!is_due(next), "the pool would be asked again and again");
        }
        let clients = self.clients.iter();
        let due = clients.filter(|(_, client)| is_due(client.session.poll_timeout()));
        let mut tasks: Vec<Task> = due.map(|(id, _)| Task::Client(*id)).collect();
        for id in self.conns() {
            if is_due(self.conn_timeout(id)) {
                tasks.push(Task::Driver(id));
            }
        }
        if self.setting.native().is_none() {
            tasks.extend(self.departed().into_iter().map(Task::Driver));
        }
        tasks.into_iter().for_each(|task| self.wake(task));
        self.wake_late();
    }

    fn check(&self) {
        let takes = |id| self.clients.get(&id).is_some_and(|client| !client.stalled);
        self.requests.check_deadlines(self.now, takes);
        self.requests.check_tries(self.setting.tries, self.now);
        self.places.check_waits(self.now);
        assert_eq!(self.pool.queued(), self.places.waiting(), "who waits");
    }

    /// All clients take their replies and leave; then nothing may be left of anything.
    fn wind_down(&mut self) {
        say!(self, "the end begins");
        let ids: Vec<ClientId> = self.clients.keys().copied().collect();
        ids.into_iter().for_each(|id| self.calm(id));
        self.run_tasks();
        let mut rounds = 0;
        while let Some(next) = self.next_due() {
            rounds += 1;
            assert!(rounds < LAST_ROUNDS, "there is no end of what is due");
            self.now = next.max(self.now);
            self.run_tasks();
            self.check();
        }
        self.check_nothing_is_left();
    }

    fn check_nothing_is_left(&self) {
        assert!(
            self.clients.is_empty(),
            "clients are left: {:?}",
            self.clients
        );
        assert!(self.lanes.is_empty(), "lanes are left: {:?}", self.lanes);
        assert!(self.calls.is_empty(), "calls are left: {:?}", self.calls);
        assert!(
            self.streams.is_empty(),
            "streams are left: {:?}",
            self.streams
        );
        assert!(
            self.waiters.is_empty(),
            "waiters are left: {:?}",
            self.waiters
        );
        assert!(self.connected.is_empty(), "left: {:?}", self.connected);
        assert!(self.wires.is_empty(), "wires are left: {:?}", self.wires);
        assert_eq!(self.pool.queued(), 0, "somebody waits still");
        self.places.check_empty();
    }
}
