//! Probes of endpoints, over connections of their own.

use super::Upstream;
use super::call::uri;
use super::connect::Usable;
use super::dial::is_our_own;
use crate::clock;
use gatewright_config::plan::{Check, CheckPlan, EndpointKind};
use gatewright_core::health::Probe;
use gatewright_core::translate::Question;
use http::uri::PathAndQuery;
use http::{HeaderMap, Request};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;
use tokio::task::AbortHandle;

/// The task that probes one endpoint for as long as its worker runs.
struct Prober {
    upstream: Rc<Upstream>,
    other: Option<Rc<Upstream>>,
    plan: CheckPlan,
    endpoint: usize,
}

/// The probes of one upstream's endpoints, by index.
#[derive(Debug, Default)]
pub(super) struct Probes {
    other: Option<Rc<Upstream>>,
    tasks: Vec<Option<AbortHandle>>,
}

impl Upstream {
    /// Probes each endpoint from now on, if the configuration says so. What comes of it goes for
    /// the `other` connections to the same endpoints as well.
    pub(crate) fn start_checks(self: &Rc<Self>, other: Option<&Rc<Self>>) {
        *self.probes.borrow_mut() = Some(Probes {
            other: other.cloned(),
            tasks: Vec::new(),
        });
        for endpoint in self.known_endpoints() {
            self.start_check(endpoint);
        }
    }

    /// Probes an endpoint from now on, if those of this upstream are probed at all.
    pub(super) fn start_check(self: &Rc<Self>, endpoint: usize) {
        let mut probes = self.probes.borrow_mut();
        let plan = self.plan.check.as_ref().filter(|_| self.mock().is_none());
        let (Some(plan), Some(probes)) = (plan, &mut *probes) else {
            return;
        };
        let prober = Rc::new(Prober {
            upstream: Rc::clone(self),
            other: probes.other.clone(),
            plan: plan.clone(),
            endpoint,
        });
        let task = tokio::task::spawn_local(prober.run()).abort_handle();
        probes
            .tasks
            .resize(probes.tasks.len().max(endpoint + 1), None);
        probes.tasks[endpoint] = Some(task);
    }

    /// Probes an endpoint no more.
    pub(super) fn stop_check(&self, endpoint: usize) {
        let mut probes = self.probes.borrow_mut();
        let task = probes
            .as_mut()
            .and_then(|p| p.tasks.get_mut(endpoint)?.take());
        if let Some(task) = task {
            task.abort();
        }
    }

    /// What a probe of an endpoint of another set of connections to the same ones says.
    fn note_probe(self: &Rc<Self>, of: &Self, endpoint: usize, probe: Probe) {
        let address = of.found_at(endpoint);
        self.change_pool(|pool| {
            let index = match address {
                Some(address) => pool.index_of(address),
                None => Some(endpoint),
            };
            if let Some(index) = index {
                pool.handle_probe(index, probe, clock::now());
            }
        });
    }
}

/// Whose fault it is that a probe did not pass.
#[derive(Clone, Copy, Debug)]
enum Failure {
    Ours,
    Theirs,
}

impl Failure {
    const fn of(is_our_own: bool) -> Self {
        if is_our_own { Self::Ours } else { Self::Theirs }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::of(is_our_own(&error))
    }
}

impl Prober {
    async fn run(self: Rc<Self>) {
        // Workers and endpoints do not probe in step.
        tokio::time::sleep(self.plan.every.mul_f64(self.share())).await;
        loop {
            // In a task of its own: should a library panic, this probe failed, and others follow.
            let probing = tokio::task::spawn_local(Rc::clone(&self).probe());
            if let Some(probe) = probing.await.unwrap_or(Some(Probe::Failed)) {
                self.upstream.metrics.probed(self.endpoint, probe);
                for upstream in std::iter::once(&self.upstream).chain(&self.other) {
                    upstream.note_probe(&self.upstream, self.endpoint, probe);
                }
            }
            tokio::time::sleep(self.pause()).await;
        }
    }

    fn pause(&self) -> Duration {
        self.plan.every.mul_f64(0.9 + 0.2 * self.share())
    }

    fn share(&self) -> f64 {
        f64::from(self.upstream.jitter()) / f64::from(u32::MAX)
    }

    /// Asks in the upstream's own protocol.
    async fn ask(&self, question: &Question) -> Result<(), Failure> {
        let speech = self.upstream.plan.speaks.as_ref().ok_or(Failure::Theirs)?;
        let opening = self.upstream.open_native(self.endpoint, speech);
        let nth = u8::try_from(speech.opening.len()).unwrap_or(u8::MAX);
        Ok(opening.await?.ask(question, nth).await?)
    }

    /// A connection to a stream of bytes is usable once it has begun as it has to.
    async fn reach(&self) -> Result<(), Failure> {
        match &self.upstream.plan.speaks {
            Some(speech) if !speech.opening.is_empty() => {
                let opening = self.upstream.open_native(self.endpoint, speech);
                Ok(opening.await.map(drop)?)
            }
            Some(_) | None => {
                let target = self.upstream.target(self.endpoint)?;
                Ok(self.upstream.dialler.probe(&target).await?)
            }
        }
    }

    async fn connect(&self) -> Result<Usable, Failure> {
        let connected = self.upstream.connect(self.endpoint).await;
        connected.map_err(|error| Failure::of(error.is_our_own()))
    }

    /// Nothing if it says nothing of the endpoint.
    async fn probe(self: Rc<Self>) -> Option<Probe> {
        let probing = async {
            match (&self.plan.check, self.upstream.kind()) {
                (Check::Ask(question), _) => self.ask(question).await,
                (_, EndpointKind::Stream) => self.reach().await,
                (Check::Connect, _) => self.connect().await.map(drop),
                (Check::Get(path), _) => {
                    let asked = get(self.connect().await?, path.clone()).await;
                    asked.ok_or(Failure::Theirs)
                }
            }
        };
        match tokio::time::timeout(self.plan.timeout, probing).await {
            Ok(Ok(())) => Some(Probe::Passed),
            Ok(Err(Failure::Theirs)) | Err(_) => Some(Probe::Failed),
            Ok(Err(Failure::Ours)) => None,
        }
    }
}

/// Asks for the path; something only if the answer's head says that all is well.
async fn get(usable: Usable, path: PathAndQuery) -> Option<()> {
    let Usable {
        target,
        sender,
        mut connection,
        cork,
    } = usable;
    let mut request = Request::new(());
    *request.uri_mut() = uri(&target, None, path).ok()?;
    *request.headers_mut() = HeaderMap::new();
    let asking = async {
        let (response, _) = sender
            .ready()
            .await
            .ok()?
            .send_request(request, true)
            .ok()?;
        let answer = response.await.ok()?;
        answer.status().is_success().then_some(())
    };
    // What it has to write leaves once it was polled.
    let mut asking = pin!(asking);
    poll_fn(|cx| {
        let ended = Pin::new(&mut connection).poll(cx).is_ready();
        let lost = matches!(cork.poll_release(cx), Poll::Ready(Err(_)));
        match asking.as_mut().poll(cx) {
            Poll::Pending if ended || lost => Poll::Ready(None),
            // It may have come with the end of the connection.
            passed => passed,
        }
    })
    .await
}
