//! One bidirectional stream of a QUIC connection, as a stream of bytes.

use super::quic::{NO_CODE, PARTING};
use quinn::{RecvStream, SendStream};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::task::TaskTracker;

/// A stream of our own making. Its FIN is an end, its reset an error (RFC 9000, 3). Where it is
/// dropped before it was shut down, it is reset: nobody is to take that for the end of the bytes.
#[derive(Debug)]
pub(crate) struct QuicStream {
    send: SendStream,
    receive: RecvStream,
    /// Whether the server was told that no more follows.
    finished: bool,
    /// Whether the server has said all that it had to say.
    ended: bool,
    /// Held for as long as the connection has to stay.
    in_use: Arc<()>,
    parting: TaskTracker,
}

impl QuicStream {
    pub(super) const fn new(
        send: SendStream,
        receive: RecvStream,
        in_use: Arc<()>,
        parting: TaskTracker,
    ) -> Self {
        Self {
            send,
            receive,
            finished: false,
            ended: false,
            in_use,
            parting,
        }
    }

    /// Takes back what was not acknowledged yet, and wants no more.
    pub(crate) fn reset(&mut self) {
        // Refused only for a stream of which all has arrived, or that was reset before.
        let _ = self.send.reset(NO_CODE);
        self.finished = true;
    }

    /// Says that no more follows.
    ///
    /// # Errors
    /// If the server takes no more, so that what was written may be lost.
    pub(crate) fn finish(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.finished {
            return Ok(());
        }
        // `finish` itself does not say that the server stopped the stream; a write does. A server
        // that has ended its side, too, has closed the stream, and wants no end of ours.
        if !self.ended
            && let Poll::Ready(written) = Pin::new(&mut self.send).poll_write(cx, &[])
        {
            written?;
        }
        self.send.finish()?;
        self.finished = true;
        Ok(())
    }

    /// The reset or the loss that came while nobody read. Nobody may be waiting to read.
    pub(crate) fn take_error(&mut self) -> Option<io::Error> {
        let looked =
            pin!(self.receive.received_reset()).poll(&mut Context::from_waker(Waker::noop()));
        match looked {
            Poll::Ready(Ok(Some(_))) => Some(io::ErrorKind::ConnectionReset.into()),
            Poll::Ready(Err(lost)) => Some(lost.into()),
            Poll::Ready(Ok(None)) | Poll::Pending => None,
        }
    }
}

impl AsyncRead for QuicStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (room, before) = (buffer.remaining(), buffer.filled().len());
        ready!(AsyncRead::poll_read(
            Pin::new(&mut self.receive),
            cx,
            buffer
        ))?;
        self.ended |= room > 0 && buffer.filled().len() == before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for QuicStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(Pin::new(&mut self.send), cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.finish(cx))
    }
}

impl Drop for QuicStream {
    fn drop(&mut self) {
        if !self.finished {
            self.reset();
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        // The connection is not idle before what was finished has arrived.
        let (arrived, in_use) = (self.send.stopped(), Arc::clone(&self.in_use));
        runtime.spawn(self.parting.track_future(async move {
            // Neither how it ended nor whether it did is of use to anybody now.
            let _ = tokio::time::timeout(PARTING, arrived).await;
            drop(in_use);
        }));
    }
}
