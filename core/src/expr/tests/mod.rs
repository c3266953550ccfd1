//! Expressions and templates against one small world of fields.

mod errors;
mod random;
mod templates;
mod values;

use super::*;
use crate::codec::{
    Admission, Capabilities, CorrelationKind, Descriptor, Drain, EnumDef, EnumId, FieldDef,
    HalfClose, ReplyOrder, Schema, StructDef, StructId, Type, Unasked,
};
use crate::message::Value;
use ::bytes::Bytes;
use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

/// Knows some fields, and hands out JSON paths and header names as variables.
struct World {
    descriptor: Arc<Descriptor>,
    values: Vec<Value>,
    loads: Cell<usize>,
}

const FIELDS: [(&str, Type); 13] = [
    ("amount", Type::U32),
    ("small", Type::U8),
    ("minus", Type::INT),
    ("ratio", Type::Float),
    ("name", Type::STR),
    ("raw", Type::BYTES),
    ("flag", Type::Bool),
    ("kind", Type::Enum(EnumId(0))),
    ("colour", Type::Enum(EnumId(1))),
    ("hdr", Type::Struct(StructId(0))),
    ("gone", Type::U8),
    ("pin", Type::STR),
    ("odd", Type::Enum(EnumId(0))),
];

const JSON: &str = r#"{"code": "A1", "n": 5, "x": 2.5, "yes": true, "nil": null, "size": 7,
    "list": [1, 2.5, "x"], "first": {"name": "Ada"}, "a": [{"b": 1}, {"b": "two"}], "empty": []}"#;

fn world() -> World {
    let label = |n, label: &'static str| (n, Cow::Borrowed(label));
    let enums = vec![
        EnumDef {
            name: "kind".into(),
            labels: vec![label(1, "auth_req"), label(129, "auth_rsp")],
        },
        EnumDef {
            name: "colour".into(),
            labels: vec![label(1, "red")],
        },
    ];
    let fields = vec![
        FieldDef::new("len", Type::U16),
        FieldDef::new("length", Type::U8),
        FieldDef::new("kind", Type::Enum(EnumId(0))),
    ];
    let descriptor = Descriptor {
        name: "world".into(),
        schema: Schema {
            structs: vec![StructDef {
                name: "header".into(),
                fields,
            }],
            enums,
        },
        operations: Vec::new(),
        capabilities: Capabilities {
            correlation: CorrelationKind::None,
            reply_order: ReplyOrder::Any,
            half_close: HalfClose::Ends,
            drain: Drain::Close,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: 64,
        },
        heartbeat: None,
        http: None,
    };
    let values = vec![
        Value::Int(1250),
        Value::Int(200),
        Value::Int(-7),
        Value::Float(2.5),
        Value::from("Añb"),
        Value::Bytes(Bytes::from_static(b"ab\xff")),
        Value::Bool(true),
        Value::Int(1),
        Value::Int(1),
        Value::Record(vec![Value::Int(77), Value::Int(9), Value::Int(129)]),
        Value::Null,
        Value::from("hunter2"),
        Value::Int(66),
        Value::List(vec![Value::Int(3), Value::Int(1), Value::Int(2)]),
        Value::List(vec![Value::from("b"), Value::from("a")]),
    ];
    World {
        descriptor: Arc::new(descriptor),
        values,
        loads: Cell::new(0),
    }
}

impl World {
    fn bind(&mut self, ty: Type, used: usize, value: Value) -> Binding {
        self.values.push(value);
        let var = Var(u32::try_from(self.values.len() - 1).unwrap());
        Binding {
            var,
            ty,
            descriptor: None,
            used,
        }
    }
}

fn json(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) if n.is_i64() => Value::from(n.as_i64().unwrap()),
        serde_json::Value::Number(n) => Value::Float(n.as_f64().unwrap()),
        serde_json::Value::String(text) => Value::from(text.as_str()),
        serde_json::Value::Array(items) => Value::List(items.iter().map(json).collect()),
        serde_json::Value::Object(all) => Value::Object(
            all.iter()
                .map(|(k, v)| (k.as_str().into(), json(v)))
                .collect(),
        ),
    }
}

