//! A stream of bytes, whatever carries it: to an upstream, or from a client of a relay.

use super::quic_stream::QuicStream;
use crate::http2::Tunnel;
use crate::tls::Encrypted;
use crate::websocket::WebSocket;
use gatewright_core::translate::Identity;
use rustix::net::sockopt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::client;

/// A connection to an endpoint or from a client. Where it is TLS, what was written leaves with a flush
/// at the latest, and the end of what is read is an error unless the peer said `close_notify`.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    /// Boxed: it is large, and the others are not to pay for it.
    Tls(Box<client::TlsStream<TcpStream>>),
    /// TLS in which we are the server. Boxed for the same reason.
    Accepted(Box<Encrypted>),
    /// WebSocket of a client, over one of the others. The end of what is read is an error unless it
    /// was said.
    WebSocket(Box<WebSocket<Self>>),
    /// A stream of a client's connection of HTTP/2. Boxed for the same reason.
    Tunnel(Box<Tunnel>),
    Unix(UnixStream),
    /// Boxed for the same reason.
    Quic(Box<QuicStream>),
}

impl Stream {
    /// The protocol that the server chose by ALPN.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        match self {
            Self::Tls(tls) => tls.get_ref().1.alpn_protocol(),
            Self::Tcp(_)
            | Self::Accepted(_)
            | Self::WebSocket(_)
            | Self::Tunnel(_)
            | Self::Unix(_)
            | Self::Quic(_) => None,
        }
    }

    /// Who the client is, where TLS with it told anything.
    pub(crate) fn identity(&self) -> Option<&Arc<Identity>> {
        match self {
            Self::Accepted(tls) => tls.identity(),
            Self::WebSocket(carried) => carried.get_ref().identity(),
            Self::Tunnel(tunnel) => tunnel.identity(),
            Self::Tcp(_) | Self::Tls(_) | Self::Unix(_) | Self::Quic(_) => None,
        }
    }

    /// The error that came on the socket while nobody read it.
    pub(crate) fn take_error(&mut self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Tcp(tcp) => tcp.take_error(),
            Self::Tls(tls) => tls.get_ref().0.take_error(),
            Self::Accepted(tls) => tls.socket().take_error(),
            Self::WebSocket(carried) => carried.get_mut().take_error(),
            // A reset is heard by whoever reads or writes.
            Self::Tunnel(_) => Ok(None),
            Self::Unix(unix) => unix.take_error(),
            Self::Quic(quic) => Ok(quic.take_error()),
        }
    }

    /// Has the system notice a server that vanished without a word. Not for relays, whose
    /// servers may take nothing for as long as the listener's limits say.
    pub(crate) fn notice_silence(&self) -> io::Result<()> {
        let tcp = match self {
            Self::Tcp(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
            Self::Accepted(tls) => tls.socket(),
            Self::WebSocket(carried) => return carried.get_ref().notice_silence(),
            // QUIC has an idle timeout of its own, and what carries a tunnel is not its.
            Self::Tunnel(_) | Self::Unix(_) | Self::Quic(_) => return Ok(()),
        };
        let millis = u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(tcp, millis)?;
        sockopt::set_socket_keepalive(tcp, true)?;
        sockopt::set_tcp_keepidle(tcp, KEEP_IDLE)?;
        sockopt::set_tcp_keepintvl(tcp, KEEP_INTERVAL)?;
        sockopt::set_tcp_keepcnt(tcp, KEEP_PROBES)?;
        Ok(())
    }
}

/// A server that acknowledges nothing for so long has vanished. Without a limit of ours it would take
/// the system a quarter of an hour to say so, and every request until then its whole time.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);
/// The same where nothing is sent: when an idle connection is looked after, and how often.
const KEEP_IDLE: Duration = Duration::from_secs(30);
const KEEP_INTERVAL: Duration = Duration::from_secs(5);
const KEEP_PROBES: u32 = 3;

/// The same call on whatever carries the stream.
macro_rules! carry {
    ($stream:expr, $io:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Tcp(io) => {
                let $io = Pin::new(io);
                $call
            }
            Stream::Tls(io) => {
                let $io = Pin::new(&mut **io);
                $call
            }
            Stream::Accepted(io) => {
                let $io = Pin::new(&mut **io);
                $call
            }
            Stream::WebSocket(io) => {
                let $io = Pin::new(&mut **io);
                $call
            }
            Stream::Tunnel(io) => {
                let $io = Pin::new(&mut **io);
                $call
            }
            Stream::Unix(io) => {
                let $io = Pin::new(io);
                $call
            }
            Stream::Quic(io) => {
                let $io = Pin::new(&mut **io);
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        carry!(self, io => io.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        carry!(self, io => io.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        carry!(self, io => io.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Tls(_) | Self::Accepted(_) | Self::Tunnel(_) | Self::Unix(_) => {
                true
            }
            // A message is written in one piece, whatever it is put together from.
            Self::WebSocket(_) | Self::Quic(_) => false,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        carry!(self, io => io.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        carry!(self, io => io.poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_server_that_vanishes_is_noticed() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let stream = Stream::Tcp(TcpStream::connect(address).await.unwrap());
        stream.notice_silence().unwrap();
        let Stream::Tcp(tcp) = &stream else {
            panic!("TCP")
        };
        assert_eq!(sockopt::tcp_user_timeout(tcp).unwrap(), 10_000);
        assert!(sockopt::socket_keepalive(tcp).unwrap());
    }
}
