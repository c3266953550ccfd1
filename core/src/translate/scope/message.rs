//! The scope of request rules and of a route's `when`: the message that came in.

use super::http::{self, HttpPart};
use super::{
    Fact, Place, Places, SecretScope, Subject, intern, name, names, place, plain, unknown,
};
use crate::codec::{Descriptor, EnumId, Event, FieldDef, Named, Protocol, Side, StructDef, Type};
use crate::expr::suggest::did_you_mean;
use crate::expr::{Binding, Env, EvalError, NameError, Problem, Scope, Step, Var};
use crate::message::{Kind, Message, OperationId, Value};
use crate::translate::json::{NotJson, Paths, Picked, extract};
use crate::translate::{Facts, codes};
use bytes::BytesMut;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

/// A field that the beginning of a path names.
pub(super) struct Found<'a> {
    place: Place,
    field: &'a FieldDef,
    /// How many steps name it.
    used: usize,
}

/// The names of request rules. A message's field hides anything else of its name.
#[derive(Debug)]
pub(crate) struct MessageScope<'a> {
    descriptor: &'a Arc<Descriptor>,
    subject: Subject,
    places: Vec<Place>,
    json: Paths,
    secret: bool,
}

impl<'a> MessageScope<'a> {
    pub(crate) fn new(descriptor: &'a Arc<Descriptor>, subject: Subject) -> Self {
        Self::with_json(descriptor, subject, Paths::default())
    }

    /// The same, where these paths of JSON are read as well.
    pub(crate) const fn with_json(
        descriptor: &'a Arc<Descriptor>,
        subject: Subject,
        json: Paths,
    ) -> Self {
        Self {
            descriptor,
            subject,
            places: Vec::new(),
            json,
            secret: false,
        }
    }

    /// What the variables handed out mean.
    pub(crate) fn into_places(self) -> Places {
        Places {
            all: self.places.into(),
            json: self.json,
            http: self.descriptor.http,
        }
    }

    pub(crate) const fn descriptor(&self) -> &'a Arc<Descriptor> {
        self.descriptor
    }

    pub(crate) const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The type of a field that was handed out as a variable.
    pub(crate) fn type_of(&self, var: Var) -> Option<&Type> {
        let (operation, slot) = match (place(&self.places, var)?, &self.subject) {
            (Place::Field(slot), Subject::One(operation)) => (*operation, *slot),
            (Place::Shared(slots), _) => {
                let operation = requests(self.descriptor).next()?;
                (
                    operation,
                    slots.get(usize::from(operation.0)).copied().flatten()?,
                )
            }
            (Place::Field(_) | Place::Bytes | Place::Http(_), _) => return None,
            (Place::Fact(_) | Place::Nowhere, _) => return None,
        };
        self.descriptor
            .record(operation)
            .fields
            .get(slot.index())
            .map(|field| &field.ty)
    }

    /// The place and definition of the field that the beginning of a path names, if the messages
    /// have it.
    pub(super) fn field(&self, path: &[&str]) -> Option<Result<Found<'a>, NameError>> {
        match &self.subject {
            Subject::One(operation) => {
                let Named { slot, field, used } = self.descriptor.record(*operation).named(path)?;
                let place = Place::Field(slot);
                Some(Ok(Found { place, field, used }))
            }
            Subject::EveryRequest => self.shared(path),
            Subject::Http(_) | Subject::Unknown => None,
        }
    }

    fn shared(&self, path: &[&str]) -> Option<Result<Found<'a>, NameError>> {
        let records = || requests(self.descriptor).map(|id| (id, self.descriptor.record(id)));
        let named = |(_, record): (OperationId, &'a StructDef)| record.named(path);
        let Named { field, used, .. } = records().filter_map(named).max_by_key(|n| n.used)?;
        let mut slots = vec![None; self.descriptor.operations.len()];
        for (id, record) in records() {
            match record.named(path).filter(|named| named.used == used) {
                Some(other) if other.field.ty == field.ty => {
                    slots[usize::from(id.0)] = Some(other.slot);
                }
                other => {
                    let name = path.get(..used).unwrap_or(path).join(".");
                    let error = not_shared(self.descriptor, id, &name, other.is_some());
                    return Some(Err(error));
                }
            }
        }
        let place = Place::Shared(slots.into());
        Some(Ok(Found { place, field, used }))
    }

    /// A field as a variable. Before the steps that name it stand so many others.
    pub(super) fn bind_field(&mut self, found: Found<'_>, before: usize) -> Binding {
        let Found { place, field, used } = found;
        self.secret |= field.secret;
        let descriptor = Some(Arc::clone(self.descriptor));
        Binding {
            var: intern(&mut self.places, place),
            ty: field.ty.clone(),
            descriptor,
            used: before + used,
        }
    }

    pub(super) fn bind_fact(&mut self, fact: Fact, used: usize) -> Binding {
        plain(intern(&mut self.places, Place::Fact(fact)), fact.ty(), used)
    }

    /// The part of an HTTP request that a path starts with, if these messages are such requests.
    pub(super) fn http_part(&mut self, path: &[Step<'_>]) -> Option<Result<Binding, NameError>> {
        let Subject::Http(pattern) = &self.subject else {
            return None;
        };
        let part = HttpPart::resolve(path, pattern.as_deref(), &mut self.json)?;
        Some(part.map(|(part, used)| {
            self.secret |= part.is_secret();
            let ty = part.ty();
            plain(intern(&mut self.places, Place::Http(part)), ty, used)
        }))
    }

    /// A name whose absence is another error already.
    pub(super) fn bind_nowhere(&mut self, used: usize) -> Binding {
        plain(intern(&mut self.places, Place::Nowhere), Type::Any, used)
    }

    /// The error for a field that the messages do not have.
    pub(super) fn no_field(&self, path: &[&str], step: usize) -> NameError {
        let fields = || self.records().flat_map(|record| &record.fields);
        let first = path.first().copied().unwrap_or_default();
        let is_path = fields().any(|f| f.path.split('.').next() == Some(first));
        let (field, mut names): (_, Box<dyn Iterator<Item = &str>>) =
            match is_path && !first.is_empty() {
                true => (path.join("."), Box::new(fields().map(|f| f.path.as_ref()))),
                false => (
                    first.to_owned(),
                    Box::new(fields().map(|f| f.name.as_ref())),
                ),
            };
        let message = match &self.subject {
            Subject::Http(_) => {
                return NameError {
                    step,
                    ..http::no_name(first)
                };
            }
            Subject::One(id) => {
                format!(
                    "message `{}` has no field `{field}`",
                    self.descriptor.operation(*id).name
                )
            }
            Subject::EveryRequest | Subject::Unknown => {
                format!(
                    "no request of `{}` has a field `{field}`",
                    self.descriptor.name
                )
            }
        };
        unknown(step, message, did_you_mean(&field, &mut names))
    }

    fn records(&self) -> Box<dyn Iterator<Item = &'a StructDef> + 'a> {
        let descriptor = self.descriptor;
        match &self.subject {
            Subject::One(id) => Box::new(std::iter::once(descriptor.record(*id))),
            Subject::EveryRequest => Box::new(requests(descriptor).map(|id| descriptor.record(id))),
            Subject::Http(_) | Subject::Unknown => Box::new(std::iter::empty()),
        }
    }
}

