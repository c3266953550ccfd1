//! The parts of an HTTP request, by the names that HTTP has for them.

use super::{name, unknown};
use crate::codec::{HttpShape, Type};
use crate::expr::suggest::{did_you_mean, nearest};
use crate::expr::{EvalError, NameError, Problem, Step};
use crate::message::headers::Header;
use crate::message::{Headers, Message, Slot, Value};
use crate::route::pattern::{Captured, Path, Pattern, form_decoded};
use crate::translate::json::Paths;
use bytestring::ByteString;
use http::HeaderName;
use http::header::{COOKIE, HOST, SET_COOKIE};
use smallvec::SmallVec;

/// What a rule can name of a request.
const NAMES: [&str; 12] = [
    "method", "host", "path", "query", "headers", "json", "body", "peer", "client", "conn",
    "listener", "trace",
];

/// One of these parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpPart {
    /// `method`.
    Method,
    /// `host`: the authority without its port, in lower case.
    Host,
    /// `path`: as it came.
    Path,
    /// `path.name`: what the route's pattern calls so, decoded.
    Captured(Captured),
    /// `query.name`: the first of that name, decoded.
    Query(Box<str>),
    /// `headers["x"]`.
    Header(HeaderName),
    /// `json.a.b`, by its place among the paths.
    Json(usize),
    /// `body`.
    Body,
}

/// A part, and how many steps of a path name it.
pub(super) type Named = Result<(HttpPart, usize), NameError>;

impl HttpPart {
    /// The part that a path starts with, if its first step names one.
    pub(super) fn resolve(
        path: &[Step<'_>],
        pattern: Option<&Pattern>,
        json: &mut Paths,
    ) -> Option<Named> {
        Some(match name(path.first())? {
            "method" => Ok((Self::Method, 1)),
            "host" => Ok((Self::Host, 1)),
            "body" => Ok((Self::Body, 1)),
            "path" => match key(path.get(1)) {
                None => Ok((Self::Path, 1)),
                Some(part) => captured(part, pattern).map(|found| (Self::Captured(found), 2)),
            },
            "query" => match key(path.get(1)) {
                None => Err(no_value("query", "name a parameter: `query.page`")),
                Some(parameter) => Ok((Self::Query(parameter.into()), 2)),
            },
            "headers" => header(path).map(|found| (Self::Header(found), 2)),
            "json" => {
                let at = json.intern(path.get(1..).unwrap_or_default());
                Ok((Self::Json(at), path.len()))
            }
            _ => return None,
        })
    }

    /// Whether a path is `path` and what the route's pattern calls a part of it.
    pub(super) fn is_captured(path: &[Step<'_>], pattern: Option<&Pattern>) -> bool {
        let [Step::Name("path"), part] = path else {
            return false;
        };
        let part = key(Some(part)).zip(pattern);
        part.is_some_and(|(part, pattern)| pattern.find(part).is_some())
    }

    /// Whether a name is one of a part.
    pub(super) fn is_named(first: &str) -> bool {
        let parts = ["method", "host", "path", "query", "headers", "json", "body"];
        parts.contains(&first)
    }

    pub(super) const fn ty(&self) -> Type {
        match self {
            Self::Json(_) => Type::Any,
            Self::Body => Type::BYTES,
            Self::Method | Self::Host | Self::Path => Type::STR,
            Self::Captured(_) | Self::Query(_) | Self::Header(_) => Type::STR,
        }
    }

    /// Whether its values tell who somebody is, and are kept out of logs and tables.
    pub(super) fn is_secret(&self) -> bool {
        let secret = ["authorization", "proxy-authorization", "cookie"];
        matches!(self, Self::Header(name) if secret.contains(&name.as_str()))
    }

    /// The field that it is read from; a payload is no field.
    pub(super) const fn slot(&self, shape: &HttpShape) -> Option<Slot> {
        match self {
            Self::Method => Some(shape.method),
            Self::Host => Some(shape.authority),
            Self::Path | Self::Captured(_) | Self::Query(_) => Some(shape.target),
            Self::Header(_) => Some(shape.request_headers),
            Self::Json(_) | Self::Body => None,
        }
    }

    /// Its value, but for JSON, which is read once for all.
    pub(super) fn value(&self, shape: &HttpShape, message: &Message) -> Result<Value, EvalError> {
        match self {
            Self::Method => Ok(message.field(shape.method).clone()),
            Self::Host => Ok(host(message.field(shape.authority))),
            Self::Path => Ok(target(shape, message).map_or(Value::Null, whole_path)),
            Self::Captured(captured) => {
                let path = target(shape, message).and_then(Path::of);
                let part = path.and_then(|path| path.get(*captured));
                Ok(part.map_or(Value::Null, Value::Str))
            }
            Self::Query(name) => query(target(shape, message), name),
            Self::Header(name) => Ok(joined(message.field(shape.request_headers), name)),
            Self::Body => payload(message).map(Value::Bytes),
            Self::Json(_) => Ok(Value::Null),
        }
    }
}

/// A message's payload, which is there whole when rules are asked.
pub(super) fn payload(message: &Message) -> Result<bytes::Bytes, EvalError> {
    let missing = || EvalError::new(Problem::Unavailable, "the request's body is not there");
    message.body().whole().ok_or_else(missing)
}

/// The error of a name that is none in a rule for requests.
pub(super) fn no_name(first: &str) -> NameError {
    let help = nearest(first, NAMES).map(|name| format!("did you mean `{name}`?"));
    let message = format!("there is no `{first}` in a request of HTTP");
    unknown(0, message, help)
}

const fn key<'a>(step: Option<&Step<'a>>) -> Option<&'a str> {
    match step {
        Some(Step::Name(name) | Step::Key(name)) => Some(name),
        Some(Step::Index(_)) | None => None,
    }
}

