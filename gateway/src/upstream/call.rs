//! One HTTP request and its answer.

use super::mock::MockCall;
use super::{Lease, Place, Queued, Target, Upstream};
use bytes::{Bytes, BytesMut};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::translate::{Facts, HttpAnswer, HttpRequest};
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use http::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use http::response::Parts;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, Request};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// One request and its answer. Dropped before its end, it resets its stream.
pub(crate) struct Call {
    state: State,
}

enum State {
    Start {
        upstream: Rc<Upstream>,
        request: HttpRequest,
        client: u64,
    },
    AwaitingPlace {
        queued: Queued,
        request: HttpRequest,
    },
    AwaitingHead {
        lease: Lease,
        response: ResponseFuture,
    },
    AwaitingBody {
        lease: Lease,
        head: Parts,
        stream: RecvStream,
        body: Collected,
    },
    AwaitingMock(MockCall),
    Done,
}

/// What came of a body so far. A body of one chunk is not copied.
#[derive(Default)]
enum Collected {
    #[default]
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Call {
    /// A call that begins with its first poll. Its trace and its client's turn in the queue
    /// come from `facts`.
    pub(crate) fn new(upstream: Rc<Upstream>, mut request: HttpRequest, facts: &Facts) -> Self {
        let client = facts.connection;
        let span = upstream.random();
        request
            .headers
            .insert(TRACEPARENT, traceparent(facts.trace, span));
        let state = match upstream.mock() {
            Some(plan) => State::AwaitingMock(MockCall::new(plan, &request)),
            None => State::Start {
                upstream,
                request,
                client,
            },
        };
        Self { state }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<HttpAnswer, Fault>> {
        loop {
            let step = match std::mem::replace(&mut self.state, State::Done) {
                State::Start {
                    upstream,
                    request,
                    client,
                } => start(&upstream, request, client, cx),
                State::AwaitingPlace { queued, request } => await_place(queued, request, cx),
                State::AwaitingHead { lease, response } => await_head(lease, response, cx),
                State::AwaitingBody {
                    lease,
                    head,
                    stream,
                    body,
                } => await_body(lease, head, stream, body, cx),
                State::AwaitingMock(call) => await_mock(call, cx),
                State::Done => Err(Fault::unsent(FaultClass::Internal, "polled after its end")),
            };
            match step {
                Ok(Step::Next(state)) => self.state = state,
                Ok(Step::Wait(state)) => {
                    self.state = state;
                    return Poll::Pending;
                }
                Ok(Step::Answer(answer)) => return Poll::Ready(Ok(answer)),
                Err(fault) => return Poll::Ready(Err(fault)),
            }
        }
    }

    /// What it waits for, for people.
    pub(crate) const fn awaits(&self) -> &'static str {
        match self.state {
            State::Start { .. } | State::Done => "its turn",
            State::AwaitingPlace { .. } => "a place on a connection",
            State::AwaitingHead { .. } | State::AwaitingMock(_) => "the answer",
            State::AwaitingBody { .. } => "the rest of the answer",
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

enum Step {
    /// Go on at once.
    Next(State),
    /// Go on when woken.
    Wait(State),
    Answer(HttpAnswer),
}

type Stepped = Result<Step, Fault>;

fn start(upstream: &Rc<Upstream>, request: HttpRequest, client: u64, cx: &Context<'_>) -> Stepped {
    match upstream.acquire(client, cx)? {
        Place::Granted(lease) => send(lease, request),
        Place::Queued(queued) => Ok(Step::Wait(State::AwaitingPlace { queued, request })),
    }
}

fn await_place(queued: Queued, request: HttpRequest, cx: &Context<'_>) -> Stepped {
    match queued.poll(cx) {
        Poll::Ready(lease) => send(lease?, request),
        Poll::Pending => Ok(Step::Wait(State::AwaitingPlace { queued, request })),
    }
}

fn send(lease: Lease, request: HttpRequest) -> Stepped {
    let HttpRequest {
        method,
        target,
        headers,
        body,
    } = request;
    let Some(body) = body.whole() else {
        return Err(Fault::unsent(
            FaultClass::Internal,
            "only whole bodies are forwarded",
        ));
    };
    let sent = lease.with(|sender, endpoint| {
        let mut head = Request::new(());
        *head.method_mut() = method;
        *head.uri_mut() = uri(endpoint, target)?;
        *head.headers_mut() = headers;
        send_on(sender, head, body)
    });
    let response = sent.unwrap_or_else(|| {
        Err(Fault::unsent(
            FaultClass::Unreachable,
            "the connection was closed before its use",
        ))
    })?;
    Ok(Step::Next(State::AwaitingHead { lease, response }))
}

fn send_on(
    sender: &mut SendRequest<Bytes>,
    mut head: Request<()>,
    body: Bytes,
) -> Result<ResponseFuture, Fault> {
    // A handle takes one request beyond the server's limit and no more before that one is open.
    // Places are counted against the limit, so this happens only while cancelled streams still
    // count; the library queues the request of another handle then.
    let mut another;
    let sender = match sender.poll_ready(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(())) => sender,
        Poll::Ready(Err(error)) => return Err(unsent(&error)),
        Poll::Pending => {
            another = sender.clone();
            &mut another
        }
    };
    if body.is_empty() {
        return sender
            .send_request(head, true)
            .map(|(response, _)| response)
            .map_err(|e| unsent(&e));
    }
    head.headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let (response, mut stream) = sender.send_request(head, false).map_err(|e| unsent(&e))?;
    stream
        .send_data(body, true)
        .map_err(|error| fault(&error))?;
    Ok(response)
}

fn await_head(lease: Lease, mut response: ResponseFuture, cx: &mut Context<'_>) -> Stepped {
    match Pin::new(&mut response).poll(cx) {
        Poll::Pending => Ok(Step::Wait(State::AwaitingHead { lease, response })),
        Poll::Ready(Err(error)) => Err(fault(&error)),
        Poll::Ready(Ok(answer)) => {
            let (head, stream) = answer.into_parts();
            check_length(&head.headers, lease.upstream().plan.limits.body)?;
            Ok(Step::Next(State::AwaitingBody {
                lease,
                head,
                stream,
                body: Collected::Nothing,
            }))
        }
    }
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

fn await_body(
    lease: Lease,
    head: Parts,
    mut stream: RecvStream,
    mut body: Collected,
    cx: &mut Context<'_>,
) -> Stepped {
    let limit = lease.upstream().plan.limits.body;
    loop {
        if !matches!(body, Collected::Nothing) && stream.is_end_stream() {
            break;
        }
        match stream.poll_data(cx) {
            Poll::Pending => {
                return Ok(Step::Wait(State::AwaitingBody {
                    lease,
                    head,
                    stream,
                    body,
                }));
            }
            Poll::Ready(None) => break,
            Poll::Ready(Some(Err(error))) => return Err(fault(&error)),
            Poll::Ready(Some(Ok(chunk))) => {
                let _ = stream.flow_control().release_capacity(chunk.len());
                if body.len() + chunk.len() > limit {
                    return Err(too_long(limit));
                }
                body.push(chunk);
            }
        }
    }
    let body = body.finish();
    Ok(Step::Answer(HttpAnswer {
        status: head.status,
        headers: head.headers,
        body,
    }))
}

fn await_mock(mut call: MockCall, cx: &mut Context<'_>) -> Stepped {
    match call.poll(cx) {
        Poll::Ready(answer) => Ok(Step::Answer(answer)),
        Poll::Pending => Ok(Step::Wait(State::AwaitingMock(call))),
    }
}

impl Collected {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(chunk) => chunk.len(),
            Self::Many(chunks) => chunks.len(),
        }
    }

    fn push(&mut self, chunk: Bytes) {
        match self {
            Self::Nothing => *self = Self::One(chunk),
            Self::One(first) => {
                let mut chunks = BytesMut::with_capacity(first.len() + chunk.len());
                chunks.extend_from_slice(first);
                chunks.extend_from_slice(&chunk);
                *self = Self::Many(chunks);
            }
            Self::Many(chunks) => chunks.extend_from_slice(&chunk),
        }
    }

    fn finish(self) -> Bytes {
        match self {
            Self::Nothing => Bytes::new(),
            Self::One(chunk) => chunk,
            Self::Many(chunks) => chunks.freeze(),
        }
    }
}

fn uri(endpoint: &Target, target: PathAndQuery) -> Result<Uri, Fault> {
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(endpoint.scheme.clone());
    parts.authority = Some(endpoint.authority.clone());
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).map_err(|_| Fault::unsent(FaultClass::Internal, "the target is no URI"))
}

/// `traceparent` of W3C Trace Context, version 00, sampled.
fn traceparent(trace: u128, span: u64) -> HeaderValue {
    let mut text = *b"00-00000000000000000000000000000000-0000000000000000-01";
    put_hex(&mut text[3..35], &trace.to_be_bytes());
    put_hex(&mut text[36..52], &span.to_be_bytes());
    let mut value = HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static(""));
    // Never indexed: a value that never comes again has no place in the compression table.
    value.set_sensitive(true);
    value
}

fn put_hex(out: &mut [u8], bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

/// The fault of a request that the library refused to send.
fn unsent(error: &h2::Error) -> Fault {
    Fault::unsent(FaultClass::Unreachable, error.to_string())
}

/// The fault behind an error on a stream that was begun.
fn fault(error: &h2::Error) -> Fault {
    let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    // RFC 9113, 6.8 and 8.7: streams above the last one of a GOAWAY, and refused ones, were not
    // processed. Only such streams end with a GOAWAY of the server.
    if error.is_remote() && (refused || error.is_go_away()) {
        return Fault::unsent(FaultClass::Unreachable, error.to_string());
    }
    if error.is_reset() || error.is_io() || error.is_remote() {
        return Fault::sent(FaultClass::Unreachable, error.to_string());
    }
    Fault::sent(FaultClass::BadReply, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_32_and_a_span_16_digits() {
        let header = traceparent(
            0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
            0x00f0_67aa_0ba9_02b7,
        );
        assert_eq!(
            header,
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        );
    }
}
