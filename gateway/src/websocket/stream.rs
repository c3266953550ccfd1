//! The bytes that WebSocket carries, as a stream.

use gatewright_codecs::websocket::{CloseCode, End, Reader, Violation, binary_head, close};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What one poll may read of what carries nothing: pings, and what comes behind the end. Then the others
/// have their turn.
const IDLE_BYTES: usize = 64 << 10;

/// A client's connection behind the handshake. What is read are the bytes that its binary messages hold. What
/// one call writes is one message; calls that come after one that was not taken whole have to go on with the
/// same bytes, as all do that write from a buffer.
///
/// The client's close is the end of what is read; replies may still be written, and the connection's
/// `poll_shutdown` closes it from our side. A client that breaks the rules is an error, once;
/// behind it, and behind a close, what still comes is read and dropped.
#[derive(Debug)]
pub(crate) struct WebSocket<S> {
    io: S,
    reader: Reader,
    /// A pong, a close or the head of a message, as far as it is not written. Whole frames of its own
    /// only while nothing of a message is.
    due: Vec<u8>,
    written: usize,
    /// Bytes of the message whose head was taken.
    promised: usize,
    /// What is said at the end.
    goodbye: CloseCode,
    said_goodbye: bool,
    /// Whoever reads was told of the end.
    told_end: bool,
}

impl<S> WebSocket<S> {
    pub(crate) fn new(io: S) -> Self {
        Self {
            io,
            reader: Reader::default(),
            due: Vec::new(),
            written: 0,
            promised: 0,
            goodbye: CloseCode::Normal,
            said_goodbye: false,
            told_end: false,
        }
    }

    /// What carries it.
    pub(crate) const fn get_ref(&self) -> &S {
        &self.io
    }

    /// The same.
    pub(crate) const fn get_mut(&mut self) -> &mut S {
        &mut self.io
    }

    /// What a close that we begin is to say.
    pub(crate) const fn set_goodbye(&mut self, code: CloseCode) {
        self.goodbye = code;
    }

    /// What the client did wrong, if so.
    pub(crate) const fn violation(&self) -> Option<Violation> {
        match self.reader.end() {
            Some(End::Violated(violation)) => Some(violation),
            Some(End::Closed(_)) | None => None,
        }
    }

    /// The code of our close. RFC 6455, 5.5.1: an answer says what was said.
    fn farewell(&self) -> Option<u16> {
        match self.reader.end() {
            Some(End::Closed(code)) => code,
            Some(End::Violated(violation)) => Some(violation.code().number()),
            None => Some(self.goodbye.number()),
        }
    }

    /// Whether a frame may begin: no other has.
    const fn is_between_frames(&self) -> bool {
        self.due.is_empty() && self.promised == 0
    }

    /// RFC 6455, 5.5.2: pongs go out as soon as may be. Not behind a close.
    fn take_pong(&mut self) {
        if self.is_between_frames()
            && !self.said_goodbye
            && let Some(pong) = self.reader.take_pong()
        {
            self.due = pong;
        }
    }

    /// So much of what was due, and of the message behind it, was written; says how much of the message.
    fn note_written(&mut self, written: usize) -> usize {
        let left = self.due.len().saturating_sub(self.written);
        if written < left {
            self.written = self.written.saturating_add(written);
            return 0;
        }
        self.due = Vec::new();
        self.written = 0;
        let carried = written.saturating_sub(left);
        self.promised = self.promised.saturating_sub(carried);
        carried
    }
}

