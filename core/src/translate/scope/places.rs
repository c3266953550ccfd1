//! What the variables of a message's rules mean.

use super::http::HttpPart;
use super::{Fact, place};
use crate::codec::HttpShape;
use crate::expr::Var;
use crate::message::{OperationId, Slot};
use crate::translate::json::Paths;

/// Where a value is when the rules run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A field of the one operation.
    Field(Slot),
    /// A field that each request has in a slot of its own, by operation.
    Shared(Box<[Option<Slot>]>),
    /// The message's own bytes.
    Bytes,
    /// A part of an HTTP request.
    Http(HttpPart),
    /// Something beside the fields.
    Fact(Fact),
    /// A name that no message will be asked for.
    Nowhere,
}

/// The places of all variables that a scope handed out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(super) all: Box<[Place]>,
    /// What is read of a request's JSON.
    pub(super) json: Paths,
    /// Where the messages keep the parts of HTTP, if they are HTTP's.
    pub(super) http: Option<HttpShape>,
}

impl Places {
    /// Takes out what is read of a request's JSON, for whoever reads it for several.
    pub(crate) fn take_json(&mut self) -> Paths {
        std::mem::take(&mut self.json)
    }

    /// What is to be read of a request's JSON.
    pub(crate) const fn json(&self) -> &Paths {
        &self.json
    }

    pub(super) fn get(&self, var: Var) -> Option<&Place> {
        place(&self.all, var)
    }

    /// Whether one of them needs a message's payload.
    pub(crate) fn weigh_payload(&self) -> bool {
        let payload = |place: &Place| {
            matches!(
                place,
                Place::Bytes | Place::Http(HttpPart::Json(_) | HttpPart::Body)
            )
        };
        self.all.iter().any(payload)
    }

    /// Whether one of them is a field of an operation.
    pub(crate) fn read(&self, operation: OperationId, slot: Slot) -> bool {
        self.all.iter().any(|place| match place {
            Place::Field(field) => *field == slot,
            Place::Shared(slots) => {
                slots.get(usize::from(operation.0)).copied().flatten() == Some(slot)
            }
            Place::Http(part) => {
                let shape = self.http.as_ref();
                shape.is_some_and(|shape| part.slot(shape) == Some(slot))
            }
            Place::Bytes | Place::Fact(_) | Place::Nowhere => false,
        })
    }
}
