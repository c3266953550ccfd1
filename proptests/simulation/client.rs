//! Clients and their sessions: mirrors gateway/src/serve/connection/ and dispatch/.

use super::http::{Answer, StreamId};
use super::native::{CallId, Contents, LaneKey, Part};
use super::setting::Speech;
use super::{ClientId, Nonce, Task, World, say};
use gatewright_core::balance::{Policy, key_of};
use gatewright_core::codec::{CorrelationKind, Retry};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::{Correlation, Kind, Message, OperationId, Record};
use gatewright_core::retry::Decision;
use gatewright_core::session::{ExchangeKey, Session, Violation};
use gatewright_core::translate::{HttpAnswer, Outcome};
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;
use std::time::Instant;

/// Memory for so many sessions is kept.
const SPARES: usize = 2;
/// Requests that a client sends ahead.
const AHEAD: usize = 32;

/// What a client gets: one reply, or several to requests that passed unread.
#[derive(Debug)]
pub(super) struct Out {
    pub(super) id: Correlation,
    pub(super) said: Vec<Said>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Answer(u64),
    Refused(FaultClass),
}

#[derive(Clone, Debug)]
pub(super) struct Request {
    id: Correlation,
    pub(super) nonce: Nonce,
    retry: Retry,
    /// Whether somebody has to read it.
    plain: bool,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) session: Session<Out>,
    exchanges: BTreeMap<u64, InFlight>,
    inbound: VecDeque<Request>,
    outbound: VecDeque<Out>,
    /// It takes no replies for now.
    pub(super) stalled: bool,
    /// It sends no more.
    ended: bool,
    seen_eof: bool,
    next_id: u64,
}

#[derive(Debug)]
pub(super) enum InFlight {
    Exchange(Exchange),
    Batch(Batch),
}

#[derive(Debug)]
pub(super) struct Exchange {
    key: ExchangeKey,
    pub(super) request: Request,
    deadline: Instant,
    attempts: u32,
    pub(super) way: Way,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    Http(StreamId),
    Native(CallId),
}

#[derive(Debug)]
pub(super) struct Batch {
    key: ExchangeKey,
    due: usize,
    call: CallId,
}

// What clients do.
impl World {
    pub(super) fn a_client_acts(&mut self) {
        if self.clients.len() < self.setting.clients && self.dice.permille(300) {
            return self.connect_client();
        }
        let ids: Vec<ClientId> = self.clients.keys().copied().collect();
        if ids.is_empty() {
            return self.connect_client();
        }
        let id = self.dice.one_of(&ids);
        match self.dice.below(1_000) {
            0..=3 => self.end_client(id, "leaves"),
            4..=9 => self.client(id).ended = true,
            10..=14 => {
                let at = self.now + self.dice.up_to_ms(500);
                say!(self, "client {id} is to be gone");
                self.client(id).session.handle_drain(at);
            }
            15..=60 => self.client(id).stalled ^= true,
            _ => self.send_requests(id),
        }
        if self.clients.contains_key(&id) {
            self.wake(Task::Client(id));
        }
    }

    fn client(&mut self, id: ClientId) -> &mut Client {
        self.clients.get_mut(&id).expect("a client")
    }

    fn connect_client(&mut self) {
        let id = self.number();
        say!(self, "client {id} comes");
        let setting = &self.setting;
        let session = Session::new(setting.session, &setting.capabilities, self.now);
        let client = Client {
            session,
            exchanges: BTreeMap::new(),
            inbound: VecDeque::new(),
            outbound: VecDeque::new(),
            stalled: false,
            ended: false,
            seen_eof: false,
            next_id: 0,
        };
        self.clients.insert(id, client);
    }

