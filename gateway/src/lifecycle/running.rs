//! A gateway that runs: the control thread, its acceptors and workers, and the drain.

use super::descriptors;
use super::worker::{Blueprint, WorkerHandle};
use crate::discovery::{Discoverer, Roster};
use crate::listen::{self, Acceptor, BindError, Entrance};
use crate::observe::{Admin, Metrics, Readiness};
use crate::tls::Tls;
use gatewright_config::plan::{Plan, Service};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

/// Whether SIGTERM and SIGINT stop the gateway.
#[derive(Clone, Copy, Debug)]
pub(super) enum Signals {
    Obey,
    Ignore,
}

/// What the system refused at the start.
#[derive(Debug)]
pub(super) enum Refused {
    Bind(Vec<BindError>),
    System(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// How a gateway ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything in flight was finished.
    Drained,
    /// The drain's deadline passed, or a second signal came, with connections still open.
    Cut,
}

/// A gateway that runs. Dropped, it is told to stop but not waited for.
pub struct Running {
    addresses: Addresses,
    stop: mpsc::Sender<()>,
    thread: JoinHandle<Outcome>,
}

/// Where a gateway listens, with the ports that the system chose.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// The listeners' names and addresses, in the order of the configuration.
    pub listeners: Vec<(Arc<str>, SocketAddr)>,
    /// The admin listener's address.
    pub admin: Option<SocketAddr>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The address of one listener.
    #[must_use]
    pub fn address(&self, listener: &str) -> Option<SocketAddr> {
        let found = self
            .addresses
            .listeners
            .iter()
            .find(|(name, _)| **name == *listener);
        found.map(|(_, address)| *address)
    }

    /// Takes no more clients, finishes what is in flight within the drain's deadline, and ends.
    #[must_use]
    pub fn stop(self) -> Outcome {
        // A gateway that has ended needs no telling.
        let _ = self.stop.blocking_send(());
        self.wait()
    }

    /// Waits until it ends.
    #[must_use]
    pub fn wait(self) -> Outcome {
        self.thread.join().unwrap_or(Outcome::Cut)
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("addresses", &self.addresses)
            .finish_non_exhaustive()
    }
}

/// Starts the control thread, and returns once everything is bound.
pub(super) fn start(plan: Arc<Plan>, tls: Tls, signals: Signals) -> Result<Running, Refused> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (stop, stopped) = mpsc::channel(1);
    let (ready, when_ready) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("control".into())
        .spawn(move || {
            let outcome = runtime.block_on(async {
                match Control::start(&plan, tls, signals, stopped).await {
                    Ok((control, addresses)) => {
                        // Whoever started us waits for this, or is gone and has stopped us.
                        let _ = ready.send(Ok(addresses));
                        control.run(&plan).await
                    }
                    Err(refused) => {
                        let _ = ready.send(Err(refused));
                        Outcome::Cut
                    }
                }
            });
            // A drain that was cut leaves workers behind: they end with the process.
            runtime.shutdown_background();
            outcome
        })?;
    match when_ready.blocking_recv() {
        Ok(Ok(addresses)) => Ok(Running {
            addresses,
            stop,
            thread,
        }),
        Ok(Err(refused)) => Err(refused),
        Err(_) => Err(io::Error::other("the control thread ended at once").into()),
    }
}

/// The control thread: accepts, answers admin questions, drains.
struct Control {
    readiness: Readiness,
    acceptors: Vec<tokio::task::JoinHandle<()>>,
    workers: Vec<(WorkerHandle, JoinHandle<()>)>,
    stops: Stops,
}

impl Control {
    async fn start(
        plan: &Arc<Plan>,
        tls: Tls,
        signals: Signals,
        stopped: mpsc::Receiver<()>,
    ) -> Result<(Self, Addresses), Refused> {
        descriptors::provide(plan);
        let sockets = bind_all(plan)?;
        let stops = Stops::new(signals, stopped)?;
        let metrics = Metrics::new();
        let readiness = Readiness::default();
        let admin = Admin::new(metrics.clone(), readiness.clone());
        let rosters = look_for_endpoints(plan, &metrics).await?;
        let mut workers = Vec::new();
        for index in 0..plan.workers.get() {
            let (plan, tls, metrics) = (Arc::clone(plan), tls.clone(), metrics.clone());
            let rosters = rosters.clone();
            workers.push(
                Blueprint {
                    plan,
                    tls,
                    metrics,
                    rosters,
                    index,
                }
                .spawn()?,
            );
        }
        let handles: Vec<_> = workers.iter().map(|(handle, _)| handle.clone()).collect();
        let mut addresses = Addresses::default();
        let mut acceptors = Vec::new();
        for (listener, socket) in sockets.listeners.into_iter().enumerate() {
            let part = &plan.listeners[listener];
            addresses
                .listeners
                .push((Arc::clone(&part.name), socket.local_addr()?));
            let acceptor = Acceptor {
                listener,
                socket,
                entrance: Entrance::new(
                    part.limits.connections,
                    part.limits.connections_per_address,
                ),
                workers: handles.clone(),
                metrics: metrics.listener(&part.name),
            };
            acceptors.push(tokio::spawn(acceptor.run()));
        }
        if let Some(socket) = sockets.admin {
            addresses.admin = Some(socket.local_addr()?);
            tokio::spawn(admin.serve(socket));
        }
        readiness.set(true);
        Ok((
            Self {
                readiness,
                acceptors,
                workers,
                stops,
            },
            addresses,
        ))
    }

