//! A small world for expressions: fields of every type, and their values.

use gatewright_core::codec::{
    Admission, Capabilities, CorrelationKind, Descriptor, Drain, EnumDef, EnumId, FieldDef,
    HalfClose, ReplyOrder, Schema, StructDef, StructId, Type, Unasked,
};
use gatewright_core::expr::{
    Binding, Env, EvalError, Expr, NameError, RuleError, Scope, Source, Step, Template, Var, codes,
};
use gatewright_core::message::Value;
use std::borrow::Cow;
use std::sync::Arc;

/// Names, their types and their values: a scope and an environment in one.
#[derive(Clone, Debug)]
pub struct World {
    descriptor: Arc<Descriptor>,
    fields: Vec<(&'static str, Type, Value)>,
}

impl World {
    /// A world with these fields.
    #[must_use]
    pub fn new(fields: Vec<(&'static str, Type, Value)>) -> Self {
        Self {
            descriptor: Arc::new(descriptor()),
            fields,
        }
    }

    /// One field of every type there is, and one that is absent.
    #[must_use]
    pub fn full() -> Self {
        let text = |text: &str| Value::from(text);
        let kind = Type::Enum(EnumId(0));
        let json = vec![
            ("name".into(), text("Ada")),
            (
                "list".into(),
                Value::List(vec![1_u8.into(), Value::Float(2.5), text("x"), Value::Null]),
            ),
            ("size".into(), Value::Int(7)),
        ];
        let header = Value::Record(vec![Value::Int(3), text("é\u{0}")]);
        Self::new(vec![
            ("amount", Type::U32, Value::Int(4_200)),
            ("minus", Type::INT, Value::Int(-3)),
            ("ratio", Type::Float, Value::Float(-0.25)),
            ("name", Type::STR, text("Ünïcode /../ text")),
            (
                "raw",
                Type::BYTES,
                Value::Bytes(vec![0, 0x80, 0xff, b'{'].into()),
            ),
            ("flag", Type::Bool, Value::Bool(true)),
            ("kind", kind.clone(), Value::Int(1)),
            ("odd", kind, Value::Int(99)),
            ("hdr", Type::Struct(StructId(0)), header),
            (
                "nums",
                Type::List(Box::new(Type::U8)),
                Value::List(vec![3_u8.into(), 1_u8.into()]),
            ),
            ("gone", Type::STR, Value::Null),
            ("json", Type::Any, Value::Object(json)),
        ])
    }

    fn place(&self, name: &str) -> Option<(u32, &Type)> {
        let mut fields = (0_u32..).zip(&self.fields);
        fields.find_map(|(n, (field, ty, _))| (*field == name).then_some((n, ty)))
    }
}

fn descriptor() -> Descriptor {
    let header = vec![
        FieldDef::new("len", Type::U8),
        FieldDef::new("text", Type::STR),
    ];
    Descriptor {
        name: "world".into(),
        schema: Schema {
            structs: vec![StructDef {
                name: "hdr".into(),
                fields: header,
            }],
            enums: vec![EnumDef {
                name: "kind".into(),
                labels: vec![(1, "auth_req".into()), (2, "auth_rsp".into())],
            }],
        },
        operations: Vec::new(),
        capabilities: Capabilities {
            correlation: CorrelationKind::None,
            reply_order: ReplyOrder::Any,
            half_close: HalfClose::Ends,
            drain: Drain::Close,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: 1,
        },
        heartbeat: None,
        http: None,
    }
}

impl Scope for World {
    fn resolve(&mut self, path: &[Step<'_>]) -> Result<Binding, NameError> {
        let found = match path {
            [Step::Name(name), ..] => self.place(name),
            _ => None,
        };
        let (var, ty) = found.ok_or_else(|| NameError {
            code: codes::UNKNOWN_NAME,
            message: "there is no such name".to_owned(),
            step: 0,
            help: None,
        })?;
        Ok(Binding {
            var: Var(var),
            ty: ty.clone(),
            descriptor: Some(Arc::clone(&self.descriptor)),
            used: 1,
        })
    }

    fn enumeration(&self, name: &str) -> Option<(Arc<Descriptor>, EnumId)> {
        (name == "kind").then(|| (Arc::clone(&self.descriptor), EnumId(0)))
    }
}

impl Env for World {
    fn load(&self, var: Var) -> Result<Cow<'_, Value>, EvalError> {
        let (_, _, value) = &self.fields[var.0 as usize];
        Ok(Cow::Borrowed(value))
    }
}

/// Compiles any text as an expression, a condition and a template, and runs what compiles.
///
/// # Panics
/// If an error points outside of the text or into a character, if a run disagrees with the type
/// that was promised, or whenever the language does.
pub fn check_any_text(text: &str, world: &mut World) {
    let source = Source::verbatim(text, 0);
    match Expr::compile(&source, world) {
        Ok(expr) => check_run(text, &expr, world),
        Err(error) => check_error(text, &error),
    }
    match Expr::condition(&source, world) {
        Ok(condition) => drop(condition.test(world)),
        Err(error) => check_error(text, &error),
    }
    match Template::compile_text(&source, world) {
        Ok(template) => drop(template.write_text(world, &mut String::new())),
        Err(error) => check_error(text, &error),
    }
}

fn check_run(text: &str, expr: &Expr, world: &World) {
    assert!(text.get(expr.span().clone()).is_some(), "{:?}", expr.span());
    match expr.eval(world) {
        Ok(value) => assert!(is_of(&value, expr.ty()), "{value:?} is not {:?}", expr.ty()),
        Err(error) => {
            let span = error.span().expect("a place");
            assert!(text.get(span.clone()).is_some(), "{span:?}");
        }
    }
    let constant = expr.constant().cloned();
    if let Some(constant) = constant {
        let again = expr.eval(world).expect("a constant has a value");
        assert_eq!(*again, constant);
    }
}

fn check_error(text: &str, error: &RuleError) {
    assert!(
        text.get(error.span.clone()).is_some(),
        "{error} at {:?}",
        error.span
    );
    assert!(
        codes::find(error.code).is_some(),
        "{error} cannot be explained"
    );
}

/// Whether the value may come from a place of that type, absence aside. Ranges are not looked
/// at: those of fields hold by decoding, and this world's fields are not decoded.
fn is_of(value: &Value, ty: &Type) -> bool {
    match ty {
        Type::Any => true,
        _ if value.is_null() => true,
        Type::Bool => matches!(value, Value::Bool(_)),
        Type::Int { .. } | Type::Enum(_) => matches!(value, Value::Int(_)),
        Type::Float => matches!(value, Value::Float(_)),
        Type::Str { .. } => matches!(value, Value::Str(_)),
        Type::Bytes { .. } => matches!(value, Value::Bytes(_)),
        Type::List(of) => value
            .as_list()
            .is_some_and(|items| items.iter().all(|item| is_of(item, of))),
        Type::Struct(_) => matches!(value, Value::Record(_)),
    }
}
