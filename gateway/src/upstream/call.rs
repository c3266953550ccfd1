//! One HTTP request and its answer.

use super::download::{Download, Ends};
use super::faults::{blamed, failed, fault, unsent};
use super::mock::MockCall;
use super::traceparent::{TRACEPARENT, traceparent};
use super::upload::Upload;
use super::{Lease, Place, Progress, Queued, Target, Upstream, Wish};
use crate::clock;
use crate::collected::Collected;
use crate::http2::{BUDGET, Outflow, Patience, decimal};
use bytes::Bytes;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::limit::Stage;
use gatewright_core::message::{Body, BodyStream};
use gatewright_core::translate::{Facts, HttpAnswer, HttpRequest, grpc};
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::response::Parts;
use http::uri::{Authority, PathAndQuery, Uri};
use http::{HeaderMap, Request, Response, StatusCode};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static(grpc::TIMEOUT);

/// One request and its answer. Dropped before its end, it resets its stream.
pub(crate) struct Call {
    state: State,
    /// Where it was sent.
    endpoint: Option<usize>,
}

/// What is larger than an answer lies elsewhere.
enum State {
    AwaitingPlace(Box<Waiting>),
    AwaitingHead {
        lease: Lease,
        response: ResponseFuture,
        sending: Sending,
    },
    AwaitingBody(Box<Receiving>),
    AwaitingMock(Box<MockCall>),
    /// It could not be sent.
    Failed(Fault),
    /// The answer came, which is kept here: it is large.
    Answered(HttpAnswer),
    Done,
}

/// How much time a request has left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TimeLeft {
    /// All that is done about it is over by then.
    pub(crate) deadline: Instant,
    /// What each try has at most, from when it is sent.
    pub(crate) each_try: Option<Duration>,
    /// How long its payload, or that of its answer, may stand still, however little is left.
    pub(crate) patience: Duration,
}

/// A request that waits for its place.
struct Waiting {
    place: Queued,
    request: HttpRequest,
    terms: Terms,
}

/// What goes with a request, whenever it is sent.
#[derive(Clone, Copy)]
struct Terms {
    trace: u128,
    time: TimeLeft,
}

/// What goes on beside the wait for an answer.
struct Sending {
    /// The payload of the request, while it is on its way.
    upload: Option<Upload>,
    /// How long that of the answer may stand still, if it is passed on as it comes.
    streams: Option<Duration>,
}

/// An answer whose head is here and whose body is not.
struct Receiving {
    lease: Lease,
    head: Parts,
    stream: RecvStream,
    body: Collected,
    /// The payload of its request, if that came as a stream: it may not be over yet.
    upload: Option<Upload>,
}

impl Call {
    /// Sends the request, or queues it. Its trace and its client's turn in the queue come from
    /// `facts`. The call goes on with its first poll.
    pub(crate) fn begin(
        upstream: &Rc<Upstream>,
        request: HttpRequest,
        facts: &Facts,
        wish: Wish,
        time: TimeLeft,
        now: Instant,
    ) -> Box<Self> {
        // Requests are large, and so is what they become: it is made where it stays.
        let mut call = Box::new(Self {
            state: State::Done,
            endpoint: None,
        });
        if let Err(fault) = call.start(upstream, request, facts, wish, time, now) {
            call.state = State::Failed(fault);
        }
        call
    }

    fn start(
        &mut self,
        upstream: &Rc<Upstream>,
        request: HttpRequest,
        facts: &Facts,
        wish: Wish,
        time: TimeLeft,
        now: Instant,
    ) -> Result<(), Fault> {
        if let Some(plan) = upstream.mock() {
            let call = MockCall::new(plan, &request, now);
            self.state = State::AwaitingMock(Box::new(call));
            return Ok(());
        }
        let terms = Terms {
            trace: facts.trace,
            time,
        };
        match upstream.acquire(facts.peer.connection, wish, now)? {
            Place::Granted(lease) => self.send(lease, request, terms),
            Place::Queued(place) => {
                self.state = State::AwaitingPlace(Box::new(Waiting {
                    place,
                    request,
                    terms,
                }));
                Ok(())
            }
        }
    }

    /// The endpoint that it was sent to, by index.
    pub(crate) const fn endpoint(&self) -> Option<usize> {
        self.endpoint
    }