    fn send_requests(&mut self, id: ClientId) {
        for _ in 0..=self.dice.below(5) {
            let wrong = self.dice.permille(3);
            let (nonce, retry) = (
                self.number(),
                self.dice.one_of(&[Retry::IfUnsent, Retry::Idempotent]),
            );
            let plain = self.dice.permille(800);
            let bits = match self.setting.capabilities.correlation {
                CorrelationKind::Id { bits } => u32::from(bits),
                _ => 0,
            };
            let client = self.client(id);
            if client.ended || client.inbound.len() >= AHEAD {
                return;
            }
            let mut number = client.next_id;
            // A client in the wrong uses the id that it used last.
            client.next_id = (number + u64::from(!wrong)) % 2_u64.saturating_pow(bits);
            let id_of = |number| match bits {
                0 => Correlation::None,
                _ => Correlation::Id(number),
            };
            let taken = |world: &Self, number| {
                let inbound = &world.clients[&id].inbound;
                let mine = id_of(number);
                inbound.iter().any(|r| r.id == mine) || world.requests.awaits_id(id, &mine)
            };
            if bits > 0 && !wrong && taken(self, number) {
                number = (number + 1) % 2_u64.saturating_pow(bits);
                if taken(self, number) {
                    return;
                }
                self.client(id).next_id = (number + 1) % 2_u64.saturating_pow(bits);
            }
            let request = Request {
                id: id_of(number),
                nonce,
                retry,
                plain,
            };
            self.client(id).inbound.push_back(request);
        }
    }

    /// A client is gone: what it has in flight is dropped.
    pub(super) fn end_client(&mut self, id: ClientId, why: &'static str) {
        say!(self, "client {id} {why}");
        let client = self.clients.remove(&id).expect("a client");
        for in_flight in client.exchanges.into_values() {
            match in_flight {
                InFlight::Exchange(exchange) => self.end_way(exchange.way),
                InFlight::Batch(batch) => self.end_call(batch.call),
            }
        }
        self.drop_lanes(id);
        self.requests.left(id);
    }

    fn drop_lanes(&mut self, id: ClientId) {
        let mine: Vec<LaneKey> = self
            .lanes
            .range((id, 0)..=(id, u64::MAX))
            .map(|l| *l.0)
            .collect();
        for key in mine {
            let lane = self.lanes.remove(&key).expect("a lane");
            assert!(lane.is_at_rest(), "a lane of a quiet client is {lane:?}");
        }
    }
}

// What the gateway does for them.
impl World {
    pub(super) fn turn(&mut self, id: ClientId) {
        if !self.clients.contains_key(&id) {
            return;
        }
        self.client_timeouts(id);
        loop {
            self.collect_answers(id);
            if let Err(violation) = self.read(id) {
                return self.end_client(id, violation.as_str());
            }
            self.collect_answers(id);
            let wrote = self.write_replies(id);
            let more = !self.client(id).inbound.is_empty() && self.has_credit(id);
            if !wrote && !more {
                break;
            }
        }
        self.rest_or_part(id);
    }

    fn rest_or_part(&mut self, id: ClientId) {
        let client = self.clients.get_mut(&id).expect("a client");
        if client.session.is_quiet() {
            assert!(
                client.exchanges.is_empty(),
                "quiet, with something in flight"
            );
            let spare = client.session.release_memory();
            if self.spares.len() < SPARES {
                self.spares.extend(spare);
            }
            self.drop_lanes(id);
        }
        let client = self.client(id);
        if client.session.is_finished() && client.outbound.is_empty() {
            let orderly = client.exchanges.is_empty();
            let owed = self.requests.awaited(id);
            assert!(!orderly || owed == 0, "client {id} is owed {owed} replies");
            self.end_client(id, "is done");
        }
    }

    fn has_credit(&mut self, id: ClientId) -> bool {
        let (most, buffer) = (self.setting.session.in_flight, self.setting.send_buffer);
        let client = self.client(id);
        let in_flight = client.session.in_flight();
        assert!(in_flight <= most, "{in_flight} in flight");
        client.session.wants_request()
            && client.outbound.len() < buffer
            && client.exchanges.len() < most
    }

    fn read(&mut self, id: ClientId) -> Result<(), Violation> {
        while self.has_credit(id) {
            let client = self.client(id);
            let Some(request) = client.inbound.front().cloned() else {
                if client.ended && !client.seen_eof {
                    client.seen_eof = true;
                    client.session.handle_eof();
                }
                break;
            };
            if let Some(spare) = self.spares.pop() {
                self.client(id).session.take_memory(spare);
            }
            if request.plain && self.setting.passes_unread() {
                self.pass_on(id);
                continue;
            }
            self.client(id).inbound.pop_front();
            self.handle_message(id, request)?;
        }
        Ok(())
    }

