//! How an outcome becomes a native reply.

mod fit;
mod on;
mod replies;
mod rule;
mod set;

pub(super) use replies::Replies;
