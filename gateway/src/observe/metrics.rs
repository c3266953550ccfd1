//! Counters, gauges and durations, their handles made once: nothing is looked up per message.

use super::durations::{Durations, Histogram};
use gatewright_core::codec::{Cause, DecodeError};
use gatewright_core::fault::FaultClass;
use gatewright_core::health::{Probe, Standing};
use gatewright_core::limit::Late;
use http::StatusCode;
use metrics::{Counter, Gauge, counter, gauge, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// All metrics of one gateway.
#[derive(Clone)]
pub(crate) struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    seconds: Arc<Histogram>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Self {
            recorder: Arc::new(PrometheusBuilder::new().build_recorder()),
            seconds: Arc::new(Histogram::new("gatewright_exchange_seconds")),
        }
    }

    /// All of them by now, in the text format of Prometheus.
    pub(crate) fn render(&self) -> String {
        format!("{}{}", self.recorder.handle().render(), self.seconds)
    }

    fn with<T>(&self, make: impl FnOnce() -> T) -> T {
        with_local_recorder(&*self.recorder, make)
    }

    pub(crate) fn listener(&self, name: &Arc<str>) -> ListenerMetrics {
        let label = name.to_string();
        self.with(|| ListenerMetrics {
            metrics: self.clone(),
            name: label.clone(),
            opened: counter!("gatewright_connections_total", "listener" => label.clone()),
            open: gauge!("gatewright_connections", "listener" => label.clone()),
            requests: counter!("gatewright_requests_total", "listener" => label),
        })
    }

    pub(crate) fn relay(&self, name: &Arc<str>) -> RelayMetrics {
        let carried = |direction: &'static str| {
            let label = name.to_string();
            counter!("gatewright_relayed_bytes_total", "listener" => label, "direction" => direction)
        };
        self.with(|| RelayMetrics {
            listener: self.listener(name),
            up: carried("up"),
            down: carried("down"),
        })
    }

    pub(crate) fn route(&self, listener: &Arc<str>, route: &Arc<str>) -> RouteMetrics {
        let outcome = |outcome: &'static str| {
            counter!(
                "gatewright_exchanges_total",
                "listener" => listener.to_string(),
                "route" => route.to_string(),
                "outcome" => outcome,
            )
        };
        self.with(|| RouteMetrics {
            statuses: ["1xx", "2xx", "3xx", "4xx", "5xx"].map(outcome),
            replies: outcome("reply"),
            faults: FAULTS.map(|class| outcome(class.as_str())),
            seconds: (self.seconds).series(&[("listener", listener), ("route", route)]),
        })
    }

    pub(crate) fn upstream(&self, name: &Arc<str>, endpoints: usize) -> UpstreamMetrics {
        let label = name.to_string();
        let retries = |result: &'static str| counter!("gatewright_upstream_retries_total", "upstream" => name.to_string(), "result" => result);
        self.with(|| UpstreamMetrics {
            metrics: self.clone(),
            name: label.clone(),
            endpoints: RefCell::new((0..endpoints).map(|index| EndpointMetrics::new(&label, index)).collect()),
            retries: retries("sent"),
            retries_refused: retries("budget"),
            connections: gauge!("gatewright_upstream_connections", "upstream" => label.clone()),
            connects_failed: counter!("gatewright_upstream_connects_failed_total", "upstream" => label.clone()),
            queue: gauge!("gatewright_upstream_queue", "upstream" => label),
            queued: Cell::new(0),
        })
    }
}

impl Metrics {
    pub(crate) fn discovery(&self, upstream: &Arc<str>) -> DiscoveryMetrics {
        let lookups = |result: &'static str| counter!("gatewright_upstream_lookups_total", "upstream" => upstream.to_string(), "result" => result);
        self.with(|| DiscoveryMetrics {
            found: lookups("found"),
            failed: lookups("failed"),
        })
    }
}

/// How one upstream's endpoints are looked for.
#[derive(Debug)]
pub(crate) struct DiscoveryMetrics {
    found: Counter,
    failed: Counter,
}

impl DiscoveryMetrics {
    pub(crate) fn found(&self) {
        self.found.increment(1);
    }

