//! The network and the servers, with what goes wrong there.

use super::http::{Answer, StreamId};
use super::native::{Frame, Reply};
use super::shadow::payload;
use super::{Task, World, say};
use gatewright_core::codec::CorrelationKind;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::health::Probe;
use gatewright_core::message::Correlation;
use gatewright_core::pool::ConnId;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What happens later.
#[derive(Debug)]
pub(super) enum Net {
    Connected(ConnId),
    ConnectFailed(ConnId),
    /// A request reaches the server.
    Request(ConnId, Frame),
    /// A reply reaches the gateway.
    Reply(ConnId, Reply),
    /// A stream reaches the server.
    Stream(ConnId, StreamId),
    /// An answer begins.
    Head(ConnId, StreamId),
    Answer(ConnId, StreamId, Result<Answer, Fault>),
}

/// A connection between both.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) id: ConnId,
    /// What the gateway has not read.
    pub(super) inbound: VecDeque<Reply>,
    pub(super) is_lost: bool,
    is_going: bool,
    /// Requests arrive, and are answered in order, not before these.
    arrives: Instant,
    answers: Instant,
}

impl World {
    pub(super) fn wire(&mut self, id: ConnId) -> Option<&mut Wire> {
        self.wires.iter_mut().find(|wire| wire.id == id)
    }

    pub(super) fn drop_wire(&mut self, id: ConnId) {
        self.wires.retain(|wire| wire.id != id);
    }

    pub(super) fn later(&mut self, pause: Duration, net: Net) {
        let number = self.number();
        self.net.insert((self.now + pause, number), net);
    }

    fn stuck_until(&self, id: ConnId) -> Instant {
        let until = self.stuck.get(&id.endpoint());
        until.copied().unwrap_or(self.start)
    }

    fn bad_luck(&mut self) -> bool {
        let bad = self.dice.permille(self.setting.trouble.reply);
        self.requests.troubled |= bad;
        bad
    }

    pub(super) fn handle_net(&mut self, net: Net) {
        match net {
            Net::Connected(id) => self.handle_connected(id),
            Net::ConnectFailed(id) => {
                say!(self, "{id:?} cannot be connected");
                self.connect_failed(id);
            }
            Net::Request(id, frame) => self.handle_request(id, &frame),
            Net::Reply(id, reply) => {
                if let Some(wire) = self.wire(id).filter(|wire| !wire.is_lost) {
                    wire.inbound.push_back(reply);
                    self.wake(Task::Driver(id));
                }
            }
            Net::Stream(id, stream) => self.handle_stream(id, stream),
            Net::Head(id, stream) => {
                if self.wire(id).is_some_and(|wire| !wire.is_lost) {
                    self.begin_answer(stream);
                }
            }
            Net::Answer(id, stream, answer) => {
                if self.wire(id).is_some_and(|wire| !wire.is_lost) {
                    self.answer_stream(stream, answer);
                }
            }
        }
    }

    fn handle_connected(&mut self, id: ConnId) {
        self.wires.push(Wire {
            id,
            inbound: VecDeque::new(),
            is_lost: false,
            is_going: false,
            arrives: self.now,
            answers: self.now,
        });
        self.add(id);
        let exclusive = self.setting.sharing == super::setting::Sharing::Exclusive;
        let streams = if exclusive {
            1
        } else {
            self.setting.limits.streams
        };
        self.set_capacity(id, streams);
    }

    fn set_capacity(&mut self, id: ConnId, streams: usize) {
        say!(self, "{id:?} has {streams} places");
        self.places.usable(id, streams);
        self.change_pool(|pool, now| pool.handle_capacity(id, streams, now));
    }

    pub(super) fn transmit(&mut self, id: ConnId, frame: Frame) {
        let pause = self.dice.up_to_ms(2);
        let now = self.now;
        let Some(wire) = self.wire(id) else { return };
        wire.arrives = wire.arrives.max(now + pause);
        let pause = wire.arrives - now;
        self.later(pause, Net::Request(id, frame));
    }

    fn handle_request(&mut self, id: ConnId, frame: &Frame) {
        let now = self.now;
        let stuck = self.stuck_until(id);
        let Some(wire) = self.wire(id).filter(|wire| !wire.is_lost) else {
            return;
        };
        let mut at = now.max(stuck);
        let by_order = frame.correlation == Correlation::None;
        if by_order {
            at = at.max(wire.answers);
        }
        self.requests.executed(frame.nonce);
        say!(self, "{id:?}: {} is carried out", frame.nonce);
        at += self.dice.up_to_ms(8);
        let mut reply = Reply {
            correlation: frame.correlation.clone(),
            payload: payload(frame.nonce),
            nonce: Some(frame.nonce),
        };
        if self.bad_luck() {
            match self.dice.below(4) {
                0 => at += self.dice.up_to_ms(3_000),
                // By order, a reply that never comes keeps back all behind it.
                1 => at += Duration::from_secs(86_400),
                2 if !by_order => reply = self.forged(),
                _ => {
                    let forged = Reply {
                        nonce: None,
                        ..reply.clone()
                    };
                    let pause = (at - now) + self.dice.up_to_ms(20);
                    self.later(pause, Net::Reply(id, forged));
                }
            }
        }
        if by_order && let Some(wire) = self.wire(id) {
            wire.answers = at;
        }
        self.later(at - now, Net::Reply(id, reply));
    }

