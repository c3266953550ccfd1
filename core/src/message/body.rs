//! A message's payload: nothing, whole, or a bounded stream of chunks.

use super::{Headers, Value};
use bytes::{Bytes, BytesMut};
use http::HeaderName;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// A payload.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// There is none.
    #[default]
    Empty,
    /// All of it.
    Whole(Bytes),
    /// It follows, in events of its own: whoever reads those makes it whole, or a stream.
    Awaited,
    /// It is still arriving; the stream holds at most its budget at any time.
    Stream(BodyStream),
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        match bytes.is_empty() {
            true => Self::Empty,
            false => Self::Whole(bytes),
        }
    }
}

impl Body {
    /// A stream that buffers at most `budget` bytes (beyond one chunk), and its writing end.
    #[must_use]
    pub fn stream(budget: usize) -> (BodySender, Self) {
        let pipe = Arc::new(Mutex::new(Pipe {
            budget,
            ..Pipe::default()
        }));
        let sender = BodySender {
            pipe: Arc::clone(&pipe),
        };
        let reader = Arc::new(Reader { pipe });
        (sender, Self::Stream(BodyStream { reader }))
    }

    /// How many bytes are here, of a stream those that wait.
    #[must_use]
    pub fn held(&self) -> usize {
        match self {
            Self::Empty | Self::Awaited => 0,
            Self::Whole(bytes) => bytes.len(),
            Self::Stream(stream) => lock(&stream.reader.pipe).held,
        }
    }

    /// The bytes, if they are all here.
    #[must_use]
    pub fn whole(&self) -> Option<Bytes> {
        match self {
            Self::Empty => Some(Bytes::new()),
            Self::Whole(bytes) => Some(bytes.clone()),
            Self::Awaited | Self::Stream(_) => None,
        }
    }
}

/// Chunks below this size that wait behind others are put together: each would cost more to keep, and to
/// frame again, than it has bytes, and a peer chooses how many there are.
const SMALL: usize = 1 << 10;
/// What is put together has about so many bytes.
const GATHERED: usize = 16 << 10;

#[derive(Default)]
struct Pipe {
    chunks: VecDeque<Bytes>,
    /// Small ones behind those, put together.
    gathered: BytesMut,
    held: usize,
    budget: usize,
    state: State,
    trailers: Value,
    /// Names of trailer fields that are not handed out.
    withheld: Option<Arc<[HeaderName]>>,
    /// When the reader got on last, if it says so.
    moved: Option<Instant>,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Pipe {
    fn push(&mut self, chunk: Bytes) {
        self.held += chunk.len();
        let first = self.chunks.is_empty() && self.gathered.is_empty();
        if chunk.len() >= SMALL || first {
            self.close_gathered();
            self.chunks.push_back(chunk);
            return;
        }
        self.gathered.extend_from_slice(&chunk);
        if self.gathered.len() >= GATHERED {
            self.close_gathered();
        }
    }

    fn close_gathered(&mut self) {
        if !self.gathered.is_empty() {
            self.chunks.push_back(self.gathered.split().freeze());
        }
    }

    fn pop(&mut self) -> Option<Bytes> {
        if self.chunks.is_empty() {
            self.close_gathered();
        }
        let chunk = self.chunks.pop_front()?;
        self.held -= chunk.len();
        Some(chunk)
    }
}

#[derive(Default, Clone, Copy, PartialEq)]
enum State {
    #[default]
    Open,
    Ended,
    Cut,
    ReaderGone,
}

/// The other end went away before the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyClosed;

impl fmt::Display for BodyClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body's other end went away before its end")
    }
}

impl std::error::Error for BodyClosed {}

// A panic while the lock is held leaves a pipe whose fields are each still valid.
fn lock(pipe: &Mutex<Pipe>) -> MutexGuard<'_, Pipe> {
    pipe.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The writing end. Dropped without [`end`](Self::end), the reader sees a cut.
