//! One connection of a client that speaks HTTP/2: many streams at a time, each with one request.

use super::Client;
use super::conversation::MOST;
use super::stream::{Stream, Told};
use crate::outcome::{Oddity, Outcome};
use crate::wire::request_of;
use bytes::Bytes;
use h2::client::{Connection, SendRequest};
use socket2::SockRef;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

/// Of the streams, as many are taken back for each connection that is left.
const CANCELS: usize = 4;

/// One connection.
pub(super) struct Streams<'c> {
    client: &'c mut Client,
    sender: SendRequest<Bytes>,
    driving: JoinHandle<Result<(), h2::Error>>,
    /// The same socket, to leave it with a reset.
    twin: std::net::TcpStream,
    flying: JoinSet<(usize, Told)>,
    /// Of those, by their places: whether the last of the request was sent.
    sent: HashMap<usize, Arc<AtomicBool>>,
    /// The first request that is left to another connection.
    end: usize,
}

/// Why no more is asked on a connection.
enum Over {
    /// All is answered.
    Done,
    /// It takes no more.
    Closed,
    /// The client left.
    Left,
}

/// Talks until nothing is left to ask, or the connection is over.
pub(super) async fn converse(client: &mut Client, tcp: TcpStream) -> io::Result<()> {
    let tcp = tcp.into_std()?;
    let twin = tcp.try_clone()?;
    let tcp = TcpStream::from_std(tcp)?;
    let mut builder = h2::client::Builder::new();
    builder.enable_push(false);
    let shaking = builder.handshake(tcp);
    let shaken = timeout(client.task.patience, shaking).await;
    let Ok(Ok((sender, connection))) = shaken else {
        return Ok(());
    };
    let connection: Connection<TcpStream, Bytes> = connection;
    let first = client.seen.records.len();
    let streams = Streams {
        sender,
        driving: tokio::spawn(connection),
        twin,
        flying: JoinSet::new(),
        sent: HashMap::new(),
        end: first + 1 + client.rng.below(MOST),
        client,
    };
    streams.run().await;
    Ok(())
}

impl Streams<'_> {
    async fn run(mut self) {
        let over = self.talk().await;
        match over {
            Over::Left => return self.leave().await,
            Over::Closed | Over::Done => {}
        }
        while let Some(flown) = self.flying.join_next().await {
            self.settle(flown.expect("a stream that does not panic"));
        }
        let Self {
            client,
            sender,
            driving,
            ..
        } = self;
        drop(sender);
        let spoilt = client.task.spoilt;
        // Without a handle the library says that it goes, and ends.
        if timeout(client.task.patience, driving).await.is_err() && !spoilt {
            client.find(Oddity::Lingers);
        }
    }

    async fn talk(&mut self) -> Over {
        let depth = self.client.task.depth;
        loop {
            let room = depth - self.flying.len();
            if self.left() > 0 && room * 2 >= depth {
                self.client.pace().await;
                let most = room.min(self.left());
                for _ in 0..=self.client.rng.below(most) {
                    if !self.ask().await {
                        return Over::Closed;
                    }
                }
                let leaves = self.client.task.leaves;
                if leaves.is_some_and(|odds| self.client.rng.once_in(odds)) {
                    return Over::Left;
                }
            }
            match self.flying.join_next().await {
                Some(flown) => self.settle(flown.expect("a stream that does not panic")),
                None if self.left() == 0 => return Over::Done,
                None => {}
            }
        }
    }

    /// Requests that this connection has still to send.
    fn left(&self) -> usize {
        let here = self.end.saturating_sub(self.client.seen.records.len());
        here.min(self.client.left())
    }

    /// Begins one stream more. `false` if the connection takes none.
    async fn ask(&mut self) -> bool {
        let patience = self.client.task.patience;
        let ready = timeout(patience, self.sender.clone().ready()).await;
        let Ok(Ok(sender)) = ready else {
            return false;
        };
        let place = self.client.seen.records.len();
        let request = self.client.next_request();
        let mut bytes = Vec::new();
        self.client.task.wire.write_request(&request, &mut bytes);
        let leaves = self.client.task.leaves;
        let cancels = leaves.is_some_and(|odds| self.client.rng.once_in(odds * CANCELS));
        self.client.seen.departures += usize::from(cancels);
        let sent = Arc::<AtomicBool>::default();
        self.sent.insert(place, Arc::clone(&sent));
        let stream = Stream {
            wire: self.client.task.wire,
            nonce: request.nonce,
            asked: request_of(&bytes),
            sent,
            cancels,
            patience,
            rng: self.client.rng.fork(),
        };
        self.flying
            .spawn(async move { (place, stream.run(sender).await) });
        true
    }

    fn settle(&mut self, (place, told): (usize, Told)) {
        self.sent.remove(&place);
        self.client.seen.records[place].outcome = told.outcome;
        if let Some(odd) = told.odd {
            self.client.find(odd);
        }
    }

    /// Leaves with a reset or an end of stream, whatever is in flight.
    async fn leave(mut self) {
        if self.client.rng.once_in(2) {
            tokio::time::sleep(Duration::from_micros(self.client.rng.below(2_000) as u64)).await;
        }
        if !self.client.rng.once_in(4) {
            let _ = SockRef::from(&self.twin).set_linger(Some(Duration::ZERO));
        }
        self.driving.abort();
        let _ = self.driving.await;
        drop(self.twin);
        self.flying.shutdown().await;
        for (place, sent) in self.sent {
            self.client.seen.records[place].outcome = match sent.load(Ordering::Relaxed) {
                true => Outcome::Left,
                false => Outcome::Unsent,
            };
        }
        self.client.seen.departures += 1;
    }
}