/// The operations of kind request.
pub(crate) fn requests(descriptor: &Descriptor) -> impl Iterator<Item = OperationId> {
    let ids = (0..).map(OperationId);
    descriptor
        .operations
        .iter()
        .zip(ids)
        .filter(|(o, _)| o.kind == Kind::Request)
        .map(|(_, id)| id)
}

fn not_shared(
    descriptor: &Descriptor,
    without: OperationId,
    field: &str,
    other: bool,
) -> NameError {
    let operation = &descriptor.operation(without).name;
    let message = match other {
        true => format!("field `{field}` of `{operation}` has another type than in other requests"),
        false => format!("request `{operation}` has no field `{field}`"),
    };
    let help =
        "this route takes every request: name its `operation`, or use what all requests share";
    NameError {
        code: codes::NOT_SHARED,
        message,
        step: 0,
        help: Some(help.to_owned()),
    }
}

impl SecretScope for MessageScope<'_> {
    fn take_secret(&mut self) -> bool {
        std::mem::take(&mut self.secret)
    }
}

impl Scope for MessageScope<'_> {
    fn resolve(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError> {
        let first = name(path.first()).unwrap_or_default();
        if let Some(found) = self.field(&names(path)) {
            return Ok(self.bind_field(found?, 0));
        }
        if let Some(part) = self.http_part(path) {
            return part;
        }
        if first == "bytes" && !matches!(self.subject, Subject::Http(_)) {
            return Ok(plain(
                intern(&mut self.places, Place::Bytes),
                Type::BYTES,
                1,
            ));
        }
        if let Some(fact) = Fact::resolve(path) {
            let (fact, used) = fact?;
            return Ok(self.bind_fact(fact, used));
        }
        match first {
            _ if self.subject == Subject::Unknown => Ok(self.bind_nowhere(path.len())),
            "status" | "error" | "body" | "headers" | "json" => Err(unknown(
                0,
                format!("there is no `{first}` before the answer"),
                Some(format!("`{first}` can be used in reply rules only")),
            )),
            "request" => {
                let help = "here the message's fields are named without `request.`";
                Err(unknown(
                    0,
                    "`request` is for reply rules only".to_owned(),
                    Some(help.to_owned()),
                ))
            }
            _ => Err(self.no_field(&names(path), 0)),
        }
    }

    fn owns(&self, path: &[Step<'_>]) -> bool {
        matches!(&self.subject, Subject::Http(pattern) if HttpPart::is_captured(path, pattern.as_deref()))
    }

    fn enumeration(&self, name: &str) -> Option<(Arc<Descriptor>, EnumId)> {
        let index = self
            .descriptor
            .schema
            .enums
            .iter()
            .position(|e| e.name == name)?;
        Some((
            Arc::clone(self.descriptor),
            EnumId(u16::try_from(index).ok()?),
        ))
    }
}

/// The values of one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageEnv<'a> {
    pub(crate) places: &'a Places,
    pub(crate) protocol: &'a Arc<dyn Protocol>,
    pub(crate) message: &'a Message,
    pub(crate) facts: &'a Facts,
    pub(crate) json: &'a ReadJson<'a>,
}

