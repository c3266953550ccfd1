//! One reply rule.

use super::on::On;
use super::response::Response;
use crate::codec::{Delimited, Event, HttpShape, Protocol, Side, Type};
use crate::expr::{Env, EvalError, Expr, Problem, RuleError, Source, Template};
use crate::message::{Kind, Message, Value};
use crate::translate::codes::{BYTES, FORM, HANDED_ON, RESPONSE};
use crate::translate::compose::{Composition, Purpose, Typed};
use crate::translate::feed::Label;
use crate::translate::load::Findings;
use crate::translate::scope::{MessageEnv, ReplyScope};
use crate::translate::{LabelSpec, ReplySpec, ResponseSpec, SetSpec};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// A compiled reply rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) on: On,
    pub(super) when: Option<Expr>,
    reply: Reply,
    /// Of events only; for all else there is none.
    label: Option<Box<EventLabel>>,
}

/// What an event is called.
#[derive(Clone, Debug)]
struct EventLabel {
    name: Option<Template>,
    id: Option<Template>,
}

/// An event, not yet as text.
#[derive(Debug)]
pub(in crate::translate) struct Told {
    /// The message whose body is its data.
    pub(in crate::translate) data: Message,
    pub(in crate::translate) label: Label,
}

#[derive(Clone, Debug)]
enum Reply {
    /// An operation with its fields.
    Send(Composition),
    /// A whole message that the answer holds.
    Bytes(Expr),
    /// A response to an HTTP request.
    Response(Box<Response>),
    /// The protocol's own way to refuse.
    Refusal,
}

impl Rule {
    pub(super) fn compile(
        spec: &ReplySpec,
        protocol: &Arc<dyn Protocol>,
        scope: &mut ReplyScope<'_>,
        findings: &mut Findings,
    ) -> Option<Self> {
        let on = findings.take(On::compile(&spec.on, scope.answers()));
        scope.answer_to(on);
        let when = condition(spec, scope, findings);
        let reply = compile_reply(spec, protocol, scope, findings);
        let label = compile_label(spec, scope, findings);
        Some(Self {
            on: on?,
            when: when?,
            reply: reply?,
            label: label?,
        })
    }

    /// The reply of this rule, its correlation not yet that of the request; `None` if the
    /// protocol's own refusal is.
    pub(super) fn build(
        &self,
        request: MessageEnv<'_>,
        env: &dyn Env,
    ) -> Result<Option<Message>, EvalError> {
        match &self.reply {
            Reply::Send(composition) => composition.build(env).map(Some),
            Reply::Response(response) => response.build(env).map(Some),
            Reply::Bytes(expr) => match expr.eval(env)?.as_ref() {
                Value::Bytes(bytes) => native(request, bytes.clone()).map(Some),
                _ => Err(EvalError::new(Problem::WrongType, "the reply is not bytes")),
            },
            Reply::Refusal => Ok(None),
        }
    }
}

impl Rule {
    /// The event of this rule.
    pub(super) fn tell(
        &self,
        request: MessageEnv<'_>,
        env: &dyn Env,
    ) -> Result<Option<Told>, EvalError> {
        let Some(data) = self.build(request, env)? else {
            return Ok(None);
        };
        let text = |template: Option<&Template>| {
            let written = template.map(|template| {
                let mut text = String::new();
                template.write_text(env, &mut text).map(|()| text)
            });
            written.transpose()
        };
        let label = match &self.label {
            None => Label::default(),
            Some(label) => Label {
                name: text(label.name.as_ref())?,
                id: text(label.id.as_ref())?,
            },
        };
        Ok(Some(Told { data, label }))
    }
}

/// What an event is called; `None` if that is wrong.
fn compile_label(
    spec: &ReplySpec,
    scope: &mut ReplyScope<'_>,
    findings: &mut Findings,
) -> Option<Option<Box<EventLabel>>> {
    let LabelSpec { event, id } = &spec.label;
    let Some(first) = event.as_ref().or(id.as_ref()) else {
        return Some(None);
    };
    if !scope.answers_to_event() {
        let message = "an `id` or `event` of what is no event";
        let error = RuleError::new(RESPONSE, first.span().clone(), message);
        let help = "rules for what the upstream says have them, on a route with `events = true`";
        return findings.refuse(error.help(help));
    }
    let mut compile = |source: &Option<Source>| match source {
        None => Some(None),
        Some(source) => findings
            .take(Template::compile_text(source, scope))
            .map(Some),
    };
    let (name, id) = (compile(event), compile(id));
    Some(Some(Box::new(EventLabel {
        name: name?,
        id: id?,
    })))
}

/// The condition of a rule, if it has one; `None` if that did not compile: the rule must not be left without.
pub(in crate::translate) fn condition(
    spec: &ReplySpec,
    scope: &mut ReplyScope<'_>,
    findings: &mut Findings,
) -> Option<Option<Expr>> {
    match &spec.when {
        None => Some(None),
        Some(source) => findings.take(Expr::condition(source, scope)).map(Some),
    }
}

fn compile_reply(
    spec: &ReplySpec,
    protocol: &Arc<dyn Protocol>,
    scope: &mut ReplyScope<'_>,
    findings: &mut Findings,
) -> Option<Reply> {
    if let Some(amend) = &spec.amend {
        let message = "the reply is made here: there is no header field to change";
        let error = RuleError::new(HANDED_ON, amend.span.clone(), message);
        return findings.refuse(error.help("`headers` are those that it has"));
    }
    match &protocol.descriptor().http {
        Some(shape) => compile_response(spec, shape, protocol, scope, findings),
        None => compile_message(spec, protocol, scope, findings),
    }
}