impl<S: AsyncWrite + Unpin> WebSocket<S> {
    /// Writes what is due.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(due @ [_, ..]) = self.due.get(self.written..) {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, due))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.note_written(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Has a pong go out, if there is one and it may. That it cannot yet stops nobody.
    fn try_pong(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        self.take_pong();
        if self.promised > 0 || self.due.is_empty() {
            return Ok(());
        }
        match self.poll_due(cx) {
            Poll::Ready(written) => {
                written?;
                // TLS keeps what it was given until it is flushed.
                match Pin::new(&mut self.io).poll_flush(cx) {
                    Poll::Ready(flushed) => flushed,
                    Poll::Pending => Ok(()),
                }
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let mut idle = 0;
        while idle < IDLE_BYTES {
            this.try_pong(cx)?;
            if let (Some(end), false) = (this.reader.end(), this.told_end) {
                this.told_end = true;
                return Poll::Ready(match end {
                    End::Closed(_) => Ok(()),
                    End::Violated(violation) => {
                        Err(io::Error::new(io::ErrorKind::InvalidData, violation))
                    }
                });
            }
            let mut raw = ReadBuf::new(buffer.initialize_unfilled());
            ready!(Pin::new(&mut this.io).poll_read(cx, &mut raw))?;
            let came = raw.filled().len();
            if came == 0 {
                // Nobody said goodbye, so this may be a cut.
                return Poll::Ready(match this.told_end {
                    true => Ok(()),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                });
            }
            let carried = this.reader.read(raw.filled_mut());
            if carried > 0 {
                buffer.advance(carried);
                return Poll::Ready(Ok(()));
            }
            idle += came;
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.said_goodbye {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if this.promised == 0 {
            this.take_pong();
            ready!(this.poll_due(cx))?;
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            this.due = binary_head(bytes.len());
            this.promised = bytes.len();
        }
        loop {
            let due = this.due.get(this.written..).unwrap_or_default();
            let message = bytes.get(..this.promised).unwrap_or(bytes);
            let io = Pin::new(&mut this.io);
            let written = match due {
                [] => ready!(io.poll_write(cx, message))?,
                due => {
                    let parts = [IoSlice::new(due), IoSlice::new(message)];
                    ready!(io.poll_write_vectored(cx, &parts))?
                }
            };
            if written == 0 {
                return Poll::Ready(Ok(0));
            }
            let carried = this.note_written(written);
            if carried > 0 {
                return Poll::Ready(Ok(carried));
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.promised == 0 {
            ready!(this.poll_due(cx))?;
        }
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Within a message nothing can be said: it is cut, and so is the connection.
        if this.promised == 0 {
            ready!(this.poll_due(cx))?;
            if !this.said_goodbye {
                this.due = close(this.farewell());
                this.said_goodbye = true;
                ready!(this.poll_due(cx))?;
            }
        }
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::Stream;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex, split};

    #[test]
    fn an_idle_connection_costs_little_more_than_by_tcp() {
        assert!(size_of::<WebSocket<Stream>>() <= 256);
    }

    /// A ping that is masked with zeros.
    const PING: &[u8] = b"\x89\x81\0\0\0\0?";
    const PONG: &[u8] = b"\x8A\x01?";

    #[tokio::test]
    async fn pongs_go_between_messages_however_little_room_there_is() {
        const MESSAGES: usize = 40;
        let (near, far) = duplex(7);
        let (mut far_read, mut far_write) = split(far);
        let (mut read, mut write) = split(WebSocket::new(near));
        let message: Vec<u8> = (0..200).collect();
        let sent = async {
            for _ in 0..MESSAGES {
                write.write_all(&message).await.unwrap();
            }
            write.shutdown().await.unwrap();
        };
        let asked = async {
            for _ in 0..20 {
                far_write.write_all(PING).await.unwrap();
            }
            far_write
        };
        let heard = async {
            let mut nothing = [0; 16];
            read.read(&mut nothing).await
        };
        let came = async {
            let mut came = Vec::new();
            far_read.read_to_end(&mut came).await.unwrap();
            came
        };
        let (came, ()) = tokio::select! {
            came = async { tokio::join!(came, async { tokio::join!(sent, asked); }) } => came,
            heard = heard => panic!("{heard:?}"),
        };
        let mut rest = &came[..];
        let mut messages = 0;
        while rest != b"\x88\x02\x03\xE8" {
            if let Some(behind) = rest.strip_prefix(PONG) {
                rest = behind;
                continue;
            }
            let behind = rest.strip_prefix(b"\x82\x7E\x00\xC8").expect("a message");
            rest = behind.strip_prefix(&message[..]).expect("a whole one");
            messages += 1;
        }
        assert_eq!(messages, MESSAGES);
    }

    #[tokio::test]
    async fn a_cut_is_an_error_and_a_close_is_none() {
        for (sent, end) in [
            (&b""[..], Err(io::ErrorKind::UnexpectedEof)),
            (PING, Err(io::ErrorKind::UnexpectedEof)),
            (b"\x81\x80\0\0\0\0", Err(io::ErrorKind::InvalidData)),
            (b"\x88\x80\0\0\0\0behind", Ok(0)),
        ] {
            let (near, mut far) = duplex(64);
            far.write_all(sent).await.unwrap();
            far.shutdown().await.unwrap();
            let mut carried = WebSocket::new(near);
            let read = carried.read(&mut [0; 16]).await;
            assert_eq!(read.map_err(|error| error.kind()), end, "{sent:02x?}");
            if carried.told_end {
                assert_eq!(carried.read(&mut [0; 16]).await.unwrap(), 0, "once");
            }
        }
    }
}
