//! One thread that carries messages, with a runtime, pools and timers of its own.

use super::arrival::{self, Arrival, Served};
use super::date::Date;
use super::gathering::{Awaited, Gathering};
use super::narrowing::narrowed;
use super::{Drivers, Timers};
use crate::clock;
use crate::discovery::Roster;
use crate::dispatch::{Action, Dispatch, OwnConnections, Room, Route, Untaken};
use crate::listen::{Accepted, Listener};
use crate::observe::{MessageLog, Metrics};
use crate::random::{self, Random};
use crate::relay::{Pipes, RelayListener, RelayRoute};
use crate::serve::Spares;
use crate::tls::Tls;
use crate::upstream::{Dialler, QuicSocket, Upstream};
use bytestring::ByteString;
use gatewright_config::plan::{ListenerPlan, Plan, RoutePlan, Service, UpstreamPlan};
use gatewright_core::route::Table;
use std::cell::{Cell, RefCell, RefMut};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::runtime::{LocalOptions, LocalRuntime};
use tokio::sync::{Notify, mpsc, watch};

/// The most bytes that one read takes, as `check` counts them for relays. One buffer serves all
/// connections of a worker.
const SCRATCH: usize = 64 << 10;
/// Accepted connections on their way to a worker. Further ones wait in the kernel's queue.
const HAND_OVER: usize = 1024;
/// How long they wait for a worker that takes none.
const PATIENCE: Duration = Duration::from_secs(1);

/// The buffer that every read of one worker goes through. Nothing may be awaited while it is
/// borrowed.
pub(crate) type Scratch = Rc<RefCell<Box<[u8]>>>;

/// What the tasks of one worker share.
#[derive(Debug)]
pub(crate) struct Worker {
    scratch: Scratch,
    date: Date,
    pipes: Rc<Pipes>,
    timers: Rc<Timers>,
    drivers: Drivers,
    spares: Spares,
    quic: Rc<QuicSocket>,
    drain: Cell<Option<Drain>>,
    load: Arc<AtomicUsize>,
    emptied: Notify,
    random: Random,
    index: usize,
    /// How many connections have had a number.
    numbered: Cell<u64>,
    /// For requests in flight.
    room: Rc<Room>,
    untaken: Rc<Untaken>,
}

/// An upstream of one worker.
struct Reached {
    upstream: Rc<Upstream>,
    /// Connections of the same protocol that carry one request at a time, where the others are
    /// shared.
    exclusive: Option<Rc<Upstream>>,
}

/// When connections are closed.
#[derive(Clone, Copy, Debug)]
struct Drain {
    began: Instant,
    spread: Duration,
}

/// What the control thread tells a worker.
#[derive(Debug)]
enum Order {
    Serve(Accepted),
    Drain,
}

/// A worker, seen from the control thread.
#[derive(Clone, Debug)]
pub(crate) struct WorkerHandle {
    orders: mpsc::Sender<Order>,
    load: Arc<AtomicUsize>,
}

impl WorkerHandle {
    /// How many connections it has.
    pub(crate) fn load(&self) -> usize {
        self.load.load(Ordering::Relaxed)
    }

    /// Whether it takes orders: not if a codec's constructor panicked, which runs outside of any
    /// connection's task.
    pub(crate) fn is_alive(&self) -> bool {
        !self.orders.is_closed()
    }

    /// Gives it a connection, once it has room for one; `false` if it is too busy for too long.
    pub(crate) async fn hand_over(&self, accepted: Accepted) -> bool {
        let reserved = tokio::time::timeout(PATIENCE, self.orders.reserve()).await;
        let Ok(Ok(place)) = reserved else {
            return false;
        };
        self.load.fetch_add(1, Ordering::Relaxed);
        place.send(Order::Serve(accepted));
        true
    }

    /// Tells it to end once its connections have.
    pub(crate) async fn drain(&self) {
        // A worker that is gone has nothing to drain.
        let _ = self.orders.send(Order::Drain).await;
    }
}