impl Places {
    /// The variables of one message, which these places are for.
    pub(crate) const fn env<'a>(
        &'a self,
        protocol: &'a Arc<dyn Protocol>,
        message: &'a Message,
        facts: &'a Facts,
        json: &'a ReadJson<'a>,
    ) -> MessageEnv<'a> {
        MessageEnv {
            places: self,
            protocol,
            message,
            facts,
            json,
        }
    }
}

/// The values that rules want of a message's JSON: read once, and only if one asks for them.
#[derive(Debug)]
pub(crate) struct ReadJson<'a> {
    paths: &'a Paths,
    picked: OnceCell<Result<Picked, NotJson>>,
}

impl<'a> ReadJson<'a> {
    pub(crate) const fn new(paths: &'a Paths) -> Self {
        Self {
            paths,
            picked: OnceCell::new(),
        }
    }

    fn get(&self, at: usize, message: &Message) -> Result<&Value, EvalError> {
        let body = http::payload(message)?;
        if body.is_empty() {
            return Ok(&Value::Null);
        }
        match self.picked.get_or_init(|| extract(self.paths, &body)) {
            Ok(picked) => Ok(picked.get(at).unwrap_or(&Value::Null)),
            Err(NotJson) => {
                let what = "the request's body is not JSON";
                Err(EvalError::new(Problem::Unavailable, what))
            }
        }
    }
}

impl<'a> MessageEnv<'a> {
    /// Whether the message is a request of HTTP.
    pub(crate) fn is_http(&self) -> bool {
        self.protocol.descriptor().http.is_some()
    }

    /// Apart from [`load`](Env::load), which most often reads a field and needs nothing of what
    /// the other places do.
    #[inline(never)]
    fn value(&self, place: &Place) -> Result<Cow<'a, Value>, EvalError> {
        Ok(match place {
            Place::Field(slot) => Cow::Borrowed(self.message.field(*slot)),
            Place::Shared(slots) => {
                let operation = usize::from(self.message.operation().0);
                let slot = slots.get(operation).copied().flatten();
                Cow::Borrowed(slot.map_or(&Value::Null, |slot| self.message.field(slot)))
            }
            Place::Bytes => Cow::Owned(own_bytes(self.protocol, self.message)?),
            Place::Http(HttpPart::Json(at)) => Cow::Borrowed(self.json.get(*at, self.message)?),
            Place::Http(part) => Cow::Owned(match &self.places.http {
                Some(shape) => part.value(shape, self.message)?,
                None => Value::Null,
            }),
            Place::Fact(fact) => Cow::Owned(fact.value(self.facts)),
            Place::Nowhere => Cow::Owned(Value::Null),
        })
    }
}

impl Env for MessageEnv<'_> {
    fn load(&self, var: Var) -> Result<Cow<'_, Value>, EvalError> {
        match self.places.get(var) {
            Some(Place::Field(slot)) => Ok(Cow::Borrowed(self.message.field(*slot))),
            Some(place) => self.value(place),
            None => Ok(Cow::Owned(Value::Null)),
        }
    }
}

/// The message without its transport's framing: as it came, or written anew if it was changed.
fn own_bytes(protocol: &Arc<dyn Protocol>, message: &Message) -> Result<Value, EvalError> {
    let frame = match message.frame() {
        Some(frame) => frame.clone(),
        None => {
            let mut out = BytesMut::new();
            let mut codec = Arc::clone(protocol).codec(Side::Client, usize::MAX);
            let head = Event::Head(message.clone());
            codec
                .encode(&head, &mut out)
                .map_err(|error| EvalError::new(Problem::Unavailable, error.to_string()))?;
            out.freeze()
        }
    };
    Ok(Value::Bytes(protocol.unframed(&frame)))
}