    pub(crate) fn failed(&self) {
        self.failed.increment(1);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// What happens on one listener.
#[derive(Debug)]
pub(crate) struct ListenerMetrics {
    metrics: Metrics,
    name: String,
    opened: Counter,
    open: Gauge,
    requests: Counter,
}

impl ListenerMetrics {
    pub(crate) fn opened(&self) {
        self.opened.increment(1);
        self.open.increment(1.0);
    }

    pub(crate) fn closed(&self, reason: &'static str) {
        self.open.decrement(1.0);
        self.count("gatewright_connections_closed_total", "reason", reason);
    }

    /// Accepting waits for a connection to end.
    pub(crate) fn paused(&self) {
        self.metrics.with(|| {
            counter!("gatewright_accept_pauses_total", "listener" => self.name.clone())
                .increment(1);
        });
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        self.count("gatewright_connections_refused_total", "reason", reason);
    }

    /// There is no TLS with a client, for this reason.
    pub(crate) fn handshake_failed(&self, cause: &'static str) {
        self.count("gatewright_tls_handshakes_failed_total", "cause", cause);
    }

    /// A client sent something else before it had opened its session.
    pub(crate) fn unopened(&self) {
        self.metrics.with(|| {
            counter!("gatewright_unopened_total", "listener" => self.name.clone()).increment(1);
        });
    }

    /// A client was sent a sign of life.
    pub(crate) fn sign_sent(&self) {
        self.metrics.with(|| {
            counter!("gatewright_heartbeats_total", "listener" => self.name.clone()).increment(1);
        });
    }

    /// There is no WebSocket for a client, for this reason.
    pub(crate) fn websocket_refused(&self, cause: &'static str) {
        self.count(
            "gatewright_websocket_handshakes_failed_total",
            "cause",
            cause,
        );
    }

    pub(crate) fn requests(&self, count: u32) {
        self.requests.increment(u64::from(count));
    }

    pub(crate) fn decode_error(&self, error: &DecodeError) {
        let cause: Cause = error.cause();
        self.count("gatewright_decode_errors_total", "cause", cause.as_str());
    }

    /// For what is rare; the label's values are a closed set.
    fn count(&self, metric: &'static str, label: &'static str, value: &'static str) {
        self.metrics.with(|| {
            counter!(metric, "listener" => self.name.clone(), label => value).increment(1);
        });
    }
}

/// What happens on one raw listener.
#[derive(Debug)]
pub(crate) struct RelayMetrics {
    pub(crate) listener: ListenerMetrics,
    up: Counter,
    down: Counter,
}

impl RelayMetrics {
    /// So many bytes were read from clients and from upstreams.
    pub(crate) fn carried(&self, up: usize, down: usize) {
        for (counter, bytes) in [(&self.up, up), (&self.down, down)] {
            if bytes > 0 {
                counter.increment(bytes as u64);
            }
        }
    }
}

const FAULTS: [FaultClass; 9] = [
    FaultClass::BadRequest,
    FaultClass::Unrouted,
    FaultClass::Timeout,
    FaultClass::Unreachable,
    FaultClass::BadReply,
    FaultClass::Overload,
    FaultClass::Status(0),
    FaultClass::Draining,
    FaultClass::Internal,
];

/// What becomes of the exchanges of one route.
#[derive(Debug)]
pub(crate) struct RouteMetrics {
    statuses: [Counter; 5],
    replies: Counter,
    faults: [Counter; 9],
    seconds: Arc<Durations>,
}

impl RouteMetrics {
    pub(crate) fn answered(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.statuses.get(class) {
            counter.increment(1);
        }
        self.seconds.record(took, 1);
    }

    /// So many replies came from an upstream of the clients' own protocol.
    pub(crate) fn replied(&self, replies: u32, took: Duration) {
        self.replies.increment(u64::from(replies));
        self.seconds.record(took, replies);
    }

    pub(crate) fn faulted(&self, class: FaultClass, took: Duration) {
        let same =
            |other: &FaultClass| std::mem::discriminant(other) == std::mem::discriminant(&class);
        if let Some(counter) = FAULTS
            .iter()
            .position(same)
            .and_then(|n| self.faults.get(n))
        {
            counter.increment(1);
        }
        self.seconds.record(took, 1);
    }
}

/// How one upstream is doing on one worker.
#[derive(Debug)]
pub(crate) struct UpstreamMetrics {
    metrics: Metrics,
    name: String,
    connections: Gauge,
    connects_failed: Counter,
    queue: Gauge,
    /// This worker's part of the queue gauge.
    queued: Cell<usize>,
    retries: Counter,
    retries_refused: Counter,
    endpoints: RefCell<Vec<EndpointMetrics>>,
}

/// What one worker thinks of one endpoint.
#[derive(Debug)]
struct EndpointMetrics {
    /// By [`Standing::ALL`]; the sum over all workers.
    standings: [Gauge; 3],
    standing: Cell<Standing>,
    passed: Counter,
    failed: Counter,
}

impl EndpointMetrics {
    fn new(upstream: &str, index: usize) -> Self {
        let probes = |result: &'static str| {
            counter!(
                "gatewright_upstream_probes_total",
                "upstream" => upstream.to_owned(),
                "endpoint" => index.to_string(),
                "result" => result,
            )
        };
        let standings = Standing::ALL.map(|standing| {
            gauge!(
                "gatewright_upstream_endpoints",
                "upstream" => upstream.to_owned(),
                "endpoint" => index.to_string(),
                "state" => standing.as_str(),
            )
        });
        let new = Self {
            standings,
            standing: Cell::new(Standing::Healthy),
            passed: probes("passed"),
            failed: probes("failed"),
        };
        new.add(Standing::Healthy, 1.0);
        new
    }

    fn arrive(&self) {
        self.standing.set(Standing::Healthy);
        self.add(Standing::Healthy, 1.0);
    }

    fn add(&self, standing: Standing, number: f64) {
        for (gauge, state) in self.standings.iter().zip(Standing::ALL) {
            gauge.increment(if state == standing { number } else { 0.0 });
        }
    }
}

impl UpstreamMetrics {
    pub(crate) fn connected(&self) {
        self.connections.increment(1.0);
    }

