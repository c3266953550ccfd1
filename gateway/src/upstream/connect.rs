//! From an endpoint to a usable HTTP/2 connection.

use super::corked::{Cork, Corked};
use super::{Target, Upstream};
use bytes::Bytes;
use gatewright_config::plan::{Authority, Endpoint};
use h2::client::{Builder, Connection, SendRequest};
use http::uri::Scheme;
use rustls::pki_types::ServerName;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

pub(super) type Transport = Either<TcpStream, TlsStream<TcpStream>>;

/// A connection whose server has said what it allows.
pub(super) struct Usable {
    pub(super) target: Target,
    pub(super) sender: SendRequest<Bytes>,
    pub(super) connection: Connection<Corked<Transport>, Bytes>,
    pub(super) cork: Cork<Transport>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    TimedOut,
    Tcp(io::Error),
    Tls(io::Error),
    NotHttp2,
    Http2(h2::Error),
    Closed,
    Name,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("not connected in time"),
            Self::Tcp(error) => write!(f, "TCP: {error}"),
            Self::Tls(error) => write!(f, "TLS: {error}"),
            Self::NotHttp2 => f.write_str("the server does not offer HTTP/2 (ALPN `h2`)"),
            Self::Http2(error) => write!(f, "HTTP/2: {error}"),
            Self::Closed => f.write_str("the server closed the connection before its SETTINGS"),
            Self::Name => f.write_str("the host is no valid name for TLS or HTTP"),
        }
    }
}

impl Upstream {
    /// Connects to an endpoint, up to the server's first SETTINGS, within the time limit.
    pub(super) async fn connect(&self, endpoint: usize) -> Result<Usable, ConnectError> {
        let connecting = async {
            match &self.plan.endpoints[endpoint] {
                Endpoint::H2c(authority) => {
                    let tcp = dial(authority).await?;
                    self.handshake(Scheme::HTTP, authority, Either::Left(tcp))
                        .await
                }
                Endpoint::Https(authority) => {
                    let tls = self.dial_tls(authority).await?;
                    self.handshake(Scheme::HTTPS, authority, Either::Right(tls))
                        .await
                }
                Endpoint::Mock(_) => Err(ConnectError::NotHttp2),
            }
        };
        let limit = self.plan.limits.connect;
        tokio::time::timeout(limit, connecting)
            .await
            .unwrap_or(Err(ConnectError::TimedOut))
    }

    async fn dial_tls(&self, authority: &Authority) -> Result<TlsStream<TcpStream>, ConnectError> {
        let config = self.tls.as_ref().ok_or(ConnectError::NotHttp2)?;
        let name = self
            .plan
            .tls
            .server_name
            .as_ref()
            .unwrap_or(&authority.host);
        let name = ServerName::try_from(name.to_string()).map_err(|_| ConnectError::Name)?;
        let tcp = dial(authority).await?;
        let connector = TlsConnector::from(Arc::clone(config));
        let tls = connector
            .connect(name, tcp)
            .await
            .map_err(ConnectError::Tls)?;
        // RFC 9113, 3.2: HTTP/2 over TLS uses the ALPN identifier "h2".
        if tls.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(ConnectError::NotHttp2);
        }
        Ok(tls)
    }

    async fn handshake(
        &self,
        scheme: Scheme,
        authority: &Authority,
        transport: Transport,
    ) -> Result<Usable, ConnectError> {
        let target = Target {
            scheme,
            authority: authority_of(authority)?,
        };
        let (transport, cork) = Corked::new(transport);
        let (sender, mut connection) = self
            .http2()
            .handshake(transport)
            .await
            .map_err(ConnectError::Http2)?;
        // No stream is allowed before the server's SETTINGS say how many.
        poll_fn(|cx| {
            let ended = Pin::new(&mut connection).poll(cx);
            if let Poll::Ready(Err(error)) = cork.poll_release(cx) {
                return Poll::Ready(Err(ConnectError::Tcp(error)));
            }
            match ended {
                Poll::Ready(Ok(())) => Poll::Ready(Err(ConnectError::Closed)),
                Poll::Ready(Err(error)) => Poll::Ready(Err(ConnectError::Http2(error))),
                Poll::Pending if sender.current_max_send_streams() > 0 => Poll::Ready(Ok(())),
                Poll::Pending => Poll::Pending,
            }
        })
        .await?;
        Ok(Usable {
            target,
            sender,
            connection,
            cork,
        })
    }

    /// Answers are read at once and whole, so windows need to hold one body, and a connection's
    /// all that may be in flight at a time within reason.
    fn http2(&self) -> Builder {
        let body = u32::try_from(self.plan.limits.body)
            .unwrap_or(u32::MAX)
            .clamp(65_535, 1 << 24);
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_max_send_streams(0)
            .initial_window_size(body)
            .initial_connection_window_size(body.saturating_mul(4).min(1 << 26))
            .max_header_list_size(16 << 10)
            // The default, but to hear it lets a server say whether it indexes headers at all:
            // nginx does not, and what it never refers to need not be kept.
            .header_table_size(4096)
            // A client that leaves with many requests in flight resets as many streams. Frames
            // of streams that the library no longer knows count as errors, and too many of
            // those end the connection for everybody: remember enough of them.
            .max_concurrent_reset_streams(8192);
        builder
    }
}

async fn dial(authority: &Authority) -> Result<TcpStream, ConnectError> {
    let address = (&*authority.host, authority.port);
    let tcp = TcpStream::connect(address)
        .await
        .map_err(ConnectError::Tcp)?;
    tcp.set_nodelay(true).map_err(ConnectError::Tcp)?;
    Ok(tcp)
}

fn authority_of(authority: &Authority) -> Result<http::uri::Authority, ConnectError> {
    let Authority { host, port } = authority;
    let text = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    text.parse().map_err(|_| ConnectError::Name)
}