/// What a worker is made from. It crosses to the worker's thread.
pub(super) struct Blueprint {
    pub(super) plan: Arc<Plan>,
    pub(super) tls: Tls,
    pub(super) metrics: Metrics,
    /// By upstream, where its endpoints are told if they are looked for.
    pub(super) rosters: Vec<Option<watch::Receiver<Roster>>>,
    pub(super) index: usize,
}

impl Blueprint {
    /// Starts the worker's thread.
    pub(super) fn spawn(self) -> io::Result<(WorkerHandle, JoinHandle<()>)> {
        let (orders, inbox) = mpsc::channel(HAND_OVER);
        let load = Arc::new(AtomicUsize::new(0));
        let handle = WorkerHandle {
            orders,
            load: Arc::clone(&load),
        };
        let thread = std::thread::Builder::new()
            .name(format!("worker-{}", self.index))
            .spawn(move || self.run(inbox, load))?;
        Ok((handle, thread))
    }

    fn run(self, inbox: mpsc::Receiver<Order>, load: Arc<AtomicUsize>) {
        let awaited = Arc::<Awaited>::default();
        let gathering = Gathering::new(self.plan.gather, Arc::clone(&awaited));
        let runtime: io::Result<LocalRuntime> = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .on_thread_park(move || gathering.before_sleep())
            .on_thread_unpark(clock::wake)
            .build_local(LocalOptions::default());
        match runtime {
            Ok(runtime) => {
                Gathering::prepare_thread();
                runtime.block_on(self.work(inbox, load, awaited));
                // A name that is being looked up on a thread beside is waited for by nobody.
                runtime.shutdown_background();
            }
            Err(error) => tracing::error!(%error, "a worker has no runtime"),
        }
    }

    async fn work(
        self,
        mut inbox: mpsc::Receiver<Order>,
        load: Arc<AtomicUsize>,
        awaited: Arc<Awaited>,
    ) {
        let room = Room::new(self.plan.in_flight_of_each());
        let untaken = Untaken::new(self.plan.untaken_of_each());
        let worker = Rc::new(Worker::new(load, self.index, room, untaken));
        let listeners = self.listeners(&worker, &awaited);
        tokio::task::spawn_local(Rc::clone(&worker.timers).drive());
        while let Some(order) = inbox.recv().await {
            match order {
                Order::Serve(accepted) => {
                    let id = worker.next_id();
                    worker.serve(&listeners, accepted, id);
                }
                Order::Drain => {
                    worker.drain.set(Some(Drain {
                        began: clock::now(),
                        spread: self.plan.drain.spread,
                    }));
                    worker.timers.drain();
                    break;
                }
            }
        }
        while worker.load.load(Ordering::Relaxed) > 0 {
            match inbox.try_recv() {
                Ok(_) => worker.closed(),
                Err(_) => worker.emptied.notified().await,
            }
        }
        worker.quic.close().await;
    }

    fn listeners(&self, worker: &Rc<Worker>, awaited: &Arc<Awaited>) -> Vec<Served> {
        let plans = (0..self.plan.upstreams.len()).filter_map(|at| narrowed(&self.plan, at));
        let upstreams: Vec<_> = (plans.zip(&self.tls.upstreams).zip(&self.rosters))
            .map(|((plan, tls), roster)| {
                let dialler = Rc::new(Dialler::new(&plan, tls.clone(), &worker.quic));
                let open = |plan: UpstreamPlan| {
                    let known = match &plan.discovery {
                        Some(_) => 0,
                        None => plan.endpoints.len(),
                    };
                    let metrics = self.metrics.upstream(&plan.name, known);
                    let timers = Rc::clone(&worker.timers);
                    Rc::new(Upstream::new(
                        plan,
                        Rc::clone(&dialler),
                        timers,
                        worker.drivers.clone(),
                        metrics,
                        Arc::clone(awaited),
                        Rc::clone(&worker.scratch),
                    ))
                };
                let exclusive = plan.exclusive().map(open);
                let upstream = open(plan);
                upstream.start_checks(exclusive.as_ref());
                if let Some(roster) = roster {
                    for upstream in std::iter::once(&upstream).chain(&exclusive) {
                        upstream.start_following(roster.clone());
                    }
                }
                Reached {
                    exclusive,
                    upstream,
                }
            })
            .collect();
        (self.plan.listeners.iter().zip(&self.tls.listeners))
            .map(|(plan, tls)| Served {
                tls: tls.clone(),
                websocket: plan.websocket.clone().map(Rc::new),
                service: self.listener(plan, worker, &upstreams),
            })
            .collect()
    }

