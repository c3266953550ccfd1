//! A test's upstream: the request that it should get, and what it does then.

use super::native;
use super::reader::{Node, Reader, Section, if_given};
use bytes::Bytes;
use gatewright_config::codes;
use gatewright_core::codec::Protocol;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::message::Message;
use gatewright_core::translate::{HttpAnswer, Outcome};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value as Json;
use std::sync::Arc;

/// What should go upstream. What is not given may be anything.
#[derive(Debug)]
pub(super) enum Upstream {
    Http(Request),
    /// A message with these fields, among others.
    Message(Json),
}

/// The request that should go upstream.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) request: Option<(Method, String)>,
    pub(super) parts: Parts,
}

/// What a request and a response have both.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) headers: Vec<(String, String)>,
    /// Names of headers that should not be there.
    pub(super) absent: Vec<String>,
    /// What the body should have, among other things.
    pub(super) json: Option<Json>,
    pub(super) body: Option<Bytes>,
}

/// What the upstream does.
#[derive(Debug)]
pub(super) enum Answer {
    Http(HttpAnswer),
    Message(Message),
    Fault(Fault),
}

const METHODS: [(&str, Method); 6] = [
    ("get", Method::GET),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("patch", Method::PATCH),
    ("delete", Method::DELETE),
    ("head", Method::HEAD),
];

impl Upstream {
    /// Reads a message if one goes upstream, of this protocol, else a request.
    pub(super) fn read(
        reader: &mut Reader,
        node: &Node<'_>,
        native: Option<&Arc<dyn Protocol>>,
    ) -> Option<Self> {
        match native {
            Some(protocol) => {
                native::fields(reader, node, protocol.descriptor()).map(Self::Message)
            }
            None => Request::read(reader, "`upstream`", node).map(Self::Http),
        }
    }

    /// In words.
    pub(super) fn line(&self) -> String {
        match self {
            Self::Http(request) => match &request.request {
                Some((method, target)) => format!("{method} {target}"),
                None => "a request".to_owned(),
            },
            Self::Message(json) => json.to_string(),
        }
    }
}

impl Request {
    pub(super) fn read(reader: &mut Reader, what: &'static str, node: &Node<'_>) -> Option<Self> {
        let section = reader.section(what, node)?;
        let mut known: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
        known.extend(["headers", "json", "body"]);
        section.only(reader, &known);
        let mut upstream = Self {
            request: None,
            parts: Parts::read(reader, &section)?,
        };
        for (name, method) in METHODS {
            let Some(node) = section.get(name) else {
                continue;
            };
            if upstream.request.is_some() {
                let message = "a request has one method";
                reader.note(codes::EXACTLY_ONE, message, node.span(), None);
            }
            upstream.request = Some((method, reader.text(node)?.to_owned()));
        }
        Some(upstream)
    }
}

impl Parts {
    /// Reads `headers`, `json` and `body`. A header that is `false` should not be there.
    pub(super) fn read(reader: &mut Reader, section: &Section<'_>) -> Option<Self> {
        let mut parts = Self::default();
        if let Some(node) = section.get("headers") {
            for (name, _, node) in reader.section("`headers`", node)?.entries() {
                let name = name.to_ascii_lowercase();
                if node.get_ref().as_bool() == Some(false) {
                    parts.absent.push(name);
                    continue;
                }
                let value = reader.text(node)?.to_owned();
                parts.headers.push((name, value));
            }
        }
        if let Some(node) = section.get("json") {
            parts.json = Some(reader.json(node)?);
        }
        if let Some(node) = section.get("body") {
            parts.body = Some(reader.bytes(node)?.into());
        }
        Some(parts)
    }
}

/// Faults that an upstream can be the reason of.
const FAULTS: [FaultClass; 6] = [
    FaultClass::Timeout,
    FaultClass::Unreachable,
    FaultClass::BadReply,
    FaultClass::Overload,
    FaultClass::Draining,
    FaultClass::Internal,
];

impl Answer {
    /// The same for the rules.
    pub(super) const fn outcome(&self) -> Outcome<'_> {
        match self {
            Self::Http(answer) => Outcome::Answer(answer),
            Self::Message(message) => Outcome::Message(message),
            Self::Fault(fault) => Outcome::Fault(fault),
        }
    }

    /// Reads a fault, or a message if the route awaits one, else an HTTP answer.
    pub(super) fn read(
        reader: &mut Reader,
        node: &Node<'_>,
        native: Option<&Arc<dyn Protocol>>,
    ) -> Option<Self> {
        if let Some(word) = node.get_ref().as_str() {
            let class = FAULTS.into_iter().find(|class| class.as_str() == word);
            if class.is_none() {
                let help = format!("there is {}", FAULTS.map(FaultClass::as_str).join(", "));
                let message = format!("`{word}` is nothing that can go wrong with an upstream");
                reader.note(codes::BAD_CHOICE, message, node.span(), Some(help));
            }
            return class.map(|class| Self::Fault(Fault::sent(class, "the test says so")));
        }
        if let Some(protocol) = native {
            return native::reply(reader, node, protocol).map(Self::Message);
        }
        http_answer(reader, node).map(Self::Http)
    }
}

fn http_answer(reader: &mut Reader, node: &Node<'_>) -> Option<HttpAnswer> {
    let section = reader.section("`answer`", node)?;
    section.only(reader, &["status", "headers", "json", "body"]);
    let status = section.get("status").map(|node| status(reader, node));
    let mut headers = section
        .get("headers")
        .map_or_else(|| Some(HeaderMap::new()), |node| headers(reader, node))?;
    let mut body = Bytes::new();
    if let Some(node) = section.get("json") {
        body = reader.json(node)?.to_string().into();
        headers
            .entry(CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
    }
    if let Some(node) = section.get("body") {
        if section.get("json").is_some() {
            let message = "an answer has `json` or `body`, not both";
            reader.note(codes::EXACTLY_ONE, message, node.span(), None);
        }
        body = reader.bytes(node)?.into();
    }
    Some(HttpAnswer {
        status: if_given(status)?.unwrap_or(StatusCode::OK),
        headers,
        body: body.into(),
    })
}

pub(super) fn status(reader: &mut Reader, node: &Node<'_>) -> Option<StatusCode> {
    let number = reader.json(node)?.as_u64();
    let status = number
        .and_then(|number| u16::try_from(number).ok())
        .and_then(|number| StatusCode::from_u16(number).ok());
    if status.is_none() {
        reader.expected("a status from 100 to 999", node);
    }
    status
}

fn headers(reader: &mut Reader, node: &Node<'_>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, span, node) in reader.section("`headers`", node)?.entries() {
        let value = HeaderValue::from_str(reader.text(node)?);
        match (name.parse::<HeaderName>(), value) {
            (Ok(name), Ok(value)) => {
                headers.append(name, value);
            }
            (Err(_), _) | (_, Err(_)) => {
                reader.note(codes::BAD_NAME, "this is no HTTP header", span, None);
            }
        }
    }
    Some(headers)
}