    fn pass_on(&mut self, id: ClientId) {
        let (now, deadline) = (self.now, self.now + self.setting.timeout);
        let client = self.client(id);
        let plain = client.inbound.iter().take_while(|request| request.plain);
        let count = plain.count().min(client.session.credit());
        let nonces: Vec<Nonce> = client.inbound.drain(..count).map(|r| r.nonce).collect();
        let requests = NonZeroU32::new(count as u32).expect("credit for one");
        let key = client.session.handle_batch(requests, deadline, now);
        say!(self, "client {id} sends {nonces:?} unread");
        for nonce in &nonces {
            self.requests
                .taken(id, *nonce, &Correlation::None, false, deadline);
        }
        match self.send((id, 0), Contents::Frames, nonces, None) {
            Ok(call) => {
                let number = self.number();
                let due = count;
                let batch = InFlight::Batch(Batch { key, due, call });
                self.client(id).exchanges.insert(number, batch);
            }
            Err(fault) => self.refuse_batch(id, key, count, &fault),
        }
    }

    fn handle_message(&mut self, id: ClientId, request: Request) -> Result<(), Violation> {
        let (now, deadline) = (self.now, self.now + self.setting.timeout);
        let message = Message::new(Kind::Request, OperationId(0), Record::new())
            .with_correlation(request.id.clone());
        say!(self, "client {id} sends {request:?}");
        let ambiguous = self.client(id).awaits_reply_with(&request.id);
        let taken = self
            .client(id)
            .session
            .handle_request(&message, deadline, now);
        assert_eq!(taken.is_err(), ambiguous, "only an id in use is refused");
        let key = taken?.expect("a request has a reply");
        let idempotent = request.retry == Retry::Idempotent;
        self.requests
            .taken(id, request.nonce, &request.id, idempotent, deadline);
        match self.begin(id, &request, None) {
            Ok(way) => {
                self.offered();
                let exchange = Exchange {
                    key,
                    request,
                    deadline,
                    attempts: 1,
                    way,
                };
                let number = self.number();
                let exchange = InFlight::Exchange(exchange);
                self.client(id).exchanges.insert(number, exchange);
            }
            Err(fault) => self.reply(id, key, request, Said::Refused(fault.class())),
        }
        Ok(())
    }

    fn begin(
        &mut self,
        id: ClientId,
        request: &Request,
        avoid: Option<usize>,
    ) -> Result<Way, Fault> {
        let key = match self.setting.policy.balance {
            Policy::Hash => key_of(&(request.nonce % 7).to_be_bytes()),
            Policy::RoundRobin | Policy::LeastRequest | Policy::P2c => 0,
        };
        match self.setting.speech {
            Speech::Http => Ok(Way::Http(self.begin_stream(id, request.nonce, key, avoid))),
            Speech::Native(_) => {
                let lane = (id, key);
                let call = self.send(lane, Contents::Message, vec![request.nonce], avoid)?;
                Ok(Way::Native(call))
            }
        }
    }

    fn collect_answers(&mut self, id: ClientId) {
        let numbers: Vec<u64> = self.client(id).exchanges.keys().copied().collect();
        for number in numbers {
            // Taken out while it is looked at.
            let Some(in_flight) = self.client(id).exchanges.remove(&number) else {
                continue;
            };
            let goes_on = match in_flight {
                InFlight::Exchange(exchange) => {
                    self.poll_exchange(id, exchange).map(InFlight::Exchange)
                }
                InFlight::Batch(batch) => self.poll_batch(id, batch).map(InFlight::Batch),
            };
            if let Some(in_flight) = goes_on {
                self.client(id).exchanges.insert(number, in_flight);
            }
        }
    }

