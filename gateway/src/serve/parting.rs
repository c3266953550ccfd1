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
/// the last reply with it, so what the client still sends is read and dropped for a while. Then it is
/// left lying: a client that can send no more looks for what it was told.
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
        while self.until > now {
            if self.dropped >= LINGER_BYTES {
                return Poll::Pending;
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use std::task::Waker;
    use tokio::io::{join, repeat, sink};

    #[test]
    fn who_sends_on_and_on_is_not_closed_before_its_time_nor_read() {
        let (now, mut client) = (clock::now(), join(repeat(7), sink()));
        let mut parting = Parting::new(now);
        let cx = &mut Context::from_waker(Waker::noop());
        let mut scratch = [0; 4096];
        for later in [Duration::ZERO, Parting::LINGER / 2] {
            assert!(
                parting
                    .poll(&mut client, &mut scratch, now + later, cx)
                    .is_pending()
            );
            assert_eq!(parting.dropped, LINGER_BYTES);
        }
        let end = now + Parting::LINGER;
        let ended = parting.poll(&mut client, &mut scratch, end, cx);
        assert!(matches!(ended, Poll::Ready(Ok(()))));
        assert_eq!(parting.dropped, LINGER_BYTES);
    }
}
