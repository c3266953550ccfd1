//! Exchanges with a stream of their own: mirrors gateway/src/upstream/call.rs and driver.rs.

use super::server::Net;
use super::upstream::{Lease, Place, Turn};
use super::{ClientId, Nonce, Task, World, say};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::health::Verdict;
use gatewright_core::limit::Stage;
use gatewright_core::pool::{ConnId, Ticket};
use std::time::Instant;

pub(super) type StreamId = u64;

#[derive(Debug)]
pub(super) struct Stream {
    client: ClientId,
    pub(super) nonce: Nonce,
    state: State,
    /// Where it was sent.
    pub(super) endpoint: Option<usize>,
    /// Whether its answer has begun.
    begun: bool,
    pub(super) answer: Option<Result<Answer, Fault>>,
}

#[derive(Debug)]
enum State {
    AwaitingPlace(Ticket),
    AwaitingHead(Lease),
    Failed(Fault),
    Done,
}

impl Stream {
    /// Since when it is on its way, and how far it got; `None` before it is sent.
    pub(super) const fn progress(&self) -> Option<(Instant, Stage)> {
        let stage = if self.begun {
            Stage::Begun
        } else {
            Stage::Sent
        };
        match &self.state {
            State::AwaitingHead(lease) => Some((lease.began, stage)),
            State::AwaitingPlace(_) | State::Failed(_) | State::Done => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) payload: u64,
}

impl World {
    pub(super) fn begin_stream(
        &mut self,
        client: ClientId,
        nonce: Nonce,
        key: u64,
        avoid: Option<usize>,
    ) -> StreamId {
        let id = self.number();
        let stream = Stream {
            client,
            nonce,
            state: State::Done,
            endpoint: None,
            begun: false,
            answer: None,
        };
        self.streams.insert(id, stream);
        let state = match self.acquire(client, key, avoid, Task::Client(client)) {
            Ok(Place::Granted(lease)) => self.open_stream(id, lease),
            Ok(Place::Queued(ticket)) => State::AwaitingPlace(ticket),
            Err(fault) => State::Failed(fault),
        };
        self.stream(id).state = state;
        id
    }

    fn stream(&mut self, id: StreamId) -> &mut Stream {
        self.streams.get_mut(&id).expect("a stream")
    }

    fn open_stream(&mut self, id: StreamId, lease: Lease) -> State {
        let conn = lease.id;
        self.stream(id).endpoint = Some(conn.endpoint());
        if self.connected(conn).is_none() {
            self.give_back(lease, None);
            return State::Failed(self.closed_before_use(conn));
        }
        if let Some(connected) = self.connected(conn) {
            connected.served += 1;
        }
        let nonce = self.stream(id).nonce;
        say!(self, "stream {id} with {nonce} is opened on {conn:?}");
        self.requests.attempted(nonce, &self.setting, self.now);
        let pause = self.dice.up_to_ms(3);
        self.later(pause, Net::Stream(conn, id));
        State::AwaitingHead(lease)
    }

    pub(super) fn poll_stream(&mut self, id: StreamId) -> Option<Result<Answer, Fault>> {
        if let State::AwaitingPlace(ticket) = self.stream(id).state {
            let state = match self.look_at_turn(ticket) {
                Turn::NotYet => return None,
                Turn::Granted(lease) => self.open_stream(id, lease),
                Turn::Failed(fault) => State::Failed(fault),
            };
            self.stream(id).state = state;
        }
        let stream = self.stream(id);
        let nonce = stream.nonce;
        let result = match &stream.state {
            State::Failed(fault) => Err(fault.clone()),
            State::AwaitingHead(_) => stream.answer.take()?,
            State::AwaitingPlace(_) | State::Done => return None,
        };
        if let State::AwaitingHead(lease) = std::mem::replace(&mut stream.state, State::Done) {
            self.end_stream(lease, &result);
        }
        if let Err(fault) = &result {
            self.requests.excuse(nonce, fault.class());
        }
        Some(result)
    }

    fn end_stream(&mut self, lease: Lease, result: &Result<Answer, Fault>) {
        let verdict = match result {
            Ok(answer) if answer.status < 500 => Some(Verdict::Good),
            Err(fault) if !fault.may_have_been_sent() => None,
            Ok(_) | Err(_) => Some(self.bad()),
        };
        if result.is_ok() {
            self.answered(lease.id, lease.began);
        }
        self.give_back(lease, verdict);
    }

