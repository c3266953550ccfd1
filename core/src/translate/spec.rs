//! A route's rules as typed, with their places in the file.

use crate::expr::{Source, Span};
use std::time::Duration;

/// One route, as typed.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteSpec {
    /// Its name, if it has one.
    pub name: Option<Source>,
    /// The operation it takes, or of HTTP the methods and the path; all requests of the protocol if
    /// it names none.
    pub operation: Option<Source>,
    /// A condition on the message, beside the operation.
    pub when: Option<Source>,
    /// What goes upstream. A route that relays bytes has none.
    pub request: Option<RequestSpec>,
    /// What comes back, first match first.
    pub replies: Vec<ReplySpec>,
    /// Where it is said that the client gets all that the upstream says, if so.
    pub events: Option<Span>,
    /// How long a client of events is to wait before it comes back.
    pub reconnect: Option<Duration>,
    /// All of it in the file.
    pub span: Span,
}

/// What a message becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestSpec {
    /// An HTTP request.
    Http(HttpSpec),
    /// A message of the upstream's protocol.
    Message(MessageSpec),
    /// The same request with other header fields.
    Amended(HeadersSpec),
}

/// How the header fields of a request are changed that is handed on.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadersSpec {
    /// Literal names, and templates of the values that take the place of those that are there.
    pub headers: Vec<(Source, Source)>,
    /// What else is changed.
    pub amend: Option<AmendSpec>,
}

/// How header fields of what is handed on are changed beside those that are set.
#[derive(Clone, Debug, PartialEq)]
pub struct AmendSpec {
    /// Literal names, and templates of the values that come beside those that are there.
    pub add: Vec<(Source, Source)>,
    /// Names of fields that end here.
    pub remove: Vec<Source>,
    /// Where the first of these is named in the file.
    pub span: Span,
}

/// A message with values for its fields.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageSpec {
    /// Its operation.
    pub send: Source,
    /// Values of its fields.
    pub set: Vec<(Source, SetSpec)>,
}

/// How a message becomes an HTTP request.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpSpec {
    /// The method.
    pub method: http::Method,
    /// Template of the path and, after a `?`, of the query.
    pub target: Source,
    /// Literal names and templates of their values.
    pub headers: Vec<(Source, Source)>,
    /// The payload.
    pub body: BodySpec,
}

/// The payload of an HTTP request.
#[derive(Clone, Debug, PartialEq)]
pub enum BodySpec {
    /// None.
    Empty,
    /// A JSON document.
    Json(JsonSpec),
    /// A template for text, or one expression of type bytes.
    Bytes(Source),
}

/// A JSON document with templates in it.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonSpec {
    /// An object; its keys are literal.
    Object(Vec<(Source, Self)>),
    /// An array.
    Array(Vec<Self>),
    /// A string, or whatever type the expression of `"{expr}"` has.
    Template(Source),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A truth value.
    Bool(bool),
}

/// One way in which an outcome becomes a native reply.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplySpec {
    /// Which outcomes: `200`, `2xx`, or the operation of the upstream's reply; the name of a fault
    /// such as `timeout`; or `*`.
    pub on: Source,
    /// A condition on top.
    pub when: Option<Source>,
    /// The operation of the reply.
    pub send: Option<Source>,
    /// Values of its fields.
    pub set: Vec<(Source, SetSpec)>,
    /// Instead of `send`: an expression whose bytes are the reply.
    pub bytes: Option<Source>,
    /// What clients get that speak HTTP.
    pub response: Option<ResponseSpec>,
    /// What becomes of the header fields of an answer that is handed on, beside the response's.
    pub amend: Option<AmendSpec>,
    /// What an event is called.
    pub label: LabelSpec,
    /// All of it in the file.
    pub span: Span,
}

/// What a server-sent event is called: WHATWG HTML, 9.2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabelSpec {
    /// Template of its name.
    pub event: Option<Source>,
    /// Template of its id.
    pub id: Option<Source>,
}

/// The response to an HTTP request.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseSpec {
    /// Its status.
    pub status: Option<SetSpec>,
    /// Literal names and templates of their values.
    pub headers: Vec<(Source, Source)>,
    /// The payload.
    pub body: BodySpec,
    /// Where the first of these is named in the file.
    pub span: Span,
}

/// The value that a rule gives to a field.
#[derive(Clone, Debug, PartialEq)]
pub enum SetSpec {
    /// A template.
    Template(Source),
    /// Text as it is: for a field of text or bytes, or the label of an enum's value. It may be a
    /// secret, so that no error shows it.
    Text(String, Span),
    /// An integer.
    Int(i64, Span),
    /// A number.
    Float(f64, Span),
    /// A truth value.
    Bool(bool, Span),
    /// The elements of a list.
    List(Vec<Self>, Span),
    /// The fields of a structure.
    Table(Vec<(Source, Self)>, Span),
}

impl SetSpec {
    /// Its place in the file.
    #[must_use]
    pub const fn span(&self) -> &Span {
        match self {
            Self::Template(source) => source.span(),
            Self::Text(_, span)
            | Self::Int(_, span)
            | Self::Float(_, span)
            | Self::Bool(_, span)
            | Self::List(_, span)
            | Self::Table(_, span) => span,
        }
    }
}
