//! WebSocket (RFC 6455) as a carrier: between a client's socket and whatever reads its bytes.

mod answer;
mod opening;
mod stream;

pub(crate) use answer::Refusal;
pub(crate) use opening::{MAX_HEAD, judge};
pub(crate) use stream::WebSocket;
