//! The built-in upstream: answers every request by itself.

use bytes::Bytes;
use gatewright_config::plan::MockPlan;
use gatewright_core::translate::{HttpAnswer, HttpRequest};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::time::Sleep;

pub(super) struct MockCall {
    answer: Option<HttpAnswer>,
    began: Instant,
    delay: Pin<Box<Sleep>>,
}

impl MockCall {
    pub(super) fn new(plan: &MockPlan, request: &HttpRequest, now: Instant) -> Self {
        let delay = Box::pin(tokio::time::sleep(plan.delay));
        Self {
            answer: Some(answer(plan, request)),
            began: now,
            delay,
        }
    }

    /// When it was asked.
    pub(super) const fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<HttpAnswer> {
        match self.delay.as_mut().poll(cx) {
            Poll::Ready(()) => self.answer.take().map_or(Poll::Pending, Poll::Ready),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for MockCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockCall").finish_non_exhaustive()
    }
}

/// The answer that the built-in upstream gives: the configured body, or the request told back.
pub(crate) fn answer(plan: &MockPlan, request: &HttpRequest) -> HttpAnswer {
    let body = match &plan.body {
        Some(body) => Bytes::copy_from_slice(body.as_bytes()),
        None => Bytes::from(told_back(request).to_string()),
    };
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // The configuration was checked: an impossible status is no plan.
    let status = StatusCode::from_u16(plan.status).unwrap_or(StatusCode::OK);
    HttpAnswer {
        status,
        headers,
        body: body.into(),
    }
}

fn told_back(request: &HttpRequest) -> Value {
    let body = request.body.whole().unwrap_or_default();
    json!({
        "method": request.method.as_str(),
        "path": request.target.as_str(),
        "json": serde_json::from_slice::<Value>(&body).unwrap_or(Value::Null),
    })
}
