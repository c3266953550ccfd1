//! How a connection ends: a FIN after the last reply, not a reset over it.

use bytes::BufMut;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many bytes of that are read.
const LINGER_BYTES: usize = 1 << 20;

/// Says goodbye. Closing a socket with unread bytes in it resets the connection and may take
/// the last reply with it, so what the client still sends is read and dropped for a while.
#[derive(Debug)]
pub(super) struct Parting {
    pub(super) until: Instant,
    shut: bool,
    dropped: usize,
}

impl Parting {
    /// How long a client may still send after it was told that nobody listens.
    pub(super) const LINGER: Duration = Duration::from_secs(1);

    pub(super) fn new(now: Instant) -> Self {
        Self {
            until: now + Self::LINGER,
            shut: false,
            dropped: 0,
        }
    }

    pub(super) fn poll(
        &mut self,
        io: &mut (impl AsyncRead + AsyncWrite + Unpin),
        scratch: &mut [u8],
        now: Instant,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.shut {
            match Pin::new(&mut *io).poll_shutdown(cx) {
                Poll::Ready(shut) => shut?,
                // What is said at the end is not taken: nobody is waited for longer than that.
                Poll::Pending if self.until <= now => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
            self.shut = true;
        }
        while self.until > now && self.dropped < LINGER_BYTES {
            let mut buffer = ReadBuf::new(scratch);
            ready!(Pin::new(&mut *io).poll_read(cx, &mut buffer))?;
            let read = buffer.capacity() - buffer.remaining_mut();
            if read == 0 {
                break;
            }
            self.dropped += read;
        }
        Poll::Ready(Ok(()))
    }
}
