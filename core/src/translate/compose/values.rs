//! How a field gets its value.

use super::fields::Target;
use super::fit::{Misfit, can_fit, describe, fit, names_definitions, way_out};
use crate::codec::{Descriptor, EnumDef, FieldDef, Presence, Schema, Type};
use crate::expr::suggest::did_you_mean;
use crate::expr::{Env, EvalError, Problem, RuleError, Scope, Source, Span, Template};
use crate::message::{Record, Value};
use crate::translate::SetSpec;
use crate::translate::codes::{SET_RANGE, SET_TYPE};
use crate::translate::load::Findings;
use std::sync::Arc;

/// How a field gets its value.
#[derive(Clone, Debug)]
pub(in crate::translate) enum Making {
    /// It is the same for every message.
    Constant(Value),
    /// It is computed.
    Computed(Box<Computed>),
    /// It is a list of so many elements.
    List(Vec<Self>),
    /// It is a structure with these fields, by slot.
    Record(Vec<Self>),
}

#[derive(Clone, Debug)]
pub(in crate::translate) struct Computed {
    field: FieldDef,
    value: Template,
}

impl Making {
    /// Checks and compiles the value of a field; the errors are noted.
    pub(in crate::translate) fn compile(
        value: &SetSpec,
        field: &FieldDef,
        descriptor: &Arc<Descriptor>,
        scope: &mut dyn Scope,
        findings: &mut Findings,
    ) -> Option<Self> {
        let schema = &descriptor.schema;
        let given = |ty, span| Given {
            ty,
            home: schema,
            span,
        };
        let made = match value {
            SetSpec::Template(source) => compile_template(source, field, descriptor, scope),
            SetSpec::Text(text, span) => given(&Type::STR, span).text(text, field, schema),
            SetSpec::Int(n, span) => {
                let (min, max) = (i128::from(*n), i128::from(*n));
                let ty = Type::Int { min, max };
                given(&ty, span).constant(Value::from(*n), field, schema)
            }
            SetSpec::Float(x, span) => {
                given(&Type::Float, span).constant(Value::Float(*x), field, schema)
            }
            SetSpec::Bool(b, span) => {
                given(&Type::Bool, span).constant(Value::Bool(*b), field, schema)
            }
            SetSpec::List(items, span) => {
                return compile_list(items, span, field, descriptor, scope, findings);
            }
            SetSpec::Table(set, span) => {
                return compile_table(set, span, field, descriptor, scope, findings);
            }
        };
        findings.take(made)
    }

    /// The value, if it is known at load.
    pub(in crate::translate) const fn constant(&self) -> Option<&Value> {
        match self {
            Self::Constant(value) => Some(value),
            Self::Computed(_) | Self::List(_) | Self::Record(_) => None,
        }
    }

    /// The value for one message.
    pub(in crate::translate) fn make(
        &self,
        env: &dyn Env,
        schema: &Schema,
    ) -> Result<Value, EvalError> {
        let all = |parts: &[Self]| -> Result<Vec<Value>, EvalError> {
            parts.iter().map(|part| part.make(env, schema)).collect()
        };
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Computed(computed) => computed.make(env, schema),
            Self::List(items) => all(items).map(Value::List),
            Self::Record(fields) => all(fields).map(Value::Record),
        }
    }

    /// The same, constant if its parts are.
    fn of_parts(
        parts: Vec<Self>,
        value: fn(Record) -> Value,
        computed: fn(Vec<Self>) -> Self,
    ) -> Self {
        let constants: Option<Record> = parts.iter().map(|part| part.constant().cloned()).collect();
        match constants {
            Some(constants) => Self::Constant(value(constants)),
            None => computed(parts),
        }
    }
}

impl Computed {
    fn make(&self, env: &dyn Env, schema: &Schema) -> Result<Value, EvalError> {
        let Self { field, value } = self;
        let value = value.eval(env)?.into_owned();
        let absent = value.is_null();
        if absent && field.presence == Presence::Optional {
            return Ok(value);
        }
        fit(value, &field.ty, schema).map_err(|misfit| {
            let (problem, what) = match misfit {
                Misfit::Type if absent => (Problem::Absent, "is absent"),
                Misfit::Type => (Problem::WrongType, "has the wrong type"),
                Misfit::Range => (Problem::OutOfRange, "is out of range"),
            };
            let message = format!("the value for field `{}` {what}", field.name);
            EvalError::new(problem, message)
        })
    }
}

/// What is typed as a list. Its elements are of one type.
fn compile_list(
    items: &[SetSpec],
    span: &Span,
    field: &FieldDef,
    descriptor: &Arc<Descriptor>,
    scope: &mut dyn Scope,
    findings: &mut Findings,
) -> Option<Making> {
    let ty = match &field.ty {
        Type::List(item) => Type::clone(item),
        Type::Any => Type::Any,
        _ => return findings.refuse(not_a("a list", field, &descriptor.schema, span)),
    };
    let element = FieldDef {
        ty,
        presence: Presence::Required,
        ..field.clone()
    };
    let mut parts = Vec::with_capacity(items.len());
    for item in items {
        parts.push(Making::compile(item, &element, descriptor, scope, findings));
    }
    let parts = parts.into_iter().collect::<Option<_>>()?;
    Some(Making::of_parts(parts, Value::List, Making::List))
}