    /// A reply that nobody asked for.
    fn forged(&mut self) -> Reply {
        let id = self.dice.draw();
        let correlation = match self.setting.native() {
            Some(CorrelationKind::Id { bits }) => Correlation::Id(id % (1 << bits)),
            _ => Correlation::None,
        };
        Reply {
            correlation,
            payload: 0,
            nonce: None,
        }
    }

    fn handle_stream(&mut self, id: ConnId, stream: StreamId) {
        let now = self.now;
        let stuck = self.stuck_until(id);
        let Some(wire) = self.wire(id).filter(|wire| !wire.is_lost) else {
            return;
        };
        let going = wire.is_going;
        // A stream that was reset before it came is not carried out.
        let Some(nonce) = self.streams.get(&stream).map(|stream| stream.nonce) else {
            return;
        };
        let unreachable = FaultClass::Unreachable;
        if going {
            let disowned = Fault::unsent(unreachable, "above the last stream");
            return self.answer_stream(stream, Err(disowned));
        }
        let bad = self.bad_luck().then(|| self.dice.below(6));
        if bad == Some(0) {
            let refused = Fault::refused(unreachable, "refused");
            return self.answer_stream(stream, Err(refused));
        }
        self.requests.executed(nonce);
        let mut at = now.max(stuck) + self.dice.up_to_ms(8);
        let mut answer = Ok(Answer {
            status: 200,
            payload: payload(nonce),
        });
        match bad {
            Some(1) => at += self.dice.up_to_ms(3_000),
            Some(2) => return,
            Some(3) => answer = Err(Fault::sent(unreachable, "reset")),
            // What has begun never ends.
            Some(4) => return self.later(at - now, Net::Head(id, stream)),
            Some(_) => {
                answer = Ok(Answer {
                    status: 503,
                    payload: 0,
                });
            }
            None => {}
        }
        self.later(at - now, Net::Head(id, stream));
        at += self.dice.up_to_ms(4);
        self.later(at - now, Net::Answer(id, stream, answer));
    }

    // ---- what happens by itself

    pub(super) fn something_happens(&mut self) {
        self.requests.troubled = true;
        let wire = match self.wires.len() {
            0 => None,
            length => Some(self.wires[self.dice.index(length)].id),
        };
        match (self.dice.below(8), wire) {
            (0..=2, Some(id)) => self.lose(id),
            (3, Some(id)) => self.go_away(id),
            (4, Some(id)) => {
                let pause = self.dice.up_to_ms(3_000);
                say!(self, "{id:?}: its server is stuck for {pause:?}");
                self.stuck.insert(id.endpoint(), self.now + pause);
            }
            (5, Some(id)) if self.setting.native().is_some() => {
                let forged = self.forged();
                self.later(Duration::ZERO, Net::Reply(id, forged));
            }
            (5, Some(id)) => {
                if self.connected(id).is_some() {
                    let streams = self.dice.index(self.setting.limits.streams + 1);
                    self.set_capacity(id, streams);
                }
            }
            (6, _) if !self.there.is_empty() => {
                let place = self.dice.index(self.there.len());
                let endpoint = self.there.iter().copied().nth(place);
                let endpoint = endpoint.expect("one of those that are there");
                let probe = self.dice.one_of(&[Probe::Passed, Probe::Failed]);
                say!(self, "a probe of {endpoint}: {probe:?}");
                self.change_pool(|pool, now| pool.handle_probe(endpoint, probe, now));
            }
            _ => {
                self.now += self.dice.up_to_ms(20_000);
                say!(self, "the clock jumps");
            }
        }
    }

    fn lose(&mut self, id: ConnId) {
        say!(self, "{id:?} breaks");
        let Some(wire) = self.wire(id) else { return };
        wire.is_lost = true;
        if self.setting.native().is_none() {
            self.lose_streams(id);
        }
        self.wake(Task::Driver(id));
    }

    fn go_away(&mut self, id: ConnId) {
        say!(self, "{id:?}: the server goes away");
        if let Some(wire) = self.wire(id) {
            wire.is_going = true;
        }
        self.broken.push(id);
        if let Some(link) = self.link(id) {
            link.closed.get_or_insert("going-away");
            self.wake(Task::Driver(id));
        } else if self.connected(id).is_some() {
            self.note_loss(id);
            self.leave(id);
        }
    }
}
