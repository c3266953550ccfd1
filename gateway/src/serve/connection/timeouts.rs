//! What the passing of time means for a connection.

use super::{Connection, Ended, LOOK_AFTER, Work};
use crate::dispatch::InFlight;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::session::ExchangeKey;
use std::task::Context;
use std::time::Instant;

impl Connection {
    pub(super) fn handle_timeouts(&mut self, work: &mut Work, now: Instant) -> Result<(), Ended> {
        // A request that has begun to come is one more that is in flight.
        if work.incoming.is_none()
            && let Some(at) = self.listener.worker.drains_at(self.id)
        {
            if !self.session.is_draining() && self.session.in_flight() > 0 {
                self.announce_end(work);
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
            work.partial_since = None;
            work.incoming = None;
            self.end_by("frame-time");
            work.inbound.clear();
            self.session.handle_close();
        }
        if work
            .stalled_since
            .is_some_and(|since| since + limits.send_time <= now)
        {
            return Err(Ended("send-time"));
        }
        for key in self.session.handle_timeout(now) {
            self.expire(work, key, now);
        }
        if self.session.is_finished() {
            let drained = self
                .listener
                .worker
                .drains_at(self.id)
                .is_some_and(|at| at <= now);
            self.end_by(if drained { "drain" } else { "idle" });
        }
        self.expire_unanswered(work, now);
        Ok(())
    }

    pub(super) fn expire(&mut self, work: &mut Work, key: ExchangeKey, now: Instant) {
        match work.exchanges.take(|e| e.key() == Some(key)) {
            Some(InFlight::Exchange(exchange)) => {
                let fault = Fault::sent(FaultClass::Timeout, exchange.awaits());
                self.finish(exchange, Err(fault), now);
            }
            Some(InFlight::Batch(mut batch)) => {
                let mut part = batch.cut();
                let fault = Fault::sent(FaultClass::Timeout, "no reply in time");
                part.end = Some(Err(fault));
                self.finish_batch(&batch, part, now);
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
            self.finish(exchange, Err(fault), now);
        }
    }

    pub(super) fn set_alarm(&mut self, work: &Work, now: Instant, cx: &Context<'_>) {
        let limits = &self.listener.limits;
        let times = [
            self.session.poll_timeout(),
            work.partial_since.map(|since| since + limits.frame_time),
            work.stalled_since.map(|since| since + limits.send_time),
            work.streaming.as_ref().map(|streaming| streaming.until),
            self.parting().map(|parting| parting.until),
            self.is_deaf(work).then(|| now + LOOK_AFTER),
            work.unanswered().map(|exchange| exchange.deadline()).min(),
        ];
        let next = times.into_iter().flatten().min();
        self.alarm.set(next.unwrap_or(now + limits.idle), cx);
    }
}
