//! From an endpoint to a stream of bytes.

use super::Upstream;
use super::native::Begun;
use super::quic::{Quic, QuicSocket};
use super::stream::Stream;
use crate::tls::ClientTls;
use crate::{clock, loopback};
use gatewright_config::plan::{Authority, Endpoint, UpstreamPlan};
use rustix::io::Errno;
use rustls::pki_types::ServerName;
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io, vec};
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// Between two tries to get into the queue of a Unix domain socket.
const COME_AGAIN: Duration = Duration::from_millis(5);
/// Between the tries of two addresses of one name (RFC 8305, 5).
const NEXT_ADDRESS: Duration = Duration::from_millis(250);
/// Between two complaints about the same upstream.
const SILENCE: Duration = Duration::from_secs(1);

impl Upstream {
    /// A stream to an endpoint, within the time limit; a failure is noted.
    pub(super) async fn dial(&self, endpoint: usize) -> io::Result<Stream> {
        self.dialled(endpoint, self.stream_to(endpoint)).await
    }

    /// The same for a client of the upstream's protocol: the connection has begun as it has to.
    pub(super) async fn dial_bound(&self, endpoint: usize) -> io::Result<Begun> {
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
    ) -> io::Result<T> {
        let dialled = tokio::time::timeout(self.plan.limits.connect, dialling).await;
        let dialled = dialled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        dialled.inspect_err(|error| {
            self.metrics.connect_failed();
            if self.may_complain() {
                let at = self.shown(endpoint);
                tracing::warn!(upstream = self.name(), endpoint, at, %error, "cannot connect");
            }
        })
    }

    /// Whether the log has room for one more complaint: clients decide how often a dead
    /// endpoint is tried.
    pub(super) fn may_complain(&self) -> bool {
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
                Box::pin(opening).await.map_err(|e| at("QUIC", e))
            }
            Endpoint::Unix(path) => {
                let connected = dial_unix(path).await;
                connected.map(Stream::Unix).map_err(|e| at("Unix", e))
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
        None => connect_to_any(authority).await,
    };
    connected.map_err(|e| at("TCP", e))
}

async fn connect_to_any(authority: &Authority) -> io::Result<TcpStream> {
    first_of(addresses(authority).await?, connect).await
}

/// Where the system finds a host. Without a descriptor it may say that the name is not known, so that this is
/// asked for as well.
pub(super) async fn addresses(authority: &Authority) -> io::Result<vec::IntoIter<SocketAddr>> {
    let found = lookup_host((&*authority.host, authority.port)).await;
    let lacking = || TcpSocket::new_v4().err().filter(is_our_own);
    let found = found.map_err(|unknown| lacking().unwrap_or(unknown))?;
    Ok(found.collect::<Vec<_>>().into_iter())
}

/// The first of the addresses of a name that is reached. Each is tried a little later than the one before, or
/// at once after that was refused: one where nobody says anything keeps nobody from the others.
pub(super) async fn first_of<T: Send + 'static, F>(
    addresses: impl Iterator<Item = SocketAddr>,
    mut connect: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut addresses = addresses.peekable();
    let mut error = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let mut tries = JoinSet::new();
    loop {
        if let Some(address) = addresses.next() {
            tries.spawn(connect(address));
        }
        let more = addresses.peek().is_some();
        tokio::select! {
            Some(tried) = tries.join_next() => match tried {
                Ok(Ok(connected)) => return Ok(connected),
                Ok(Err(failed)) => error = failed,
                Err(failed) => error = failed.into(),
            },
            () = tokio::time::sleep(NEXT_ADDRESS), if more => {}
            else => return Err(error),
        }
    }
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
    let stream = connected.map_err(|e| at("TLS", e))?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// An error with the step at which it came.
#[derive(Debug)]
struct Failed {
    step: &'static str,
    error: io::Error,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.step, self.error)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

fn at(step: &'static str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Failed { step, error })
}

/// Whether it is for want of something of this system's, of which no endpoint can know.
pub(super) fn is_our_own(error: &io::Error) -> bool {
    let failed = (error.get_ref()).and_then(|inner| inner.downcast_ref::<Failed>());
    let error = failed.map_or(error, |failed| &failed.error);
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn an_address_that_says_nothing_keeps_nobody_from_the_next() {
        let [silent, refused, good] =
            [1, 2, 3].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let connect = move |address: SocketAddr| async move {
            match address {
                _ if address == silent => pending().await,
                _ if address == refused => Err(io::ErrorKind::ConnectionRefused.into()),
                reached => Ok(reached),
            }
        };
        let found = first_of([silent, refused, good].into_iter(), connect).await;
        assert_eq!(found.unwrap(), good);
        let error = first_of([refused].into_iter(), connect).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let error = first_of([].into_iter(), connect).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_this_system_lacks_is_no_endpoints_fault() {
        let failed = |errno: Errno| at("TCP", errno.into());
        assert!(is_our_own(&failed(Errno::MFILE)));
        assert!(is_our_own(&Errno::NOBUFS.into()));
        assert!(!is_our_own(&failed(Errno::CONNREFUSED)));
        assert!(!is_our_own(&io::Error::other("a certificate")));
        let shown = failed(Errno::CONNREFUSED).to_string();
        assert!(shown.starts_with("TCP: "), "{shown}");
    }
}
