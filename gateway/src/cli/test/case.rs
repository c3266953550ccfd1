//! A test file's cases: what is sent, what should go upstream, what comes back, what is expected.

use super::expected;
use super::reader::{Node, Reader, Section};
use crate::cli::messages;
use bytes::Bytes;
use gatewright_config::plan::{ListenerPlan, Plan};
use gatewright_config::{Diagnostic, SourceFile, codes};
use gatewright_core::codec::Protocol;
use gatewright_core::codec::json::from_json;
use gatewright_core::fault::{Fault, FaultClass};
use gatewright_core::translate::HttpAnswer;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value as Json;
use std::sync::Arc;
use toml::de::DeTable;

/// One test.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    /// Where it stands in its file, from 1.
    pub(super) line: usize,
    /// The listener, by its index in the plan.
    pub(super) listener: usize,
    /// The bytes that a client sends.
    pub(super) send: Bytes,
    pub(super) upstream: Option<Upstream>,
    pub(super) answer: Option<Answer>,
    pub(super) expect: Option<Expect>,
}

/// The request that should go upstream. What is not given may be anything.
#[derive(Debug, Default)]
pub(super) struct Upstream {
    pub(super) request: Option<(Method, String)>,
    pub(super) headers: Vec<(String, String)>,
    /// What the body should have, among other things.
    pub(super) json: Option<Json>,
    pub(super) body: Option<Bytes>,
}

/// What the upstream does.
#[derive(Debug)]
pub(super) enum Answer {
    Http(HttpAnswer),
    Fault(Fault),
}

/// What the client should get.
#[derive(Debug)]
pub(super) enum Expect {
    /// The end of the connection.
    Closed,
    /// Exactly these bytes.
    Bytes(Bytes),
    /// A message with these fields, among others.
    Message(Json),
}

/// Reads a test file against the configuration that it tests.
///
/// # Errors
/// All that is wrong with it.
pub(super) fn read(source: &Arc<SourceFile>, plan: &Plan) -> Result<Vec<Case>, Vec<Diagnostic>> {
    let mut reader = Reader {
        source: Arc::clone(source),
        found: Vec::new(),
    };
    let (document, errors) = DeTable::parse_recoverable(source.text());
    for error in errors {
        let end = source.text().len();
        let span = error.span().unwrap_or(end..end);
        reader.note(codes::SYNTAX, error.message(), span, None);
    }
    let mut cases = Vec::new();
    if reader.found.is_empty() {
        cases = read_cases(&mut reader, &Section::document(document.get_ref()), plan);
    }
    if reader.found.is_empty() {
        return Ok(cases);
    }
    let start = |found: &Diagnostic| found.place.as_ref().map(|place| place.span.start);
    reader.found.sort_by_key(start);
    Err(reader.found)
}

fn read_cases(reader: &mut Reader, document: &Section<'_>, plan: &Plan) -> Vec<Case> {
    document.only(reader, &["test"]);
    let Some(node) = document.require(reader, "test") else {
        return Vec::new();
    };
    let Some(items) = node.get_ref().as_array() else {
        reader.expected("a list of tables, written as [[test]]", node);
        return Vec::new();
    };
    let mut cases = Vec::with_capacity(items.len());
    for item in items.iter() {
        let section = reader.section("a test", item);
        cases.extend(section.and_then(|section| read_case(reader, item, &section, plan)));
    }
    cases
}

fn read_case(
    reader: &mut Reader,
    node: &Node<'_>,
    section: &Section<'_>,
    plan: &Plan,
) -> Option<Case> {
    section.only(
        reader,
        &["name", "to", "send", "upstream", "answer", "expect"],
    );
    let name = section.require(reader, "name");
    let name = name.and_then(|node| reader.text(node));
    let upstream = section.get("upstream").map(|node| upstream(reader, node));
    let answer = section.get("answer").map(|node| answer(reader, node));
    if section.get("upstream").is_none() && section.get("expect").is_none() {
        let help = "what should go upstream is `upstream`, what comes back is `expect`".to_owned();
        let message = "this test expects nothing";
        reader.note(codes::EXPECTS_NOTHING, message, node.span(), Some(help));
    }
    let to = section.require(reader, "to");
    let send = section.require(reader, "send");
    let (index, listener) = to.and_then(|node| find_listener(reader, node, plan))?;
    let expect = section
        .get("expect")
        .map(|node| expect(reader, node, &listener.protocol));
    Some(Case {
        name: name?.to_owned(),
        line: reader.source.line_column(node.span().start).line,
        listener: index,
        send: self::send(reader, send?, &listener.protocol)?,
        upstream: transpose(upstream)?,
        answer: transpose(answer)?,
        expect: transpose(expect)?,
    })
}

