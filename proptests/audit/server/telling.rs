//! How requests and answers look within HTTP/2.

use super::Spec;
use crate::request::Nonce;
use crate::wire::{
    SERVER, Whole, Wire as _, answer_in_json, expected, nonce_of_payment, nonce_of_target, told,
};
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Method, Response};

/// A dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    /// Payments in JSON.
    Payment,
    /// Any bytes.
    Whole,
}

impl Telling {
    /// The request that a path names.
    pub(super) fn nonce(self, path: &str) -> Option<Nonce> {
        match self {
            Self::Payment => nonce_of_payment(path),
            Self::Whole => nonce_of_target(path),
        }
    }

    /// Whether a body is that of a request.
    pub(super) fn is_of(self, nonce: Nonce, method: &Method, body: &[u8]) -> bool {
        match self {
            Self::Payment => told(body) == Some(nonce),
            Self::Whole => expected(*method == Method::GET, nonce) == body,
        }
    }

    pub(super) fn response(self, of: Nonce, spec: &Spec) -> (Response<()>, Bytes) {
        let mut response = Response::new(());
        if self == Self::Payment {
            return (response, answer_in_json(of, spec.server).into());
        }
        let mut body = Vec::new();
        Whole.answer(of, spec.server, &mut body);
        let headers = response.headers_mut();
        headers.insert(SERVER, u16::from(spec.server).into());
        // Nobody can tell what a lying server adds to an answer of unknown length.
        if spec.hostile.is_some() || of.is_multiple_of(2) {
            headers.insert(CONTENT_LENGTH, body.len().into());
        }
        (response, body.into())
    }
}
