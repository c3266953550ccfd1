//! What probes say: several in a row have to agree, so that one lost probe changes nothing.

use super::Probe;

#[derive(Debug)]
pub(super) struct Checks {
    fall: u32,
    rise: u32,
    state: State,
    /// Probes in a row that speak against the state.
    against: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Up,
    Down,
}

impl Checks {
    pub(super) const fn new(fall: u32, rise: u32) -> Self {
        Self {
            fall,
            rise,
            state: State::Up,
            against: 0,
        }
    }

    pub(super) const fn is_down(&self) -> bool {
        matches!(self.state, State::Down)
    }

    pub(super) fn handle(&mut self, probe: Probe) {
        let (other, needed) = match (self.state, probe) {
            (State::Up, Probe::Failed) => (State::Down, self.fall),
            (State::Down, Probe::Passed) => (State::Up, self.rise),
            (State::Up, Probe::Passed) | (State::Down, Probe::Failed) => {
                self.against = 0;
                return;
            }
        };
        self.against += 1;
        if self.against >= needed {
            self.state = other;
            self.against = 0;
        }
    }
}
