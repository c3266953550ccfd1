//! The payment service of the demo: a small HTTP/2 server on a thread of its own.

use super::ledger::{self, Decision};
use bytes::{Bytes, BytesMut};
use h2::RecvStream;
use h2::server::SendResponse;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::Value;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};

/// Exchanges that wait to be looked at. What does not fit goes unseen: nobody looks on then.
const UNSEEN: usize = 64;

/// Bodies above this many bytes are cut off: no payment is that long.
const BODY: usize = 64 * 1024;

/// A payment service that runs.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// One exchange, from the backend's side.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// Requests are counted in the order in which they came in.
    pub(super) arrival: u64,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) json: Value,
    pub(super) end: End,
}

/// How an exchange ended.
#[derive(Clone, Debug)]
pub(super) enum End {
    Answered(StatusCode, Value),
    /// The client did not want an answer any more.
    Reset(h2::Reason),
    /// The connection broke.
    Broken,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status, _) => status.as_u16().fmt(f),
            Self::Reset(_) => f.write_str("reset"),
            Self::Broken => f.write_str("broken"),
        }
    }
}

impl Backend {
    /// Binds a free port of the loopback interface and serves it. What it sees and does can be
    /// received, in the order in which it is done with it.
    pub(super) fn start() -> io::Result<(Self, mpsc::Receiver<Seen>)> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let (report, seen) = mpsc::channel(UNSEEN);
        let (stop, stopped) = oneshot::channel::<()>();
        let service = Service {
            report,
            arrivals: Arc::default(),
        };
        let thread = std::thread::Builder::new()
            .name("demo backend".into())
            .spawn(move || {
                runtime.block_on(async {
                    tokio::select! {
                        () = service.run(socket) => {}
                        _ = stopped => {}
                    }
                });
            })?;
        let backend = Self {
            address,
            stop,
            thread,
        };
        Ok((backend, seen))
    }

    /// Ends it, and every connection with it.
    pub(super) fn stop(self) {
        drop(self.stop);
        // A thread that panicked has ended, too.
        let _ = self.thread.join();
    }
}

#[derive(Clone)]
struct Service {
    report: mpsc::Sender<Seen>,
    arrivals: Arc<AtomicU64>,
}

impl Service {
    async fn run(self, socket: std::net::TcpListener) {
        let Ok(listener) = TcpListener::from_std(socket) else {
            return;
        };
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().connection(stream));
        }
    }

    async fn connection(self, stream: TcpStream) {
        // Without it answers may be late, not wrong.
        let _ = stream.set_nodelay(true);
        let Ok(mut connection) = h2::server::handshake(stream).await else {
            return;
        };
        while let Some(Ok((request, respond))) = connection.accept().await {
            let arrival = self.arrivals.fetch_add(1, Ordering::Relaxed);
            let report = self.report.clone();
            tokio::spawn(exchange(request, respond, arrival, report));
        }
    }
}

async fn exchange(
    request: Request<RecvStream>,
    respond: SendResponse<Bytes>,
    arrival: u64,
    report: mpsc::Sender<Seen>,
) {
    let (head, body) = request.into_parts();
    let json = serde_json::from_slice(&read(body).await).unwrap_or(Value::Null);
    let path = head.uri.path().to_owned();
    let decision = ledger::decide(&head.method, &path, &json);
    let seen = |end| {
        // A full queue means that nobody looks on.
        let _ = report.try_send(Seen {
            arrival,
            method: head.method.clone(),
            path: path.clone(),
            headers: head.headers.clone(),
            json: json.clone(),
            end,
        });
    };
    answer(respond, decision, seen).await;
}

/// Carries a decision out, and tells how it ended before the client can know.
async fn answer(mut respond: SendResponse<Bytes>, decision: Decision, seen: impl Fn(End)) {
    let Decision {
        after,
        status,
        json,
    } = decision;
    if !after.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(after) => {}
            reset = poll_fn(|cx| respond.poll_reset(cx)) => {
                return seen(reset.map_or(End::Broken, End::Reset));
            }
        }
    }
    let mut head = Response::new(());
    *head.status_mut() = status;
    let kind = http::HeaderValue::from_static("application/json");
    head.headers_mut().insert(CONTENT_TYPE, kind);
    let body = Bytes::from(json.to_string());
    seen(End::Answered(status, json));
    if let Ok(mut stream) = respond.send_response(head, false) {
        // A client that is gone needs no answer.
        let _ = stream.send_data(body, true);
    }
}

async fn read(mut body: RecvStream) -> BytesMut {
    let mut whole = BytesMut::new();
    while let Some(Ok(chunk)) = body.data().await {
        // It fails for a stream that is gone: there is nothing to release then.
        let _ = body.flow_control().release_capacity(chunk.len());
        if whole.len().saturating_add(chunk.len()) > BODY {
            break;
        }
        whole.extend_from_slice(&chunk);
    }
    whole
}
