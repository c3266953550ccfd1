//! Streams over QUIC (RFC 9000): one connection carries all streams of a worker to an endpoint.

use super::dial::{addresses, first_of};
use super::quic_stream::QuicStream;
use super::stream::Stream;
use crate::tls::ClientTls;
use gatewright_config::plan::{Authority, QUIC_SEND_WINDOW, QUIC_STREAM_WINDOW, UpstreamPlan};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{
    ClientConfig, ConnectError, Connecting, Connection, ConnectionError, TransportConfig, VarInt,
};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// A server that is silent for so long is gone. No packet says so when a host dies, and streams
/// wait for nothing until then, so it is less than QUIC's usual 30 s.
const IDLE: VarInt = VarInt::from_u32(10_000);
/// Pings of a connection on which nothing is said: two may be lost before it counts as silent.
const KEEP_ALIVE: Duration = Duration::from_secs(3);
/// How long a worker that ends waits for what was finished to arrive, and for its goodbyes.
pub(super) const PARTING: Duration = Duration::from_secs(1);
/// We have no error codes of our own (RFC 9000, 20.2: they are the application's).
pub(super) const NO_CODE: VarInt = VarInt::from_u32(0);

/// The UDP socket of one worker, opened at its first use, and anew once it has failed.
#[derive(Debug, Default)]
pub(crate) struct QuicSocket {
    endpoint: RefCell<Option<quinn::Endpoint>>,
    /// Streams that have ended, until what they carried has arrived.
    parting: TaskTracker,
}

impl QuicSocket {
    /// Begins a handshake. A socket of which the system has reported an error takes no more of them, for
    /// good, and its connections have ended.
    fn connect(
        &self,
        config: ClientConfig,
        address: SocketAddr,
        name: &str,
    ) -> io::Result<Connecting> {
        let begin = || {
            self.endpoint()
                .map(|e| e.connect_with(config.clone(), address, name))
        };
        let mut begun = begin()?;
        if matches!(begun, Err(ConnectError::EndpointStopping)) && !self.parting.is_closed() {
            self.endpoint.take();
            begun = begin()?;
        }
        begun.map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))
    }

    fn endpoint(&self) -> io::Result<quinn::Endpoint> {
        if let Some(endpoint) = &*self.endpoint.borrow() {
            return Ok(endpoint.clone());
        }
        let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
        let any_v4 = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        // It carries IPv4, too, if the system has both.
        let opened = quinn::Endpoint::client(any).or_else(|_| quinn::Endpoint::client(any_v4))?;
        Ok(self.endpoint.borrow_mut().insert(opened).clone())
    }

    /// Lets what was finished arrive, then tells all servers that nothing follows.
    pub(crate) async fn close(&self) {
        let Some(endpoint) = self.endpoint.borrow().clone() else {
            return;
        };
        self.parting.close();
        // Who acknowledges nothing by then is not waited for.
        let _ = tokio::time::timeout(PARTING, self.parting.wait()).await;
        endpoint.close(NO_CODE, b"");
        let _ = tokio::time::timeout(PARTING, endpoint.wait_idle()).await;
    }
}

/// The connections of one worker to the endpoints of one upstream, at most one each.
pub(super) struct Quic {
    socket: Rc<QuicSocket>,
    upstream: Arc<str>,
    idle: Duration,
    carriers: RefCell<Vec<(Authority, Rc<Slot>)>>,
}

/// A connection, or the place where those who need it wait for it. Who waits may leave: the next
/// one connects then.
type Slot = tokio::sync::OnceCell<Rc<Carrier>>;

struct Carrier {
    connection: Connection,
    /// Each stream holds a clone.
    in_use: Arc<()>,
    /// How many streams were opened on it.
    opened: Cell<u64>,
}

impl Carrier {
    fn is_unused(&self) -> bool {
        Arc::strong_count(&self.in_use) == 1
    }

    /// Closes the connection once no stream was on it for `idle`, at most twice as long; says in
    /// the log if it was lost.
    async fn keep(self: Rc<Self>, idle: Duration, upstream: Arc<str>) {
        let mut unused_at = None;
        loop {
            tokio::select! {
                reason = self.connection.closed() => return self.tell(&reason, &upstream),
                () = tokio::time::sleep(idle) => {}
            }
            let unused = self.is_unused().then(|| self.opened.get());
            if unused.is_some() && unused == unused_at {
                self.connection.close(NO_CODE, b"");
            }
            unused_at = unused;
        }
    }

    /// The end of a connection is news only to those who use it.
    fn tell(&self, reason: &ConnectionError, upstream: &str) {
        if self.is_unused() {
            tracing::debug!(upstream, %reason, "QUIC connection closed");
        } else {
            tracing::warn!(upstream, error = %reason, "QUIC connection lost");
        }
    }
}

impl Quic {
    pub(super) fn new(plan: &UpstreamPlan, socket: Rc<QuicSocket>) -> Self {
        Self {
            socket,
            upstream: Arc::clone(&plan.name),
            idle: plan.limits.idle,
            carriers: RefCell::default(),
        }
    }

