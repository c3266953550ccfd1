//! A reply of the listener's protocol as a response of HTTP/2.

use crate::http2::decimal;
use bytes::Bytes;
use gatewright_core::codec::HttpShape;
use gatewright_core::message::headers::Role;
use gatewright_core::message::{Body, Message, Value};
use gatewright_core::translate::each_pair;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, Response, StatusCode};

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// A response that can be written.
pub(super) struct Written {
    pub(super) head: Response<()>,
    pub(super) body: Payload,
}

/// What follows its head.
pub(super) enum Payload {
    Whole(Bytes),
    /// It comes as it does.
    Awaited,
}

/// `None` if it does not fit HTTP.
pub(super) fn written(reply: &Message, shape: &HttpShape, wants_head: bool) -> Option<Written> {
    let status = u16::try_from(reply.field(shape.status).as_int()?).ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    if status.is_informational() || reply.operation() != shape.response {
        return None;
    }
    let mut body = match reply.body() {
        Body::Awaited => Payload::Awaited,
        body => Payload::Whole(body.whole()?),
    };
    // RFC 9110, 6.4.1 and 8.6: these have no content, whatever their fields say.
    let headers_only = wants_head || status == StatusCode::NOT_MODIFIED;
    if headers_only || status == StatusCode::NO_CONTENT {
        body = Payload::Whole(Bytes::new());
    }
    // Of a body that is here, the length is said anew.
    let whole = match &body {
        Payload::Whole(body) if !headers_only => Some(body.len()),
        Payload::Whole(_) | Payload::Awaited => None,
    };
    let mut headers = header_map(reply.field(shape.response_headers), whole.is_none())?;
    if let Some(length) = whole {
        // Of gRPC, the head of a refusal is its trailers, which no body comes before.
        let is_all = length == 0 && headers.contains_key(GRPC_STATUS);
        if status != StatusCode::NO_CONTENT && !is_all {
            headers.append(CONTENT_LENGTH, decimal(length));
        }
    }
    let mut head = Response::new(());
    *head.status_mut() = status;
    *head.headers_mut() = headers;
    Some(Written { head, body })
}

fn header_map(fields: &Value, with_length: bool) -> Option<HeaderMap> {
    let known = match fields {
        Value::Headers(fields) => fields.len(),
        _ => 0,
    };
    let mut headers = HeaderMap::with_capacity(known + 1);
    let mut all = Some(());
    let goes_on = |role| goes_on(role) && (with_length || role != Role::Length);
    each_pair(fields, goes_on, |pair| match pair {
        Some((name, value)) => {
            headers.append(name, value);
        }
        None => all = None,
    });
    all.map(|()| headers)
}

/// RFC 9113, 8.2.2: there are fields that HTTP/2 does not have.
const fn goes_on(role: Role) -> bool {
    !matches!(role, Role::Connection | Role::Coding | Role::Hop | Role::Te)
}
