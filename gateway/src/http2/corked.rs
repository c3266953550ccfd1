//! A transport that holds what is written until somebody says that this was all.
//!
//! The HTTP/2 library writes each larger DATA frame by itself. Its connection's task knows when a
//! turn is over: all frames of a turn go out in one write then.

use bytes::{Buf, BytesMut};
use std::cell::RefCell;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are held at most before they are written without being told to.
const MOST: usize = 64 << 10;

/// The transport, as the library has it.
pub(crate) struct Corked<T> {
    inner: Rc<RefCell<Inner<T>>>,
}

/// The hand that lets out what the transport holds.
pub(crate) struct Cork<T> {
    inner: Rc<RefCell<Inner<T>>>,
}

struct Inner<T> {
    transport: T,
    held: BytesMut,
    /// Whether anything was read since somebody asked.
    heard: bool,
    /// The same of what was written.
    sent: bool,
    /// Whether there was nothing to read this turn. Whoever reads is woken once there is; until then
    /// nobody asks the socket again, however often the library is asked for the next request.
    dry: bool,
    /// Whether the library waits to write.
    choked: bool,
    /// Whether the transport may hold some of that back: TLS does while the socket has no room.
    unflushed: bool,
}

impl<T> Corked<T> {
    pub(crate) fn new(transport: T) -> (Self, Cork<T>) {
        let held = BytesMut::new();
        let inner = Rc::new(RefCell::new(Inner {
            transport,
            held,
            heard: false,
            sent: false,
            dry: false,
            choked: false,
            unflushed: false,
        }));
        let cork = Cork {
            inner: Rc::clone(&inner),
        };
        (Self { inner }, cork)
    }
}

impl<T> Cork<T> {
    /// Runs `use_it` on the transport itself, which the library has let go.
    pub(crate) fn with_transport<R>(&self, use_it: impl FnOnce(&mut T) -> R) -> R {
        use_it(&mut self.inner.borrow_mut().transport)
    }

    /// Whether anything was read since the last time.
    pub(crate) fn take_heard(&self) -> bool {
        std::mem::take(&mut self.inner.borrow_mut().heard)
    }

    /// Whether anything was written since the last time.
    pub(crate) fn take_sent(&self) -> bool {
        std::mem::take(&mut self.inner.borrow_mut().sent)
    }

    /// Whether the library could not write all since the last time: its waker may not be the one
    /// that is woken when it can.
    pub(crate) fn take_choked(&self) -> bool {
        std::mem::take(&mut self.inner.borrow_mut().choked)
    }
}

impl<T: AsyncWrite + Unpin> Cork<T> {
    /// Writes what is held. Call it after each turn of the library; pending, the task is woken
    /// when there is room to go on.
    pub(crate) fn poll_release(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let inner = &mut *self.inner.borrow_mut();
        inner.dry = false;
        inner.poll_release(cx)
    }
}

impl<T: AsyncWrite + Unpin> Inner<T> {
    fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.held.is_empty() && !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        while !self.held.is_empty() {
            let written = ready!(Pin::new(&mut self.transport).poll_write(cx, &self.held))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.advance(written);
            self.sent = true;
            self.unflushed = true;
        }
        ready!(Pin::new(&mut self.transport).poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// How many bytes may be taken.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.held.len() >= MOST {
            let released = self.poll_release(cx);
            self.choked |= released.is_pending();
            ready!(released)?;
        }
        Poll::Ready(Ok(MOST - self.held.len()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Corked<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let inner = &mut *self.inner.borrow_mut();
        if inner.dry {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut inner.transport).poll_read(cx, buffer);
        inner.heard |= buffer.filled().len() > before;
        inner.dry = read.is_pending();
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Corked<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let inner = &mut *self.inner.borrow_mut();
        let room = ready!(inner.poll_room(cx))?;
        let before = inner.held.len();
        for slice in slices {
            let left = room - (inner.held.len() - before);
            let taken = slice.len().min(left);
            inner.held.extend_from_slice(&slice[..taken]);
        }
        Poll::Ready(Ok(inner.held.len() - before))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Does nothing: [`Cork::poll_release`] does it.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let inner = &mut *self.inner.borrow_mut();
        let released = inner.poll_release(cx);
        inner.choked |= released.is_pending();
        ready!(released)?;
        Pin::new(&mut inner.transport).poll_shutdown(cx)
    }
}

impl<T> fmt::Debug for Cork<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cork").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;
    use tokio::io::{AsyncReadExt, duplex};