    /// Mirrors `Exchange::poll`; gives it back if it is not over.
    fn poll_exchange(&mut self, id: ClientId, mut exchange: Exchange) -> Option<Exchange> {
        loop {
            let polled = self.poll_way(exchange.way);
            let Some(result) = polled.or_else(|| self.give_up_if_late(&exchange)) else {
                return Some(exchange);
            };
            self.requests.ended(exchange.request.nonce);
            let failed = self.endpoint_of(exchange.way);
            let over = self.now >= exchange.deadline;
            if failed.is_none() || over || !self.is_tried_again(&exchange, &result) {
                self.end_way(exchange.way);
                let said = self.said(&exchange, result);
                self.reply(id, exchange.key, exchange.request, said);
                return None;
            }
            exchange.attempts += 1;
            self.end_way(exchange.way);
            match self.begin(id, &exchange.request, failed) {
                Ok(way) => exchange.way = way,
                Err(fault) => {
                    let said = Said::Refused(fault.class());
                    self.reply(id, exchange.key, exchange.request, said);
                    return None;
                }
            }
        }
    }

    /// What the rules make of an outcome: of a status that is none of theirs, a refusal.
    fn said(&mut self, exchange: &Exchange, result: Result<Answer, Fault>) -> Said {
        match result {
            Ok(answer) if answer.status < 500 => Said::Answer(answer.payload),
            Ok(answer) => {
                let class = FaultClass::Status(answer.status);
                self.requests.excuse(exchange.request.nonce, class);
                Said::Refused(class)
            }
            Err(fault) => Said::Refused(fault.class()),
        }
    }

    fn poll_way(&mut self, way: Way) -> Option<Result<Answer, Fault>> {
        match way {
            Way::Http(stream) => self.poll_stream(stream),
            Way::Native(call) => {
                let Part { replies, end } = self.poll_call(call)?;
                let status = 200;
                let reply = replies.first().copied();
                let answer = |()| Answer {
                    status,
                    payload: reply.expect("a reply"),
                };
                Some(end.expect("messages come whole").map(answer))
            }
        }
    }

    fn endpoint_of(&self, way: Way) -> Option<usize> {
        match way {
            Way::Http(stream) => self.streams[&stream].endpoint,
            Way::Native(call) => self.calls[&call].sent.map(|(conn, _)| conn.endpoint()),
        }
    }

    fn is_tried_again(&mut self, exchange: &Exchange, result: &Result<Answer, Fault>) -> bool {
        let http = |answer: &Answer| HttpAnswer {
            status: http::StatusCode::from_u16(answer.status).expect("a status"),
            headers: http::HeaderMap::new(),
            body: gatewright_core::message::Body::Empty,
        };
        let (tried, retry) = (exchange.attempts, exchange.request.retry);
        match (result, exchange.way) {
            (Ok(_), Way::Native(_)) => false,
            (Ok(answer), Way::Http(_)) => {
                self.tries_again(&Outcome::Answer(&http(answer)), retry, tried)
            }
            (Err(fault), _) => {
                let outcome = Outcome::Fault(fault);
                let decision = self.setting.retry.decide(&outcome, retry);
                let unsafe_ = fault.may_have_been_sent() && retry == Retry::IfUnsent;
                assert!(
                    !unsafe_ || decision == Decision::Keep,
                    "it may be done twice"
                );
                self.tries_again(&outcome, retry, tried)
            }
        }
    }

    fn end_way(&mut self, way: Way) {
        match way {
            Way::Http(stream) => self.drop_stream(stream),
            Way::Native(call) => self.end_call(call),
        }
    }

    fn poll_batch(&mut self, id: ClientId, mut batch: Batch) -> Option<Batch> {
        let Some(part) = self.poll_call(batch.call) else {
            return Some(batch);
        };
        batch.due -= part.replies.len();
        match part.end {
            Some(end) => {
                self.finish_batch(id, &batch, part.replies, end);
                None
            }
            None => {
                self.part(id, batch.key, part.replies);
                Some(batch)
            }
        }
    }

    fn part(&mut self, id: ClientId, key: ExchangeKey, replies: Vec<u64>) {
        let said = replies.into_iter().map(Said::Answer).collect();
        let out = Out {
            id: Correlation::None,
            said,
        };
        let now = self.now;
        let taken = self.client(id).session.handle_part(key, out, now);
        assert!(taken, "an open exchange takes a part of its reply");
    }

