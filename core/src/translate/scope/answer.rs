//! What answers consist of: the parts of an HTTP response, or the fields of a message.

use super::{plain, unknown};
use crate::codec::{Descriptor, EnumId, Named, Type};
use crate::expr::suggest::did_you_mean;
use crate::expr::{Binding, NameError, Var};
use crate::message::{Kind, OperationId};
use crate::translate::RouteSpec;
use crate::translate::reply::On;
use std::sync::Arc;

/// What a route's upstream answers with.
#[derive(Clone, Copy, Debug)]
pub(in crate::translate) enum Answers<'a> {
    /// HTTP responses.
    Http,
    /// The same, whose payloads are not looked at.
    HandedOn,
    /// Messages of this protocol.
    Messages(&'a Arc<Descriptor>),
    /// The same, those that nobody asked for among them.
    Events(&'a Arc<Descriptor>),
}

/// Which messages the rule that is being compiled is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replying {
    /// Those of one operation.
    With(OperationId),
    /// Any, or none at all.
    WithAnything,
    /// What it is for cannot be read. That is an error already, so that each name passes.
    Unknown,
}

impl Replying {
    pub(super) const fn of(on: Option<On>) -> Self {
        match on {
            Some(On::Operation(operation)) => Self::With(operation),
            Some(On::Everything | On::Fault(_) | On::Status(_) | On::Class(_)) => {
                Self::WithAnything
            }
            None => Self::Unknown,
        }
    }
}

impl<'a> Answers<'a> {
    /// Those of a route to an upstream that speaks this.
    pub(in crate::translate) const fn of(spec: &RouteSpec, upstream: &'a Arc<Descriptor>) -> Self {
        match spec.events {
            Some(_) => Self::Events(upstream),
            None => Self::Messages(upstream),
        }
    }

    /// The protocol of the messages, if they are that.
    pub(in crate::translate) const fn upstream(self) -> Option<&'a Arc<Descriptor>> {
        match self {
            Self::Http | Self::HandedOn => None,
            Self::Messages(upstream) | Self::Events(upstream) => Some(upstream),
        }
    }

    /// Whether a rule can be for messages of this kind.
    pub(in crate::translate) const fn are(self, kind: Kind) -> bool {
        match (self, kind) {
            (Self::Messages(_) | Self::Events(_), Kind::Reply) | (Self::Events(_), Kind::Event) => {
                true
            }
            (Self::Http | Self::HandedOn, _)
            | (_, Kind::Request)
            | (Self::Messages(_), Kind::Event) => false,
        }
    }

    /// The field of the messages of a rule that the beginning of a path names.
    pub(super) fn field(self, path: &[&str], replying: Replying) -> Option<Named<'a>> {
        match (self, replying) {
            (Self::Messages(upstream) | Self::Events(upstream), Replying::With(operation)) => {
                upstream.record(operation).named(path)
            }
            (Self::Messages(_) | Self::Events(_) | Self::Http | Self::HandedOn, _) => None,
        }
    }

    /// An enum of the protocol of the messages.
    pub(super) fn enumeration(self, name: &str) -> Option<(Arc<Descriptor>, EnumId)> {
        let upstream = self.upstream()?;
        let index = upstream.schema.enums.iter().position(|e| e.name == name)?;
        let id = EnumId(u16::try_from(index).ok()?);
        Some((Arc::clone(upstream), id))
    }

    /// The error for a name that messages of the upstream do not have; `None` for HTTP.
    pub(super) fn no_field(
        self,
        name: &str,
        replying: Replying,
        others: &[&str],
    ) -> Option<NameError> {
        let upstream = self.upstream()?;
        Some(match replying {
            Replying::With(operation) => {
                let fields = upstream.record(operation).fields.iter();
                let names = fields.map(|field| field.name.as_ref());
                let help = did_you_mean(name, names.chain(others.iter().copied()));
                let operation = &upstream.operation(operation).name;
                unknown(
                    0,
                    format!("message `{operation}` has no field `{name}`"),
                    help,
                )
            }
            Replying::WithAnything | Replying::Unknown => match self.has_field(upstream, name) {
                Some(operation) => {
                    let message = format!("there is no `{name}` in a rule for more than one reply");
                    let help = format!("make it a rule for one: `on = \"{operation}\"`");
                    unknown(0, message, Some(help))
                }
                None => {
                    let message = format!("there is no `{name}` in a reply rule for messages");
                    unknown(0, message, did_you_mean(name, others.iter().copied()))
                }
            },
        })
    }

    /// The name of one of them that has such a field.
    fn has_field(self, upstream: &'a Descriptor, field: &str) -> Option<&'a str> {
        let has = |operation: &OperationId| {
            let comes = self.are(upstream.operation(*operation).kind);
            comes && upstream.record(*operation).field(field).is_some()
        };
        let ids = (0..).map(OperationId).take(upstream.operations.len());
        let found = ids.into_iter().find(has)?;
        Some(&upstream.operation(found).name)
    }

    /// A way to bytes that are a whole reply.
    pub(in crate::translate) const fn bytes_help(self) -> &'static str {
        match self {
            Self::Http | Self::HandedOn => "write `{body}`, or convert text with `{unbase64(...)}`",
            Self::Messages(_) | Self::Events(_) => {
                "name a field that is bytes, or convert text with `{unbase64(...)}`"
            }
        }
    }
}

/// A field of a reply.
pub(super) fn bind(var: Var, named: Named<'_>, upstream: &Arc<Descriptor>) -> Binding {
    Binding {
        descriptor: Some(Arc::clone(upstream)),
        ..plain(var, Type::clone(&named.field.ty), named.used)
    }
}
