//! Upstreams that speak a protocol of one's own over a stream of bytes.
//!
//! A [`Link`] is one connection: its ledger says whose each reply is. A [`Lane`] is what one
//! client sends to one upstream: it keeps to one link while anything is unanswered, so that the
//! client's requests are carried out in their order. A [`Mailbox`] is where one exchange finds
//! its reply; nothing else leads from a link back to a client, and a mailbox is never used again.

mod driver;
mod flushed;
mod lane;
mod link;
mod mailbox;
mod opened;
mod parcel;

pub(super) use driver::LinkDriver;
pub(crate) use lane::{Call, Lane, Lanes};
pub(super) use link::{Link, Outgoing};
pub(crate) use mailbox::Part;
pub(super) use opened::Begun;
pub(crate) use parcel::Parcel;
