//! The values that a reply rule gives to the fields of its reply.

use super::fit::{Misfit, can_fit, describe, fit, way_out};
use crate::codec::{Descriptor, FieldDef, Presence, Schema, StructDef, Type};
use crate::expr::suggest::did_you_mean;
use crate::expr::{Env, EvalError, Problem, RuleError, Scope, Source, Span, Template};
use crate::message::{OperationId, Record, Slot, Value};
use crate::translate::codes::{MISSING, SET_ID, SET_RANGE, SET_TYPE, TWICE, UNKNOWN_FIELD};
use crate::translate::load::Findings;
use crate::translate::{ReplySpec, SetSpec};
use std::sync::Arc;

/// The fields of a reply: constants and defaults in place, and what each message computes.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    descriptor: Arc<Descriptor>,
    fixed: Record,
    /// By slot.
    computed: Vec<Computed>,
}

#[derive(Clone, Debug)]
struct Computed {
    slot: Slot,
    field: FieldDef,
    value: Template,
}

enum Setting {
    Constant(Value),
    Computed(Template),
}

impl Fields {
    /// Checks and compiles `set` of a rule that sends `operation`.
    pub(super) fn compile(
        spec: &ReplySpec,
        operation: OperationId,
        descriptor: &Arc<Descriptor>,
        scope: &mut dyn Scope,
        findings: &mut Findings,
    ) -> Self {
        let record = descriptor.record(operation);
        let mut given: Vec<Slot> = Vec::new();
        let mut fixed = record.fields.iter().map(default).collect::<Record>();
        let mut computed = Vec::new();
        for (name, value) in &spec.set {
            let found = findings.take(find(name, operation, descriptor, &given));
            let field = found.map_or(&ANYTHING, |(_, field)| field);
            // A bad value is reported beside a bad name.
            let setting = findings.take(compile_value(value, field, &descriptor.schema, scope));
            let Some((slot, field)) = found else { continue };
            given.push(slot);
            match (setting, fixed.get_mut(slot.index())) {
                (Some(Setting::Constant(value)), Some(place)) => *place = value,
                (Some(Setting::Computed(value)), _) => computed.push(Computed {
                    slot,
                    field: field.clone(),
                    value,
                }),
                _ => {}
            }
        }
        computed.sort_by_key(|computed| computed.slot);
        findings
            .errors
            .extend(missing(record, operation, descriptor, &given, spec));
        Self {
            descriptor: Arc::clone(descriptor),
            fixed,
            computed,
        }
    }

    /// Whether all values are known at load.
    pub(super) fn constant(&self) -> Option<&Record> {
        self.computed.is_empty().then_some(&self.fixed)
    }

    /// The fields of one reply.
    pub(super) fn build(&self, env: &dyn Env) -> Result<Record, EvalError> {
        let mut fields = Record::with_capacity(self.fixed.len());
        let mut computed = self.computed.iter().peekable();
        for (slot, fixed) in (0..).map(Slot).zip(&self.fixed) {
            fields.push(match computed.next_if(|computed| computed.slot == slot) {
                Some(Computed { field, value, .. }) => {
                    self.fit(value.eval(env)?.into_owned(), field)?
                }
                None => fixed.clone(),
            });
        }
        Ok(fields)
    }

    fn fit(&self, value: Value, field: &FieldDef) -> Result<Value, EvalError> {
        if value.is_null() && field.presence == Presence::Optional {
            return Ok(value);
        }
        let absent = value.is_null();
        fit(value, &field.ty, &self.descriptor.schema).map_err(|misfit| {
            let (problem, what) = match misfit {
                Misfit::Type if absent => (Problem::Absent, "is absent"),
                Misfit::Type => (Problem::WrongType, "has the wrong type"),
                Misfit::Range => (Problem::OutOfRange, "is out of range"),
            };
            EvalError::new(
                problem,
                format!("the value for field `{}` {what}", field.name),
            )
        })
    }
}

/// Stands for a field that does not exist, so that its value is still read.
static ANYTHING: FieldDef = FieldDef::new("", Type::Any);

fn default(field: &FieldDef) -> Value {
    match &field.presence {
        Presence::Default(value) => value.clone(),
        Presence::Required | Presence::Optional => Value::Null,
    }
}

