//! Which request does this reply answer.
