//! What the passing of time means for a connection.

use super::{Connection, Ended, LOOK_AFTER};
use crate::dispatch::{Exchange, InFlight};
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::session::ExchangeKey;
use std::task::Context;
use std::time::Instant;

impl Connection {
    pub(super) fn handle_timeouts(&mut self, now: Instant) -> Result<(), Ended> {
        if let Some(at) = self.worker.drains_at(self.id) {
            self.session.handle_drain(at);
        }
        if self.is_deaf()
            && let Some(io) = &self.io
            && io.take_error()?.is_some()
        {
            return Err(Ended("reset"));
        }
        let limits = &self.listener.limits;
        if self
            .partial_since
            .is_some_and(|since| since + limits.frame_time <= now)
        {
            self.partial_since = None;
            self.reason.get_or_insert("frame-time");
            self.inbound.clear();
            self.session.handle_close();
        }
        if self
            .stalled_since
            .is_some_and(|since| since + limits.send_time <= now)
        {
            return Err(Ended("send-time"));
        }
        for key in self.session.handle_timeout(now) {
            self.expire(key, now);
        }
        if self.session.is_finished() {
            let drained = self.worker.drains_at(self.id).is_some_and(|at| at <= now);
            self.reason
                .get_or_insert(if drained { "drain" } else { "idle" });
        }
        self.expire_unanswered(now);
        Ok(())
    }

    pub(super) fn expire(&mut self, key: ExchangeKey, now: Instant) {
        let exchanges = self.exchanges.as_mut();
        match exchanges.and_then(|set| set.take(|e| e.key() == Some(key))) {
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
    pub(super) fn expire_unanswered(&mut self, now: Instant) {
        let late = |in_flight: &InFlight| match in_flight {
            InFlight::Exchange(exchange) => exchange.key.is_none() && exchange.deadline <= now,
            InFlight::Batch(_) => false,
        };
        while let Some(InFlight::Exchange(exchange)) =
            self.exchanges.as_mut().and_then(|set| set.take(late))
        {
            let fault = Fault::sent(FaultClass::Timeout, exchange.awaits());
            self.finish(exchange, Err(fault), now);
        }
    }

    pub(super) fn set_alarm(&mut self, now: Instant, cx: &Context<'_>) {
        let limits = &self.listener.limits;
        let times = [
            self.session.poll_timeout(),
            self.partial_since.map(|since| since + limits.frame_time),
            self.stalled_since.map(|since| since + limits.send_time),
            self.parting.as_ref().map(|parting| parting.until),
            self.is_deaf().then(|| now + LOOK_AFTER),
            self.unanswered().map(|exchange| exchange.deadline).min(),
        ];
        let next = times.into_iter().flatten().min();
        self.alarm.set(next.unwrap_or(now + limits.idle), cx);
    }

    /// The one-way messages that are on their way.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &Exchange> {
        let exchanges = self.exchanges.iter().flat_map(|set| set.iter());
        exchanges.filter_map(|in_flight| match in_flight {
            InFlight::Exchange(exchange) if exchange.key.is_none() => Some(&**exchange),
            InFlight::Exchange(_) | InFlight::Batch(_) => None,
        })
    }
}
