//! WebSocket (RFC 6455) as a carrier: between a client's socket and whatever reads its bytes, and between
//! us and a server for whoever sends by hand.

mod answer;
mod called;
mod calling;
mod extended;
pub(crate) mod goodbye;
mod opening;
mod stream;

pub(crate) use answer::Refusal;
pub(crate) use calling::{Call, call};
pub(crate) use extended::judge_extended;
pub(crate) use opening::{MAX_HEAD, judge};
pub(crate) use stream::WebSocket;
