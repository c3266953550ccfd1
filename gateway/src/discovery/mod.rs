//! Endpoints that are looked for by DNS: one task for each such upstream, on the control thread,
//! which tells all workers what it finds.

mod lookup;

use crate::clock;
use crate::observe::{DiscoveryMetrics, Metrics};
use crate::random::Random;
use gatewright_config::plan::{DiscoveryPlan, UpstreamPlan};
use gatewright_core::discovery::{Change, Discovery};
use gatewright_core::pool::Found;
use lookup::{Lookup, Names};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The endpoints of an upstream by now.
pub(crate) type Roster = Arc<[Found]>;

/// Looks for the endpoints of one upstream.
pub(crate) struct Discoverer {
    upstream: Arc<str>,
    lookup: Lookup,
    state: Discovery,
    told: watch::Sender<Roster>,
    random: Random,
    metrics: DiscoveryMetrics,
    /// How long the start waits for the first answer.
    patience: Duration,
}

impl Discoverer {
    /// For an upstream whose endpoints are looked for; `None` for any other. Beside it is where
    /// they are told.
    ///
    /// # Errors
    /// If the system's name servers cannot be read.
    pub(crate) fn new(
        plan: &UpstreamPlan,
        metrics: &Metrics,
    ) -> io::Result<Option<(Self, watch::Receiver<Roster>)>> {
        let (Some(discovery), Some(authority)) = (
            &plan.discovery,
            plan.endpoints
                .first()
                .and_then(|endpoint| endpoint.authority()),
        ) else {
            return Ok(None);
        };
        let DiscoveryPlan {
            records,
            servers,
            policy,
        } = discovery;
        let names = Names::new(servers)?;
        let (told, roster) = watch::channel(Roster::default());
        let discoverer = Self {
            upstream: Arc::clone(&plan.name),
            lookup: Lookup::new(names, authority, *records, policy.endpoints),
            state: Discovery::new(*policy, clock::now()),
            told,
            random: Random::seeded(),
            metrics: metrics.discovery(&plan.name),
            patience: plan.limits.connect,
        };
        Ok(Some((discoverer, roster)))
    }

    /// The first look-up, but no longer than a connect may take: who starts is not to wait for a
    /// name server for ever.
    pub(crate) async fn begin(&mut self) {
        let patience = self.patience;
        if tokio::time::timeout(patience, self.look()).await.is_err() {
            self.fail(&"no answer in time");
        }
    }

    /// Goes on for as long as the gateway runs.
    pub(crate) async fn run(mut self) {
        loop {
            tokio::time::sleep_until(self.state.poll_timeout().into()).await;
            self.look().await;
        }
    }

    async fn look(&mut self) {
        match self.lookup.look().await {
            Ok(answer) => {
                let (jitter, now) = (self.jitter(), clock::now());
                if answer.found.is_empty() {
                    return self.fail(&"no endpoint was found");
                }
                self.metrics.found();
                let valid = answer.until.saturating_duration_since(now);
                let change = self.state.handle_found(answer.found, valid, jitter, now);
                if change == Change::Changed {
                    self.tell();
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    fn tell(&self) {
        let current = self.state.current();
        let (upstream, endpoints) = (&*self.upstream, current.len());
        tracing::info!(upstream, endpoints, "endpoints were found");
        // Workers that are gone need no endpoints.
        let _ = self.told.send(current.into());
    }

    fn fail(&mut self, error: &dyn fmt::Display) {
        self.metrics.failed();
        let kept = self.state.current().len();
        let upstream = &*self.upstream;
        tracing::warn!(upstream, kept, %error, "cannot look for endpoints");
        let jitter = self.jitter();
        self.state.handle_failed(jitter, clock::now());
    }

    fn jitter(&self) -> u32 {
        (self.random.draw() >> 32) as u32
    }
}

impl fmt::Debug for Discoverer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Discoverer")
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}
