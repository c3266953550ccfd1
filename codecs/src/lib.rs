//! The protocols that Gatewright speaks out of the box.