/// What is typed as a table: a structure.
fn compile_table(
    set: &[(Source, SetSpec)],
    span: &Span,
    field: &FieldDef,
    descriptor: &Arc<Descriptor>,
    scope: &mut dyn Scope,
    findings: &mut Findings,
) -> Option<Making> {
    let Type::Struct(id) = &field.ty else {
        return findings.refuse(not_a("a table of fields", field, &descriptor.schema, span));
    };
    let record = descriptor.schema.structure(*id);
    let target = Target {
        descriptor,
        record,
        of: format!("structure `{}`", record.name),
        id: None,
        place: span,
    };
    let parts = target.compile(set, scope, findings);
    Some(Making::of_parts(parts, Value::Record, Making::Record))
}

fn not_a(got: &str, field: &FieldDef, schema: &Schema, span: &Span) -> RuleError {
    let expected = describe(&field.ty, schema);
    let message = format!("field `{}` takes {expected}, not {got}", field.name);
    RuleError::new(SET_TYPE, span.clone(), message)
}

fn compile_template(
    source: &Source,
    field: &FieldDef,
    descriptor: &Arc<Descriptor>,
    scope: &mut dyn Scope,
) -> Result<Making, RuleError> {
    let template = Template::compile(source, scope)?;
    let home = template.single().and_then(|expr| expr.descriptor());
    let given = Given {
        ty: template.ty(),
        home: home.map_or(&descriptor.schema, |home| &home.schema),
        span: source.span(),
    };
    if let Some(home) = home.filter(|home| !Arc::ptr_eq(home, descriptor)) {
        given.refuse_foreign(field, descriptor, home)?;
    }
    let constant_of = || template.single().and_then(|expr| expr.constant()).cloned();
    let known = template.literal().map(Value::from).or_else(constant_of);
    if let Some(value) = known {
        return given.constant(value, field, &descriptor.schema);
    }
    can_fit(given.ty, &field.ty)
        .map_err(|misfit| given.refuse(misfit, field, &descriptor.schema))?;
    let (field, value) = (field.clone(), template);
    Ok(Making::Computed(Box::new(Computed { field, value })))
}

/// What is known of a value at load.
struct Given<'a> {
    ty: &'a Type,
    /// Where the definitions are that the type names.
    home: &'a Schema,
    span: &'a Span,
}

impl Given<'_> {
    fn constant(
        &self,
        value: Value,
        field: &FieldDef,
        schema: &Schema,
    ) -> Result<Making, RuleError> {
        if let (Value::Str(label), Type::Enum(id)) = (&value, &field.ty) {
            self.check_label(label, schema.enumeration(*id))?;
        }
        fit(value, &field.ty, schema)
            .map(Making::Constant)
            .map_err(|misfit| self.refuse(misfit, field, schema))
    }

    /// Text that is no template, in the form that the field holds.
    fn text(&self, text: &str, field: &FieldDef, schema: &Schema) -> Result<Making, RuleError> {
        let value = match &field.ty {
            Type::Bytes { .. } => Value::Bytes(text.as_bytes().to_vec().into()),
            _ => Value::from(text),
        };
        fit(value, &field.ty, schema)
            .map(Making::Constant)
            .map_err(|misfit| self.refuse(misfit, field, schema))
    }

    fn check_label(&self, label: &str, definition: &EnumDef) -> Result<(), RuleError> {
        if definition.value(label).is_some() {
            return Ok(());
        }
        let (name, typed) = (&definition.name, label.escape_debug());
        let message = format!("the enum `{name}` has no `{typed}`");
        let mut error = RuleError::new(SET_RANGE, self.span.clone(), message);
        let labels = definition.labels.iter().map(|(_, label)| label.as_ref());
        error.help = did_you_mean(label, labels);
        Err(error)
    }

    /// Structures and enums of another protocol have the same numbers and another meaning.
    fn refuse_foreign(
        &self,
        field: &FieldDef,
        descriptor: &Descriptor,
        home: &Descriptor,
    ) -> Result<(), RuleError> {
        if !names_definitions(self.ty) || !names_definitions(&field.ty) {
            return Ok(());
        }
        let got = format!("{} of `{}`", describe(self.ty, self.home), home.name);
        let error = not_a(&got, field, &descriptor.schema, self.span);
        Err(error.help(
            "pick its fields; of an enum, its label `{string(...)}` or its number `{int(...)}`",
        ))
    }

    fn refuse(&self, misfit: Misfit, field: &FieldDef, schema: &Schema) -> RuleError {
        match misfit {
            Misfit::Type => {
                let got = describe(self.ty, self.home);
                let mut error = not_a(&got, field, schema, self.span);
                error.help = way_out(self.ty, &field.ty).map(str::to_owned);
                error
            }
            Misfit::Range => {
                let expected = describe(&field.ty, schema);
                let message = format!("the value does not fit field `{}`: {expected}", field.name);
                RuleError::new(SET_RANGE, self.span.clone(), message)
            }
        }
    }
}