    /// How far it got; `None` before it is sent.
    pub(crate) fn progress(&self) -> Option<Progress> {
        let (since, stage) = match &self.state {
            State::AwaitingHead { lease, .. } => (lease.began, Stage::Sent),
            State::AwaitingBody(receiving) => (receiving.lease.began, Stage::Begun),
            State::AwaitingMock(call) => (call.began(), Stage::Sent),
            State::AwaitingPlace(_) | State::Failed(_) | State::Answered(_) | State::Done => {
                return None;
            }
        };
        Some(Progress { since, stage })
    }

    /// Notes that it took too long. That is the endpoint's fault if it had at least half of the
    /// time: a client that is slow to send its request, or a full queue, leaves it less.
    pub(crate) fn timed_out(&self, limit: Duration, now: Instant) {
        let lease = match &self.state {
            State::AwaitingHead { lease, .. } => lease,
            State::AwaitingBody(receiving) => &receiving.lease,
            State::AwaitingPlace(_)
            | State::AwaitingMock(_)
            | State::Failed(_)
            | State::Answered(_)
            | State::Done => return,
        };
        if now.saturating_duration_since(lease.began) >= limit / 2 {
            lease.late(now);
        }
    }

    fn send(&mut self, lease: Lease, request: HttpRequest, terms: Terms) -> Result<(), Fault> {
        self.endpoint = Some(lease.endpoint());
        let HttpRequest {
            method,
            target,
            authority,
            mut headers,
            body,
            streams,
            awaited_until,
        } = request;
        let parent = (lease.upstream().plan.traceparent)
            .then(|| traceparent(terms.trace, lease.upstream().random()));
        let deadline = time_left(lease.upstream(), terms.time);
        let sent = lease.with_http(|connected| {
            // Never indexed: a value that never comes again has no place in the compression table.
            // The first one is, so that the others find their name there.
            let known = connected.served > 0;
            connected.served += 1;
            if let Some(mut parent) = parent {
                parent.set_sensitive(known);
                // No rule gives this header, nor the length: nothing needs to be looked up and replaced.
                headers.append(TRACEPARENT, parent);
            }
            if let Some(until) = awaited_until {
                let left = until.saturating_duration_since(clock::now());
                headers.insert(GRPC_TIMEOUT, grpc::written(left));
            }
            if let Some((name, mut left)) = deadline {
                left.set_sensitive(known);
                headers.insert(name, left);
            }
            let mut head = Request::new(());
            *head.method_mut() = method;
            *head.uri_mut() = uri(&connected.target, authority, target)?;
            *head.headers_mut() = headers;
            let (response, rest) = send_on(&mut connected.sender, head, body)?;
            Ok((
                response,
                rest.map(|rest| (rest, connected.allowance.clone())),
            ))
        });
        let (response, upload) = sent.unwrap_or_else(|| {
            Err(Fault::unsent(
                FaultClass::Unreachable,
                "the connection was closed before its use",
            ))
        })?;
        let upload = upload.map(|((body, stream), allowance)| {
            // Beyond the exchange's own time, which ends with an answer: for what goes on behind an early one.
            let patience = Patience::new(2 * terms.time.patience, lease.upstream().timers());
            Upload::begin(Outflow::new(body, stream, allowance, patience))
        });
        let sending = Sending {
            upload,
            streams: streams.then_some(terms.time.patience),
        };
        self.state = State::AwaitingHead {
            lease,
            response,
            sending,
        };
        Ok(())
    }

    /// Ready once the [answer](Self::answer) is there.
    pub(crate) fn poll(&mut self, now: Instant, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        loop {
            // Polled where it lies; taken out only to become something else.
            let next = match &mut self.state {
                State::AwaitingPlace(waiting) => ready!(waiting.place.poll(cx)).map(Some),
                State::AwaitingHead {
                    lease,
                    response,
                    sending,
                } => match ready!(Pin::new(response).poll(cx)) {
                    Err(error) => Err(failed(lease, sending.upload.as_ref(), &error)),
                    Ok(answer) => return self.receive(answer, now, cx),
                },
                State::AwaitingBody(receiving) => {
                    ready!(receiving.poll(cx))?;
                    return Poll::Ready(self.received(now));
                }
                State::AwaitingMock(call) => {
                    self.state = State::Answered(ready!(call.poll(cx)));
                    return Poll::Ready(Ok(()));
                }
                State::Failed(_) | State::Answered(_) | State::Done => Ok(None),
            };
            match (std::mem::replace(&mut self.state, State::Done), next?) {
                (State::AwaitingPlace(waiting), Some(lease)) => {
                    let Waiting { request, terms, .. } = *waiting;
                    self.send(lease, request, terms)?;
                }
                (State::Failed(fault), _) => return Poll::Ready(Err(fault)),
                _ => {
                    let fault =
                        Fault::sent(FaultClass::Internal, "a call was polled after its end");
                    return Poll::Ready(Err(fault));
                }
            }
        }
    }

