//! The rules of a route: its request and its replies.

use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::keys::{Key, route as keys};
use crate::read::{Problem, Reader, Section, key_source, text_source};
use crate::tree::{Node, Table, Value};
use gatewright_core::expr::Source;
use gatewright_core::translate::{
    AmendSpec, BodySpec, HeadersSpec, HttpSpec, JsonSpec, LabelSpec, MessageSpec, ReplySpec,
    RequestSpec, ResponseSpec, SetSpec, no_request,
};
use http::Method;
use std::sync::Arc;

/// The request of a route; `None` if there is none that can be read, which is noted.
pub(super) fn request(reader: &mut Reader<'_>, route: &Section<'_>) -> Option<RequestSpec> {
    let section = route.section(reader, &keys::REQUEST);
    if section.node(&keys::REQUEST_SEND).is_some() || section.node(&keys::REQUEST_SET).is_some() {
        return message(reader, &section).map(RequestSpec::Message);
    }
    let headers = headers(reader, &section, &keys::HEADERS);
    let amend = amend(reader, &section, &keys::ADD_HEADERS, &keys::REMOVE_HEADERS);
    if is_amended(&section) {
        let headers = headers?;
        return Some(RequestSpec::Amended(HeadersSpec { headers, amend }));
    }
    let body = body(reader, &section, &keys::JSON, &keys::BODY);
    let (method, target) = target(reader, &section)?;
    let others = [&keys::ADD_HEADERS, &keys::REMOVE_HEADERS];
    if let Some(other) = others.into_iter().find(|key| section.node(key).is_some()) {
        let made = METHODS.iter().find(|(key, _)| section.node(key).is_some());
        made.into_iter()
            .for_each(|(key, _)| excluded(reader, &section, key, other));
    }
    Some(RequestSpec::Http(HttpSpec {
        method,
        target,
        headers: headers?,
        body: body?,
    }))
}

/// Whether only header fields are changed, in a request that is handed on.
fn is_amended(section: &Section<'_>) -> bool {
    let has = |key: &&Key| section.node(key).is_some();
    let mut made = METHODS
        .iter()
        .map(|(key, _)| *key)
        .chain([&keys::JSON, &keys::BODY]);
    let changed = [&keys::HEADERS, &keys::ADD_HEADERS, &keys::REMOVE_HEADERS];
    changed.iter().any(has) && !made.any(|key| has(&key))
}

/// What only HTTP requests have.
const OF_HTTP: [&Key; 11] = [
    &keys::GET,
    &keys::POST,
    &keys::PUT,
    &keys::PATCH,
    &keys::DELETE,
    &keys::HEAD,
    &keys::HEADERS,
    &keys::ADD_HEADERS,
    &keys::REMOVE_HEADERS,
    &keys::JSON,
    &keys::BODY,
];

/// How a request begins that is made here.
const METHODS: [(&Key, Method); 6] = [
    (&keys::GET, Method::GET),
    (&keys::POST, Method::POST),
    (&keys::PUT, Method::PUT),
    (&keys::PATCH, Method::PATCH),
    (&keys::DELETE, Method::DELETE),
    (&keys::HEAD, Method::HEAD),
];