    fn listener(
        &self,
        plan: &ListenerPlan,
        worker: &Rc<Worker>,
        upstreams: &[Reached],
    ) -> arrival::Service {
        match plan.service {
            Service::Messages => arrival::Service::Messages(self.messages(plan, worker, upstreams)),
            Service::Relay => arrival::Service::Relays(self.relays(plan, upstreams)),
        }
    }

    fn relays(&self, plan: &ListenerPlan, upstreams: &[Reached]) -> Rc<RelayListener> {
        let route = |route: &Arc<RoutePlan>| {
            let upstream = Rc::clone(&upstreams[route.upstream].upstream);
            Rc::new(RelayRoute::new(Arc::clone(route), upstream))
        };
        Rc::new(RelayListener::new(
            Arc::clone(&plan.name),
            plan.limits,
            plan.table.clone(),
            plan.routes.iter().map(route).collect(),
            self.metrics.relay(&plan.name),
        ))
    }

    fn messages(
        &self,
        plan: &ListenerPlan,
        worker: &Rc<Worker>,
        upstreams: &[Reached],
    ) -> Rc<Listener> {
        let route = |route: &Arc<RoutePlan>| {
            let reached = &upstreams[route.upstream];
            let exclusive = reached.exclusive.clone();
            let owned = exclusive.is_some() || reached.upstream.binds_clients();
            let own = owned.then(|| {
                let upstream = Rc::clone(&reached.upstream);
                OwnConnections {
                    exclusive,
                    bound: Rc::new(RelayRoute::new(Arc::clone(route), upstream)),
                }
            });
            Some(Rc::new(Route {
                action: Action::of(route)?,
                plan: Arc::clone(route),
                upstream: Rc::clone(&reached.upstream),
                own,
                metrics: self.metrics.route(&plan.name, &route.name),
                room: Rc::clone(&worker.room),
            }))
        };
        let routes = plan.routes.iter().filter_map(route).collect();
        let log = MessageLog::new(&self.plan.log);
        let forwarded = (plan.routes.iter())
            .filter(|route| route.action.sends_messages())
            .filter_map(|route| self.plan.upstreams.get(route.upstream));
        let longest_reply = forwarded.map(|upstream| upstream.limits.frame).max();
        let dispatch = Dispatch::new(Arc::clone(&plan.protocol), plan.table.clone(), routes, log);
        // Nobody looks at the rest of what clients send.
        let narrowed = Arc::clone(&plan.protocol).using(&dispatch.used());
        Rc::new(Listener {
            name: Arc::clone(&plan.name),
            worker: Rc::clone(worker),
            protocol: narrowed.unwrap_or_else(|| Arc::clone(&plan.protocol)),
            tls: plan.tls.is_some(),
            forwarding: plan.forwarding.clone(),
            limits: plan.limits,
            reply_room: longest_reply.map(|reply| plan.limits.send_buffer.saturating_add(reply)),
            bound: Rc::new(RelayListener::new(
                Arc::clone(&plan.name),
                plan.limits,
                Table::default(),
                Vec::new(),
                self.metrics.relay(&plan.name),
            )),
            dispatch,
            metrics: self.metrics.listener(&plan.name),
        })
    }
}

impl Worker {
    fn new(load: Arc<AtomicUsize>, index: usize, room: Room, untaken: Untaken) -> Self {
        Self {
            scratch: Rc::new(RefCell::new(vec![0; SCRATCH].into_boxed_slice())),
            date: Date::default(),
            pipes: Rc::default(),
            timers: Rc::default(),
            drivers: Drivers::new(),
            spares: Spares::default(),
            quic: Rc::default(),
            drain: Cell::new(None),
            load,
            emptied: Notify::new(),
            random: Random::seeded(),
            index,
            numbered: Cell::new(0),
            room: Rc::new(room),
            untaken: Rc::new(untaken),
        }
    }

