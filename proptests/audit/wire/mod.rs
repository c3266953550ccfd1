//! The protocols as bytes, written by hand from their descriptions: none of the gateway's code
//! takes part in judging it.

mod dns;
mod http;
mod pos;
mod pos_in_resp;
mod resp;

use crate::request::{Nonce, Request};
use std::borrow::Cow;
use std::fmt;

pub(crate) use dns::Dns;
pub(crate) use http::{
    Asked, Headed, Json, SERVER, Whole, answer_in_json, expected, nonce_of_payment,
    nonce_of_target, request_of, response_in, told,
};
pub(crate) use pos::Pos;
pub(crate) use pos_in_resp::PosInResp;
pub(crate) use resp::Resp;

/// How a reply is known to answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// By a number up to this one.
    Ids(u32),
    /// By the order of the requests.
    Requests,
}

/// How the gateway says that a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Failure {
    Timeout,
    Unreachable,
    BadReply,
    /// Nothing was sent.
    Overload,
    /// It goes away, and nothing was sent.
    Draining,
    /// It says that the request was wrong, which is never true here.
    Refused,
    Internal,
    /// The protocol has no words for the reason.
    Unspecified,
}

impl Failure {
    /// Whether a request that failed so can have been carried out.
    pub(crate) const fn may_have_run(self) -> bool {
        match self {
            Self::Timeout | Self::Unreachable | Self::BadReply | Self::Unspecified => true,
            Self::Overload | Self::Draining | Self::Refused | Self::Internal => false,
        }
    }
}

/// One reply.
#[derive(Debug)]
pub(crate) struct Said<'b> {
    /// Nothing where replies come in order.
    pub(crate) id: u32,
    /// The request as the reply repeats it, where the protocol does that.
    pub(crate) echo: Option<Nonce>,
    pub(crate) what: What<'b>,
}

/// What a reply says.
#[derive(Debug)]
pub(crate) enum What<'b> {
    Answer { server: u8, answer: Cow<'b, [u8]> },
    Failed(Failure),
}

/// Bytes that are no message of the protocol.
#[derive(Debug)]
pub(crate) struct Garbled(pub(crate) String);

/// A message at the start of a buffer and its length, or nothing if it is not whole.
pub(crate) type Found<T> = Result<Option<(usize, T)>, Garbled>;

/// One protocol.
pub(crate) trait Wire: Send + Sync + fmt::Debug {
    fn order(&self) -> Order;

    fn write_request(&self, request: &Request, out: &mut Vec<u8>);

    fn read_request(&self, bytes: &[u8]) -> Found<Request>;

    /// Of a request that is not whole yet: whose it is, where an answer to it could come before
    /// its end.
    fn begun(&self, _: &[u8]) -> Option<Nonce> {
        None
    }

    /// The right answer to a request, as [`What::Answer`] holds it.
    fn answer(&self, nonce: Nonce, server: u8, out: &mut Vec<u8>);

    /// The reply to a request with the answer to `of`, which is its own nonce in an honest reply.
    fn write_reply(&self, to: &Request, server: u8, of: Nonce, out: &mut Vec<u8>);

    fn read_reply<'b>(&self, bytes: &'b [u8]) -> Found<Said<'b>>;

    /// The beginning of a reply that is longer than any limit.
    fn write_oversize(&self, to: &Request, out: &mut Vec<u8>);
}
