//! The JSON view of messages, both ways.