fn no_value(what: &str, help: &str) -> NameError {
    let message = format!("`{what}` has no value of its own");
    unknown(0, message, Some(help.to_owned()))
}

fn captured(part: &str, pattern: Option<&Pattern>) -> Result<Captured, NameError> {
    let names = || pattern.into_iter().flat_map(Pattern::names);
    pattern
        .and_then(|pattern| pattern.find(part))
        .ok_or_else(|| {
            let message = format!("the route's path has no part `{part}`");
            let help = did_you_mean(part, names());
            let help =
                help.unwrap_or_else(|| format!("name it in `operation`: `GET /v1/{{{part}}}`"));
            unknown(1, message, Some(help))
        })
}

fn header(path: &[Step<'_>]) -> Result<HeaderName, NameError> {
    let Some(Step::Key(key)) = path.get(1) else {
        return Err(no_value("headers", "name one: `headers[\"content-type\"]`"));
    };
    let name = HeaderName::from_bytes(key.as_bytes())
        .map_err(|_| unknown(1, format!("`{key}` cannot be the name of a header"), None))?;
    if name == HOST {
        let help = Some("write `host`".to_owned());
        return Err(unknown(
            1,
            "`host` is not among the headers".to_owned(),
            help,
        ));
    }
    Ok(name)
}

fn target<'m>(shape: &HttpShape, message: &'m Message) -> Option<&'m ByteString> {
    match message.field(shape.target) {
        Value::Str(target) => Some(target),
        _ => None,
    }
}

fn whole_path(target: &ByteString) -> Value {
    let path = target.split_once('?').map_or(&**target, |(path, _)| path);
    Value::Str(target.slice_ref(path))
}

/// An authority's host: what stands before the port (RFC 3986, section 3.2).
fn host(authority: &Value) -> Value {
    let Value::Str(authority) = authority else {
        return Value::Null;
    };
    let end = match authority.rfind(':') {
        Some(colon) if !authority[colon..].contains(']') => colon,
        Some(_) | None => authority.len(),
    };
    let host = &authority[..end];
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Value::Str(host.to_ascii_lowercase().into());
    }
    Value::Str(authority.slice_ref(host))
}

/// The first parameter of that name. Names that cannot be decoded are no names.
fn query(target: Option<&ByteString>, name: &str) -> Result<Value, EvalError> {
    let query = target.and_then(|target| Some((target, target.split_once('?')?.1)));
    let Some((target, query)) = query else {
        return Ok(Value::Null);
    };
    for parameter in query.split('&') {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        if form_decoded(target, key).is_some_and(|key| *key == *name) {
            let unreadable =
                || EvalError::new(Problem::Unreadable, "a parameter of the query is not text");
            return (form_decoded(target, value).map(Value::Str)).ok_or_else(unreadable);
        }
    }
    Ok(Value::Null)
}

/// The values of the header fields of that name as one (RFC 9110, section 5.3). Cookies that were
/// split are joined with semicolons (RFC 9113, section 8.2.3), and those that are set stay apart.
fn joined(headers: &Value, name: &HeaderName) -> Value {
    let values = match headers {
        Value::Headers(headers) => of_fields(headers, name),
        other => of_records(other.as_list().unwrap_or_default(), name),
    };
    let Some(first) = values.first() else {
        return Value::Null;
    };
    if values.len() == 1 || *name == SET_COOKIE {
        return Value::Str(first.clone());
    }
    let between = if *name == COOKIE { "; " } else { ", " };
    Value::Str(values.join(between).into())
}

type Values = SmallVec<[ByteString; 1]>;

fn of_fields(headers: &Headers, name: &HeaderName) -> Values {
    let is_named = |header: &Header<'_>| header.name().eq_ignore_ascii_case(name.as_str());
    let fields = headers.iter().filter(is_named);
    fields.map(|header| header.shared_value()).collect()
}

fn of_records(records: &[Value], name: &HeaderName) -> Values {
    let value = |record: &Value| {
        let field = record.as_record()?;
        let given = field.get(HttpShape::NAME.index())?.as_str()?;
        let Value::Str(value) = field.get(HttpShape::VALUE.index())? else {
            return None;
        };
        (given.eq_ignore_ascii_case(name.as_str())).then(|| value.clone())
    };
    records.iter().filter_map(value).collect()
}
