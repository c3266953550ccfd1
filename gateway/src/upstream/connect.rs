//! From an endpoint to a usable HTTP/2 connection.

use super::dial::is_our_own;
use super::retiring::MOST_ERRORS;
use super::stream::Stream;
use super::{Target, Upstream};
use crate::http2::{Cork, Corked};
use bytes::Bytes;
use gatewright_config::plan::{Authority, Endpoint};
use h2::client::{Builder, Connection, SendRequest};
use http::uri::Scheme;
use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::Poll;

/// The largest window that there is (RFC 9113, 6.9.1).
const LARGEST_WINDOW: u32 = (1 << 31) - 1;

/// A connection whose server has said what it allows.
pub(super) struct Usable {
    pub(super) target: Target,
    pub(super) sender: SendRequest<Bytes>,
    pub(super) connection: Connection<Corked<Stream>, Bytes>,
    pub(super) cork: Cork<Stream>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    TimedOut,
    Dial(io::Error),
    Transport(io::Error),
    NotHttp2,
    Http2(h2::Error),
    Closed,
    Silent,
    Name,
}

impl ConnectError {
    pub(super) fn is_our_own(&self) -> bool {
        matches!(self, Self::Dial(error) if is_our_own(error))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("not connected in time"),
            Self::Dial(error) | Self::Transport(error) => error.fmt(f),
            Self::NotHttp2 => f.write_str("the server does not offer HTTP/2 (ALPN `h2`)"),
            Self::Http2(error) => write!(f, "HTTP/2: {error}"),
            Self::Closed => f.write_str("the server closed the connection before its SETTINGS"),
            Self::Silent => {
                f.write_str("the server owes answers and says nothing, to a PING neither")
            }
            Self::Name => f.write_str("the host is no valid name for HTTP"),
        }
    }
}

impl Upstream {
    /// Connects to an endpoint, up to the server's first SETTINGS, within the time limit.
    pub(super) async fn connect(&self, endpoint: usize) -> Result<Usable, ConnectError> {
        let connecting = async {
            let target = self.target(endpoint).map_err(ConnectError::Dial)?;
            let (scheme, authority) = match &target {
                Endpoint::H2c(authority) => (Scheme::HTTP, authority),
                Endpoint::Https(authority) => (Scheme::HTTPS, authority),
                Endpoint::Http(_)
                | Endpoint::Tcp(_)
                | Endpoint::Tls(_)
                | Endpoint::Unix(_)
                | Endpoint::Quic(_)
                | Endpoint::Mock(_) => return Err(ConnectError::NotHttp2),
            };
            let dialled = self.dialler.dial(&target).await;
            let stream = dialled.map_err(ConnectError::Dial)?;
            stream.notice_silence().map_err(ConnectError::Dial)?;
            // RFC 9113, 3.2: HTTP/2 over TLS uses the ALPN identifier "h2".
            if scheme == Scheme::HTTPS && stream.alpn() != Some(b"h2") {
                return Err(ConnectError::NotHttp2);
            }
            self.handshake(scheme, authority, stream).await
        };
        let limit = self.plan.limits.connect;
        tokio::time::timeout(limit, connecting)
            .await
            .unwrap_or(Err(ConnectError::TimedOut))
    }

    async fn handshake(
        &self,
        scheme: Scheme,
        authority: &Authority,
        transport: Stream,
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
                return Poll::Ready(Err(ConnectError::Transport(error)));
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

    /// A connection's window has room for those of all its streams: answers whose clients do not
    /// take them stop no others. What is collected is read at once and gives its share back, so
    /// that a window need not hold a whole answer.
    fn http2(&self) -> Builder {
        let limits = &self.plan.limits;
        let window = narrow(limits.window);
        let connection = window.saturating_mul(narrow(limits.streams));
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_max_send_streams(0)
            .initial_window_size(window)
            .initial_connection_window_size(connection.min(LARGEST_WINDOW))
            .max_header_list_size(16 << 10)
            // The default, but to hear it lets a server say whether it indexes headers at all:
            // nginx does not, and what it never refers to need not be kept.
            .header_table_size(4096)
            // A client that leaves with many requests in flight resets as many streams. Frames
            // of streams that the library no longer knows count as errors, and too many of
            // those end the connection for everybody: remember enough of them.
            .max_concurrent_reset_streams(8192)
            .max_local_error_reset_streams(Some(MOST_ERRORS));
        builder
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn authority_of(authority: &Authority) -> Result<http::uri::Authority, ConnectError> {
    let Authority { host, port, .. } = authority;
    let text = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    text.parse().map_err(|_| ConnectError::Name)
}
