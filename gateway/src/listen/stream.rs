//! A client's connection, encrypted or not, with WebSocket or without.

use crate::tls::{Encrypted, Shown};
use crate::upstream::Stream;
use crate::websocket::WebSocket;
use gatewright_codecs::websocket::CloseCode;
use gatewright_core::translate::Identity;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What carries the bytes of a client. No larger than a socket.
#[derive(Debug)]
pub(crate) enum ClientStream {
    Tcp(TcpStream),
    /// Boxed: it is large, and clients without it are not to pay for it. What was written leaves
    /// with a flush at the latest.
    Tls(Box<Encrypted>),
    /// Boxed for the same reason, as is true of TLS within it.
    WebSocket(Box<WebSocket<Stream>>),
}

impl ClientStream {
    /// The protocol that was agreed on by ALPN.
    pub(crate) fn alpn(&self) -> Option<&[u8]> {
        match self {
            // WebSocket is what HTTP has become there.
            Self::Tcp(_) | Self::WebSocket(_) => None,
            Self::Tls(tls) => tls.alpn(),
        }
    }

    /// Who the client is, where TLS told anything.
    pub(crate) fn identity(&self) -> Option<&Arc<Identity>> {
        match self {
            Self::Tcp(_) => None,
            Self::Tls(tls) => tls.identity(),
            Self::WebSocket(carried) => carried.get_ref().identity(),
        }
    }

    /// Which of the listener's certificates the client was shown, if there are several.
    pub(crate) fn shown(&self) -> Option<&Shown> {
        match self {
            // WebSocket carries no requests for hosts.
            Self::Tcp(_) | Self::WebSocket(_) => None,
            Self::Tls(tls) => tls.shown(),
        }
    }

    /// The error that came on the socket while nobody read it.
    pub(crate) fn take_error(&mut self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Tcp(tcp) => tcp.take_error(),
            Self::Tls(tls) => tls.socket().take_error(),
            Self::WebSocket(carried) => carried.get_mut().take_error(),
        }
    }

    /// Whether the end has to be said, even to a client that has said its own: RFC 8446, 6.1; RFC 6455, 5.5.1.
    pub(crate) const fn says_goodbye(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            Self::Tls(_) | Self::WebSocket(_) => true,
        }
    }

    /// Whether what was written needs a flush to leave.
    pub(crate) const fn holds_back(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            Self::Tls(_) | Self::WebSocket(_) => true,
        }
    }

    /// What the client did that its carrier does not allow.
    pub(crate) fn violation(&self) -> Option<&'static str> {
        match self {
            Self::Tcp(_) | Self::Tls(_) => None,
            Self::WebSocket(carried) => carried.violation().map(|_| "websocket"),
        }
    }

    /// Has the client be told why the connection ends, where there is a way.
    pub(crate) fn set_goodbye(&mut self, code: CloseCode) {
        if let Self::WebSocket(carried) = self {
            carried.set_goodbye(code);
        }
    }
}

/// For a relay, whose bytes have no ends of their own: there, the end of TLS without a word is an
/// error.
impl From<ClientStream> for Stream {
    fn from(client: ClientStream) -> Self {
        match client {
            ClientStream::Tcp(tcp) => Self::Tcp(tcp),
            ClientStream::Tls(tls) => Self::Accepted(tls),
            ClientStream::WebSocket(carried) => Self::WebSocket(carried),
        }
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => forgive_cuts(Pin::new(&mut **tls).poll_read(cx, buffer)),
            Self::WebSocket(carried) => {
                let read = forgive_cuts(Pin::new(&mut **carried).poll_read(cx, buffer));
                // Who breaks the rules of WebSocket is heard no more, but told so.
                match (read, carried.violation()) {
                    (Poll::Ready(Err(_)), Some(_)) => Poll::Ready(Ok(())),
                    (read, _) => read,
                }
            }
        }
    }
}

/// Many clients leave without `close_notify`, or a close. Messages have ends of their own, so whoever cuts a
/// connection cannot make a message shorter.
fn forgive_cuts(read: Poll<io::Result<()>>) -> Poll<io::Result<()>> {
    match read {
        Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Poll::Ready(Ok(()))
        }
        read => read,
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_write(cx, bytes),
            Self::WebSocket(carried) => Pin::new(&mut **carried).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // A socket holds nothing back.
            Self::Tcp(_) => Poll::Ready(Ok(())),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_flush(cx),
            Self::WebSocket(carried) => Pin::new(&mut **carried).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(&mut **tls).poll_shutdown(cx),
            Self::WebSocket(carried) => Pin::new(&mut **carried).poll_shutdown(cx),
        }
    }
}
