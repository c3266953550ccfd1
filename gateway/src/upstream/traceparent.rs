//! Where a request stands in its trace, as HTTP/2 says it.

use gatewright_core::translate::traceparent as written;
use http::header::{HeaderName, HeaderValue};

pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The value of `traceparent`.
pub(super) fn traceparent(trace: u128, span: u64) -> HeaderValue {
    HeaderValue::from_bytes(&written(trace, span)).unwrap_or(HeaderValue::from_static(""))
}
