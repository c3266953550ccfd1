//! One downstream stream as a state machine.
