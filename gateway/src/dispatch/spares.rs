//! Memory that busy sessions of a listener leave to each other.

use super::Reply;
use gatewright_core::session::{Session, Spare};
use std::cell::RefCell;

/// How much is kept: for so many sessions.
const KEPT: usize = 64;

/// What sessions that became quiet gave back, for the next ones that get busy. Many do both with
/// each message, and would otherwise allocate and free as often.
#[derive(Debug, Default)]
pub(crate) struct Spares(RefCell<Vec<Spare<Reply>>>);

impl Spares {
    /// Before a session takes a request.
    pub(crate) fn lend(&self, session: &mut Session<Reply>) {
        if session.needs_memory()
            && let Some(spare) = self.0.borrow_mut().pop()
        {
            session.take_memory(spare);
        }
    }

    /// Once a session is quiet.
    pub(crate) fn take_back(&self, session: &mut Session<Reply>) {
        let spare = session.release_memory();
        let mut kept = self.0.borrow_mut();
        if kept.len() < KEPT {
            kept.extend(spare);
        }
    }
}
