//! From an endpoint to a stream of bytes.

use super::Upstream;
use super::native::Begun;
use super::quic::{Quic, QuicSocket};
use super::stream::Stream;
use crate::tls::ClientTls;
use crate::{clock, loopback};
use gatewright_config::plan::{Authority, Endpoint, UpstreamPlan};
use rustls::pki_types::ServerName;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio_rustls::TlsConnector;

/// Between two tries to get into the queue of a Unix domain socket.
const COME_AGAIN: Duration = Duration::from_millis(5);
/// Between two complaints about the same upstream.
const SILENCE: Duration = Duration::from_secs(1);

impl Upstream {
    /// A stream to an endpoint, within the time limit; a failure is noted.
    pub(super) async fn dial(&self, endpoint: usize) -> Option<Stream> {
        self.dialled(endpoint, self.stream_to(endpoint)).await
    }

    /// The same for a client of the upstream's protocol: the connection has begun as it has to.
    pub(super) async fn dial_bound(&self, endpoint: usize) -> Option<Begun> {
        match &self.plan.speaks {
            Some(speech) if !speech.opening.is_empty() => {
                self.dialled(endpoint, self.open_bound(endpoint, speech))
                    .await
            }
            Some(_) | None => self.dial(endpoint).await.map(Begun::from),
        }
    }

    /// A bare stream. How long that may take is for the caller to say.
    pub(super) async fn stream_to(&self, endpoint: usize) -> io::Result<Stream> {
        self.dialler.dial(&self.target(endpoint)?).await
    }

    async fn dialled<T>(
        &self,
        endpoint: usize,
        dialling: impl Future<Output = io::Result<T>>,
    ) -> Option<T> {
        let dialled = tokio::time::timeout(self.plan.limits.connect, dialling).await;
        match dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(dialled) => Some(dialled),
            Err(error) => {
                self.metrics.connect_failed();
                if self.may_complain() {
                    let at = self.shown(endpoint);
                    tracing::warn!(upstream = self.name(), endpoint, at, %error, "cannot connect");
                }
                None
            }
        }
    }

    /// Whether the log has room for one more complaint: clients decide how often a dead
    /// endpoint is tried.
    fn may_complain(&self) -> bool {
        let now = clock::now();
        let due = |at: Instant| now.saturating_duration_since(at) >= SILENCE;
        let may = self.complained.get().is_none_or(due);
        if may {
            self.complained.set(Some(now));
        }
        may
    }
}

/// How one worker reaches the endpoints of one upstream.
#[derive(Debug)]
pub(crate) struct Dialler {
    tls: Option<ClientTls>,
    quic: Quic,
}

impl Dialler {
    pub(crate) fn new(
        plan: &UpstreamPlan,
        tls: Option<ClientTls>,
        socket: &Rc<QuicSocket>,
    ) -> Self {
        Self {
            tls,
            quic: Quic::new(plan, Rc::clone(socket)),
        }
    }

    /// Connects to an endpoint, up to a usable stream. How long that may take is for the caller
    /// to say; dropped, it leaves nothing behind.
    ///
    /// # Errors
    /// As the system or TLS says, with the step at which it failed.
    pub(super) async fn dial(&self, endpoint: &Endpoint) -> io::Result<Stream> {
        match endpoint {
            Endpoint::H2c(authority) | Endpoint::Http(authority) | Endpoint::Tcp(authority) => {
                dial_tcp(authority).await.map(Stream::Tcp)
            }
            // A handshake is large, and plain connections are not to make room for one.
            Endpoint::Https(authority) | Endpoint::Tls(authority) => {
                Box::pin(dial_tls(authority, self.tls()?)).await
            }
            Endpoint::Quic(authority) => {
                let opening = self.quic.open(authority, self.tls()?);
                Box::pin(opening).await.map_err(|e| at("QUIC", &e))
            }
            Endpoint::Unix(path) => {
                let connected = dial_unix(path).await;
                connected.map(Stream::Unix).map_err(|e| at("Unix", &e))
            }
            Endpoint::Mock(_) => Err(io::Error::other("the built-in upstream has no address")),
        }
    }

    /// Connects to an endpoint for no use but to see that it can be done.
    ///
    /// # Errors
    /// As [`dial`](Self::dial).
    pub(super) async fn probe(&self, endpoint: &Endpoint) -> io::Result<()> {
        match endpoint {
            Endpoint::Quic(authority) => Box::pin(self.quic.probe(authority, self.tls()?)).await,
            Endpoint::H2c(_)
            | Endpoint::Https(_)
            | Endpoint::Http(_)
            | Endpoint::Tcp(_)
            | Endpoint::Tls(_)
            | Endpoint::Unix(_)
            | Endpoint::Mock(_) => self.dial(endpoint).await.map(drop),
        }
    }

    /// An endpoint is gone: what streams there are on its QUIC connection may go on.
    pub(super) fn forget(&self, endpoint: &Endpoint) {
        if let Endpoint::Quic(authority) = endpoint {
            self.quic.forget(authority);
        }
    }

    fn tls(&self) -> io::Result<&ClientTls> {
        let missing = || io::Error::other("there is no TLS configuration");
        self.tls.as_ref().ok_or_else(missing)
    }
}

async fn dial_tcp(authority: &Authority) -> io::Result<TcpStream> {
    let connected = match authority.address {
        Some(found) => connect(found).await,
        None => connect_to_any(&authority.host, authority.port).await,
    };
    connected.map_err(|e| at("TCP", &e))
}

/// One address of a name after the other, until one answers.
async fn connect_to_any(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = None;
    for address in lookup_host((host, port)).await? {
        match connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = loopback::socket(address)?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

/// Where a TCP connection would wait for a place in the listener's queue, that of a Unix domain
/// socket is told to come again (`EAGAIN`, connect(2)).
async fn dial_unix(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(COME_AGAIN).await;
            }
            connected => return connected,
        }
    }
}

async fn dial_tls(authority: &Authority, tls: &ClientTls) -> io::Result<Stream> {
    let name = tls.server_name.as_ref().unwrap_or(&authority.host);
    let name = ServerName::try_from(name.to_string()).map_err(|_| {
        let message = "the host is no valid name for TLS";
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })?;
    let tcp = dial_tcp(authority).await?;
    let connector = TlsConnector::from(Arc::clone(&tls.config));
    let connected = connector.connect(name, tcp).await;
    let stream = connected.map_err(|e| at("TLS", &e))?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// The same error with the step at which it came.
fn at(step: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{step}: {error}"))
}