pub struct BodySender {
    pipe: Arc<Mutex<Pipe>>,
}

impl BodySender {
    /// Ready once the reader has left room within the budget.
    ///
    /// # Errors
    /// [`BodyClosed`] once the reader is gone.
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BodyClosed>> {
        let mut pipe = lock(&self.pipe);
        if pipe.state == State::ReaderGone {
            return Poll::Ready(Err(BodyClosed));
        }
        if pipe.held < pipe.budget {
            return Poll::Ready(Ok(()));
        }
        pipe.writer = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Hands over one chunk. Small ones may come out together. An empty one says nothing and is dropped: it would take a place
    /// that no budget counts.
    ///
    /// # Errors
    /// Gives the chunk back when the budget is used up ([`poll_ready`](Self::poll_ready) tells)
    /// or the reader is gone.
    pub fn send(&mut self, chunk: Bytes) -> Result<(), Bytes> {
        let has_room = {
            let pipe = lock(&self.pipe);
            pipe.held < pipe.budget
        };
        match has_room {
            true => self.send_anyway(chunk),
            false => Err(chunk),
        }
    }

    /// Hands over one chunk whether there is room for it or not: for whoever bounds what comes by other
    /// means, such as a window that [`excess`](Self::excess) keeps closed.
    ///
    /// # Errors
    /// Gives the chunk back when the reader is gone.
    pub fn send_anyway(&mut self, chunk: Bytes) -> Result<(), Bytes> {
        let mut pipe = lock(&self.pipe);
        if pipe.state != State::Open {
            return Err(chunk);
        }
        if chunk.is_empty() {
            return Ok(());
        }
        pipe.push(chunk);
        wake(pipe.reader.take());
        Ok(())
    }

    /// Bytes that wait beyond the budget. The task of [`poll_closed`](Self::poll_closed) is woken when
    /// there are fewer.
    #[must_use]
    pub fn excess(&self) -> usize {
        let pipe = lock(&self.pipe);
        pipe.held.saturating_sub(pipe.budget)
    }

    /// Says that the body is complete, and what follows it: trailer fields, or [`Value::Null`].
    pub fn end(self, trailers: Value) {
        let mut pipe = lock(&self.pipe);
        if pipe.state == State::Open {
            pipe.state = State::Ended;
            pipe.trailers = trailers;
        }
    }

    /// Ready once the reader is gone.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut pipe = lock(&self.pipe);
        if pipe.state == State::ReaderGone {
            return Poll::Ready(());
        }
        pipe.writer = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for BodySender {
    fn drop(&mut self) {
        let mut pipe = lock(&self.pipe);
        if pipe.state == State::Open {
            pipe.state = State::Cut;
        }
        wake(pipe.reader.take());
    }
}

/// The reading end. It has one reader: clones share the position. Once all of them are dropped,
/// the writer sees that nobody reads on.
#[derive(Clone)]
pub struct BodyStream {
    reader: Arc<Reader>,
}

struct Reader {
    pipe: Arc<Mutex<Pipe>>,
}

impl Reader {
    fn close(&self) {
        let mut pipe = lock(&self.pipe);
        pipe.state = State::ReaderGone;
        pipe.chunks.clear();
        pipe.gathered = BytesMut::new();
        pipe.held = 0;
        wake(pipe.writer.take());
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.close();
    }
}

impl BodyStream {
    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// [`BodyClosed`] if the writer went away before the end: what came is not the whole body.
    pub fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyClosed>>> {
        let mut pipe = lock(&self.reader.pipe);
        if let Some(chunk) = pipe.pop() {
            wake(pipe.writer.take());
            return Poll::Ready(Some(Ok(chunk)));
        }
        match pipe.state {
            State::Ended => Poll::Ready(None),
            State::Cut | State::ReaderGone => Poll::Ready(Some(Err(BodyClosed))),
            State::Open => {
                pipe.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Whether its end is known, all of it was read, and no trailers follow.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        let pipe = lock(&self.reader.pipe);
        let none = match &pipe.trailers {
            Value::List(fields) => fields.is_empty(),
            other => *other == Value::Null,
        };
        pipe.state == State::Ended && pipe.held == 0 && none
    }

    /// What follows the body, once its end was read.
    #[must_use]
    pub fn take_trailers(&self) -> Value {
        let mut pipe = lock(&self.reader.pipe);
        let trailers = std::mem::take(&mut pipe.trailers);
        match &pipe.withheld {
            Some(names) => Headers::without(trailers, names),
            None => trailers,
        }
    }

    /// Has trailer fields of these names left out of what follows the body.
    pub fn withhold(&self, names: Arc<[HeaderName]>) {
        lock(&self.reader.pipe).withheld = Some(names);
    }

    /// Notes that the reader got on, with what was here or to the end.
    pub fn note_progress(&self, now: Instant) {
        lock(&self.reader.pipe).moved = Some(now);
    }

    /// When the reader got on last, if it says so.
    #[must_use]
    pub fn progress(&self) -> Option<Instant> {
        lock(&self.reader.pipe).moved
    }

    /// Whether nothing is here, and more is to come, or was and never will.
    #[must_use]
    pub fn is_starved(&self) -> bool {
        let pipe = lock(&self.reader.pipe);
        matches!(pipe.state, State::Open | State::Cut) && pipe.held == 0
    }

    /// Says that nobody will read on.
    pub fn close(&mut self) {
        self.reader.close();
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl PartialEq for BodyStream {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.reader, &other.reader)
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("held", &lock(&self.reader.pipe).held)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for BodySender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodySender")
            .field("held", &lock(&self.pipe).held)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    #[test]
    fn a_stream_holds_its_budget_and_ends_once() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut tx, body) = Body::stream(4);
        let Body::Stream(mut rx) = body else {
            panic!("a stream")
        };
        assert!(rx.poll_chunk(cx).is_pending());
        assert_eq!(tx.send(Bytes::from_static(b"abcd")), Ok(()));
        assert!(tx.poll_ready(cx).is_pending());
        assert_eq!(
            tx.send(Bytes::from_static(b"e")),
            Err(Bytes::from_static(b"e"))
        );
        assert_eq!(
            rx.poll_chunk(cx),
            Poll::Ready(Some(Ok(Bytes::from_static(b"abcd"))))
        );
        assert_eq!(tx.poll_ready(cx), Poll::Ready(Ok(())));
        tx.end(Value::from(7_u8));
        assert_eq!(rx.poll_chunk(cx), Poll::Ready(None));
        assert_eq!(rx.take_trailers(), Value::from(7_u8));
    }

    #[derive(Default)]
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_reader_says_when_it_got_on() {
        let (mut tx, body) = Body::stream(4);
        let Body::Stream(rx) = body else {
            panic!("a stream")
        };
        assert_eq!((rx.progress(), rx.is_starved()), (None, true));
        assert_eq!(tx.send(Bytes::from_static(b"a")), Ok(()));
        let now = Instant::now();
        rx.clone().note_progress(now);
        assert_eq!((rx.progress(), rx.is_starved()), (Some(now), false));
    }

    #[test]
    fn small_chunks_that_wait_are_put_together() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut tx, body) = Body::stream(64 << 10);
        let Body::Stream(mut rx) = body else {
            panic!("a stream")
        };
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(60_000).collect();
        for byte in bytes.chunks(1) {
            tx.send(Bytes::copy_from_slice(byte)).unwrap();
        }
        let large = Bytes::from(vec![7; SMALL]);
        tx.send(large.clone()).unwrap();
        tx.send(Bytes::from_static(b"end")).unwrap();
        assert_eq!(rx.reader.pipe.lock().unwrap().held, 60_000 + SMALL + 3);
        tx.end(Value::Null);
        let mut chunks = Vec::new();
        while let Poll::Ready(Some(chunk)) = rx.poll_chunk(cx) {
            assert!(!rx.is_at_end() || chunk == Ok(Bytes::from_static(b"end")));
            chunks.push(chunk.unwrap());
        }
        assert!(rx.is_at_end());
        assert!(chunks.len() < 10, "{} chunks", chunks.len());
        assert_eq!(chunks.concat(), [&bytes[..], &large, b"end"].concat());
        // What is large enough is not copied.
        assert!(chunks.iter().any(|chunk| chunk.as_ptr() == large.as_ptr()));
    }

    #[test]
    fn an_end_with_trailers_is_not_told_ahead() {
        for (trailers, is_end) in [(Value::Null, true), (Value::from(7_u8), false)] {
            let (tx, body) = Body::stream(4);
            let Body::Stream(rx) = body else {
                panic!("a stream")
            };
            assert!(!rx.is_at_end());
            tx.end(trailers);
            assert_eq!(rx.is_at_end(), is_end);
        }
    }

    #[test]
    fn a_cut_is_not_an_end() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (tx, body) = Body::stream(4);
        let Body::Stream(mut rx) = body else {
            panic!("a stream")
        };
        drop(tx);
        assert_eq!(rx.poll_chunk(cx), Poll::Ready(Some(Err(BodyClosed))));
    }

