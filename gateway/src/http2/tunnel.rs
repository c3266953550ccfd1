//! A stream of HTTP/2 that carries bytes both ways (RFC 8441), as a stream of bytes.
//!
//! What comes is taken out of the library at once, into one block: it would keep each DATA frame by itself, and a
//! client chooses how many there are. Windows are opened again only for what was read, which bounds it.

use bytes::{Buf, Bytes, BytesMut};
use gatewright_core::translate::Identity;
use h2::{Reason, RecvStream, SendStream};
use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most bytes that one write takes.
const MOST: usize = 16 << 10;

/// The carried stream. Its end is the client's END_STREAM, a reset is an error; shutting it down says END_STREAM.
/// Dropped before both, it is reset.
pub(crate) struct Tunnel {
    inbox: Rc<RefCell<Inbox>>,
    to: SendStream<Bytes>,
    identity: Option<Arc<Identity>>,
    has_ended: bool,
}

/// What came on it, on the side of the connection's task, which fills it. Gone with the tunnel.
pub(crate) struct TunnelInbox(Weak<RefCell<Inbox>>);

struct Inbox {
    from: RecvStream,
    held: BytesMut,
    end: Option<TunnelEnd>,
    reader: Option<Waker>,
}

/// How a client's side of a tunnel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TunnelEnd {
    /// It sends no more.
    Whole,
    /// It gave the stream up, or the connection is gone.
    Cut,
}

/// What the connection's task found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nobody has the tunnel any more.
    Gone,
    /// Bytes or nothing.
    GoesOn,
    /// The end, for the first time.
    End(TunnelEnd),
}

impl Tunnel {
    /// A stream of a client whose connection said that of it.
    pub(crate) fn new(
        from: RecvStream,
        to: SendStream<Bytes>,
        identity: Option<Arc<Identity>>,
    ) -> (Self, TunnelInbox) {
        let inbox = Rc::new(RefCell::new(Inbox {
            from,
            held: BytesMut::new(),
            end: None,
            reader: None,
        }));
        let filled = TunnelInbox(Rc::downgrade(&inbox));
        let tunnel = Self {
            inbox,
            to,
            identity,
            has_ended: false,
        };
        (tunnel, filled)
    }

    /// Who the client is, where TLS told anything.
    pub(crate) const fn identity(&self) -> Option<&Arc<Identity>> {
        self.identity.as_ref()
    }

    /// Takes back what was not sent yet, and wants no more.
    pub(crate) fn reset(&mut self) {
        self.to.send_reset(Reason::CANCEL);
        self.has_ended = true;
    }

    /// How much of so many bytes may be sent: what the client's window and the library's buffer have room for.
    fn poll_room(&mut self, wanted: usize, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.to.reserve_capacity(wanted.min(MOST));
        loop {
            match self.to.capacity() {
                0 => match ready!(self.to.poll_capacity(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Poll::Ready(Err(reset())),
                },
                room => return Poll::Ready(Ok(room.min(wanted).min(MOST))),
            }
        }
    }
}

impl TunnelInbox {
    /// Takes what came since the last time. To be called behind each turn of the connection, in which
    /// alone anything comes: so the library need not wake anybody for it.
    pub(crate) fn fill(&self) -> Found {
        match self.0.upgrade() {
            Some(inbox) => inbox.borrow_mut().fill(),
            None => Found::Gone,
        }
    }

    /// The connection is gone.
    pub(crate) fn cut(&self) {
        if let Some(inbox) = self.0.upgrade() {
            inbox.borrow_mut().end_by(TunnelEnd::Cut);
        }
    }
}

impl Inbox {
    fn fill(&mut self) -> Found {
        let cx = &mut Context::from_waker(Waker::noop());
        while self.end.is_none() {
            match self.from.poll_data(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(chunk))) if chunk.is_empty() => {}
                Poll::Ready(Some(Ok(chunk))) => {
                    self.held.extend_from_slice(&chunk);
                    self.wake();
                }
                Poll::Ready(Some(Err(_))) => return self.end_by(TunnelEnd::Cut),
                Poll::Ready(None) => return self.end_by(TunnelEnd::Whole),
            }
        }
        Found::GoesOn
    }

    fn end_by(&mut self, end: TunnelEnd) -> Found {
        if self.end.is_some() {
            return Found::GoesOn;
        }
        self.end = Some(end);
        self.wake();
        Found::End(end)
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn poll_read(&mut self, cx: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.held.is_empty() {
            match self.end {
                Some(TunnelEnd::Cut) => return Poll::Ready(Err(reset())),
                Some(TunnelEnd::Whole) => return Poll::Ready(Ok(())),
                None => {}
            }
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let length = self.held.len().min(buffer.remaining());
        buffer.put_slice(self.held.get(..length).unwrap_or_default());
        self.held.advance(length);
        if self.held.is_empty() {
            // An idle client holds no memory.
            self.held = BytesMut::new();
        }
        // Never more than came.
        let _ = self.from.flow_control().release_capacity(length);
        Poll::Ready(Ok(()))
    }
}

fn reset() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

impl AsyncRead for Tunnel {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.inbox.borrow_mut().poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    /// What is written together leaves in one frame.
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wanted = slices.iter().map(|slice| slice.len()).sum();
        if wanted == 0 {
            return Poll::Ready(Ok(0));
        }
        let room = ready!(self.poll_room(wanted, cx))?;
        let mut chunk = BytesMut::with_capacity(room);
        for slice in slices {
            let left = room.saturating_sub(chunk.len());
            chunk.extend_from_slice(slice.get(..left).unwrap_or(slice));
        }
        let sent = self.to.send_data(chunk.freeze(), false);
        Poll::Ready(sent.map(|()| room).map_err(|_| reset()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// The connection's task writes what it was given.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.has_ended {
            self.has_ended = true;
            let ended = self.to.send_data(Bytes::new(), true);
            return Poll::Ready(ended.map_err(|_| reset()));
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        if !self.has_ended {
            self.reset();
        }
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel")
            .field("has_ended", &self.has_ended)
            .finish_non_exhaustive()
    }
}
