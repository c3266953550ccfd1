//! The bytes that WebSocket carries, seen by a client.

use aws_lc_rs::rand;
use gatewright_codecs::websocket::{CloseCode, End, Peer, Reader, binary_head, close, masked};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The longest message that is written: longer writes become several, as their bytes have to be copied to be
/// masked.
const LONGEST: usize = 64 << 10;

/// A connection to a server behind the handshake. What one call writes is one message, which leaves with a
/// flush at the latest. The server's close is the end of what is read; shutting down says our own.
#[derive(Debug)]
pub(crate) struct Called<S> {
    io: S,
    reader: Reader,
    /// Whole frames, as far as they are not written.
    due: Vec<u8>,
    written: usize,
    said_goodbye: bool,
}

impl<S> Called<S> {
    pub(super) fn new(io: S) -> Self {
        Self {
            io,
            reader: Reader::new(Peer::Server),
            due: Vec::new(),
            written: 0,
            said_goodbye: false,
        }
    }

    /// Has a frame go out, masked by a key of its own.
    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        let mut key = [0; 4];
        rand::fill(&mut key).map_err(io::Error::other)?;
        self.due = masked(frame, key);
        self.written = 0;
        Ok(())
    }
}

impl<S: AsyncWrite + Unpin> Called<S> {
    /// Writes what is due.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(due @ [_, ..]) = self.due.get(self.written..) {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, due))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written = self.written.saturating_add(written);
        }
        self.due.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Answers a ping once nothing else is on its way. That it cannot yet stops nobody.
    fn try_pong(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.due.is_empty()
            && !self.said_goodbye
            && let Some(pong) = self.reader.take_pong()
        {
            self.send(&pong)?;
        }
        if !self.due.is_empty()
            && let Poll::Ready(written) = self.poll_due(cx)
        {
            written?;
            if let Poll::Ready(flushed) = Pin::new(&mut self.io).poll_flush(cx) {
                flushed?;
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Called<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            this.try_pong(cx)?;
            match this.reader.end() {
                Some(End::Closed(_)) => return Poll::Ready(Ok(())),
                Some(End::Violated(violation)) => {
                    let error = io::Error::new(io::ErrorKind::InvalidData, violation);
                    return Poll::Ready(Err(error));
                }
                None => {}
            }
            let mut raw = ReadBuf::new(buffer.initialize_unfilled());
            ready!(Pin::new(&mut this.io).poll_read(cx, &mut raw))?;
            if raw.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let carried = this.reader.read(raw.filled_mut());
            if carried > 0 {
                buffer.advance(carried);
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Called<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_due(cx))?;
        let message = bytes.get(..LONGEST).unwrap_or(bytes);
        if !message.is_empty() {
            let frame = [&binary_head(message.len()), message].concat();
            this.send(&frame)?;
        }
        Poll::Ready(Ok(message.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_due(cx))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_due(cx))?;
        if !this.said_goodbye {
            // RFC 6455, 5.5.1: an answer says what was said.
            let code = match this.reader.end() {
                Some(End::Closed(code)) => code,
                Some(End::Violated(violation)) => Some(violation.code().number()),
                None => Some(CloseCode::Normal.number()),
            };
            this.send(&close(code))?;
            this.said_goodbye = true;
            ready!(this.poll_due(cx))?;
        }
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::super::WebSocket;
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex, split};

    #[tokio::test]
    async fn both_sides_understand_each_other_however_little_room_there_is() {
        let (near, far) = duplex(7);
        let sent: Vec<u8> = (0..=255).cycle().take(2 * LONGEST + 1).collect();
        let (mut from_client, mut to_client) = split(WebSocket::new(near));
        let (mut from_server, mut to_server) = split(Called::new(far));
        let echo = async {
            let copied = tokio::io::copy(&mut from_client, &mut to_client).await;
            copied.unwrap();
            to_client.shutdown().await.unwrap();
        };
        let say = async {
            to_server.write_all(&sent).await.unwrap();
            to_server.flush().await.unwrap();
            to_server
        };
        let hear = async {
            let mut came = vec![0; sent.len()];
            from_server.read_exact(&mut came).await.unwrap();
            assert!(came == sent);
            from_server
        };
        let asked = async {
            let (mut to_server, mut from_server) = tokio::join!(say, hear);
            to_server.shutdown().await.unwrap();
            assert_eq!(from_server.read(&mut [0; 16]).await.unwrap(), 0);
        };
        tokio::join!(echo, asked);
    }
}
