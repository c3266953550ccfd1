//! The scope of reply rules: the answer, what went wrong, and the request that is answered.

use super::answer::{self, Answers, Replying};
use super::http::HttpPart;
use super::{
    Fact, MessageEnv, MessageScope, Places, SecretScope, Subject, intern, name, names, place,
    plain, unknown,
};
use crate::codec::{Descriptor, EnumId, Type};
use crate::expr::suggest::nearest;
use crate::expr::{Binding, Env, EvalError, NameError, Problem, Scope, Step, Var};
use crate::fault::FaultClass;
use crate::message::{Slot, Value};
use crate::translate::json::{NotJson, Paths, Picked, extract};
use crate::translate::reply::On;
use crate::translate::{HttpAnswer, Outcome, codes};
use bytestring::ByteString;
use http::HeaderName;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

/// What rules can name beside the fields of an answer that is a message.
const BESIDE: [&str; 8] = [
    "status", "error", "request", "peer", "client", "conn", "listener", "trace",
];
const NAMES: [&str; 11] = [
    "status", "error", "request", "body", "headers", "json", "peer", "client", "conn", "listener",
    "trace",
];

/// Where a value is when a reply rule runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::translate) enum ReplyPlace {
    /// In the request or beside it, by its own variable.
    Request(Var),
    /// `status`: the answer's, 0 without one.
    Status,
    /// `error.kind`: the fault's name, empty if there was an answer.
    ErrorKind,
    /// `body`: empty without an answer.
    Body,
    /// `headers["x"]`: the first of that name.
    Header(HeaderName),
    /// `json.a.b`: null without an answer.
    Json(usize),
    /// A field of the upstream's reply.
    Field(Slot),
    /// A name of a rule that will never run.
    Nowhere,
}

/// The names of reply rules.
#[derive(Debug)]
pub(in crate::translate) struct ReplyScope<'a> {
    request: MessageScope<'a>,
    places: Vec<ReplyPlace>,
    paths: Paths,
    answers: Answers<'a>,
    replying: Replying,
}

impl<'a> ReplyScope<'a> {
    pub(in crate::translate) fn new(request: MessageScope<'a>, answers: Answers<'a>) -> Self {
        Self {
            request,
            places: Vec::new(),
            paths: Paths::default(),
            answers,
            replying: Replying::WithAnything,
        }
    }

