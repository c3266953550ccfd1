//! A connection in a protocol of frames.

use super::Spec;
use super::log::Notes;
use super::stream::Stream;
use crate::hostile::{Deed, Hostile};
use crate::request::{Nonce, Request, digest};
use crate::rng::Rng;
use crate::wire::Order;
use bytes::{Buf, BytesMut};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

/// How a connection ends.
enum End {
    /// The peer has gone, or sent nonsense.
    Over,
    /// The server cuts it here.
    Cut,
    Reset,
    /// The server says nothing more.
    Silence,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Over
    }
}

struct Due {
    request: Request,
    at: Instant,
}

/// One connection.
pub(super) struct Talk<'s> {
    spec: &'s Spec,
    rng: Rng,
    notes: Notes,
    inbound: BytesMut,
    outbound: Vec<u8>,
    /// In the order in which they came.
    waiting: Vec<Due>,
    last_id: u32,
}

impl<'s> Talk<'s> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        Self {
            spec,
            rng: spec.rng.clone(),
            notes: spec.log.notes(),
            inbound: BytesMut::new(),
            outbound: Vec::new(),
            waiting: Vec::new(),
            last_id: u32::MAX,
        }
    }

    pub(super) async fn run(mut self, mut stream: Stream) {
        let end = match self.converse(&mut stream).await {
            Ok(()) => End::Over,
            Err(end) => end,
        };
        match end {
            End::Reset => {}
            // What the gateway had sent when it left may have been answered by what was said too
            // often before: it has to be noted, too.
            End::Over | End::Silence => self.listen(&mut stream).await,
            End::Cut => {
                stream.end_gently();
                // What is cut may be gone already.
                let _ = stream.shutdown().await;
                self.listen(&mut stream).await;
            }
        }
    }

    async fn converse(&mut self, stream: &mut Stream) -> Result<(), End> {
        match self.deed() {
            Some(Deed::Plaintext) => self.say_unasked(3),
            Some(Deed::Early) => self.say_unasked(1),
            _ => {}
        }
        loop {
            self.write(stream).await?;
            self.hear(stream).await?;
            self.answer(stream).await?;
        }
    }

    /// Reads what comes until an answer is due.
    async fn hear(&mut self, stream: &mut Stream) -> Result<(), End> {
        let due = self.next_due();
        tokio::select! {
            read = stream.read_buf(&mut self.inbound) => match read? {
                0 => Err(End::Over),
                _ => self.take_requests(),
            },
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Ok(()),
        }
    }

    fn next_due(&self) -> Option<Instant> {
        match self.spec.wire.order() {
            Order::Ids(_) => self.waiting.iter().map(|due| due.at).min(),
            Order::Requests => self.waiting.first().map(|due| due.at),
        }
    }

    fn take_requests(&mut self) -> Result<(), End> {
        let now = Instant::now();
        // What comes together is held up together, now and then.
        let pause = match self.rng.below(256) {
            0 => Duration::from_millis(20),
            1..32 => Duration::from_millis(1 + self.rng.below(3) as u64),
            _ => Duration::ZERO,
        };
        loop {
            let found = self.spec.wire.read_request(&self.inbound);
            let Some((length, request)) = found.map_err(|_| End::Over)? else {
                // What was said too often may be the answer to what has only begun to come.
                self.notes.begun = self.spec.wire.begun(&self.inbound);
                return Ok(());
            };
            self.inbound.advance(length);
            self.note(&request);
            let late = self.deed() == Some(Deed::Late) && self.strikes();
            let at = now + if late { self.spec.late } else { pause };
            self.waiting.push(Due { request, at });
        }
    }

    fn note(&mut self, request: &Request) {
        self.notes.deeds.executed.push(request.nonce);
        self.last_id = request.id;
        if self.forges_by_order() {
            self.notes.heard.push(request.nonce);
        }
    }

    fn forges_by_order(&self) -> bool {
        self.spec.hostile.is_some() && self.spec.wire.order() == Order::Requests
    }

    fn deed(&self) -> Option<Deed> {
        self.spec.hostile.map(|hostile| hostile.deed)
    }

    fn strikes(&mut self) -> bool {
        let odds = self.spec.hostile.map(|Hostile { odds, .. }| *odds);
        odds.is_some_and(|odds| self.rng.once_in(odds))
    }

    /// Answers all that is due.
    async fn answer(&mut self, stream: &mut Stream) -> Result<(), End> {
        let mut due = self.take_due();
        if self.deed() == Some(Deed::Swapped) {
            self.swap(&mut due);
            return Ok(());
        }
        for request in due {
            if self.deed().is_some() && self.strikes() {
                self.strike(&request, stream).await?;
            } else {
                self.reply(&request, request.nonce);
            }
        }
        if self.deed() == Some(Deed::Early) && self.waiting.is_empty() && self.strikes() {
            self.say_unasked(1);
        }
        Ok(())
    }

    fn take_due(&mut self) -> Vec<Request> {
        let now = Instant::now();
        let in_order = self.spec.wire.order() == Order::Requests;
        let ready = match in_order {
            true => self.waiting.iter().take_while(|due| due.at <= now).count(),
            false => {
                self.waiting.sort_by_key(|due| due.at);
                self.waiting.partition_point(|due| due.at <= now)
            }
        };
        let mut due: Vec<_> = self.waiting.drain(..ready).map(|due| due.request).collect();
        if !in_order {
            self.rng.shuffle(&mut due);
        }
        due
    }

    /// Answers a request as if its nonce were `of`.
    fn reply(&mut self, to: &Request, of: Nonce) {
        let Spec { wire, server, .. } = self.spec;
        wire.write_reply(to, *server, of, &mut self.outbound);
        if self.spec.hostile.is_none() {
            return;
        }
        let digest = self.digest(of);
        if self.forges_by_order() {
            self.notes.said.push(digest);
        } else if to.nonce != of {
            self.notes.deeds.forged.insert((to.nonce, digest));
        }
    }

    fn digest(&self, of: Nonce) -> u64 {
        let mut answer = Vec::new();
        self.spec.wire.answer(of, self.spec.server, &mut answer);
        digest(&answer)
    }

    /// Replies to nothing, each with the id that would come next.
    fn say_unasked(&mut self, times: usize) {
        for _ in 0..times {
            let nonce = u128::from(self.rng.next());
            let id = self.last_id.wrapping_add(1);
            let class = crate::request::Class::Idempotent;
            self.reply(&Request { id, nonce, class }, nonce);
            if !self.forges_by_order() {
                let digest = self.digest(nonce);
                self.notes.deeds.unasked.insert(digest);
            }
        }
    }

    /// Gives pairs of requests each other's answers.
    fn swap(&mut self, due: &mut [Request]) {
        for pair in due.chunks_mut(2) {
            match pair {
                [a, b] if self.strikes() => {
                    self.reply(a, b.nonce);
                    self.reply(b, a.nonce);
                }
                honest => honest.iter().for_each(|each| self.reply(each, each.nonce)),
            }
        }
    }

    async fn strike(&mut self, request: &Request, stream: &mut Stream) -> Result<(), End> {
        match self.deed() {
            Some(Deed::Twice) => {
                self.reply(request, request.nonce);
                self.reply(request, request.nonce);
            }
            Some(Deed::WrongId) => self.reply_to_another(request),
            Some(Deed::Cut) => return self.begin_reply(request, stream, End::Cut).await,
            Some(Deed::Reset) => return self.begin_reply(request, stream, End::Reset).await,
            Some(Deed::Stall) => return self.begin_reply(request, stream, End::Silence).await,
            Some(Deed::Dribble) => self.dribble(request, stream).await?,
            Some(Deed::Oversize) => {
                self.spec.wire.write_oversize(request, &mut self.outbound);
                self.write(stream).await?;
                return Err(End::Silence);
            }
            Some(Deed::Garbage) => {
                garbage(&mut self.rng, &mut self.outbound);
                self.write(stream).await?;
                return Err(End::Silence);
            }
            Some(Deed::Early | Deed::Late | Deed::Swapped | Deed::Plaintext) | None => {
                self.reply(request, request.nonce);
            }
        }
        Ok(())
    }

    /// By id, answers an id that is far from all that are in use; by order, nothing.
    fn reply_to_another(&mut self, request: &Request) {
        if let Order::Ids(largest) = self.spec.wire.order() {
            let id = request.id ^ (largest / 2 + 1);
            let Spec { wire, server, .. } = self.spec;
            let another = Request { id, ..*request };
            wire.write_reply(&another, *server, request.nonce, &mut self.outbound);
        }
    }

    async fn begin_reply(
        &mut self,
        request: &Request,
        stream: &mut Stream,
        end: End,
    ) -> Result<(), End> {
        let before = self.outbound.len();
        self.spec
            .wire
            .write_reply(request, self.spec.server, request.nonce, &mut self.outbound);
        let length = self.outbound.len() - before;
        self.outbound
            .truncate(before + 1 + self.rng.below(length - 1));
        self.write(stream).await?;
        Err(end)
    }

    async fn dribble(&mut self, request: &Request, stream: &mut Stream) -> Result<(), End> {
        self.reply(request, request.nonce);
        let bytes = std::mem::take(&mut self.outbound);
        for byte in bytes {
            stream.write_all(&[byte]).await?;
            stream.flush().await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn write(&mut self, stream: &mut Stream) -> Result<(), End> {
        if !self.outbound.is_empty() {
            stream.write_all(&self.outbound).await?;
            stream.flush().await?;
            self.outbound.clear();
        }
        Ok(())
    }

    /// Notes what still comes until the peer leaves, too: it may have been answered before.
    async fn listen(&mut self, stream: &mut Stream) {
        while stream
            .read_buf(&mut self.inbound)
            .await
            .is_ok_and(|read| read > 0)
        {
            if self.take_requests().is_err() {
                return;
            }
        }
    }
}

/// Bytes that begin no message of any protocol here.
pub(super) fn garbage(rng: &mut Rng, out: &mut Vec<u8>) {
    out.push(if rng.once_in(2) { 0xff } else { 0 });
    let length = rng.below(200);
    out.extend((0..length).map(|_| rng.next() as u8));
}
