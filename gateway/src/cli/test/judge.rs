//! Where what happened differs from what was expected.

use super::case::{Case, Expect};
use super::play::{Played, Reply, Sent};
use super::response::{Answered, Response};
use super::upstream::{Parts, Request, Upstream};
use crate::cli::decode::{Frames, From};
use crate::cli::hex;
use bytes::Bytes;
use gatewright_core::codec::json::{Secrets, to_json};
use gatewright_core::codec::{Event, Protocol};
use gatewright_core::message::Message;
use gatewright_core::translate::HttpRequest;
use http::HeaderValue;
use serde_json::Value as Json;
use std::sync::Arc;

/// One difference.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// Where, such as `upstream.json.amount_minor`.
    pub(super) at: String,
    pub(super) expected: String,
    pub(super) got: String,
}

/// All differences between what a case expects and what came of it.
pub(super) fn judge(case: &Case, played: &Played, protocol: &Arc<dyn Protocol>) -> Vec<Difference> {
    let mut judge = Judge {
        differences: Vec::new(),
        protocol,
        sent: case.send.bytes(),
    };
    judge.request(case, &played.request);
    if let Some(expect) = &case.expect {
        judge.reply(expect, &played.reply);
    }
    judge.differences
}

struct Judge<'p> {
    differences: Vec<Difference>,
    protocol: &'p Arc<dyn Protocol>,
    /// What the client sent, if it was bytes.
    sent: Option<&'p Bytes>,
}