    async fn run(mut self, plan: &Plan) -> Outcome {
        self.stops.first().await;
        tracing::info!("draining");
        self.readiness.set(false);
        self.acceptors
            .iter()
            .for_each(tokio::task::JoinHandle::abort);
        for acceptor in self.acceptors {
            // Aborted tasks end with an error by design.
            let _ = acceptor.await;
        }
        let (handles, threads): (Vec<_>, Vec<_>) = self.workers.into_iter().unzip();
        // A worker that hangs may not even take the order: that, too, has a deadline.
        let ended = async {
            for handle in &handles {
                handle.drain().await;
            }
            let join = || threads.into_iter().for_each(|t| drop(t.join()));
            // Nothing cancels it, and what it joins cannot make it panic.
            let _ = tokio::task::spawn_blocking(join).await;
        };
        let outcome = tokio::select! {
            () = ended => Outcome::Drained,
            () = tokio::time::sleep(plan.drain.deadline) => Outcome::Cut,
            () = self.stops.again() => Outcome::Cut,
        };
        match outcome {
            Outcome::Drained => tracing::info!("drained"),
            Outcome::Cut => {
                let open: usize = handles.iter().map(WorkerHandle::load).sum();
                tracing::warn!(connections = open, "ended before all was finished");
            }
        }
        outcome
    }
}

/// Begins to look for the endpoints of upstreams that are looked for, and waits for the first
/// answers. By upstream, where they are told.
async fn look_for_endpoints(
    plan: &Plan,
    metrics: &Metrics,
) -> io::Result<Vec<Option<watch::Receiver<Roster>>>> {
    let mut rosters = Vec::with_capacity(plan.upstreams.len());
    let mut beginning = JoinSet::new();
    for upstream in &plan.upstreams {
        let looking = Discoverer::new(upstream, metrics)?;
        let (discoverer, roster) = looking.unzip();
        rosters.push(roster);
        if let Some(mut discoverer) = discoverer {
            beginning.spawn(async move {
                discoverer.begin().await;
                discoverer
            });
        }
    }
    while let Some(begun) = beginning.join_next().await {
        tokio::spawn(begun.map_err(io::Error::other)?.run());
    }
    Ok(rosters)
}

struct Sockets {
    listeners: Vec<TcpListener>,
    admin: Option<TcpListener>,
}

/// Binds everything or nothing, and names every address that is refused.
fn bind_all(plan: &Plan) -> Result<Sockets, Refused> {
    let mut refused = Vec::new();
    let mut listeners = Vec::new();
    for (index, listener) in plan.listeners.iter().enumerate() {
        match listen::bind(Some(index), listener.bind) {
            Ok(socket) => {
                match listener.service {
                    Service::Messages => listen::bound_unsent(&socket),
                    // What a relay does not read, its server does not send.
                    Service::Relay => {}
                }
                listeners.push(socket);
            }
            Err(error) => refused.push(error),
        }
    }
    let admin = plan.admin.map(|address| listen::bind(None, address));
    match admin.transpose() {
        Ok(admin) if refused.is_empty() => Ok(Sockets { listeners, admin }),
        Ok(_) => Err(Refused::Bind(refused)),
        Err(error) => {
            refused.push(error);
            Err(Refused::Bind(refused))
        }
    }
}

/// What can stop a gateway.
struct Stops {
    asked: mpsc::Receiver<()>,
    signals: Option<[Signal; 2]>,
}

impl Stops {
    fn new(signals: Signals, asked: mpsc::Receiver<()>) -> io::Result<Self> {
        let signals = match signals {
            Signals::Obey => Some([
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
            ]),
            Signals::Ignore => None,
        };
        Ok(Self { asked, signals })
    }

    /// The first reason to stop, be it that whoever could ask is gone.
    async fn first(&mut self) {
        let Some([term, int]) = &mut self.signals else {
            self.asked.recv().await;
            return;
        };
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
            Some(()) = self.asked.recv() => {}
        }
    }

    /// A second signal.
    async fn again(&mut self) {
        match &mut self.signals {
            Some([term, int]) => tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            },
            None => std::future::pending().await,
        }
    }
}
