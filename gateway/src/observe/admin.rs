//! The admin listener: `/metrics`, `/healthz`, `/readyz`.

use super::Metrics;
use super::patience::Patient;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::io::Errno;
use std::convert::Infallible;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at a time; further ones wait to be accepted.
const CONNECTIONS: usize = 64;
const HEADER_TIME: Duration = Duration::from_secs(5);

/// How long a client may take nothing of an answer before its connection is closed.
const WRITE_TIME: Duration = Duration::from_secs(5);

/// A descriptor that is kept for when the process has no other left: then of all times somebody
/// asks what is wrong.
#[derive(Clone, Debug, Default)]
struct Spare(Arc<Mutex<Option<File>>>);

impl Spare {
    /// Has one again, if there is one to have.
    fn keep(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = File::open("/dev/null").ok();
        }
    }

    /// Frees it, and says whether there was one.
    fn give(&self) -> bool {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take().is_some()
    }
}

/// Whether new clients are welcome.
#[derive(Clone, Debug, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub(crate) fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Release);
    }

    fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Answers questions about one gateway.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    metrics: Metrics,
    readiness: Readiness,
}

impl Admin {
    pub(crate) const fn new(metrics: Metrics, readiness: Readiness) -> Self {
        Self { metrics, readiness }
    }

    /// Accepts connections for as long as the gateway runs.
    pub(crate) async fn serve(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let spare = Spare::default();
        loop {
            spare.keep();
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            match accept(&listener, &spare).await {
                Ok(stream) => {
                    let (admin, spare) = (self.clone(), spare.clone());
                    tokio::spawn(async move {
                        admin.converse(stream).await;
                        // At once, or a client of another listener has it.
                        spare.keep();
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the admin listener cannot accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn converse(self, stream: TcpStream) {
        let service = service_fn(move |request| {
            let answer = self.answer(&request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIME)
            .serve_connection(TokioIo::new(Patient::new(stream, WRITE_TIME)), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "an admin connection ended early");
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let (status, text) = match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/metrics") => (StatusCode::OK, self.metrics.render()),
            (&Method::GET | &Method::HEAD, "/healthz") => (StatusCode::OK, "ok\n".into()),
            (&Method::GET | &Method::HEAD, "/readyz") if self.readiness.get() => {
                (StatusCode::OK, "ready\n".into())
            }
            (&Method::GET | &Method::HEAD, "/readyz") => {
                (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".into())
            }
            (&Method::GET | &Method::HEAD, _) => (StatusCode::NOT_FOUND, "not found\n".into()),
            _ => (StatusCode::METHOD_NOT_ALLOWED, "GET only\n".into()),
        };
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = status;
        response
    }
}

/// The next connection, for the spare descriptor if there is no other.
async fn accept(listener: &TcpListener, spare: &Spare) -> io::Result<TcpStream> {
    let accepted = match listener.accept().await {
        Err(error) if is_out_of_descriptors(&error) && spare.give() => listener.accept().await,
        accepted => accepted,
    };
    accepted.map(|(stream, _)| stream)
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE]
        .map(|errno| Some(errno.raw_os_error()))
        .contains(&number)
}