impl Judge<'_> {
    fn differ(&mut self, at: &str, expected: impl Into<String>, got: impl Into<String>) {
        self.differences.push(Difference {
            at: at.to_owned(),
            expected: expected.into(),
            got: got.into(),
        });
    }

    fn request(&mut self, case: &Case, got: &Result<Sent, String>) {
        match (&case.upstream, got) {
            (Some(Upstream::Http(expected)), Ok(Sent::Http(got))) => self.upstream(expected, got),
            (Some(Upstream::Message(expected)), Ok(Sent::Message(got))) => {
                self.contains("upstream", expected, got);
            }
            // The route says which of the two it is.
            (Some(expected), Ok(got)) => self.differ("upstream", expected.line(), line(got)),
            (None, Ok(_)) if case.answer.is_some() => {}
            (None, Ok(sent)) => {
                let expected = "no request: the test has neither `upstream` nor `answer`";
                self.differ("upstream", expected, line(sent));
            }
            (Some(expected), Err(why)) => {
                self.differ("upstream", expected.line(), format!("no request: {why}"));
            }
            (None, Err(why)) if case.answer.is_some() => {
                self.differ("upstream", "a request", format!("no request: {why}"));
            }
            (None, Err(_)) => {}
        }
    }

    fn upstream(&mut self, expected: &Request, got: &HttpRequest) {
        if let Some((method, target)) = &expected.request {
            let (expected, got) = (format!("{method} {target}"), request_line(got));
            if expected != got {
                self.differ("upstream", expected, got);
            }
        }
        let values = |name: &str| {
            let values = got.headers.get_all(name).iter();
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            values.map(text).collect()
        };
        let body = got.body.whole().unwrap_or_default();
        self.parts("upstream", &expected.parts, values, &body);
    }

    /// What a request or a response has; `values` gives those of a header.
    fn parts(
        &mut self,
        at: &str,
        expected: &Parts,
        values: impl Fn(&str) -> Vec<String>,
        body: &Bytes,
    ) {
        for (name, value) in &expected.headers {
            let values = values(name);
            if !values.contains(value) {
                let got = if values.is_empty() {
                    "no such header".to_owned()
                } else {
                    values.join(", ")
                };
                self.differ(&format!("{at}.headers.{name}"), value, got);
            }
        }
        for name in &expected.absent {
            let values = values(name);
            if !values.is_empty() {
                let at = format!("{at}.headers.{name}");
                self.differ(&at, "no such header", values.join(", "));
            }
        }
        if let Some(json) = &expected.json {
            let at = format!("{at}.json");
            match serde_json::from_slice(body) {
                Ok(got) => self.contains(&at, json, &got),
                Err(_) => self.differ(&at, json.to_string(), readable(body)),
            }
        }
        if let Some(expected) = &expected.body
            && expected != body
        {
            self.differ(&format!("{at}.body"), readable(expected), readable(body));
        }
    }

    fn response(&mut self, expected: &Response, got: &Answered) {
        if let Some(status) = expected.status
            && status != got.status
        {
            self.differ("expect.status", status.to_string(), got.status.to_string());
        }
        let values = |name: &str| got.values(name);
        self.parts("expect", &expected.parts, values, &got.body);
    }

    fn reply(&mut self, expected: &Expect, got: &Reply) {
        match (expected, got) {
            (Expect::Closed, Reply::Closed) => {}
            (Expect::Bytes(expected), Reply::Bytes(got)) if expected == got => {}
            (Expect::Message(expected), Reply::Bytes(bytes)) => match self.message(bytes) {
                Some(got) => {
                    let before = self.differences.len();
                    self.contains("expect", expected, &got);
                    if self.differences.len() > before {
                        let got = format!("{got}\nhex {}", hex::show(bytes));
                        self.differ("the whole reply", expected.to_string(), got);
                    }
                }
                None => self.differ("expect", expected.to_string(), self.bytes(bytes)),
            },
            (Expect::Response(expected), Reply::Response(got)) => self.response(expected, got),
            (expected, got) => self.differ("expect", self.wanted(expected), self.given(got)),
        }
    }

    fn wanted(&self, expected: &Expect) -> String {
        match expected {
            Expect::Closed => "the connection is closed".to_owned(),
            Expect::Bytes(bytes) => self.bytes(bytes),
            Expect::Message(json) => json.to_string(),
            Expect::Response(response) => response.line(),
        }
    }

    fn given(&self, got: &Reply) -> String {
        match got {
            Reply::Bytes(bytes) => self.bytes(bytes),
            Reply::Response(response) => response.line(),
            Reply::Closed => "the connection is closed".to_owned(),
            Reply::Nothing => "no reply".to_owned(),
            Reply::Open => "no reply: the test has no `answer`".to_owned(),
        }
    }

    /// Bytes as digits and, if they are a reply, as JSON.
    fn bytes(&self, bytes: &Bytes) -> String {
        let digits = hex::show(bytes);
        match self.message(bytes) {
            Some(message) => format!("hex {digits}\n{message}"),
            None => format!("hex {digits}"),
        }
    }

    fn message(&self, bytes: &Bytes) -> Option<Json> {
        let descriptor = self.protocol.descriptor();
        let limit = descriptor.capabilities.max_frame;
        let frames =
            |from, bytes: &Bytes| Frames::new(self.protocol, Some(from), limit, bytes.clone());
        let sent = self.sent.cloned().unwrap_or_default();
        let asked = frames(From::Client, &sent).filter_map(|frame| match frame.ok()?.event {
            Event::Head(message) => Some(message),
            Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => None,
        });
        let asked: Vec<Message> = asked.collect();
        let mut frames = frames(From::Server, bytes).after(&asked);
        match frames.next()?.ok()?.event {
            Event::Head(message) => Some(to_json(descriptor, &message, Secrets::Shown)),
            Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => None,
        }
    }

    /// Whether `got` has all of `expected`: objects may have more members, nothing else more.
    fn contains(&mut self, at: &str, expected: &Json, got: &Json) {
        match (expected, got) {
            (Json::Object(expected), Json::Object(got)) => {
                for (name, expected) in expected {
                    let at = format!("{at}.{name}");
                    match got.get(name) {
                        Some(got) => self.contains(&at, expected, got),
                        None => self.differ(&at, expected.to_string(), "nothing"),
                    }
                }
            }
            (Json::Array(expected), Json::Array(got)) if expected.len() == got.len() => {
                for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
                    self.contains(&format!("{at}[{index}]"), expected, got);
                }
            }
            (expected, got) if expected == got => {}
            (expected, got) => self.differ(at, expected.to_string(), got.to_string()),
        }
    }
}

fn line(sent: &Sent) -> String {
    match sent {
        Sent::Http(request) => request_line(request),
        Sent::Message(json) => json.to_string(),
    }
}

fn request_line(request: &HttpRequest) -> String {
    format!("{} {}", request.method, request.target)
}

/// Text as it is, other bytes as digits.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok("") => "nothing".to_owned(),
        Ok(text) if text.chars().all(is_readable) => text.to_owned(),
        Ok(_) | Err(_) => format!("hex {}", hex::show(bytes)),
    }
}

fn is_readable(character: char) -> bool {
    !character.is_control() || matches!(character, '\n' | '\t')
}