/// What a client gets that speaks HTTP.
fn compile_response(
    spec: &ReplySpec,
    shape: &HttpShape,
    protocol: &Arc<dyn Protocol>,
    scope: &mut ReplyScope<'_>,
    findings: &mut Findings,
) -> Option<Reply> {
    let set = spec.set.first().map(|(name, _)| ("set", name.span()));
    let send = spec.send.as_ref().map(|send| ("send", send.span()));
    let bytes = spec.bytes.as_ref().map(|bytes| ("bytes", bytes.span()));
    if let Some((key, span)) = send.or(bytes).or(set) {
        let message = format!("`{key}` is for clients of other protocols than HTTP");
        let help = "a response is `status`, perhaps `headers`, and `json` or `body`";
        return findings.refuse(RuleError::new(RESPONSE, span.clone(), message).help(help));
    }
    let is_event = scope.answers_to_event();
    let Some(response) = &spec.response else {
        if is_event {
            let message = "an event without `json` or `body`";
            return findings.refuse(RuleError::new(RESPONSE, spec.span.clone(), message));
        }
        return Some(Reply::Refusal);
    };
    let response = &match is_event {
        true => findings.take(as_event(response))?,
        false => response.clone(),
    };
    let descriptor = protocol.descriptor();
    Response::compile(response, shape, descriptor, scope, findings)
        .map(|response| Reply::Response(Box::new(response)))
}

/// An event is data: the response that it is in has begun long before.
fn as_event(response: &ResponseSpec) -> Result<ResponseSpec, RuleError> {
    if response.status.is_some() || !response.headers.is_empty() {
        let message = "a status or headers of an event";
        let error = RuleError::new(RESPONSE, response.span.clone(), message);
        return Err(error.help("an event is `json` or `body`"));
    }
    Ok(ResponseSpec {
        status: Some(SetSpec::Int(200, response.span.clone())),
        ..response.clone()
    })
}

/// What a client of any other protocol gets.
fn compile_message(
    spec: &ReplySpec,
    protocol: &Arc<dyn Protocol>,
    scope: &mut ReplyScope<'_>,
    findings: &mut Findings,
) -> Option<Reply> {
    if let Some(response) = &spec.response {
        let name = &protocol.descriptor().name;
        let message = format!("a response of HTTP for clients that speak `{name}`");
        let error = RuleError::new(RESPONSE, response.span.clone(), message);
        return findings.refuse(error.help("they get a message: `send` and `set`, or `bytes`"));
    }
    let form = |message: &str| RuleError::new(FORM, spec.span.clone(), message);
    match (&spec.send, &spec.bytes) {
        (Some(send), None) => {
            let typed = Typed {
                purpose: Purpose::Reply,
                send,
                set: &spec.set,
            };
            Composition::compile(typed, protocol, scope, findings).map(Reply::Send)
        }
        (None, Some(bytes)) => {
            if !spec.set.is_empty() {
                findings
                    .errors
                    .push(form("`set` goes with `send`, not with `bytes`"));
            }
            findings.take(compile_bytes(bytes, scope)).map(Reply::Bytes)
        }
        (None, None) if spec.set.is_empty() => Some(Reply::Refusal),
        (None, None) => findings.refuse(form("the rule has `set` but no operation to `send`")),
        (Some(_), Some(_)) => findings.refuse(form("the rule has both `send` and `bytes`")),
    }
}

fn compile_bytes(source: &Source, scope: &mut ReplyScope<'_>) -> Result<Expr, RuleError> {
    let template = Template::compile(source, scope)?;
    match template.single() {
        Some(expr) if matches!(expr.ty(), Type::Bytes { .. }) => Ok(expr.clone()),
        _ => Err(
            RuleError::new(BYTES, source.span().clone(), "this is not bytes")
                .help(scope.answers().bytes_help()),
        ),
    }
}

/// Reads one whole message as it would come from a server of the protocol that was sent the
/// request: some replies are read with what their requests said.
fn native(request: MessageEnv<'_>, bytes: Bytes) -> Result<Message, EvalError> {
    let protocol = request.protocol;
    let bad = |what: String| EvalError::new(Problem::Unreadable, what);
    let frame = protocol
        .framed(bytes)
        .map_err(|error| bad(error.to_string()))?;
    let mut codec =
        Arc::clone(protocol).codec(Side::Client, protocol.descriptor().capabilities.max_frame);
    let asked = Event::Head(request.message.clone());
    // What could be read can be written, or its reply will not be understood.
    let _ = codec.encode(&asked, &mut BytesMut::new());
    match codec
        .delimit(&frame)
        .map_err(|error| bad(error.to_string()))?
    {
        Delimited::Frame(length) if length.get() == frame.len() => {}
        Delimited::Frame(_) | Delimited::Need(_) => {
            return Err(bad("the bytes are not exactly one message".to_owned()));
        }
    }
    match codec
        .decode(frame)
        .map_err(|error| bad(error.to_string()))?
    {
        Event::Head(message) if message.kind() == Kind::Reply => Ok(message),
        Event::Head(_) | Event::Body(_) | Event::End(_) | Event::Reset(_) | Event::Control(_) => {
            Err(bad("the bytes are no reply".to_owned()))
        }
    }
}