    pub(in crate::translate) const fn answers(&self) -> Answers<'a> {
        self.answers
    }

    /// From here on, names are those of a rule for these outcomes; `None` if they are unknown.
    pub(in crate::translate) const fn answer_to(&mut self, on: Option<On>) {
        self.replying = Replying::of(on);
    }

    /// Whether the rule is for messages that are passed on as events.
    pub(in crate::translate) const fn answers_to_event(&self) -> bool {
        matches!(
            (self.answers, self.replying),
            (Answers::Events(_), Replying::With(_))
        )
    }

    /// What the variables of the rules and of the request mean, and the JSON paths.
    pub(in crate::translate) fn into_parts(self) -> (Box<[ReplyPlace]>, Places, Paths) {
        (self.places.into(), self.request.into_places(), self.paths)
    }

    fn bind(&mut self, place: ReplyPlace, ty: Type, used: usize) -> Binding {
        plain(intern(&mut self.places, place), ty, used)
    }

    /// A binding of the request's scope as one of this scope.
    fn outer(&mut self, inner: Binding) -> Binding {
        Binding {
            var: intern(&mut self.places, ReplyPlace::Request(inner.var)),
            ..inner
        }
    }

    fn request_field(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError> {
        let field = names(path.get(1..).unwrap_or_default());
        if field.is_empty() {
            let help = Some("name one of its fields: `request.FIELD`".to_owned());
            return Err(unknown(
                0,
                "`request` has no value of its own".to_owned(),
                help,
            ));
        }
        if let Some(part) = self.request.http_part(path.get(1..).unwrap_or_default()) {
            let shifted = |error: NameError| NameError {
                step: error.step + 1,
                ..error
            };
            let inner = part.map_err(shifted)?;
            let used = inner.used + 1;
            return Ok(self.outer(Binding { used, ..inner }));
        }
        let inner = match self.request.field(&field) {
            Some(found) => {
                let found = found.map_err(|error| NameError { step: 1, ..error })?;
                self.request.bind_field(found, 1)
            }
            None if *self.request.subject() == Subject::Unknown => {
                self.request.bind_nowhere(path.len())
            }
            None => {
                let error = self.request.no_field(&field, 1);
                return Err(error);
            }
        };
        Ok(self.outer(inner))
    }

    /// A field of the reply that the rule is for, which hides anything else of its name.
    fn answer_field(&mut self, path: &[Step<'_>]) -> Option<Binding> {
        let upstream = self.answers.upstream()?;
        let named = self.answers.field(&names(path), self.replying)?;
        let var = intern(&mut self.places, ReplyPlace::Field(named.slot));
        Some(answer::bind(var, named, upstream))
    }

    fn header(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError> {
        let Some(Step::Key(key)) = path.get(1) else {
            let help = Some("name one: `headers[\"content-type\"]`".to_owned());
            return Err(unknown(
                0,
                "`headers` has no value of its own".to_owned(),
                help,
            ));
        };
        let name = HeaderName::from_bytes(key.as_bytes())
            .map_err(|_| unknown(1, format!("`{key}` cannot be the name of a header"), None))?;
        Ok(self.bind(ReplyPlace::Header(name), Type::STR, 2))
    }

    fn error(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError> {
        match name(path.get(1)) {
            Some("kind") => Ok(self.bind(ReplyPlace::ErrorKind, Type::STR, 2)),
            _ => Err(unknown(
                path.len().min(2) - 1,
                "of `error` there is only its kind".to_owned(),
                Some("write `error.kind`".to_owned()),
            )),
        }
    }

    fn no_name(&self, first: &str) -> NameError {
        let of_http = matches!(self.request.subject(), Subject::Http(_));
        if of_http && HttpPart::is_named(first) {
            return of_request(format!("`{first}` is a part of the request"), first);
        }
        if !of_http && (first == "bytes" || matches!(self.request.field(&[first]), Some(Ok(_)))) {
            return self.bare_field(first);
        }
        if let Some(error) = self.answers.no_field(first, self.replying, &BESIDE) {
            return error;
        }
        let help = nearest(first, NAMES).map(|name| format!("did you mean `{name}`?"));
        unknown(0, format!("there is no `{first}` in a reply rule"), help)
    }

    fn bare_field(&self, first: &str) -> NameError {
        if self.request.field(&[first]).is_some() {
            return of_request(format!("`{first}` is a field of the request"), first);
        }
        let help = match self.answers {
            Answers::Http | Answers::HandedOn => "the answer's are `body`".to_owned(),
            Answers::Messages(_) | Answers::Events(_) => "name a field of the reply".to_owned(),
        };
        NameError {
            code: codes::NEEDS_REQUEST,
            message: "`bytes` are the request's, of no use in a reply".to_owned(),
            step: 0,
            help: Some(help),
        }
    }
}

/// The error of a payload that nobody waits for.
fn passes(first: &str) -> NameError {
    NameError {
        code: codes::HANDED_ON,
        message: format!("there is no `{first}` of an answer that is handed on"),
        step: 0,
        help: Some("it passes as it comes: `status` and `headers[\"x\"]` are there".to_owned()),
    }
}

/// The error of a name that is the request's.
fn of_request(message: String, first: &str) -> NameError {
    NameError {
        code: codes::NEEDS_REQUEST,
        message,
        step: 0,
        help: Some(format!("did you mean `request.{first}`?")),
    }
}

/// What an answer says is no secret of the protocol's.
impl SecretScope for ReplyScope<'_> {
    fn take_secret(&mut self) -> bool {
        self.request.take_secret()
    }
}

impl Scope for ReplyScope<'_> {
    fn resolve(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError> {
        let first = name(path.first()).unwrap_or_default();
        if let Some(field) = self.answer_field(path) {
            return Ok(field);
        }
        if let Some(fact) = Fact::resolve(path) {
            let (fact, used) = fact?;
            let inner = self.request.bind_fact(fact, used);
            return Ok(self.outer(inner));
        }
        let is_http = self.answers.upstream().is_none();
        match first {
            "status" => Ok(self.bind(ReplyPlace::Status, Type::Int { min: 0, max: 999 }, 1)),
            "error" => self.error(path),
            "body" | "json" if matches!(self.answers, Answers::HandedOn) => Err(passes(first)),
            "body" if is_http => Ok(self.bind(ReplyPlace::Body, Type::BYTES, 1)),
            "headers" if is_http => self.header(path),
            "json" if is_http => {
                let at = self.paths.intern(path.get(1..).unwrap_or_default());
                Ok(self.bind(ReplyPlace::Json(at), Type::Any, path.len()))
            }
            "request" => self.request_field(path),
            _ if !is_http && self.replying == Replying::Unknown => {
                Ok(self.bind(ReplyPlace::Nowhere, Type::Any, path.len()))
            }
            first => Err(self.no_name(first)),
        }
    }

    fn owns(&self, path: &[Step<'_>]) -> bool {
        matches!(path, [Step::Name("request"), part @ ..] if self.request.owns(part))
    }

    fn enumeration(&self, name: &str) -> Option<(Arc<Descriptor>, EnumId)> {
        let of_answer = self.answers.enumeration(name);
        of_answer.or_else(|| self.request.enumeration(name))
    }
}

/// The values of one exchange.
#[derive(Debug)]
pub(in crate::translate) struct ReplyEnv<'a> {
    places: &'a [ReplyPlace],
    request: MessageEnv<'a>,
    paths: &'a Paths,
    outcome: Outcome<'a>,
    /// The answer's JSON, read once, and only if a rule asks for it.
    picked: OnceCell<Result<Picked, NotJson>>,
}

impl<'a> ReplyEnv<'a> {
    pub(in crate::translate) const fn new(
        places: &'a [ReplyPlace],
        request: MessageEnv<'a>,
        paths: &'a Paths,
        outcome: Outcome<'a>,
    ) -> Self {
        Self {
            places,
            request,
            paths,
            outcome,
            picked: OnceCell::new(),
        }
    }

    const fn answer(&self) -> Option<&'a HttpAnswer> {
        match self.outcome {
            Outcome::Answer(answer) => Some(answer),
            Outcome::Message(_) | Outcome::Sent | Outcome::Fault(_) => None,
        }
    }

    /// A field of the upstream's reply: rules that name one are for that reply only.
    fn field(&self, slot: Slot) -> Option<&'a Value> {
        match self.outcome {
            Outcome::Message(reply) => Some(reply.field(slot)),
            Outcome::Answer(_) | Outcome::Sent | Outcome::Fault(_) => None,
        }
    }

    fn status(&self) -> u16 {
        match self.outcome {
            Outcome::Answer(answer) => answer.status.as_u16(),
            Outcome::Message(_) | Outcome::Sent => 0,
            Outcome::Fault(fault) => match fault.class() {
                FaultClass::Status(status) => status,
                _ => 0,
            },
        }
    }

    fn error_kind(&self) -> &'static str {
        match self.outcome {
            Outcome::Answer(_) | Outcome::Message(_) | Outcome::Sent => "",
            Outcome::Fault(fault) => fault.class().as_str(),
        }
    }

    fn header(&self, name: &HeaderName) -> Result<Value, EvalError> {
        let Some(value) = self.answer().and_then(|answer| answer.headers.get(name)) else {
            return Ok(Value::Null);
        };
        std::str::from_utf8(value.as_bytes())
            .map(Value::from)
            .map_err(|_| EvalError::new(Problem::Unreadable, "a header of the answer is not text"))
    }

    fn json(&self, at: usize) -> Result<&Value, EvalError> {
        let Some(answer) = self.answer() else {
            return Ok(&Value::Null);
        };
        match self
            .picked
            .get_or_init(|| extract(self.paths, &answer.body.whole().unwrap_or_default()))
        {
            Ok(picked) => Ok(picked.get(at).unwrap_or(&Value::Null)),
            Err(NotJson) => Err(EvalError::new(
                Problem::Unavailable,
                "the answer's body is not JSON",
            )),
        }
    }
}

impl Env for ReplyEnv<'_> {
    fn load(&self, var: Var) -> Result<Cow<'_, Value>, EvalError> {
        let Some(place) = place(self.places, var) else {
            return Ok(Cow::Owned(Value::Null));
        };
        Ok(match place {
            ReplyPlace::Request(var) => return self.request.load(*var),
            ReplyPlace::Status => Cow::Owned(Value::from(self.status())),
            ReplyPlace::ErrorKind => {
                Cow::Owned(Value::Str(ByteString::from_static(self.error_kind())))
            }
            ReplyPlace::Body => Cow::Owned(Value::Bytes(
                self.answer()
                    .and_then(|answer| answer.body.whole())
                    .unwrap_or_default(),
            )),
            ReplyPlace::Header(name) => Cow::Owned(self.header(name)?),
            ReplyPlace::Json(at) => Cow::Borrowed(self.json(*at)?),
            ReplyPlace::Field(slot) => Cow::Borrowed(self.field(*slot).unwrap_or(&Value::Null)),
            ReplyPlace::Nowhere => Cow::Owned(Value::Null),
        })
    }
}
