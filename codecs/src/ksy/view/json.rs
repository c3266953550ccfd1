//! What was read as one JSON document, in one of two notations.
//!
//! In the exact one nothing is lost, and every value says what it is:
//!
//! | form | meaning |
//! |---|---|
//! | integer, `true`, `false`, `null`, string | as in JSON; integers exact up to 64 bits |
//! | `{"$f": 1.5}` | a float (also `"nan"`, `"inf"`, `"-inf"`) |
//! | `{"$b": "6869"}` | bytes |
//! | `{"$e": "label", "v": 7}` | a number with a label; one without is an integer |
//! | `[…]` | a repeated field |
//! | `{"field": …}` | a structure with its instances; what is absent is left out |
//! | `{"$ref": ["one", 0]}` | a structure that is shown at that path from the root |
//! | `{"$err": {…}}` | an instance that has no value |
//!
//! The plain one is for whoever wants the values: labels are strings, bytes are base64, floats are
//! numbers where JSON has them; what has no name is left out, and so are parameters, and a structure
//! that is shown elsewhere is `{"$ref": "/one/0"}`.

use super::evaluated::{Evaluated, Instances, Step};
use super::{MASK, masks};
use crate::ksy::model::{EnumIndex, Ty};
use crate::ksy::plan::{Field, Form};
use crate::ksy::read::{Machine, ObjectId, ReadError, Val};
use base64_simd::STANDARD;
use gatewright_core::codec::json::Secrets;
use gatewright_core::message::Value;
use serde_json::{Map, Value as Json, json};

/// Structures that have no place of their own and are shown where they are referred to may refer to
/// each other: this deep they are.
const MAX_DEPTH: usize = 128;

/// What was read in the exact notation, with all instances and secrets.
#[must_use]
pub fn typed(machine: &mut Machine<'_>) -> Json {
    document(machine, Notation::Exact, Secrets::Shown)
}

/// What was read in the plain notation, with all instances.
#[must_use]
pub fn plain(machine: &mut Machine<'_>, secrets: Secrets) -> Json {
    document(machine, Notation::Plain, secrets)
}