    #[tokio::test]
    async fn what_is_written_in_a_turn_leaves_at_its_end() {
        let (near, mut far) = duplex(1024);
        let (mut corked, cork) = Corked::new(near);
        let cx = &mut Context::from_waker(Waker::noop());
        for part in [&b"ab"[..], b"cd"] {
            let written = Pin::new(&mut corked).poll_write(cx, part);
            assert!(matches!(written, Poll::Ready(Ok(2))));
            assert!(Pin::new(&mut corked).poll_flush(cx).is_ready());
        }
        let mut buffer = [0; 8];
        let mut nothing = ReadBuf::new(&mut buffer);
        assert!(Pin::new(&mut far).poll_read(cx, &mut nothing).is_pending());
        assert!(cork.poll_release(cx).is_ready());
        let mut whole = [0; 4];
        far.read_exact(&mut whole).await.unwrap();
        assert_eq!(&whole, b"abcd");
    }

    #[tokio::test]
    async fn a_socket_that_had_nothing_is_asked_again_in_the_next_turn() {
        let (near, mut far) = duplex(16);
        let (mut corked, cork) = Corked::new(near);
        let cx = &mut Context::from_waker(Waker::noop());
        let read = |corked: &mut Corked<_>| {
            let (mut space, cx) = ([0; 4], &mut Context::from_waker(Waker::noop()));
            let mut buffer = ReadBuf::new(&mut space);
            let read = Pin::new(corked).poll_read(cx, &mut buffer);
            read.is_ready().then(|| buffer.filled().to_vec())
        };
        assert_eq!(read(&mut corked), None);
        assert!(Pin::new(&mut far).poll_write(cx, b"ab").is_ready());
        assert_eq!(read(&mut corked), None);
        assert!(cork.poll_release(cx).is_ready());
        assert_eq!(read(&mut corked), Some(b"ab".to_vec()));
    }

    /// Takes everything, and is not done with it at first.
    #[derive(Default)]
    struct Reluctant {
        asked: u32,
    }

    impl AsyncWrite for Reluctant {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.asked += 1;
            match self.asked {
                1 => Poll::Pending,
                _ => Poll::Ready(Ok(())),
            }
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn what_a_transport_holds_back_is_asked_for_until_it_is_out() {
        let (mut corked, cork) = Corked::new(Reluctant::default());
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut corked).poll_write(cx, b"ab").is_ready());
        assert!(cork.poll_release(cx).is_pending());
        assert!(cork.poll_release(cx).is_ready());
        assert!(cork.poll_release(cx).is_ready());
        assert_eq!(cork.inner.borrow().transport.asked, 2);
    }

    #[test]
    fn no_more_is_held_than_may_be() {
        let (near, _far) = duplex(16);
        let (mut corked, cork) = Corked::new(near);
        let cx = &mut Context::from_waker(Waker::noop());
        let much = vec![0; 2 * MOST];
        let taken = Pin::new(&mut corked).poll_write(cx, &much);
        assert!(matches!(taken, Poll::Ready(Ok(MOST))));
        assert!(!cork.take_choked());
        assert!(Pin::new(&mut corked).poll_write(cx, &much).is_pending());
        assert!(cork.take_choked() && !cork.take_choked());
        assert!(cork.inner.borrow().held.len() <= MOST);
    }
}
