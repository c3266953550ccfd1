//! What the passing of time means for a connection.

use super::{Connection, Ended, LOOK_AFTER, Work};
use crate::dispatch::InFlight;
use gatewright_core::codec::{Control, Drain, Event, Side};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::health::Beat;
use gatewright_core::session::ExchangeKey;
use std::task::Context;
use std::time::Instant;

impl Connection {
    pub(super) fn handle_timeouts(&mut self, work: &mut Work, now: Instant) -> Result<(), Ended> {
        // A request that has begun to come is one more that is in flight.
        if work.incoming.is_none()
            && let Some(at) = self.listener.worker.drains_at(self.peer.connection)
        {
            if !self.session.is_draining() {
                self.announce_drain(work);
            }
            self.session.handle_drain(at);
        }
        if self.is_deaf(work)
            && let Some(io) = &mut self.io
            && io.take_error()?.is_some()
        {
            return Err(Ended("reset"));
        }
        let limits = self.listener.limits;
        if work
            .partial_since
            .is_some_and(|since| since + limits.frame_time <= now)
        {
            if work.incoming.is_some() {
                self.announce_end(work);
            }
            self.stop_reading(work, "frame-time");
        }
        if work
            .stalled_since
            .is_some_and(|since| since + limits.send_time <= now)
        {
            return Err(Ended("send-time"));
        }
        self.note_halfway(work, now);
        for key in self.session.handle_timeout(now) {
            match work.deadline_of(key) {
                Some(later) if later > now => self.session.handle_progress(key, later),
                Some(_) | None => self.expire(work, key, now),
            }
        }
        if self.session.is_finished() {
            let drained = self
                .listener
                .worker
                .drains_at(self.peer.connection)
                .is_some_and(|at| at <= now);
            self.end_by(if drained { "drain" } else { "idle" });
        }
        self.expire_unanswered(work, now);
        self.keep_alive(work, now)
    }

    /// Shows the client that the gateway is there, and ends the connection of one that is not.
    fn keep_alive(&mut self, work: &mut Work, now: Instant) -> Result<(), Ended> {
        if self.is_deaf(work) {
            self.session.handle_heard(now);
        }
        match self.session.handle_pulse(now) {
            Beat::Wait => {}
            Beat::Send(nth) => self.send_sign(work, nth),
            Beat::GiveUp => {
                tracing::info!(peer = %self.peer.address, listener = %self.listener.name, "a client is silent");
                return Err(Ended("silent"));
            }
        }
        Ok(())
    }

    fn send_sign(&mut self, work: &mut Work, nth: u32) {
        let descriptor = self.listener.protocol.descriptor();
        let heartbeat = descriptor.heartbeat.as_ref();
        let sign = heartbeat.and_then(|h| h.of(Side::Server).nth_sign(descriptor, nth));
        // It was written once when the protocol was loaded, so it fits.
        if let Some(sign) = sign
            && (self.framing.write(&Event::Head(sign), &mut work.outbound)).is_ok()
        {
            self.listener.metrics.sign_sent();
        }
    }

    /// Tells the client that the gateway is going away, where the protocol can say so.
    fn announce_drain(&mut self, work: &mut Work) {
        let descriptor = self.listener.protocol.descriptor();
        match descriptor.capabilities.drain {
            Drain::Announced if !self.is_given_away() => {
                let _ = (self.framing).write(&Event::Control(Control::GoAway), &mut work.outbound);
            }
            Drain::MessageBoundary if self.session.in_flight() > 0 => {
                self.end_by("drain");
                self.announce_end(work);
            }
            Drain::Announced | Drain::MessageBoundary | Drain::Close => {}
        }
    }

    pub(super) fn expire(&mut self, work: &mut Work, key: ExchangeKey, now: Instant) {
        match work.exchanges.take(|e| e.key() == Some(key)) {
            Some(InFlight::Exchange(exchange)) => {
                let fault = Fault::sent(FaultClass::Timeout, exchange.awaits());
                self.finish(exchange, Err(fault), None, now);
            }
            Some(InFlight::Batch(mut batch)) => {
                batch.time_out(now);
                let mut part = batch.cut();
                let fault = Fault::sent(FaultClass::Timeout, "no reply in time");
                part.end = Some(Err(fault));
                let streams = work.streaming.is_some();
                self.finish_batch(&batch, part, streams, &mut work.untaken, now);
            }
            None => self.settle(Some(key), None, now),
        }
    }

    /// Ends one-way messages that take too long: nobody waits for them, but they have a place.
    pub(super) fn expire_unanswered(&mut self, work: &mut Work, now: Instant) {
        let late = |in_flight: &InFlight| match in_flight {
            InFlight::Exchange(exchange) => exchange.key.is_none() && exchange.deadline() <= now,
            InFlight::Batch(_) => false,
        };
        while let Some(InFlight::Exchange(exchange)) = work.exchanges.take(late) {
            let fault = Fault::sent(FaultClass::Timeout, exchange.awaits());
            self.finish(exchange, Err(fault), None, now);
        }
    }

    pub(super) fn set_alarm(&mut self, work: &Work, now: Instant, cx: &Context<'_>) {
        if let Some(until) = self.parting().map(|parting| parting.until) {
            self.alarm.set(until, cx);
            return;
        }
        let limits = &self.listener.limits;
        // Of a client that takes nothing, the payload is not looked at: its own time counts then.
        let streaming = work.streaming.as_ref().filter(|_| !work.is_stalled());
        let times = [
            self.session.poll_timeout(),
            work.partial_since.map(|since| since + limits.frame_time),
            work.stalled_since.map(|since| since + limits.send_time),
            streaming.map(|streaming| streaming.until),
            self.is_deaf(work).then(|| now + LOOK_AFTER),
            work.unanswered().map(|exchange| exchange.deadline()).min(),
        ];
        let next = times.into_iter().flatten().min();
        self.alarm.set(next.unwrap_or(now + limits.idle), cx);
    }
}