    /// What came.
    pub(crate) const fn answer(&self) -> Option<&HttpAnswer> {
        match &self.state {
            State::Answered(answer) => Some(answer),
            _ => None,
        }
    }

    /// Takes the head of an answer and what is there of its body, usually all.
    fn receive(
        &mut self,
        answer: Response<RecvStream>,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>> {
        let State::AwaitingHead { lease, sending, .. } =
            std::mem::replace(&mut self.state, State::Done)
        else {
            return Poll::Ready(Err(Fault::sent(
                FaultClass::Internal,
                "an answer out of turn",
            )));
        };
        lease.answered();
        let (head, stream) = answer.into_parts();
        let mut receiving = Receiving {
            lease,
            head,
            stream,
            body: Collected::Nothing,
            upload: sending.upload,
        };
        if let Some(patience) = sending.streams {
            self.state = State::Answered(receiving.pass_on(patience, now, cx)?);
            return Poll::Ready(Ok(()));
        }
        match receiving.poll(cx)? {
            Poll::Ready(()) => {
                self.state = State::Answered(receiving.finish(now));
                Poll::Ready(Ok(()))
            }
            Poll::Pending => {
                // What is here already was counted; there is no need to wait for too much.
                let Receiving { lease, head, .. } = &receiving;
                check_length(&head.headers, lease.upstream().plan.limits.body)
                    .map_err(|fault| blamed(lease, fault))?;
                self.state = State::AwaitingBody(Box::new(receiving));
                Poll::Pending
            }
        }
    }

    fn received(&mut self, now: Instant) -> Result<(), Fault> {
        match std::mem::replace(&mut self.state, State::Done) {
            State::AwaitingBody(receiving) => {
                self.state = State::Answered(receiving.finish(now));
                Ok(())
            }
            _ => Err(Fault::sent(FaultClass::Internal, "an answer out of turn")),
        }
    }

    /// What it waits for, for people.
    pub(crate) const fn awaits(&self) -> &'static str {
        match self.state {
            State::AwaitingPlace(_) => "no place on a connection in time",
            State::AwaitingHead { .. } | State::AwaitingMock(_) => "no answer in time",
            State::AwaitingBody { .. } => "not the whole answer in time",
            State::Failed(_) | State::Answered(_) | State::Done => "not handled in time",
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("awaits", &self.awaits())
            .finish()
    }
}

/// A payload that is to be sent as it comes, and its stream.
type Rest = (BodyStream, SendStream<Bytes>);

fn send_on(
    sender: &mut SendRequest<Bytes>,
    mut head: Request<()>,
    body: Body,
) -> Result<(ResponseFuture, Option<Rest>), Fault> {
    if let Body::Whole(body) = &body {
        head.headers_mut()
            .append(CONTENT_LENGTH, decimal(body.len()));
    }
    let ends = matches!(body, Body::Empty);
    let (response, mut stream) = sender.send_request(head, ends).map_err(|e| unsent(&e))?;
    // A handle takes one request beyond the server's limit, and keeps it and its wakes until it is open.
    // Places are counted against the limit, so this happens only while cancelled streams still
    // count; the next request has another handle then.
    if (sender.poll_ready(&mut Context::from_waker(Waker::noop()))).is_pending() {
        *sender = sender.clone();
    }
    let rest = match body {
        Body::Empty => None,
        Body::Whole(body) => {
            let sent = stream.send_data(body, true);
            sent.map_err(|error| fault(&error))?;
            None
        }
        Body::Stream(body) => Some((body, stream)),
        Body::Awaited => {
            let detail = "a body that nobody has read";
            return Err(Fault::sent(FaultClass::Internal, detail));
        }
    };
    Ok((response, rest))
}

/// How much time is left for the answer, where a header tells it.
fn time_left(upstream: &Upstream, time: TimeLeft) -> Option<(HeaderName, HeaderValue)> {
    let name = upstream.plan.deadline_header.as_ref()?;
    let left = time.deadline.saturating_duration_since(clock::now());
    let left = time.each_try.map_or(left, |each_try| each_try.min(left));
    let value = match name.as_str() {
        grpc::TIMEOUT => grpc::written(left),
        _ => HeaderValue::from_str(&left.as_millis().to_string()).ok()?,
    };
    Some((name.clone(), value))
}

fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), Fault> {
    let length: Option<u64> = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    match length {
        Some(length) if length > limit as u64 => Err(too_long(limit)),
        _ => Ok(()),
    }
}