fn find<'d>(
    name: &Source,
    operation: OperationId,
    descriptor: &'d Descriptor,
    given: &[Slot],
) -> Result<(Slot, &'d FieldDef), RuleError> {
    let record = descriptor.record(operation);
    let text = name.text();
    let error = |code, message: String| RuleError::new(code, name.span().clone(), message);
    let Some((slot, field)) = record.field(text) else {
        let operation = &descriptor.operation(operation).name;
        let mut error = error(
            UNKNOWN_FIELD,
            format!("message `{operation}` has no field `{text}`"),
        );
        error.help = did_you_mean(text, record.fields.iter().map(|f| f.name.as_ref()));
        return Err(error);
    };
    if descriptor.operation(operation).id == Some(slot) {
        return Err(
            error(SET_ID, format!("field `{text}` gets the id of the request"))
                .help("leave it out: the id echoes by itself"),
        );
    }
    if given.contains(&slot) {
        return Err(error(TWICE, format!("field `{text}` is given twice")));
    }
    Ok((slot, field))
}

fn missing(
    record: &StructDef,
    operation: OperationId,
    descriptor: &Descriptor,
    given: &[Slot],
    spec: &ReplySpec,
) -> Option<RuleError> {
    let operation = descriptor.operation(operation);
    let slots = (0..).map(Slot);
    let names: Vec<String> = record
        .fields
        .iter()
        .zip(slots)
        .filter(|(field, slot)| {
            field.presence == Presence::Required
                && operation.id != Some(*slot)
                && !given.contains(slot)
        })
        .map(|(field, _)| format!("`{}`", field.name))
        // A name that is only misspelt is reported as such.
        .collect();
    let unknown = spec
        .set
        .iter()
        .any(|(name, _)| record.field(name.text()).is_none());
    if names.is_empty() || unknown {
        return None;
    }
    let span = spec.send.as_ref().map_or(&spec.span, Source::span).clone();
    let message = format!(
        "message `{}` needs a value for {}",
        operation.name,
        names.join(", ")
    );
    Some(RuleError::new(MISSING, span, message).help("add it to `set`"))
}

fn compile_value(
    value: &SetSpec,
    field: &FieldDef,
    schema: &Schema,
    scope: &mut dyn Scope,
) -> Result<Setting, RuleError> {
    match value {
        SetSpec::Template(source) => compile_template(source, field, schema, scope),
        SetSpec::Int(n, span) => {
            let ty = Type::Int {
                min: i128::from(*n),
                max: i128::from(*n),
            };
            constant(Value::from(*n), &ty, field, schema, span)
        }
        SetSpec::Float(x, span) => constant(Value::Float(*x), &Type::Float, field, schema, span),
        SetSpec::Bool(b, span) => constant(Value::Bool(*b), &Type::Bool, field, schema, span),
    }
}

fn compile_template(
    source: &Source,
    field: &FieldDef,
    schema: &Schema,
    scope: &mut dyn Scope,
) -> Result<Setting, RuleError> {
    let template = Template::compile(source, scope)?;
    let constant_of = || template.single().and_then(|expr| expr.constant()).cloned();
    let known = template.literal().map(Value::from).or_else(constant_of);
    if let Some(value) = known {
        return constant(value, template.ty(), field, schema, source.span());
    }
    can_fit(template.ty(), &field.ty)
        .map_err(|misfit| refuse(misfit, template.ty(), field, schema, source.span()))?;
    Ok(Setting::Computed(template))
}

fn constant(
    value: Value,
    ty: &Type,
    field: &FieldDef,
    schema: &Schema,
    span: &Span,
) -> Result<Setting, RuleError> {
    if let (Value::Str(label), Type::Enum(id)) = (&value, &field.ty) {
        let definition = schema.enumeration(*id);
        if definition.value(label).is_none() {
            let message = format!(
                "the enum `{}` has no `{}`",
                definition.name,
                label.escape_debug()
            );
            let mut error = RuleError::new(SET_RANGE, span.clone(), message);
            error.help = did_you_mean(
                label,
                definition.labels.iter().map(|(_, label)| label.as_ref()),
            );
            return Err(error);
        }
    }
    fit(value, &field.ty, schema)
        .map(Setting::Constant)
        .map_err(|misfit| refuse(misfit, ty, field, schema, span))
}

fn refuse(misfit: Misfit, ty: &Type, field: &FieldDef, schema: &Schema, span: &Span) -> RuleError {
    let expected = describe(&field.ty, schema);
    match misfit {
        Misfit::Type => {
            let got = describe(ty, schema);
            let message = format!("field `{}` takes {expected}, not {got}", field.name);
            let mut error = RuleError::new(SET_TYPE, span.clone(), message);
            error.help = way_out(ty, &field.ty).map(str::to_owned);
            error
        }
        Misfit::Range => {
            let message = format!("the value does not fit field `{}`: {expected}", field.name);
            RuleError::new(SET_RANGE, span.clone(), message)
        }
    }
}