    /// A stream to an endpoint, on the connection that is there or a new one. It waits while the
    /// server allows no further stream.
    ///
    /// # Errors
    /// If there is no connection and none comes about.
    pub(super) async fn open(&self, authority: &Authority, tls: &ClientTls) -> io::Result<Stream> {
        let slot = self.slot(authority);
        let connecting = || self.carrier(authority, tls);
        let carrier = slot.get_or_try_init(connecting).await?;
        let in_use = Arc::clone(&carrier.in_use);
        carrier.opened.set(carrier.opened.get().wrapping_add(1));
        let (send, receive) = carrier.connection.open_bi().await?;
        let parting = self.socket.parting.clone();
        let stream = QuicStream::new(send, receive, in_use, parting);
        Ok(Stream::Quic(Box::new(stream)))
    }

    /// Connects once more and says goodbye: a connection that is there proves nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub(super) async fn probe(&self, authority: &Authority, tls: &ClientTls) -> io::Result<()> {
        let connection = self.handshake(authority, tls).await?;
        connection.close(NO_CODE, b"");
        Ok(())
    }

    /// The place of an endpoint's connection; a new one if that connection has ended.
    fn slot(&self, authority: &Authority) -> Rc<Slot> {
        let carriers = &mut *self.carriers.borrow_mut();
        let known = carriers.iter().position(|(known, _)| known == authority);
        let index = known.unwrap_or_else(|| {
            carriers.push((authority.clone(), Rc::default()));
            carriers.len() - 1
        });
        let slot = &mut carriers[index].1;
        let ended = |carrier: &Rc<Carrier>| carrier.connection.close_reason().is_some();
        if slot.get().is_some_and(ended) {
            *slot = Rc::default();
        }
        Rc::clone(slot)
    }

    /// No more streams are opened there on the connection that there is.
    pub(super) fn forget(&self, authority: &Authority) {
        let mut carriers = self.carriers.borrow_mut();
        carriers.retain(|(known, _)| known != authority);
    }

    async fn carrier(&self, authority: &Authority, tls: &ClientTls) -> io::Result<Rc<Carrier>> {
        let carrier = Rc::new(Carrier {
            connection: self.handshake(authority, tls).await?,
            in_use: Arc::default(),
            opened: Cell::new(0),
        });
        let keeping = Rc::clone(&carrier).keep(self.idle, Arc::clone(&self.upstream));
        tokio::task::spawn_local(keeping);
        Ok(carrier)
    }

    async fn handshake(&self, authority: &Authority, tls: &ClientTls) -> io::Result<Connection> {
        let name = tls.server_name.as_ref().unwrap_or(&authority.host);
        let config = client_config(tls)?;
        let connect = |address| {
            let connecting = self.socket.connect(config.clone(), address, name);
            async move { Ok(connecting?.await?) }
        };
        match authority.address {
            Some(found) => connect(found).await,
            None => first_of(addresses(authority).await?, connect).await,
        }
    }
}

/// The TLS of `tls://` endpoints; of its versions, QUIC takes 1.3 alone (RFC 9001, 4.2).
fn client_config(tls: &ClientTls) -> io::Result<ClientConfig> {
    let crypto = QuicClientConfig::try_from(Arc::clone(&tls.config)).map_err(io::Error::other)?;
    let mut config = ClientConfig::new(Arc::new(crypto));
    config.transport_config(Arc::new(transport()));
    Ok(config)
}

/// What `check` counts is bounded here. A server can open no stream, and send no datagram.
fn transport() -> TransportConfig {
    let mut transport = TransportConfig::default();
    transport
        .max_idle_timeout(Some(IDLE.into()))
        .keep_alive_interval(Some(KEEP_ALIVE))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .max_concurrent_uni_streams(VarInt::from_u32(0))
        .datagram_receive_buffer_size(None)
        .stream_receive_window(VarInt::from_u32(QUIC_STREAM_WINDOW))
        // Were it less than all streams may have, a few clients that do not read would stop all.
        .receive_window(VarInt::MAX)
        .send_window(u64::from(QUIC_SEND_WINDOW));
    transport
}

impl fmt::Debug for Quic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quic")
            .field("upstream", &self.upstream)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::runtime::{Builder, Runtime};
    use tokio_rustls::rustls::{self, RootCertStore, version};

    fn runtime() -> Runtime {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime")
    }

    fn config() -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13])
            .expect("a version")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let config = QuicClientConfig::try_from(config).expect("a suite for QUIC");
        ClientConfig::new(Arc::new(config))
    }

    #[test]
    fn a_socket_that_has_failed_is_replaced_until_it_is_closed() {
        let socket = QuicSocket::default();
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let connect = || socket.connect(config(), server, "localhost");
        // What drives an endpoint ends with its runtime, as it does with an error.
        let ending = runtime();
        ending.block_on(async { connect().map(drop).expect("a handshake") });
        drop(ending);
        runtime().block_on(async {
            connect().map(drop).expect("a handshake on another socket");
            socket.close().await;
            assert!(connect().is_err(), "it is closed");
        });
    }
}