/// An error as the exact notation shows it.
#[must_use]
pub fn typed_error(error: &ReadError) -> Json {
    json!({
        "kind": error.class().as_str(),
        "path": error.path(),
        "offset": error.offset(),
        "message": error.message(),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Exact,
    Plain,
}

fn document(machine: &mut Machine<'_>, notation: Notation, secrets: Secrets) -> Json {
    let all = Evaluated::new(machine, Instances::Computed);
    let Some(root) = all.machine.root() else {
        return Json::Null;
    };
    let view = View {
        all,
        notation,
        secrets,
    };
    view.object(root, 0)
}

struct View<'v, 'p> {
    all: Evaluated<'v, 'p>,
    notation: Notation,
    secrets: Secrets,
}

impl View<'_, '_> {
    fn object(&self, id: ObjectId, depth: usize) -> Json {
        if depth > MAX_DEPTH {
            return Json::Null;
        }
        let mut shown = Map::new();
        if self.notation == Notation::Exact {
            for (slot, param) in self.all.machine.ty(id).params.iter().enumerate() {
                let passed = self.all.machine.peek(id, slot);
                let passed = self.val(passed, &param.ty, false, depth);
                shown.extend(passed.map(|json| (param.name.clone(), json)));
            }
        }
        for field in self.all.members(id) {
            if field.named || self.notation == Notation::Exact {
                let member = self.member(id, field, depth);
                shown.extend(member.map(|json| (field.name.clone(), json)));
            }
        }
        Json::Object(shown)
    }

    fn member(&self, id: ObjectId, field: &Field, depth: usize) -> Option<Json> {
        if let Some(error) = self.all.failure(id, field.slot) {
            return Some(json!({ "$err": typed_error(error) }));
        }
        let owned = !matches!(field.form, Form::Value(_));
        let val = self.all.machine.peek(id, field.slot);
        match val {
            Val::Unset | Val::Busy | Val::Absent | Val::Stream(_) => None,
            _ if masks(field.secret, self.secrets) => Some(json!(MASK)),
            _ => self.val(val, &field.ty, owned, depth),
        }
    }

    fn val(&self, val: &Val, ty: &Ty, owned: bool, depth: usize) -> Option<Json> {
        let inner = depth.saturating_add(1);
        Some(match val {
            Val::Unset | Val::Busy | Val::Absent | Val::Stream(_) => return None,
            Val::Plain(value) => self.value(value, ty),
            Val::Object(id) if owned => self.object(*id, inner),
            Val::Object(id) => match self.all.path(*id) {
                Some(path) => self.reference(&path),
                None => self.object(*id, inner),
            },
            Val::List(list) => {
                let element = element_of(ty);
                // What a switch has no case for is no element in exact notation, as in the compiler's.
                let elements =
                    self.all.machine.list(*list).iter().filter(|val| {
                        self.notation != Notation::Exact || !matches!(val, Val::Absent)
                    });
                let shown =
                    elements.map(|val| self.val(val, element, owned, inner).unwrap_or(Json::Null));
                Json::Array(shown.collect())
            }
        })
    }

    fn reference(&self, path: &[Step<'_>]) -> Json {
        let steps = path.iter().map(|step| match step {
            Step::Member(name) => json!(name),
            Step::Element(at) => json!(at),
        });
        match self.notation {
            Notation::Exact => json!({ "$ref": steps.collect::<Vec<_>>() }),
            Notation::Plain => {
                let pointer: String = path.iter().map(Step::pointer).collect();
                json!({ "$ref": pointer })
            }
        }
    }

    fn value(&self, value: &Value, ty: &Ty) -> Json {
        match (value, ty) {
            (Value::Int(n), Ty::Enum(id)) => self.label(*id, *n),
            (Value::Int(n), _) => integer(*n),
            (Value::Bool(truth), _) => json!(truth),
            (Value::Float(x), _) => match self.notation {
                Notation::Exact => json!({ "$f": float(*x) }),
                Notation::Plain => float(*x),
            },
            (Value::Str(text), _) => json!(&**text),
            (Value::Bytes(bytes), _) => match self.notation {
                Notation::Exact => json!({ "$b": hex(bytes) }),
                Notation::Plain => json!(STANDARD.encode_to_string(bytes)),
            },
            (Value::List(values), ty) => {
                let element = element_of(ty);
                let values = values.iter().map(|value| self.value(value, element));
                Json::Array(values.collect())
            }
            (Value::Null | Value::Headers(_) | Value::Record(_) | Value::Object(_), _) => {
                Json::Null
            }
        }
    }

    fn label(&self, id: EnumIndex, n: i128) -> Json {
        match self.all.machine.plan().enumeration(id).label(n) {
            Some(label) => match self.notation {
                Notation::Exact => json!({ "$e": label, "v": integer(n) }),
                Notation::Plain => json!(label),
            },
            None => integer(n),
        }
    }
}

impl Step<'_> {
    /// As a part of a JSON pointer (RFC 6901); names have nothing to escape.
    fn pointer(&self) -> String {
        match self {
            Self::Member(name) => format!("/{name}"),
            Self::Element(at) => format!("/{at}"),
        }
    }
}

/// The type of a list's elements.
fn element_of(ty: &Ty) -> &Ty {
    match ty {
        Ty::List(element) => element,
        other => other,
    }
}

fn integer(n: i128) -> Json {
    let exact = i64::try_from(n).map(Json::from);
    exact.unwrap_or_else(|_| u64::try_from(n).map_or_else(|_| json!(n.to_string()), Json::from))
}

fn float(x: f64) -> Json {
    if x.is_nan() {
        return json!("nan");
    }
    if x.is_infinite() {
        return json!(if x > 0.0 { "inf" } else { "-inf" });
    }
    json!(x)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
