//! What a relay needs of a socket beyond reading and writing.

use crate::upstream::Stream;
use crate::websocket::goodbye;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncWrite, Interest};
use tokio::net::{TcpStream, UnixStream};

/// A socket whose bytes are those of the stream: nothing encrypts or frames them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plain<'a> {
    Tcp(&'a TcpStream),
    Unix(&'a UnixStream),
}

impl<'a> Plain<'a> {
    pub(super) const fn of(stream: &'a Stream) -> Option<Self> {
        match stream {
            Stream::Tcp(tcp) => Some(Self::Tcp(tcp)),
            Stream::Unix(unix) => Some(Self::Unix(unix)),
            Stream::Tls(_)
            | Stream::Accepted(_)
            | Stream::WebSocket(_)
            | Stream::Tunnel(_)
            | Stream::Quic(_) => None,
        }
    }

    /// Whether there may be something to be read.
    pub(super) fn poll_readable(self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_ready(Interest::READABLE, cx)
    }

    /// Reads once by `read`, as soon as there is something to be read.
    pub(super) fn poll_read_by<T>(
        self,
        cx: &mut Context<'_>,
        mut read: impl FnMut(BorrowedFd<'a>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.poll_by(Interest::READABLE, cx, &mut read)
    }

    /// Writes once by `write`, as soon as there is room.
    pub(super) fn poll_write_by<T>(
        self,
        cx: &mut Context<'_>,
        mut write: impl FnMut(BorrowedFd<'a>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.poll_by(Interest::WRITABLE, cx, &mut write)
    }

    fn poll_ready(self, interest: Interest, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match (self, interest.is_readable()) {
            (Self::Tcp(tcp), true) => tcp.poll_read_ready(cx),
            (Self::Tcp(tcp), false) => tcp.poll_write_ready(cx),
            (Self::Unix(unix), true) => unix.poll_read_ready(cx),
            (Self::Unix(unix), false) => unix.poll_write_ready(cx),
        }
    }

    fn poll_by<T>(
        self,
        interest: Interest,
        cx: &mut Context<'_>,
        act: &mut impl FnMut(BorrowedFd<'a>) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        loop {
            ready!(self.poll_ready(interest, cx))?;
            let acted = match self {
                Self::Tcp(tcp) => tcp.try_io(interest, || act(tcp.as_fd())),
                Self::Unix(unix) => unix.try_io(interest, || act(unix.as_fd())),
            };
            match acted {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                acted => return Poll::Ready(acted),
            }
        }
    }
}

/// Makes the end of a connection a reset, so that nobody takes it for the end of the bytes. A
/// Unix domain socket has no way to say so, and ends.
pub(super) fn reset(stream: &mut Stream) {
    let tcp = match stream {
        Stream::Tcp(tcp) => tcp,
        Stream::Tls(tls) => tls.get_ref().0,
        Stream::Accepted(tls) => tls.socket(),
        Stream::WebSocket(carried) => return reset(carried.get_mut()),
        Stream::Tunnel(tunnel) => return tunnel.reset(),
        Stream::Unix(_) => return,
        Stream::Quic(quic) => return quic.reset(),
    };
    // Refused only for a socket that has ended already.
    let _ = tcp.set_zero_linger();
}

/// Says that a connection ends in order, and why, as far as its carrier has words for that and takes
/// them at once. One that cannot be told so has ended already.
pub(super) fn finish(stream: &mut Stream, reason: &str, cx: &mut Context<'_>) {
    match stream {
        Stream::Quic(quic) => {
            let _ = quic.finish(cx);
        }
        Stream::WebSocket(carried) => {
            carried.set_goodbye(goodbye::code(reason));
            let _ = Pin::new(carried).poll_shutdown(cx);
        }
        Stream::Tcp(_)
        | Stream::Tls(_)
        | Stream::Accepted(_)
        | Stream::Tunnel(_)
        | Stream::Unix(_) => {
            let _ = Pin::new(stream).poll_shutdown(cx);
        }
    }
}
