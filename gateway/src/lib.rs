//! The gateway as a library and a binary.