impl Scope for World {
    fn resolve(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError> {
        let unknown = |step, message: String, help: Option<String>| NameError {
            code: codes::UNKNOWN_NAME,
            message,
            step,
            help,
        };
        match path {
            [Step::Name("json"), rest @ ..] => {
                let whole: serde_json::Value = serde_json::from_str(JSON).unwrap();
                let value = rest.iter().try_fold(&whole, |at, step| match step {
                    Step::Name(key) | Step::Key(key) => at.get(key),
                    Step::Index(n) => at.get(n),
                });
                Ok(self.bind(Type::Any, path.len(), value.map_or(Value::Null, json)))
            }
            [Step::Name("headers"), Step::Key(name), ..] => {
                Ok(self.bind(Type::STR, 2, Value::from(*name)))
            }
            [Step::Name("request"), Step::Name("length"), ..] => {
                Ok(self.bind(Type::U8, 2, Value::Int(4)))
            }
            [Step::Name("request"), ..] => {
                Err(unknown(1, "the request has no such field".into(), None))
            }
            [Step::Name("nums"), ..] => Ok(Binding {
                var: Var(13),
                ty: Type::List(Box::new(Type::INT)),
                descriptor: None,
                used: 1,
            }),
            [Step::Name("words"), ..] => Ok(Binding {
                var: Var(14),
                ty: Type::List(Box::new(Type::STR)),
                descriptor: None,
                used: 1,
            }),
            [Step::Name(name), ..] => match FIELDS.iter().position(|(field, _)| field == name) {
                Some(at) => Ok(Binding {
                    var: Var(u32::try_from(at).unwrap()),
                    ty: FIELDS[at].1.clone(),
                    descriptor: Some(Arc::clone(&self.descriptor)),
                    used: 1,
                }),
                None => Err(unknown(
                    0,
                    format!("there is no field `{name}`"),
                    suggest::did_you_mean(name, FIELDS.map(|(field, _)| field)),
                )),
            },
            _ => Err(unknown(0, "a path starts with a name".into(), None)),
        }
    }

    fn enumeration(&self, name: &str) -> Option<(Arc<Descriptor>, EnumId)> {
        let at = self
            .descriptor
            .schema
            .enums
            .iter()
            .position(|def| def.name == name)?;
        Some((
            Arc::clone(&self.descriptor),
            EnumId(u16::try_from(at).unwrap()),
        ))
    }
}

impl Env for World {
    fn load(&self, var: Var) -> Result<Cow<'_, Value>, EvalError> {
        self.loads.set(self.loads.get() + 1);
        Ok(Cow::Borrowed(&self.values[var.0 as usize]))
    }
}

/// The same values, but none of them borrowed.
struct Copies<'w>(&'w World);

impl Env for Copies<'_> {
    fn load(&self, var: Var) -> Result<Cow<'_, Value>, EvalError> {
        self.0.load(var).map(|value| Cow::Owned(value.into_owned()))
    }
}

fn compile(text: &str) -> (World, Result<Expr, RuleError>) {
    let mut world = world();
    let expr = Expr::compile(&Source::verbatim(text, 0), &mut world);
    (world, expr)
}

fn run(text: &str) -> Result<Value, EvalError> {
    let (world, expr) = compile(text);
    let expr = expr.unwrap_or_else(|error| panic!("{text}: {error} at {:?}", error.span));
    let value = expr.eval(&world).map(Cow::into_owned);
    assert_eq!(
        expr.eval(&Copies(&world)).map(Cow::into_owned),
        value,
        "{text}, of values that are not borrowed"
    );
    value
}

/// The expression has this value, written as another expression.
#[track_caller]
fn check(text: &str, expected: impl Into<Value>) {
    assert_eq!(run(text), Ok(expected.into()), "{text}");
}