fn message(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<MessageSpec> {
    let set = set(reader, section, &keys::REQUEST_SET);
    let (given, first) = match section.node(&keys::REQUEST_SEND) {
        Some(_) => (
            section.source(reader, &keys::REQUEST_SEND),
            &keys::REQUEST_SEND,
        ),
        None => (None, &keys::REQUEST_SET),
    };
    let mut excluded = OF_HTTP.iter().filter(|key| section.node(key).is_some());
    if let Some(other) = excluded.next() {
        self::excluded(reader, section, first, other);
        return None;
    }
    if section.node(&keys::REQUEST_SEND).is_none() {
        let problem = Problem::new(codes::MISSING_KEY, "`set` without an operation to `send`");
        let place = section.node(&keys::REQUEST_SET)?.span.clone();
        reader.problem(problem.help("add `request.send = \"OPERATION\"`"), place);
    }
    Some(MessageSpec { send: given?, set })
}

fn target(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<(Method, Source)> {
    let mut given = METHODS
        .into_iter()
        .filter(|(key, _)| section.node(key).is_some());
    let Some((key, method)) = given.next() else {
        if section.is_refused() {
            return None;
        }
        let error = no_request(section.place().clone());
        let source = Arc::clone(&reader.source);
        reader.note(Diagnostic::rule(Severity::Error, error, source));
        return None;
    };
    let target = section.source(reader, key)?;
    if let Some((other, _)) = given.next() {
        excluded(reader, section, key, other);
        return None;
    }
    Some((method, target))
}

/// Notes that `other` may not stand beside `key`.
fn excluded(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key, other: &Key) {
    let Some(node) = section.node(other) else {
        return;
    };
    let message = format!("`{}` and `{}` exclude each other", key.name(), other.name());
    reader.problem(
        Problem::new(codes::EXACTLY_ONE, message).help("keep one of them"),
        node.span.clone(),
    );
}

fn headers(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    key: &Key,
) -> Option<Vec<(Source, Source)>> {
    let Some(node) = section.node(key) else {
        return Some(Vec::new());
    };
    let Value::Table(table) = &node.value else {
        let problem = Problem::wrong_type(key.name(), &key.kind.describe(), node);
        reader.problem(problem, node.span.clone());
        return None;
    };
    let mut headers = Vec::with_capacity(table.entries.len());
    for entry in &table.entries {
        let Value::Text(text) = &entry.node.value else {
            let problem = Problem::wrong_type(&entry.key, "a template, in a string", &entry.node);
            reader.problem(problem, entry.node.span.clone());
            continue;
        };
        headers.push((
            key_source(reader, entry),
            text_source(reader, text, &entry.node.span),
        ));
    }
    Some(headers)
}

/// How header fields of what is handed on are changed beside those that are set.
fn amend(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    add: &Key,
    remove: &Key,
) -> Option<AmendSpec> {
    let first = section.node(add).or_else(|| section.node(remove))?;
    let added = headers(reader, section, add).unwrap_or_default();
    let removed = section.texts(reader, remove).into_iter();
    let removed = removed.map(|name| text_source(reader, &name.value, &name.span));
    Some(AmendSpec {
        add: added,
        remove: removed.collect(),
        span: first.span.clone(),
    })
}

fn body(
    reader: &mut Reader<'_>,
    section: &Section<'_>,
    document: &Key,
    bytes: &'static Key,
) -> Option<BodySpec> {
    match (section.node(document), section.node(bytes)) {
        (None, None) => Some(BodySpec::Empty),
        (Some(node), None) => json(reader, node).map(BodySpec::Json),
        (None, Some(_)) => section.source(reader, bytes).map(BodySpec::Bytes),
        (Some(_), Some(_)) => {
            excluded(reader, section, document, bytes);
            None
        }
    }
}

fn json(reader: &mut Reader<'_>, node: &Node) -> Option<JsonSpec> {
    match &node.value {
        Value::Text(text) => Some(JsonSpec::Template(text_source(reader, text, &node.span))),
        Value::Integer(Some(number)) => Some(JsonSpec::Int(*number)),
        Value::Float(Some(number)) if number.is_finite() => Some(JsonSpec::Float(*number)),
        Value::Flag(flag) => Some(JsonSpec::Bool(*flag)),
        Value::List(items) => items
            .iter()
            .map(|item| json(reader, item))
            .collect::<Option<_>>()
            .map(JsonSpec::Array),
        Value::Table(table) => {
            let mut members = Vec::with_capacity(table.entries.len());
            for entry in &table.entries {
                members.push((key_source(reader, entry), json(reader, &entry.node)?));
            }
            Some(JsonSpec::Object(members))
        }
        Value::Integer(None) | Value::Float(_) | Value::Time => {
            not_in_json(reader, node);
            None
        }
    }
}

fn not_in_json(reader: &mut Reader<'_>, node: &Node) {
    let problem = Problem::new(
        codes::NO_JSON,
        format!("{} of this kind has no place in JSON", node.value.kind()),
    );
    reader.problem(problem.help("write it as text"), node.span.clone());
}

/// The reply rules of a route, in their order.
pub(super) fn replies(reader: &mut Reader<'_>, route: &Section<'_>) -> Vec<ReplySpec> {
    let mut replies = Vec::new();
    for (section, span) in route.tables(reader, &keys::REPLY) {
        let on = section.source(reader, &keys::ON);
        let when = section.source(reader, &keys::REPLY_WHEN);
        let send = section.source(reader, &keys::SEND);
        let set = set(reader, &section, &keys::SET);
        let bytes = section.source(reader, &keys::BYTES);
        let response = response(reader, &section);
        let (add, remove) = (&keys::REPLY_ADD_HEADERS, &keys::REPLY_REMOVE_HEADERS);
        let amend = amend(reader, &section, add, remove);
        let label = LabelSpec {
            event: section.source(reader, &keys::EVENT),
            id: section.source(reader, &keys::EVENT_ID),
        };
        replies.extend(on.map(|on| ReplySpec {
            on,
            when,
            send,
            set,
            bytes,
            response,
            amend,
            label,
            span,
        }));
    }
    replies
}

/// What clients get that speak HTTP, if a rule says so. What cannot be read of it is noted.
fn response(reader: &mut Reader<'_>, section: &Section<'_>) -> Option<ResponseSpec> {
    let keys = [
        &keys::STATUS,
        &keys::REPLY_HEADERS,
        &keys::REPLY_JSON,
        &keys::REPLY_BODY,
    ];
    let first = keys.into_iter().find_map(|key| section.node(key))?;
    let status = section.node(&keys::STATUS);
    Some(ResponseSpec {
        status: status.and_then(|node| set_value(reader, keys::STATUS.name(), node)),
        headers: headers(reader, section, &keys::REPLY_HEADERS).unwrap_or_default(),
        body: body(reader, section, &keys::REPLY_JSON, &keys::REPLY_BODY)
            .unwrap_or(BodySpec::Empty),
        span: first.span.clone(),
    })
}

/// The values of the fields of a message.
fn set(reader: &mut Reader<'_>, section: &Section<'_>, key: &Key) -> Vec<(Source, SetSpec)> {
    let Some(node) = section.node(key) else {
        return Vec::new();
    };
    let Value::Table(table) = &node.value else {
        let problem = Problem::wrong_type(key.name(), &key.kind.describe(), node);
        reader.problem(problem, node.span.clone());
        return Vec::new();
    };
    fields(reader, table)
}

fn fields(reader: &mut Reader<'_>, table: &Table) -> Vec<(Source, SetSpec)> {
    let mut fields = Vec::with_capacity(table.entries.len());
    for entry in &table.entries {
        if let Some(value) = set_value(reader, &entry.key, &entry.node) {
            fields.push((key_source(reader, entry), value));
        }
    }
    fields
}

pub(super) fn set_value(reader: &mut Reader<'_>, field: &str, node: &Node) -> Option<SetSpec> {
    let span = node.span.clone();
    match &node.value {
        Value::Text(text) => Some(SetSpec::Template(text_source(reader, text, &span))),
        Value::Integer(Some(number)) => Some(SetSpec::Int(*number, span)),
        Value::Float(Some(number)) => Some(SetSpec::Float(*number, span)),
        Value::Flag(flag) => Some(SetSpec::Bool(*flag, span)),
        Value::List(items) => {
            let values = items.iter().map(|item| set_value(reader, field, item));
            let values: Vec<_> = values.collect();
            let values = values.into_iter().collect::<Option<_>>()?;
            Some(SetSpec::List(values, span))
        }
        Value::Table(table) => Some(SetSpec::Table(fields(reader, table), span)),
        Value::Integer(None) | Value::Float(None) | Value::Time => {
            let takes = "a template, a number, a boolean, or a list or table of such";
            reader.problem(Problem::wrong_type(field, takes, node), span);
            None
        }
    }
}
