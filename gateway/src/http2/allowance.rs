//! How many small pieces may go to the peer of one connection at once.

use crate::clock;
use gatewright_core::limit::{Allowance, Pace};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

/// What the payloads of one connection share: those on their way out take of it, those on their way in give back.
#[derive(Clone, Debug)]
pub(crate) struct SharedAllowance(Rc<RefCell<Allowance>>);

impl SharedAllowance {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(Allowance::new(clock::now()))))
    }

    pub(super) fn handle_piece(&self) {
        self.0.borrow_mut().handle_piece();
    }

    pub(super) fn handle_small(&self, pace: &mut Pace, now: Instant) -> Result<(), Instant> {
        pace.handle_small(&mut self.0.borrow_mut(), now)
    }
}
