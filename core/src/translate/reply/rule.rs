//! One reply rule.

use super::on::On;
use super::set::Fields;
use crate::codec::{CorrelationKind, Delimited, Event, Protocol, Side, Type};
use crate::expr::suggest::did_you_mean;
use crate::expr::{Env, EvalError, Expr, Problem, RuleError, Source, Template};
use crate::message::{Correlation, Kind, Message, OperationId, Value};
use crate::translate::ReplySpec;
use crate::translate::codes::{BYTES, FORM, NOT_A_REPLY, UNKNOWN_REPLY, UNWRITABLE};
use crate::translate::load::Findings;
use crate::translate::scope::ReplyScope;
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

/// A compiled reply rule.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) on: On,
    pub(super) when: Option<Expr>,
    reply: Reply,
}

#[derive(Clone, Debug)]
enum Reply {
    /// An operation with its fields.
    Send(OperationId, Fields),
    /// A whole message that the answer holds.
    Bytes(Expr),
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
        let on = findings.take(On::compile(&spec.on));
        let when = spec
            .when
            .as_ref()
            .map(|source| findings.take(Expr::condition(source, scope)));
        let reply = compile_reply(spec, protocol, scope, findings);
        // A condition that did not compile must not leave a rule without one.
        let when = match when {
            Some(None) => return None,
            when => when.flatten(),
        };
        Some(Self {
            on: on?,
            when,
            reply: reply?,
        })
    }

    /// The reply of this rule, its correlation not yet that of the request; `None` if the
    /// protocol's own refusal is.
    pub(super) fn build(
        &self,
        protocol: &Arc<dyn Protocol>,
        env: &dyn Env,
    ) -> Result<Option<Message>, EvalError> {
        match &self.reply {
            Reply::Send(operation, fields) => {
                let fields = fields.build(env)?;
                Ok(Some(Message::new(Kind::Reply, *operation, fields)))
            }
            Reply::Bytes(expr) => match expr.eval(env)?.as_ref() {
                Value::Bytes(bytes) => native(protocol, bytes.clone()).map(Some),
                _ => Err(EvalError::new(Problem::WrongType, "the reply is not bytes")),
            },
            Reply::Refusal => Ok(None),
        }
    }
}

fn compile_reply(
    spec: &ReplySpec,
    protocol: &Arc<dyn Protocol>,
    scope: &mut ReplyScope<'_>,
    findings: &mut Findings,
) -> Option<Reply> {
    let form = |message: &str| RuleError::new(FORM, spec.span.clone(), message);
    match (&spec.send, &spec.bytes) {
        (Some(send), None) => compile_send(spec, send, protocol, scope, findings),
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

fn compile_send(
    spec: &ReplySpec,
    send: &Source,
    protocol: &Arc<dyn Protocol>,
    scope: &mut ReplyScope<'_>,
    findings: &mut Findings,
) -> Option<Reply> {
    let descriptor = protocol.descriptor();
    let operation = findings.take(find_reply(send, protocol))?;
    let before = findings.errors.len();
    let fields = Fields::compile(spec, operation, descriptor, scope, findings);
    if findings.errors.len() == before {
        findings.take(try_to_write(spec, operation, &fields, protocol))?;
    }
    Some(Reply::Send(operation, fields))
}

fn find_reply(send: &Source, protocol: &Arc<dyn Protocol>) -> Result<OperationId, RuleError> {
    let descriptor = protocol.descriptor();
    let replies = || {
        descriptor
            .operations
            .iter()
            .filter(|o| o.kind == Kind::Reply)
            .map(|o| o.name.as_ref())
    };
    let error = |code, message: String| {
        let mut error = RuleError::new(code, send.span().clone(), message);
        error.help = did_you_mean(send.text(), replies()).or_else(|| {
            let names: Vec<String> = replies().map(|name| format!("`{name}`")).collect();
            (!names.is_empty()).then(|| format!("its replies are {}", names.join(", ")))
        });
        error
    };
    let Some(operation) = descriptor.operation_named(send.text()) else {
        let name = send.text().escape_debug();
        return Err(error(
            UNKNOWN_REPLY,
            format!("protocol `{}` has no operation `{name}`", descriptor.name),
        ));
    };
    match descriptor.operation(operation).kind {
        Kind::Reply => Ok(operation),
        Kind::Request | Kind::Event => Err(error(
            NOT_A_REPLY,
            format!("operation `{}` is no reply", send.text()),
        )),
    }
}

/// A reply of constants is written once at load: what its codec refuses would fail for every
/// message.
fn try_to_write(
    spec: &ReplySpec,
    operation: OperationId,
    fields: &Fields,
    protocol: &Arc<dyn Protocol>,
) -> Result<(), RuleError> {
    let Some(fields) = fields.constant() else {
        return Ok(());
    };
    let descriptor = protocol.descriptor();
    let correlation = match descriptor.capabilities.correlation {
        CorrelationKind::Id { .. } => Correlation::Id(1),
        CorrelationKind::Fifo | CorrelationKind::None => Correlation::None,
        // Nobody knows here what a key looks like.
        CorrelationKind::Key => return Ok(()),
    };
    let mut message = Message::new(Kind::Reply, operation, fields.clone());
    descriptor.correlate(&mut message, correlation);
    let mut codec = Arc::clone(protocol).codec(Side::Server, descriptor.capabilities.max_frame);
    codec
        .encode(&Event::Head(message), &mut BytesMut::new())
        .map_err(|error| {
            let culprit = spec
                .set
                .iter()
                .find(|(name, _)| name.text() == error.field());
            let span = culprit.map_or(&spec.span, |(_, value)| value.span());
            RuleError::new(
                UNWRITABLE,
                span.clone(),
                format!("the reply cannot be written: {error}"),
            )
        })
}

fn compile_bytes(source: &Source, scope: &mut ReplyScope<'_>) -> Result<Expr, RuleError> {
    let template = Template::compile(source, scope)?;
    match template.single() {
        Some(expr) if matches!(expr.ty(), Type::Bytes { .. }) => Ok(expr.clone()),
        _ => Err(
            RuleError::new(BYTES, source.span().clone(), "this is not bytes")
                .help("write `{body}`, or convert text with `{unbase64(...)}`"),
        ),
    }
}

/// Reads one whole message as it would come from a server of the protocol.
fn native(protocol: &Arc<dyn Protocol>, bytes: Bytes) -> Result<Message, EvalError> {
    let bad = |what: String| EvalError::new(Problem::Unreadable, what);
    let frame = protocol
        .framed(bytes)
        .map_err(|error| bad(error.to_string()))?;
    let mut codec =
        Arc::clone(protocol).codec(Side::Client, protocol.descriptor().capabilities.max_frame);
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
        Event::Head(_) | Event::Body(_) | Event::End | Event::Reset(_) | Event::Control(_) => {
            Err(bad("the bytes are no reply".to_owned()))
        }
    }
}