    /// Notes that it took too long.
    pub(super) fn stream_timed_out(&mut self, id: StreamId) {
        let (now, half) = (self.now, self.setting.timeout / 2);
        let long = |lease: &Lease| now - lease.began >= half;
        if matches!(&self.stream(id).state, State::AwaitingHead(lease) if long(lease)) {
            self.blame_stream(id);
        }
    }

    /// It took too long, which is the endpoint's fault.
    pub(super) fn blame_stream(&mut self, id: StreamId) {
        let stream = self.stream(id);
        if matches!(stream.state, State::AwaitingHead(_)) {
            let state = std::mem::replace(&mut stream.state, State::Done);
            let verdict = self.bad();
            if let State::AwaitingHead(lease) = state {
                self.pool.handle_slow(lease.id, lease.began, self.now);
                self.give_back(lease, Some(verdict));
            }
        }
    }

    /// The call is dropped.
    pub(super) fn drop_stream(&mut self, id: StreamId) {
        match self.streams.remove(&id).expect("a stream").state {
            State::AwaitingPlace(ticket) => self.leave_queue(ticket),
            State::AwaitingHead(lease) => self.give_back(lease, None),
            State::Failed(_) | State::Done => {}
        }
    }

    // ---- the other end, and the driver

    /// An answer begins.
    pub(super) fn begin_answer(&mut self, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.begun = true;
            let (client, nonce) = (stream.client, stream.nonce);
            self.requests.begun(nonce);
            self.wake(Task::Client(client));
        }
    }

    /// An answer, or the end of the stream, comes. `None` if nobody waits for it any more.
    pub(super) fn answer_stream(&mut self, id: StreamId, answer: Result<Answer, Fault>) {
        say!(self, "stream {id}: {answer:?}");
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.answer.get_or_insert(answer);
            let client = stream.client;
            self.wake(Task::Client(client));
        }
    }

    fn open_streams(&self, conn: ConnId) -> Vec<StreamId> {
        let on = |s: &Stream| matches!(&s.state, State::AwaitingHead(lease) if lease.id == conn);
        let streams = self.streams.iter().filter(|(_, stream)| on(stream));
        streams.map(|(id, _)| *id).collect()
    }

    /// Connections that were left and have no stream any more.
    pub(super) fn departed(&self) -> Vec<ConnId> {
        let ids = self.wires.iter().map(|wire| wire.id);
        let left = ids.filter(|id| self.connected.iter().all(|c| c.id != *id));
        left.filter(|id| self.open_streams(*id).is_empty())
            .collect()
    }

    pub(super) fn lose_streams(&mut self, conn: ConnId) {
        self.broken.push(conn);
        for id in self.open_streams(conn) {
            let fault = Fault::sent(FaultClass::Unreachable, "lost");
            self.answer_stream(id, Err(fault));
        }
    }

    /// The server sent a GOAWAY, or the connection is idle.
    pub(super) fn leave(&mut self, conn: ConnId) {
        if self.remove(conn).is_some() {
            say!(self, "{conn:?} leaves");
            self.places.leaving(conn);
            self.change_pool(|pool, now| pool.handle_leaving(conn, now));
        }
    }

    pub(super) fn http_timeout(&mut self, conn: ConnId) -> Option<Instant> {
        self.connected(conn)?;
        let (idle, age) = (self.idle_end(conn), self.retirement(conn));
        idle.into_iter().chain(age).min()
    }

    /// Closes what was lost, leaves what is idle, and ends what has left once it has no stream.
    pub(super) fn drive_http(&mut self, conn: ConnId) {
        let Some(wire) = self.wire(conn) else { return };
        let (lost, left) = (wire.is_lost, self.connected(conn).is_none());
        if lost || (left && self.open_streams(conn).is_empty()) {
            self.note_loss(conn);
            self.remove(conn);
            say!(self, "{conn:?} is closed");
            self.drop_wire(conn);
            self.places.closed(conn);
            self.change_pool(|pool, now| pool.handle_closed(conn, now));
        } else if self.retire_if_due(conn) || self.idle_end(conn).is_some_and(|at| at <= self.now) {
            self.leave(conn);
        }
    }
}
