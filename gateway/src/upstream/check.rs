//! Probes of endpoints, over connections of their own.

use super::Upstream;
use super::call::uri;
use super::connect::Usable;
use crate::clock;
use gatewright_config::plan::{Check, CheckPlan, EndpointKind};
use gatewright_core::health::Probe;
use gatewright_core::translate::Question;
use http::uri::PathAndQuery;
use http::{HeaderMap, Request};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// The task that probes one endpoint for as long as its worker runs.
struct Prober {
    upstream: Rc<Upstream>,
    other: Option<Rc<Upstream>>,
    plan: CheckPlan,
    endpoint: usize,
}

impl Upstream {
    /// Probes each endpoint from now on, if the configuration says so. What comes of it goes for
    /// the `other` connections to the same endpoints as well.
    pub(crate) fn start_checks(self: &Rc<Self>, other: Option<&Rc<Self>>) {
        let Some(plan) = self.plan.check.as_ref().filter(|_| self.mock().is_none()) else {
            return;
        };
        for endpoint in 0..self.plan.endpoints.len() {
            let prober = Rc::new(Prober {
                upstream: Rc::clone(self),
                other: other.cloned(),
                plan: plan.clone(),
                endpoint,
            });
            tokio::task::spawn_local(prober.run());
        }
    }
}

impl Prober {
    async fn run(self: Rc<Self>) {
        // Workers and endpoints do not probe in step.
        tokio::time::sleep(self.plan.every.mul_f64(self.share())).await;
        loop {
            // In a task of its own: should a library panic, this probe failed, and others follow.
            let probing = tokio::task::spawn_local(Rc::clone(&self).probe());
            let probe = probing.await.unwrap_or(Probe::Failed);
            self.upstream.metrics.probed(self.endpoint, probe);
            let endpoint = self.endpoint;
            for upstream in std::iter::once(&self.upstream).chain(&self.other) {
                upstream.change_pool(|pool| pool.handle_probe(endpoint, probe, clock::now()));
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
    async fn ask(&self, question: &Question) -> Option<()> {
        let speech = self.upstream.plan.speaks.as_ref()?;
        let opening = self.upstream.open_native(self.endpoint, speech);
        let nth = u8::try_from(speech.opening.len()).unwrap_or(u8::MAX);
        opening.await.ok()?.ask(question, nth).await.ok()
    }

    /// A connection to a stream of bytes is usable once it has begun as it has to.
    async fn reach(&self) -> Option<()> {
        match &self.upstream.plan.speaks {
            Some(speech) if !speech.opening.is_empty() => {
                let opening = self.upstream.open_native(self.endpoint, speech);
                opening.await.ok().map(drop)
            }
            Some(_) | None => self.upstream.dialler.probe(self.endpoint).await.ok(),
        }
    }

    async fn connect(&self) -> Option<Usable> {
        self.upstream.connect(self.endpoint).await.ok()
    }

    async fn probe(self: Rc<Self>) -> Probe {
        let probing = async {
            let endpoint = &self.upstream.plan.endpoints[self.endpoint];
            match (&self.plan.check, endpoint.kind()) {
                (Check::Ask(question), _) => self.ask(question).await,
                (_, EndpointKind::Stream) => self.reach().await,
                (Check::Connect, _) => self.connect().await.map(drop),
                (Check::Get(path), _) => get(self.connect().await?, path.clone()).await,
            }
        };
        match tokio::time::timeout(self.plan.timeout, probing).await {
            Ok(Some(())) => Probe::Passed,
            Ok(None) | Err(_) => Probe::Failed,
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
    *request.uri_mut() = uri(&target, path).ok()?;
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
    let driving = poll_fn(|cx| {
        let ended = Pin::new(&mut connection).poll(cx).is_ready();
        let lost = matches!(cork.poll_release(cx), Poll::Ready(Err(_)));
        if ended || lost {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    tokio::select! {
        () = driving => None,
        passed = asking => passed,
    }
}
