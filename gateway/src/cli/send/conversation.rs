//! One connection on which requests are sent, all at once, and their replies awaited.

use super::reach::Reach;
use crate::Framing;
use crate::cli::messages;
use bytes::BytesMut;
use gatewright_core::codec::{CorrelationKind, DecodeError, Event, Protocol, Side};
use gatewright_core::message::{Kind, Message};
use gatewright_core::reply::{Answers, Ledger};
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, split};
use tokio::time::timeout;

/// Call order: [`expect`](Self::expect) for each message, then [`hold`](Self::hold).
#[derive(Debug)]
pub(super) struct Conversation {
    protocol: Arc<dyn Protocol>,
    framing: Framing,
    ledger: Ledger<usize>,
    replies: bool,
    /// Replies that answer nothing.
    unasked: usize,
}

/// What a message from the other side answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// The request of that index.
    Request(usize),
    /// It is a reply, but to nothing that was asked.
    Nothing,
    /// It is no reply.
    NotAReply,
}

/// Why a conversation did not end well.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The message is one that only servers send.
    NotARequest,
    /// Its correlation id is that of an earlier message.
    SameId,
    /// There is no connection.
    Connect(String, io::Error),
    /// The connection broke.
    Broken(io::Error),
    /// A reply is not what the protocol says.
    Unreadable(DecodeError),
    /// These requests, by number, were not answered, and the connection is closed.
    Closed(Vec<usize>),
    /// These requests, by number, were not answered in time.
    TimedOut(Vec<usize>),
    /// So many replies answered nothing.
    Unasked(usize),
    /// Nobody wants to see more replies.
    Unwatched,
}

/// Told of each message from the other side; says whether to go on.
type Watcher<'w> = dyn FnMut(Answered, &Message) -> bool + 'w;

impl Conversation {
    pub(super) fn new(protocol: &Arc<dyn Protocol>) -> Self {
        let capabilities = &protocol.descriptor().capabilities;
        Self {
            protocol: Arc::clone(protocol),
            framing: Framing::new(Arc::clone(protocol), Side::Client, capabilities.max_frame),
            ledger: Ledger::new(capabilities.correlation),
            replies: capabilities.correlation != CorrelationKind::None,
            unasked: 0,
        }
    }

    /// Notes that the message of that index will be sent.
    ///
    /// # Errors
    /// If its reply could not be told from another's, or it is itself one.
    pub(super) fn expect(&mut self, index: usize, message: &Message) -> Result<(), Trouble> {
        if messages::sender(&self.protocol, message) == Side::Server {
            return Err(Trouble::NotARequest);
        }
        if message.kind() == Kind::Event || !self.replies {
            return Ok(());
        }
        // Some replies are read with what their requests said: whoever reads them has to know.
        let asked = Event::Head(message.clone());
        let _ = self.framing.write(&asked, &mut BytesMut::new());
        self.ledger
            .sent(message.correlation(), NonZeroU32::MIN, index)
            .map(|_| ())
            .map_err(|_| Trouble::SameId)
    }

    /// Connects, sends `frames`, and reads until every request has its reply.
    ///
    /// # Errors
    /// If one has none in time, or there is a reply that answers nothing.
    pub(super) async fn hold(
        mut self,
        reach: &Reach,
        frames: &[u8],
        time: Duration,
        watcher: &mut Watcher<'_>,
    ) -> Result<(), Trouble> {
        match timeout(time, self.talk(reach, frames, watcher)).await {
            Ok(ended) => ended?,
            Err(_) => return Err(Trouble::TimedOut(self.unanswered())),
        }
        match self.unasked {
            0 => Ok(()),
            unasked => Err(Trouble::Unasked(unasked)),
        }
    }

    async fn talk(
        &mut self,
        reach: &Reach,
        frames: &[u8],
        watcher: &mut Watcher<'_>,
    ) -> Result<(), Trouble> {
        let stream = reach
            .connect()
            .await
            .map_err(|error| Trouble::Connect(reach.target.authority.clone(), error))?;
        let (mut from, mut to) = split(stream);
        // A server that answers and closes may do so before it read everything: what it says
        // counts more than that the rest could not be sent.
        let write = async {
            if to.write_all(frames).await.is_ok() {
                let _ = to.flush().await;
            }
            Ok(to)
        };
        let read = self.read(&mut from, watcher);
        let (mut to, ()) = tokio::try_join!(write, read)?;
        // All that was asked for is there, whether goodbye can be said or not.
        let _ = to.shutdown().await;
        Ok(())
    }

    async fn read(
        &mut self,
        from: &mut (impl AsyncRead + Unpin),
        watcher: &mut Watcher<'_>,
    ) -> Result<(), Trouble> {
        let mut buffer = BytesMut::new();
        while !self.ledger.is_empty() {
            let read = from.read_buf(&mut buffer).await.map_err(Trouble::Broken)?;
            if read == 0 {
                return Err(Trouble::Closed(self.unanswered()));
            }
            while let Some(event) = self
                .framing
                .read(&mut buffer)
                .map_err(Trouble::Unreadable)?
            {
                self.handle(&event, watcher)?;
            }
        }
        Ok(())
    }

    fn handle(&mut self, event: &Event, watcher: &mut Watcher<'_>) -> Result<(), Trouble> {
        let Some(message) = event.message() else {
            return Ok(());
        };
        let answered = match message.kind() {
            Kind::Request | Kind::Event => Answered::NotAReply,
            Kind::Reply => match self.ledger.received(message.correlation(), Instant::now()) {
                Answers::Request(index) => Answered::Request(index),
                Answers::Late | Answers::Part | Answers::Unknown => {
                    self.unasked += 1;
                    Answered::Nothing
                }
            },
        };
        if watcher(answered, message) {
            Ok(())
        } else {
            Err(Trouble::Unwatched)
        }
    }

    /// The numbers of the requests that still wait, as people count.
    fn unanswered(&mut self) -> Vec<usize> {
        let waiting = self.ledger.drain().into_iter();
        let mut numbers: Vec<usize> = waiting.map(|index| index + 1).collect();
        numbers.sort_unstable();
        numbers
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARequest => f.write_str("only servers send such messages"),
            Self::SameId => f.write_str("an earlier message has the same correlation id"),
            Self::Connect(authority, error) => write!(f, "cannot connect to {authority}: {error}"),
            Self::Broken(error) => write!(f, "the connection broke: {error}"),
            Self::Unreadable(error) => write!(f, "a reply cannot be read: {error}"),
            Self::Closed(numbers) => {
                write!(f, "the server closed the connection; {}", waiting(numbers))
            }
            Self::TimedOut(numbers) if numbers.is_empty() => {
                f.write_str("the messages were not taken in time")
            }
            Self::TimedOut(numbers) => write!(f, "out of time; {}", waiting(numbers)),
            Self::Unasked(count) => write!(f, "{count} replies answer no message that was sent"),
            Self::Unwatched => f.write_str("the replies cannot be shown"),
        }
    }
}

fn waiting(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    format!("no reply to message {}", numbers.join(", "))
}

#[cfg(test)]
mod tests;
