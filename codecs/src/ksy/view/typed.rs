//! The exact view: nothing is lost, every value says what it is.
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

use crate::ksy::model::Ty;
use crate::ksy::plan::{Field, Form};
use crate::ksy::read::{Machine, ObjectId, ReadError, Val};
use gatewright_core::message::Value;
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

/// What a machine read, with all instances.
#[must_use]
pub fn typed(machine: &mut Machine<'_>) -> Json {
    let Some(root) = machine.root() else {
        return Json::Null;
    };
    let mut view = Typed {
        machine,
        paths: HashMap::new(),
        failed: HashMap::new(),
    };
    view.walk(root, &mut Vec::new());
    view.object(root)
}

/// An error as the view shows it.
#[must_use]
pub fn typed_error(error: &ReadError) -> Json {
    json!({
        "kind": error.class().as_str(),
        "path": error.path(),
        "offset": error.offset(),
        "message": error.message(),
    })
}

struct Typed<'v, 'p> {
    machine: &'v mut Machine<'p>,
    /// Where each structure is shown.
    paths: HashMap<ObjectId, Vec<Json>>,
    failed: HashMap<(ObjectId, usize), Json>,
}

impl<'p> Typed<'_, 'p> {
    fn members(&self, id: ObjectId) -> impl Iterator<Item = &'p Field> + use<'p> {
        let plan = self.machine.ty(id);
        plan.fields.iter().chain(&plan.instances)
    }

    /// Computes all instances and finds a place for each structure.
    fn walk(&mut self, id: ObjectId, path: &mut Vec<Json>) {
        if self.paths.contains_key(&id) {
            return;
        }
        self.paths.insert(id, path.clone());
        for field in self.members(id) {
            if let Val::Unset = self.machine.peek(id, field.slot)
                && let Err(error) = self.machine.member(id, field.slot)
            {
                self.failed.insert((id, field.slot), typed_error(&error));
                continue;
            }
            // What is computed refers to structures that have their place elsewhere.
            if matches!(field.form, Form::Value(_)) {
                continue;
            }
            path.push(json!(field.name));
            match self.machine.peek(id, field.slot).clone() {
                Val::Object(inner) => self.walk(inner, path),
                Val::List(list) => {
                    for (at, element) in self.machine.list(list).to_vec().iter().enumerate() {
                        if let Val::Object(inner) = element {
                            path.push(json!(at));
                            self.walk(*inner, path);
                            path.pop();
                        }
                    }
                }
                _ => {}
            }
            path.pop();
        }
    }

    fn object(&self, id: ObjectId) -> Json {
        let mut shown = Map::new();
        for (slot, param) in self.machine.ty(id).params.iter().enumerate() {
            let passed = self.val(self.machine.peek(id, slot), &param.ty, false);
            shown.extend(passed.map(|json| (param.name.clone(), json)));
        }
        for field in self.members(id) {
            if let Some(error) = self.failed.get(&(id, field.slot)) {
                shown.insert(field.name.clone(), json!({ "$err": error }));
                continue;
            }
            let owned = !matches!(field.form, Form::Value(_));
            let val = self.machine.peek(id, field.slot);
            if let Some(json) = self.val(val, &field.ty, owned) {
                shown.insert(field.name.clone(), json);
            }
        }
        Json::Object(shown)
    }

    fn val(&self, val: &Val, ty: &Ty, owned: bool) -> Option<Json> {
        Some(match val {
            Val::Unset | Val::Busy | Val::Absent | Val::Stream(_) => return None,
            Val::Plain(value) => self.value(value, ty),
            Val::Object(id) if owned => self.object(*id),
            Val::Object(id) => match self.paths.get(id) {
                Some(path) => json!({ "$ref": path }),
                None => self.object(*id),
            },
            Val::List(list) => {
                let element = match ty {
                    Ty::List(element) => element,
                    other => other,
                };
                let elements = self.machine.list(*list).iter();
                let shown = elements.map(|val| self.val(val, element, owned).unwrap_or(Json::Null));
                Json::Array(shown.collect())
            }
        })
    }

    fn value(&self, value: &Value, ty: &Ty) -> Json {
        match (value, ty) {
            (Value::Int(n), Ty::Enum(id)) => match self.machine.plan().enumeration(*id).label(*n) {
                Some(label) => json!({ "$e": label, "v": integer(*n) }),
                None => integer(*n),
            },
            (Value::Int(n), _) => integer(*n),
            (Value::Bool(truth), _) => json!(truth),
            (Value::Float(x), _) => json!({ "$f": float(*x) }),
            (Value::Str(text), _) => json!(&**text),
            (Value::Bytes(bytes), _) => json!({ "$b": hex(bytes) }),
            (Value::List(values), ty) => {
                let element = match ty {
                    Ty::List(element) => element,
                    other => other,
                };
                Json::Array(
                    values
                        .iter()
                        .map(|value| self.value(value, element))
                        .collect(),
                )
            }
            (Value::Null | Value::Record(_) | Value::Object(_), _) => Json::Null,
        }
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
