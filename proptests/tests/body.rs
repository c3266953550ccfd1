//! Body streams, beside a queue of bytes: where one chunk ends and the next begins is nobody's business.

use bytes::Bytes;
use gatewright_core::message::{Body, BodyClosed, BodySender, BodyStream, Value};
use gatewright_proptests::cases;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

#[derive(Clone, Copy, Debug)]
enum Operation {
    Send(usize),
    PollReady,
    PollChunk,
    End,
    Cut,
    Close,
    DropReader,
}

/// No chunk is as long.
const MOST: usize = 1_100;

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        20 => (0..12_usize).prop_map(Operation::Send),
        2 => (1_000..MOST).prop_map(Operation::Send),
        20 => Just(Operation::PollReady),
        20 => Just(Operation::PollChunk),
        1 => Just(Operation::End),
        1 => Just(Operation::Cut),
        1 => Just(Operation::Close),
        1 => Just(Operation::DropReader),
    ]
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One end's task: whether it sleeps, and whether it was woken since.
#[derive(Default)]
struct Task {
    flag: Arc<Flag>,
    sleeps: bool,
}

impl Task {
    fn poll<T>(&mut self, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        self.flag.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.flag));
        let polled = poll(&mut Context::from_waker(&waker));
        self.sleeps = polled.is_pending();
        polled
    }

    /// Whoever sleeps while there is something to do must have been woken.
    fn check(&self, something_to_do: bool) {
        let woken = self.flag.0.load(Ordering::Relaxed);
        assert!(!self.sleeps || !something_to_do || woken, "a lost wake-up");
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Writer {
    Open,
    Ended,
    Cut,
}

/// What the stream should be.
struct Model {
    budget: usize,
    held: VecDeque<u8>,
    /// Bytes that were ever sent: each says its place.
    sent: usize,
    writer: Writer,
    reader_gone: bool,
}

impl Model {
    /// The next chunk to be sent.
    fn compose(&self, length: usize) -> Bytes {
        (self.sent..self.sent + length).map(|at| at as u8).collect()
    }

    fn take(&mut self, chunk: &Bytes) {
        self.sent += chunk.len();
        self.held.extend(chunk);
    }

    fn ready(&self) -> Poll<Result<(), BodyClosed>> {
        match self.reader_gone {
            true => Poll::Ready(Err(BodyClosed)),
            false if self.held.len() < self.budget => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    }

    /// Whether this may come next.
    fn check(&mut self, polled: Poll<Option<Result<Bytes, BodyClosed>>>) {
        if let Poll::Ready(Some(Ok(chunk))) = &polled {
            assert!(!chunk.is_empty() && !self.reader_gone);
            let next: Vec<u8> = self.held.drain(..chunk.len()).collect();
            assert_eq!(*chunk, next);
            return;
        }
        let expected = match self.writer {
            _ if self.reader_gone => Poll::Ready(Some(Err(BodyClosed))),
            _ if !self.held.is_empty() => panic!("{polled:?}, though there are bytes"),
            Writer::Open => Poll::Pending,
            Writer::Ended => Poll::Ready(None),
            Writer::Cut => Poll::Ready(Some(Err(BodyClosed))),
        };
        assert_eq!(polled, expected);
    }

    fn is_at_end(&self) -> bool {
        self.writer == Writer::Ended && self.held.is_empty() && !self.reader_gone
    }

    fn has_news(&self) -> bool {
        !self.held.is_empty() || self.writer != Writer::Open
    }
}

/// A stream's two ends, their tasks, and the model.
struct Ends {
    sender: Option<BodySender>,
    stream: Option<BodyStream>,
    writes: Task,
    reads: Task,
    model: Model,
}

impl Ends {
    fn new(budget: usize) -> Self {
        let (sender, body) = Body::stream(budget);
        let Body::Stream(stream) = body else {
            panic!("a stream")
        };
        Self {
            sender: Some(sender),
            stream: Some(stream),
            writes: Task::default(),
            reads: Task::default(),
            model: Model {
                budget,
                held: VecDeque::new(),
                sent: 0,
                writer: Writer::Open,
                reader_gone: false,
            },
        }
    }

    fn apply(&mut self, operation: Operation) {
        let (sender, stream) = (self.sender.as_mut(), self.stream.as_mut());
        match (operation, sender, stream) {
            (Operation::Send(length), Some(sender), _) => {
                let chunk = self.model.compose(length);
                let taken = self.model.ready() == Poll::Ready(Ok(()));
                assert_eq!(sender.send(chunk.clone()).is_ok(), taken);
                if taken {
                    self.model.take(&chunk);
                }
            }
            (Operation::PollReady, Some(sender), _) => {
                let polled = self.writes.poll(|cx| sender.poll_ready(cx));
                assert_eq!(polled, self.model.ready());
            }
            (Operation::PollChunk, _, Some(stream)) => {
                let polled = self.reads.poll(|cx| stream.poll_chunk(cx));
                self.model.check(polled);
                assert_eq!(stream.is_at_end(), self.model.is_at_end());
            }
            (Operation::End, Some(_), _) => {
                self.sender
                    .take()
                    .into_iter()
                    .for_each(|sender| sender.end(Value::Null));
                self.model.writer = Writer::Ended;
            }
            (Operation::Cut, Some(_), _) => {
                self.sender = None;
                self.model.writer = Writer::Cut;
            }
            (Operation::Close, _, Some(stream)) => {
                stream.close();
                self.lose_reader();
            }
            (Operation::DropReader, _, Some(_)) => {
                self.stream = None;
                self.lose_reader();
            }
            _ => {}
        }
        if self.sender.is_some() {
            self.writes.check(self.model.ready().is_ready());
        }
        if self.stream.is_some() && !self.model.reader_gone {
            self.reads.check(self.model.has_news());
        }
    }

    fn lose_reader(&mut self) {
        self.model.reader_gone = true;
        self.model.held.clear();
    }
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_body_arrives_whole_or_is_known_to_be_cut(
        budget in prop_oneof![1..32_usize, 5_000..40_000_usize],
        operations in vec(operation(), 0..150),
    ) {
        let mut ends = Ends::new(budget);
        for operation in operations {
            ends.apply(operation);
            prop_assert!(ends.model.held.len() < budget + MOST, "beyond one chunk of the budget");
        }
    }
}