fn too_long(limit: usize) -> Fault {
    Fault::sent(
        FaultClass::BadReply,
        format!("the answer's body is longer than {limit} bytes"),
    )
}

impl Receiving {
    /// Ready once all of the body is here.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let limit = self.lease.upstream().plan.limits.body;
        loop {
            match ready!(self.stream.poll_data(cx)) {
                None => return Poll::Ready(Ok(())),
                Some(Err(error)) => {
                    let fault = failed(&self.lease, self.upload.as_ref(), &error);
                    return Poll::Ready(Err(fault));
                }
                Some(Ok(chunk)) => {
                    let length = chunk.len();
                    if self.body.len() + length > limit {
                        return Poll::Ready(Err(blamed(&self.lease, too_long(limit))));
                    }
                    self.body.push(chunk);
                    // What is left of a stream gives its share of the window back by itself.
                    if self.stream.is_end_stream() {
                        return Poll::Ready(Ok(()));
                    }
                    // The stream is there, or this chunk would not be.
                    let _ = self.stream.flow_control().release_capacity(length);
                }
            }
        }
    }

    fn finish(self, now: Instant) -> HttpAnswer {
        let Self {
            lease,
            head,
            stream,
            body,
            upload,
        } = self;
        match speaks_against_its_server(head.status) {
            true => lease.blame(),
            false => lease.praise(now),
        }
        lease.complete();
        lease.with_http(|connected| connected.spent.keep(stream, body.len()));
        if let Some(upload) = upload {
            upload.outlast(lease);
        }
        HttpAnswer {
            status: head.status,
            headers: head.headers,
            body: body.finish().into(),
        }
    }
}

impl Receiving {
    /// The answer, whole if it is here with nothing behind it, as most are; if not, its payload
    /// comes as it does.
    fn pass_on(
        mut self,
        patience: Duration,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Result<HttpAnswer, Fault> {
        while self.body.len() < BUDGET && !self.stream.is_end_stream() {
            match self.stream.poll_data(cx) {
                Poll::Ready(Some(Ok(chunk))) => {
                    // The stream is there, or this chunk would not be.
                    let _ = self.stream.flow_control().release_capacity(chunk.len());
                    self.body.push(chunk);
                }
                Poll::Ready(Some(Err(error))) => {
                    return Err(failed(&self.lease, self.upload.as_ref(), &error));
                }
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        if self.stream.is_end_stream() {
            return Ok(self.finish(now));
        }
        let Self {
            lease,
            head,
            stream,
            body,
            upload,
        } = self;
        let failed = speaks_against_its_server(head.status);
        match failed {
            true => lease.blame_now(now),
            false => lease.praise_head(now),
        }
        let ends = if failed { Ends::Anyhow } else { Ends::Judged };
        let (download, rest) =
            Download::new((lease, upload), body.finish(), stream, patience, ends);
        tokio::task::spawn_local(download.run());
        Ok(HttpAnswer {
            status: head.status,
            headers: head.headers,
            body: rest,
        })
    }
}

const fn speaks_against_its_server(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

pub(super) fn uri(
    endpoint: &Target,
    authority: Option<Authority>,
    target: PathAndQuery,
) -> Result<Uri, Fault> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(endpoint.scheme.clone());
    parts.authority = authority.or_else(|| Some(endpoint.authority.clone()));
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| Fault::unsent(FaultClass::Internal, "the target is no URI"))
}
