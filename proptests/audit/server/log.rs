//! What servers did: the other side of the verdict.

use crate::request::Nonce;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What all servers of one group did.
#[derive(Debug, Default)]
pub(crate) struct Log(Mutex<Deeds>);

/// What was carried out, and which lies were told.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    /// Each request that a server read, as often as it did.
    pub(crate) executed: Vec<Nonce>,
    /// Answers that were given to requests that are not theirs, by digest.
    pub(crate) forged: HashSet<(Nonce, u64)>,
    /// Answers to no request at all.
    pub(crate) unasked: HashSet<u64>,
}

/// What one connection did; it enters the log with the connection's end, whatever ends it.
#[derive(Debug)]
pub(crate) struct Notes {
    log: Arc<Log>,
    pub(crate) deeds: Deeds,
    /// The requests in the order in which they came, of a hostile server.
    pub(crate) heard: Vec<Nonce>,
    /// The one that has not come to its end.
    pub(crate) begun: Option<Nonce>,
    /// The answers in the order in which they were given, of a hostile server.
    pub(crate) said: Vec<u64>,
}

impl Log {
    pub(crate) fn notes(self: &Arc<Self>) -> Notes {
        Notes {
            log: Arc::clone(self),
            deeds: Deeds::default(),
            heard: Vec::new(),
            begun: None,
            said: Vec::new(),
        }
    }

    /// Notes one request that was carried out, and the answer that it gets, if that is another's.
    pub(crate) fn add(&self, executed: Nonce, forged: Option<u64>) {
        let mut deeds = self.lock();
        deeds.executed.push(executed);
        deeds.forged.extend(forged.map(|digest| (executed, digest)));
    }

    /// All of it, once the servers have ended.
    pub(crate) fn take(&self) -> Deeds {
        std::mem::take(&mut *self.lock())
    }

    // Each entry is whole by itself.
    fn lock(&self) -> MutexGuard<'_, Deeds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        let mut log = self.log.lock();
        log.executed.append(&mut self.deeds.executed);
        log.forged.extend(self.deeds.forged.drain());
        log.unasked.extend(self.deeds.unasked.drain());
        let heard = self.heard.drain(..).chain(self.begun);
        let in_order = heard.zip(self.said.drain(..));
        log.forged.extend(in_order);
    }
}