    fn finish_batch(
        &mut self,
        id: ClientId,
        batch: &Batch,
        replies: Vec<u64>,
        end: Result<(), Fault>,
    ) {
        self.end_call(batch.call);
        if !replies.is_empty() {
            self.part(id, batch.key, replies);
        }
        match end {
            Ok(()) => {
                assert_eq!(batch.due, 0, "a batch has all its replies");
                self.close_exchange(id, batch.key, None);
            }
            Err(fault) => self.refuse_batch(id, batch.key, batch.due, &fault),
        }
    }

    fn refuse_batch(&mut self, id: ClientId, key: ExchangeKey, due: usize, fault: &Fault) {
        let now = self.now;
        for _ in 0..due {
            let out = Out {
                id: Correlation::None,
                said: vec![Said::Refused(fault.class())],
            };
            assert!(self.client(id).session.handle_part(key, out, now));
        }
        self.close_exchange(id, key, None);
    }

    fn reply(&mut self, id: ClientId, key: ExchangeKey, request: Request, said: Said) {
        let Request { id: of, nonce, .. } = request;
        say!(self, "client {id}: {of:?} gets {said:?}");
        self.requests.ended(nonce);
        let out = Out {
            id: of,
            said: vec![said],
        };
        self.close_exchange(id, key, Some(out));
    }

    fn close_exchange(&mut self, id: ClientId, key: ExchangeKey, out: Option<Out>) {
        let now = self.now;
        let session = &mut self.client(id).session;
        assert!(
            session.handle_reply(key, out, now),
            "an exchange takes its reply"
        );
        let again = session.handle_reply(key, None, now);
        assert!(!again, "and no second one");
    }

    /// Whether anything was written.
    fn write_replies(&mut self, id: ClientId) -> bool {
        let in_order = self.setting.is_in_order();
        let client = self.clients.get_mut(&id).expect("a client");
        while let Some(out) = client.session.poll_transmit() {
            client.outbound.push_back(out);
        }
        if client.stalled || client.outbound.is_empty() {
            return false;
        }
        for out in client.outbound.drain(..) {
            self.requests.received(id, &out, in_order, self.now);
        }
        true
    }

    /// Mirrors timeouts.rs.
    fn client_timeouts(&mut self, id: ClientId) {
        let now = self.now;
        for key in self.client(id).session.handle_timeout(now) {
            self.expire(id, key);
        }
    }

    fn expire(&mut self, id: ClientId, key: ExchangeKey) {
        let exchanges = &mut self.client(id).exchanges;
        let number = exchanges
            .iter()
            .find(|(_, e)| e.key() == key)
            .map(|(n, _)| *n);
        let in_flight = number.and_then(|number| exchanges.remove(&number));
        say!(self, "client {id}: {key:?} takes too long");
        match in_flight.expect("what expires is in flight") {
            InFlight::Exchange(exchange) => {
                match exchange.way {
                    Way::Http(stream) => self.stream_timed_out(stream),
                    Way::Native(call) => self.call_timed_out(call),
                }
                self.end_way(exchange.way);
                let said = Said::Refused(FaultClass::Timeout);
                self.reply(id, key, exchange.request, said);
            }
            InFlight::Batch(mut batch) => {
                let part = self.take_part(batch.call);
                batch.due -= part.replies.len();
                let fault = Fault::sent(FaultClass::Timeout, "no reply in time");
                self.finish_batch(id, &batch, part.replies, Err(fault));
            }
        }
    }

    /// A client that is to leave in the end: it takes its replies and sends no more.
    pub(super) fn calm(&mut self, id: ClientId) {
        let client = self.client(id);
        client.stalled = false;
        client.ended = true;
        self.wake(Task::Client(id));
    }
}

impl Client {
    pub(super) fn exchanges(&self) -> impl Iterator<Item = &InFlight> {
        self.exchanges.values()
    }

    /// Whether a request with this id is in flight, as the wire sees it: no reply was made yet.
    fn awaits_reply_with(&self, id: &Correlation) -> bool {
        let mut exchanges = self.exchanges.values();
        *id != Correlation::None
            && exchanges.any(|e| matches!(e, InFlight::Exchange(e) if e.request.id == *id))
    }
}

impl InFlight {
    const fn key(&self) -> ExchangeKey {
        match self {
            Self::Exchange(exchange) => exchange.key,
            Self::Batch(batch) => batch.key,
        }
    }
}