    pub(crate) fn disconnected(&self) {
        self.connections.decrement(1.0);
    }

    /// A message of a server reached nobody.
    pub(crate) fn dropped(&self, reason: &'static str) {
        self.metrics.with(|| {
            counter!("gatewright_upstream_messages_dropped_total", "upstream" => self.name.clone(), "reason" => reason)
                .increment(1);
        });
    }

    /// A server was sent a sign of life.
    pub(crate) fn sign_sent(&self) {
        self.metrics.with(|| {
            counter!("gatewright_upstream_heartbeats_total", "upstream" => self.name.clone())
                .increment(1);
        });
    }

    /// A server was silent for too long.
    pub(crate) fn silent(&self) {
        self.metrics.with(|| {
            counter!("gatewright_upstream_silences_total", "upstream" => self.name.clone())
                .increment(1);
        });
    }

    pub(crate) fn connect_failed(&self) {
        self.connects_failed.increment(1);
    }

    /// A try took longer than it may.
    pub(crate) fn late(&self, late: Late) {
        self.metrics.with(|| {
            counter!("gatewright_upstream_tries_late_total", "upstream" => self.name.clone(), "limit" => late.as_str())
                .increment(1);
        });
    }

    /// A retry was due, and sent if the budget allowed it.
    pub(crate) fn retried(&self, allowed: bool) {
        if allowed {
            self.retries.increment(1);
        } else {
            self.retries_refused.increment(1);
        }
    }

    pub(crate) fn probed(&self, endpoint: usize, probe: Probe) {
        if let Some(endpoint) = self.endpoints.borrow().get(endpoint) {
            match probe {
                Probe::Passed => endpoint.passed.increment(1),
                Probe::Failed => endpoint.failed.increment(1),
            }
        }
    }

    /// There is an endpoint of this index from now on, new or in the place of another one.
    pub(crate) fn arrived(&self, index: usize) {
        let mut endpoints = self.endpoints.borrow_mut();
        match endpoints.get(index) {
            Some(endpoint) => endpoint.arrive(),
            None => {
                let new = self
                    .metrics
                    .with(|| EndpointMetrics::new(&self.name, index));
                endpoints.push(new);
            }
        }
    }

    /// There is none of this index any more.
    pub(crate) fn left(&self, index: usize) {
        if let Some(endpoint) = self.endpoints.borrow().get(index) {
            endpoint.add(endpoint.standing.get(), -1.0);
        }
    }

    /// Says what was thought of the endpoint before.
    pub(crate) fn standing(&self, endpoint: usize, standing: Standing) -> Option<Standing> {
        let endpoints = self.endpoints.borrow();
        let endpoint = endpoints.get(endpoint)?;
        let before = endpoint.standing.replace(standing);
        endpoint.add(before, -1.0);
        endpoint.add(standing, 1.0);
        Some(before)
    }

    pub(crate) fn queued(&self, now: usize) {
        let before = self.queued.replace(now);
        if now != before {
            self.queue.increment(now as f64 - before as f64);
        }
    }
}
