//! How an outcome becomes a native reply.

mod on;
mod replies;
mod response;
mod rule;

pub(in crate::translate) use on::On;
pub(super) use replies::{Replies, warnings};
pub use response::{misdirected, not_allowed, not_forwarded};
pub(super) use rule::{Told, condition};