/// Absent is well; there but unreadable is not.
fn transpose<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

fn find_listener<'p>(
    reader: &mut Reader,
    node: &Node<'_>,
    plan: &'p Plan,
) -> Option<(usize, &'p ListenerPlan)> {
    let name = reader.text(node)?;
    let mut listeners = plan.listeners.iter().enumerate();
    let found = listeners.find(|(_, listener)| *listener.name == *name);
    if found.is_none() {
        let names: Vec<&str> = plan.listeners.iter().map(|l| &*l.name).collect();
        let message = format!("there is no listener `{name}`");
        let help = format!("there is {}", names.join(", "));
        reader.note(codes::UNKNOWN_NAME, message, node.span(), Some(help));
    }
    found
}

fn send(reader: &mut Reader, node: &Node<'_>, protocol: &Arc<dyn Protocol>) -> Option<Bytes> {
    if let Some(bytes) = hex_of(reader, node) {
        return bytes;
    }
    let json = reader.json(node)?;
    let written = from_json(protocol.descriptor(), &json)
        .map_err(|error| error.to_string())
        .and_then(|message| messages::write(protocol, &message).map_err(|error| error.to_string()));
    match written {
        Ok(frame) => Some(frame.freeze()),
        Err(error) => {
            reader.note(codes::BAD_TEST_MESSAGE, error, node.span(), None);
            None
        }
    }
}

/// The bytes of `{ hex = "…" }`, if it is that; an operation's value is a table.
fn hex_of(reader: &mut Reader, node: &Node<'_>) -> Option<Option<Bytes>> {
    let hex = node.get_ref().as_table()?.get("hex")?;
    hex.get_ref().as_str()?;
    Some(reader.hex(hex).map(Bytes::from))
}

fn expect(reader: &mut Reader, node: &Node<'_>, protocol: &Arc<dyn Protocol>) -> Option<Expect> {
    if let Some(word) = node.get_ref().as_str() {
        if word != "closed" {
            reader.expected("a message, hexadecimal digits or \"closed\"", node);
            return None;
        }
        return Some(Expect::Closed);
    }
    if let Some(bytes) = hex_of(reader, node) {
        return bytes.map(Expect::Bytes);
    }
    let json = reader.json(node)?;
    match expected::normalise(protocol.descriptor(), json) {
        Ok(json) => Some(Expect::Message(json)),
        Err(error) => {
            reader.note(codes::BAD_TEST_MESSAGE, error, node.span(), None);
            None
        }
    }
}

const METHODS: [(&str, Method); 6] = [
    ("get", Method::GET),
    ("post", Method::POST),
    ("put", Method::PUT),
    ("patch", Method::PATCH),
    ("delete", Method::DELETE),
    ("head", Method::HEAD),
];

fn upstream(reader: &mut Reader, node: &Node<'_>) -> Option<Upstream> {
    let section = reader.section("`upstream`", node)?;
    let mut known: Vec<&str> = METHODS.iter().map(|(name, _)| *name).collect();
    known.extend(["headers", "json", "body"]);
    section.only(reader, &known);
    let mut upstream = Upstream::default();
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
    if let Some(node) = section.get("headers") {
        for (name, _, node) in reader.section("`headers`", node)?.entries() {
            let value = reader.text(node)?.to_owned();
            upstream.headers.push((name.to_ascii_lowercase(), value));
        }
    }
    if let Some(node) = section.get("json") {
        upstream.json = Some(reader.json(node)?);
    }
    if let Some(node) = section.get("body") {
        upstream.body = Some(reader.bytes(node)?.into());
    }
    Some(upstream)
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

fn answer(reader: &mut Reader, node: &Node<'_>) -> Option<Answer> {
    if let Some(word) = node.get_ref().as_str() {
        let class = FAULTS.into_iter().find(|class| class.as_str() == word);
        if class.is_none() {
            let help = format!("there is {}", FAULTS.map(FaultClass::as_str).join(", "));
            let message = format!("`{word}` is nothing that can go wrong with an upstream");
            reader.note(codes::BAD_CHOICE, message, node.span(), Some(help));
        }
        return class.map(|class| Answer::Fault(Fault::sent(class, "the test says so")));
    }
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
    Some(Answer::Http(HttpAnswer {
        status: transpose(status)?.unwrap_or(StatusCode::OK),
        headers,
        body,
    }))
}

fn status(reader: &mut Reader, node: &Node<'_>) -> Option<StatusCode> {
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