    /// For requests in flight.
    pub(crate) const fn room(&self) -> &Rc<Room> {
        &self.room
    }

    /// For answers that cannot leave.
    pub(crate) const fn untaken(&self) -> &Rc<Untaken> {
        &self.untaken
    }

    /// A connection's number, which no other of the gateway has.
    pub(super) fn next_id(&self) -> u64 {
        let numbered = self.numbered.get() + 1;
        self.numbered.set(numbered);
        (numbered << 16) | self.index as u64
    }

    fn serve(self: &Rc<Self>, listeners: &[Served], accepted: Accepted, id: u64) {
        let Accepted {
            stream,
            peer,
            listener,
            permit,
        } = accepted;
        let arrival = Arrival {
            worker: Rc::clone(self),
            peer,
            id,
            permit: Some(permit),
        };
        match TcpStream::from_std(stream) {
            Ok(io) => arrival.serve(&listeners[listener], io),
            Err(error) => tracing::warn!(%error, "cannot register a connection"),
        }
    }

    /// The buffer that every read goes through. Nothing may be awaited while it is borrowed.
    pub(crate) fn scratch(&self) -> RefMut<'_, Box<[u8]>> {
        self.scratch.borrow_mut()
    }

    /// The date as answers tell it.
    pub(crate) fn date(&self, now: Instant) -> ByteString {
        self.date.at(now)
    }

    pub(crate) const fn pipes(&self) -> &Rc<Pipes> {
        &self.pipes
    }

    pub(crate) const fn timers(&self) -> &Rc<Timers> {
        &self.timers
    }

    /// What busy connections borrow.
    pub(crate) const fn spares(&self) -> &Spares {
        &self.spares
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.drain.get().is_some()
    }

    /// When an idle connection is closed because the gateway goes away: each at a time of its
    /// own, so that not all clients come back at once.
    pub(crate) fn drains_at(&self, connection: u64) -> Option<Instant> {
        let Drain { began, spread } = self.drain.get()?;
        let share = (random::mix(connection) >> 32) as u32;
        Some(began + spread.mul_f64(f64::from(share) / f64::from(u32::MAX)))
    }

    /// There is one more, that came over another.
    pub(super) fn opened(&self) {
        self.load.fetch_add(1, Ordering::Relaxed);
    }

    /// A connection is gone.
    pub(crate) fn closed(&self) {
        if self.load.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.emptied.notify_one();
        }
    }

    /// A trace id, unique but not secret (W3C Trace Context, 3.2.2.3: 16 bytes, not all zero).
    pub(crate) fn trace_id(&self) -> u128 {
        (u128::from(self.random.draw()) << 64) | u128::from(self.random.draw() | 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::Entrance;
    use std::net::{TcpListener, TcpStream};
    use std::task::{Context, Waker};

    async fn accepted() -> Accepted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = listener.local_addr().unwrap();
        let place = Entrance::new(1, 1).acquire().await;
        Accepted {
            stream: TcpStream::connect(peer).unwrap(),
            peer,
            listener: 0,
            permit: place.unwrap(),
        }
    }

    #[tokio::test]
    async fn a_client_waits_for_a_worker_that_is_busy() {
        let (orders, mut inbox) = mpsc::channel(1);
        let load = Arc::new(AtomicUsize::new(0));
        let worker = WorkerHandle { orders, load };
        assert!(worker.hand_over(accepted().await).await);

        let (taken, order) = tokio::join!(worker.hand_over(accepted().await), inbox.recv());
        assert!(taken && order.is_some());
        assert_eq!(worker.load(), 2);

        assert!(!worker.hand_over(accepted().await).await, "not for ever");
        let mut waiting = Box::pin(worker.hand_over(accepted().await));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        drop(waiting);
        assert_eq!(worker.load(), 2, "who never came does not count");
    }
}
