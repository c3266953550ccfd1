//! One direction of a relay.

use super::ends::Plain;
use super::pipe::Lent;
use crate::lifecycle::Worker;
use crate::upstream::Stream;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that one direction carries before others have their turn.
const A_TURN: usize = 1 << 20;
/// Where fewer bytes come at a time, copying them costs less than a pipe.
const WORTH_A_PIPE: usize = 16 << 10;
/// So often in a row: what comes in bulk ends with fewer, too.
const PATIENCE: u8 = 4;

/// One direction: what is read from one end is written to the other.
#[derive(Debug)]
pub(super) struct Flow {
    state: State,
    waiting: Waiting,
    /// Since when the target takes none of the bytes that wait for it.
    stalled_since: Option<Instant>,
    /// How many reads that are not worth a pipe may follow before bytes are copied again.
    bulk: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// There may be more to read.
    Open,
    /// The source has ended; the target is yet to be told.
    Ending,
    /// Both have ended.
    Ended,
}

/// Bytes that were read and are not written. No more are read before they are.
#[derive(Debug)]
enum Waiting {
    Nothing,
    Bytes(Box<Leftover>),
    Piped(Box<Lent>),
}

#[derive(Debug)]
struct Leftover {
    bytes: Box<[u8]>,
    written: usize,
}

impl Flow {
    /// A direction whose first bytes were read already.
    pub(super) fn new(sent: Vec<u8>) -> Self {
        let waiting = if sent.is_empty() {
            Waiting::Nothing
        } else {
            Waiting::Bytes(Box::new(Leftover {
                bytes: sent.into(),
                written: 0,
            }))
        };
        Self {
            state: State::Open,
            waiting,
            stalled_since: None,
            bulk: 0,
        }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    pub(super) const fn stalled_since(&self) -> Option<Instant> {
        self.stalled_since
    }

    /// Whether bytes were read that are not written.
    pub(super) const fn holds_bytes(&self) -> bool {
        !matches!(self.waiting, Waiting::Nothing) || self.stalled_since.is_some()
    }

    /// Whether the end of its source would not be noticed.
    pub(super) fn is_deaf(&self) -> bool {
        self.state != State::Open || self.stalled_since.is_some()
    }

    /// Carries what is there, and says how many bytes were read.
    ///
    /// # Errors
    /// As the sockets say: both ends are to be reset.
    pub(super) fn carry(
        &mut self,
        from: &mut Stream,
        to: &mut Stream,
        worker: &Worker,
        now: Instant,
        cx: &mut Context<'_>,
    ) -> io::Result<usize> {
        let mut carried = 0;
        while self.state != State::Ended {
            if carried >= A_TURN {
                cx.waker().wake_by_ref();
                break;
            }
            if self.write(to, cx)?.is_pending() {
                self.stalled_since.get_or_insert(now);
                break;
            }
            self.stalled_since = None;
            match self.state {
                State::Open => match self.read(from, to, worker, cx)? {
                    Poll::Ready(read) => carried += read,
                    Poll::Pending => break,
                },
                State::Ending => match Pin::new(&mut *to).poll_shutdown(cx)? {
                    Poll::Ready(()) => self.state = State::Ended,
                    Poll::Pending => break,
                },
                State::Ended => break,
            }
        }
        Ok(carried)
    }

    /// Writes all that waits.
    fn write(&mut self, to: &mut Stream, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        match &mut self.waiting {
            Waiting::Nothing => {}
            Waiting::Bytes(leftover) => {
                if leftover
                    .write(to, &mut self.stalled_since, cx)?
                    .is_pending()
                {
                    return Ok(Poll::Pending);
                }
            }
            Waiting::Piped(pipe) => {
                if drain(pipe, to, &mut self.stalled_since, cx)?.is_pending() {
                    return Ok(Poll::Pending);
                }
            }
        }
        self.waiting = Waiting::Nothing;
        transpose(Pin::new(to).poll_flush(cx))
    }

    /// Reads once, and writes what comes as far as it is taken.
    fn read(
        &mut self,
        from: &mut Stream,
        to: &mut Stream,
        worker: &Worker,
        cx: &mut Context<'_>,
    ) -> io::Result<Poll<usize>> {
        let read = match (Plain::of(from), Plain::of(to)) {
            (Some(plain), Some(_)) if self.bulk > 0 => {
                // A pipe is taken only for bytes that are there.
                if transpose(plain.poll_readable(cx))?.is_pending() {
                    return Ok(Poll::Pending);
                }
                match worker.pipes().lend() {
                    Some(pipe) => self.fill(plain, pipe, cx),
                    None => self.copy(from, to, worker, cx),
                }
            }
            _ => self.copy(from, to, worker, cx),
        };
        if let Poll::Ready(Ok(0)) = read {
            self.state = State::Ending;
        }
        transpose(read)
    }

    fn fill(
        &mut self,
        from: Plain<'_>,
        mut pipe: Lent,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let read = ready!(from.poll_read_by(cx, |fd| pipe.fill(fd)))?;
        self.bulk = match read {
            ..WORTH_A_PIPE => self.bulk.saturating_sub(1),
            _ => PATIENCE,
        };
        if !pipe.is_empty() {
            self.waiting = Waiting::Piped(Box::new(pipe));
        }
        Poll::Ready(Ok(read))
    }

    fn copy(
        &mut self,
        from: &mut Stream,
        to: &mut Stream,
        worker: &Worker,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let mut scratch = worker.scratch();
        let mut buffer = ReadBuf::new(&mut scratch);
        ready!(Pin::new(from).poll_read(cx, &mut buffer))?;
        if buffer.remaining() == 0 {
            self.bulk = PATIENCE;
        }
        let read = buffer.filled();
        let mut written = 0;
        while let Some(rest @ [_, ..]) = read.get(written..) {
            match Pin::new(&mut *to).poll_write(cx, rest)? {
                Poll::Ready(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(some) => written += some,
                Poll::Pending => {
                    let bytes = rest.into();
                    self.waiting = Waiting::Bytes(Box::new(Leftover { bytes, written: 0 }));
                    break;
                }
            }
        }
        Poll::Ready(Ok(read.len()))
    }
}

impl Leftover {
    /// Writes all of it; each byte that is taken ends a stall.
    fn write(
        &mut self,
        to: &mut Stream,
        stalled_since: &mut Option<Instant>,
        cx: &mut Context<'_>,
    ) -> io::Result<Poll<()>> {
        while let Some(rest @ [_, ..]) = self.bytes.get(self.written..) {
            match Pin::new(&mut *to).poll_write(cx, rest)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(some) => self.written += some,
                Poll::Pending => return Ok(Poll::Pending),
            }
            *stalled_since = None;
        }
        Ok(Poll::Ready(()))
    }
}

/// Writes all that is in a pipe; each byte that is taken ends a stall.
fn drain(
    pipe: &mut Lent,
    to: &Stream,
    stalled_since: &mut Option<Instant>,
    cx: &mut Context<'_>,
) -> io::Result<Poll<()>> {
    let Some(plain) = Plain::of(to) else {
        return Err(io::ErrorKind::Unsupported.into());
    };
    while !pipe.is_empty() {
        match plain.poll_write_by(cx, |fd| pipe.drain(fd))? {
            Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(_) => *stalled_since = None,
            Poll::Pending => return Ok(Poll::Pending),
        }
    }
    Ok(Poll::Ready(()))
}

fn transpose<T>(poll: Poll<io::Result<T>>) -> io::Result<Poll<T>> {
    match poll {
        Poll::Ready(result) => result.map(Poll::Ready),
        Poll::Pending => Ok(Poll::Pending),
    }
}
