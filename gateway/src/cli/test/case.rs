//! A test file's cases: what is sent, what should go upstream, what comes back, what is expected.

use super::native;
use super::play;
use super::reader::{Node, Reader, Section, if_given};
use super::response::Response;
use super::upstream::{Answer, Upstream};
use super::web;
use bytes::Bytes;
use gatewright_config::plan::{ListenerPlan, Plan, Service};
use gatewright_config::{Diagnostic, SourceFile, codes};
use gatewright_core::codec::Protocol;
use gatewright_core::message::Message;
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
    pub(super) send: Send,
    pub(super) upstream: Option<Upstream>,
    pub(super) answer: Option<Answer>,
    pub(super) expect: Option<Expect>,
}

/// What a client sends.
#[derive(Debug)]
pub(super) enum Send {
    /// These bytes.
    Bytes(Bytes),
    /// A request of HTTP, in whatever version.
    Request(Message),
}

impl Send {
    /// The bytes, if it is said which.
    pub(super) const fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Request(_) => None,
        }
    }
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
    /// A response of HTTP.
    Response(Response),
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
    if items.is_empty() {
        reader.note(codes::EMPTY, "there is no test", node.span(), None);
    }
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
    if section.get("upstream").is_none() && section.get("expect").is_none() {
        let help = "what should go upstream is `upstream`, what comes back is `expect`".to_owned();
        let message = "this test expects nothing";
        reader.note(codes::EXPECTS_NOTHING, message, node.span(), Some(help));
    }
    let to = section.require(reader, "to");
    let send = section.require(reader, "send");
    let (index, listener) = to.and_then(|node| find_listener(reader, node, plan))?;
    if listener.service == Service::Relay {
        let message = format!("listener `{}` relays bytes", listener.name);
        let help = "there are no messages to test".to_owned();
        reader.note(codes::BAD_TEST_MESSAGE, message, to?.span(), Some(help));
        return None;
    }
    let expect = section
        .get("expect")
        .map(|node| expect(reader, node, &listener.protocol));
    let send = send.and_then(|node| {
        let send = self::send(reader, node, &listener.protocol)?;
        if let Some(message) = play::excess(listener, &send) {
            reader.note(codes::BAD_TEST_MESSAGE, message, node.span(), None);
        }
        Some(send)
    });
    // What goes upstream and comes back is a request and an answer, or messages of a protocol.
    let native = send
        .as_ref()
        .and_then(|send| play::upstream_protocol(listener, send));
    let upstream = section.get("upstream");
    let upstream = upstream.map(|node| Upstream::read(reader, node, native));
    let answer = section.get("answer");
    let answer = answer.map(|node| Answer::read(reader, node, native));
    Some(Case {
        name: name?.to_owned(),
        line: reader.source.line_column(node.span().start).line,
        listener: index,
        send: send?,
        upstream: if_given(upstream)?,
        answer: if_given(answer)?,
        expect: if_given(expect)?,
    })
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

fn send(reader: &mut Reader, node: &Node<'_>, protocol: &Arc<dyn Protocol>) -> Option<Send> {
    match &protocol.descriptor().http {
        Some(shape) => web::request(reader, node, protocol.descriptor(), shape).map(Send::Request),
        None => bytes(reader, node, protocol).map(Send::Bytes),
    }
}

fn bytes(reader: &mut Reader, node: &Node<'_>, protocol: &Arc<dyn Protocol>) -> Option<Bytes> {
    if let Some(bytes) = hex_of(reader, node) {
        return bytes;
    }
    let json = reader.json(node)?;
    native::frame(reader, node, protocol, &json)
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
    if protocol.descriptor().http.is_some() {
        return Response::read(reader, node).map(Expect::Response);
    }
    if let Some(bytes) = hex_of(reader, node) {
        return bytes.map(Expect::Bytes);
    }
    native::fields(reader, node, protocol.descriptor()).map(Expect::Message)
}
