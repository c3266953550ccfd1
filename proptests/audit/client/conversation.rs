//! One connection of a client.

use super::Client;
use super::judged::judged;
use super::pending::Pending;
use crate::outcome::{Oddity, Outcome};
use crate::wire::Said;
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Requests of one connection.
pub(super) const MOST: usize = 3_000;

/// One connection of a client.
pub(super) struct Conversation<'c> {
    client: &'c mut Client,
    tcp: TcpStream,
    pending: Pending,
    /// The first request of this connection, by its place.
    first: usize,
    /// The first one that is left to another connection.
    end: usize,
    inbound: BytesMut,
    /// The answer that is expected; kept for its capacity.
    expected: Vec<u8>,
}

/// The connection is over, and this is what became of the requests that still waited.
struct Over(Outcome);

/// Requests that are written together.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    requests: Vec<Written>,
}

/// One of them.
struct Written {
    place: usize,
    /// Where its bytes end.
    end: usize,
}

impl<'c> Conversation<'c> {
    pub(super) fn new(client: &'c mut Client, tcp: TcpStream) -> Self {
        Self {
            tcp,
            pending: Pending::new(client.task.wire.order()),
            first: client.seen.records.len(),
            end: client.seen.records.len() + client.rng.below(MOST),
            inbound: BytesMut::new(),
            expected: Vec::new(),
            client,
        }
    }

    pub(super) async fn run(mut self) {
        let outcome = match self.converse().await {
            Ok(()) => return self.finish().await,
            Err(Over(outcome)) => outcome,
        };
        for place in self.pending.take() {
            self.client.seen.records[place].outcome = outcome;
        }
    }

    async fn converse(&mut self) -> Result<(), Over> {
        loop {
            let room = self.client.task.depth - self.pending.len();
            if self.left() > 0 && room * 2 >= self.client.task.depth {
                self.client.pace().await;
                self.send(room).await?;
            }
            if self.pending.len() == 0 && self.left() == 0 {
                return Ok(());
            }
            self.receive().await?;
        }
    }

    /// Requests that this connection has still to send.
    fn left(&self) -> usize {
        let here = self.end.saturating_sub(self.client.seen.records.len());
        here.min(self.client.left())
    }

    /// Sends some requests, or leaves in the middle of them.
    async fn send(&mut self, room: usize) -> Result<(), Over> {
        let most = room.min(self.left());
        let count = 1 + self.client.rng.below(most);
        let batch = self.compose(count);
        let leaves = self.client.task.leaves;
        if leaves.is_some_and(|odds| self.client.rng.once_in(odds)) {
            return Err(self.leave(&batch).await);
        }
        let patience = self.client.task.patience;
        match timeout(patience, self.tcp.write_all(&batch.bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Over(Outcome::Closed)),
            Err(_) => Err(Over(Outcome::Lost)),
        }
    }

    fn compose(&mut self, count: usize) -> Batch {
        let mut batch = Batch::default();
        for _ in 0..count {
            let place = self.client.seen.records.len();
            let request = self.client.next_request();
            self.client
                .task
                .wire
                .write_request(&request, &mut batch.bytes);
            let end = batch.bytes.len();
            batch.requests.push(Written { place, end });
            self.pending.add(request.id, place);
        }
        batch
    }

    /// Leaves somewhere in the batch, with a reset or an end of stream, and perhaps a look at
    /// what came until then.
    async fn leave(&mut self, batch: &Batch) -> Over {
        let cut = self.client.rng.below(batch.bytes.len() + 1);
        // The gateway may have gone first; what is left is the same.
        let _ = self.tcp.write_all(&batch.bytes[..cut]).await;
        for place in self.pending.take() {
            self.client.seen.records[place].outcome = Outcome::Left;
        }
        for unsent in batch.requests.iter().filter(|written| written.end > cut) {
            self.client.seen.records[unsent.place].outcome = Outcome::Unsent;
        }
        if self.client.rng.once_in(2) {
            tokio::task::yield_now().await;
        }
        if !self.client.rng.once_in(4) {
            let _ = self.tcp.set_zero_linger();
        }
        self.client.seen.departures += 1;
        Over(Outcome::Left)
    }

    async fn receive(&mut self) -> Result<(), Over> {
        let patience = self.client.task.patience;
        let read = match timeout(patience, self.tcp.read_buf(&mut self.inbound)).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => 0,
            Err(_) => return Err(Over(Outcome::Lost)),
        };
        if read == 0 {
            if !self.inbound.is_empty() {
                self.client.find(Oddity::CutReply);
            }
            return Err(Over(Outcome::Closed));
        }
        self.take_replies()
    }

    fn take_replies(&mut self) -> Result<(), Over> {
        let mut at = 0;
        let inbound = std::mem::take(&mut self.inbound);
        let garbled = loop {
            match self.client.task.wire.read_reply(&inbound[at..]) {
                Ok(Some((length, said))) => {
                    at += length;
                    self.settle(&said);
                }
                Ok(None) => break None,
                Err(garbled) => break Some(garbled),
            }
        };
        self.inbound = inbound;
        self.inbound.advance(at);
        match garbled {
            None => Ok(()),
            Some(garbled) => {
                self.client.find(Oddity::Garbled(garbled.0));
                Err(Over(Outcome::Closed))
            }
        }
    }

    fn settle(&mut self, said: &Said<'_>) {
        let Some(place) = self.pending.answered(said.id) else {
            let asked = self.first..self.client.seen.records.len();
            let again = asked.contains(&(said.id as usize));
            self.client
                .find(if again { Oddity::Again } else { Oddity::Stray });
            return;
        };
        let record = &mut self.client.seen.records[place];
        record.outcome = judged(
            self.client.task.wire,
            record.nonce,
            said,
            &mut self.expected,
        );
    }

    /// All is answered: says so, and sees that nothing more comes.
    async fn finish(mut self) {
        if self.client.task.spoilt {
            return;
        }
        // A gateway that has closed already has no more to say.
        let _ = self.tcp.shutdown().await;
        let patience = self.client.task.patience;
        loop {
            match timeout(patience, self.tcp.read_buf(&mut self.inbound)).await {
                Ok(Ok(0) | Err(_)) => return,
                Ok(Ok(_)) => {
                    if self.take_replies().is_err() {
                        return;
                    }
                }
                Err(_) => return self.client.find(Oddity::Lingers),
            }
        }
    }
}