    #[test]
    fn a_writer_learns_that_its_reader_is_gone() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut tx, body) = Body::stream(4);
        let Body::Stream(mut rx) = body else {
            panic!("a stream")
        };
        rx.close();
        assert_eq!(tx.poll_ready(cx), Poll::Ready(Err(BodyClosed)));
        assert!(tx.send(Bytes::from_static(b"a")).is_err());
    }

    #[test]
    fn a_dropped_reader_is_gone() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut tx, body) = Body::stream(1);
        let copy = body.clone();
        assert_eq!(tx.send(Bytes::from_static(b"a")), Ok(()));
        drop(body);
        assert!(tx.poll_ready(cx).is_pending());
        drop(copy);
        assert_eq!(tx.poll_ready(cx), Poll::Ready(Err(BodyClosed)));
    }

    #[test]
    fn what_is_sent_anyway_is_told_as_excess_until_it_is_read() {
        let task = Arc::<Woken>::default();
        let waker = Waker::from(Arc::clone(&task));
        let cx = &mut Context::from_waker(&waker);
        let (mut tx, body) = Body::stream(4);
        let Body::Stream(mut rx) = body else {
            panic!("a stream")
        };
        let chunk = Bytes::from_static(b"abc");
        assert_eq!(tx.send_anyway(chunk.clone()), Ok(()));
        assert_eq!(tx.excess(), 0);
        assert_eq!(tx.send_anyway(chunk.clone()), Ok(()));
        assert_eq!(tx.send_anyway(chunk.clone()), Ok(()));
        assert_eq!(tx.send(chunk.clone()), Err(chunk.clone()));
        assert_eq!(tx.excess(), 5);
        assert!(tx.poll_closed(cx).is_pending());
        assert_eq!(rx.poll_chunk(cx), Poll::Ready(Some(Ok(chunk))));
        assert!(task.0.load(Ordering::Relaxed));
        assert_eq!(tx.excess(), 2);
        rx.close();
        assert_eq!(tx.send_anyway("x".into()), Err("x".into()));
    }

    #[test]
    fn empty_chunks_take_no_place() {
        let cx = &mut Context::from_waker(Waker::noop());
        let (mut tx, body) = Body::stream(1);
        let Body::Stream(mut rx) = body else {
            panic!("a stream")
        };
        assert_eq!(tx.send(Bytes::new()), Ok(()));
        assert!(rx.poll_chunk(cx).is_pending());
    }
}
