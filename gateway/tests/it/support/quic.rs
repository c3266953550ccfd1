//! A QUIC server that does nothing by itself: the test says what it reads and writes, and when.

use super::certificates::Authority;
use super::in_time;
use quinn::crypto::rustls::QuicServerConfig;
use quinn::{Connection, ConnectionError, Endpoint, RecvStream, SendStream, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::Join;

/// What the servers of these tests speak.
pub(crate) const ALPN: &str = "echo";

/// Where a gateway connects to.
pub(crate) struct QuicHost {
    endpoint: Endpoint,
}

/// One stream of a gateway.
pub(crate) type HostStream = Join<RecvStream, SendStream>;

impl QuicHost {
    /// One that `authority` vouches for.
    pub(crate) fn start(authority: &Authority) -> Self {
        Self::speaking(authority, ALPN.as_bytes())
    }

    pub(crate) fn speaking(authority: &Authority, alpn: &[u8]) -> Self {
        let identity = authority.issue(&["127.0.0.1", "localhost"]);
        let crypto = QuicServerConfig::try_from(identity.server(alpn)).expect("TLS 1.3");
        let mut config = ServerConfig::with_crypto(Arc::new(crypto));
        // More than the connection could have, were its window one for all streams.
        let transport = Arc::get_mut(&mut config.transport).expect("a configuration of our own");
        transport.send_window(64 << 20);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let endpoint = Endpoint::server(config, any).expect("an address");
        Self { endpoint }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.endpoint.local_addr().expect("an address")
    }

    pub(crate) fn url(&self) -> String {
        format!("quic://{}", self.address())
    }

    /// The same by a name that may have other addresses, too.
    pub(crate) fn url_by_name(&self) -> String {
        self.url().replace("127.0.0.1", "localhost")
    }

    /// The next connection.
    pub(crate) async fn accept(&self) -> Connection {
        self.handshake().await.expect("a handshake")
    }

    /// How the next handshake ends.
    pub(crate) async fn handshake(&self) -> Result<Connection, ConnectionError> {
        let incoming = in_time("a connection", self.endpoint.accept()).await;
        let connecting = incoming.expect("an open endpoint").accept()?;
        in_time("a handshake", connecting).await
    }

    /// How many connections came about so far.
    pub(crate) fn handshakes(&self) -> u64 {
        self.endpoint.stats().accepted_handshakes
    }

    /// Answers nobody any more.
    pub(crate) fn close(&self) {
        self.endpoint.close(0_u32.into(), b"");
        self.endpoint.set_server_config(None);
    }
}

/// The next stream of a connection; it is there once its first byte is.
pub(crate) async fn next_stream(connection: &Connection) -> HostStream {
    let accepted = in_time("a stream", connection.accept_bi()).await;
    let (send, receive) = accepted.expect("a stream");
    tokio::io::join(receive, send)
}
