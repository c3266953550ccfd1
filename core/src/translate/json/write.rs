//! A JSON document as a program: literal bytes prepared at load, and values written between
//! them with escapes. A value cannot change the document's structure.

use super::escape::{quoted, write_text};
use crate::codec::{Descriptor, Schema, Type};
use crate::expr::{self, Env, EvalError, Expr, Problem, RuleError, Scope, Source, Span, Template};
use crate::message::Value;
use crate::translate::JsonSpec;
use crate::translate::codes::{JSON_VALUE, TWICE};
use crate::translate::load::Findings;
use bytes::Bytes;
use std::fmt::Write;
use std::sync::Arc;

/// How deep a value may nest.
const MAX_DEPTH: usize = 64;

/// A document with values in it.
#[derive(Clone, Debug)]
pub(in crate::translate) struct Document {
    descriptor: Arc<Descriptor>,
    ops: Vec<Op>,
}

#[derive(Clone, Debug)]
enum Op {
    Literal(String),
    /// A value of its own type.
    Value(Expr),
    /// Computed text without any character to escape; its quotes are in the literals.
    Plain(Expr),
    /// Text from several pieces.
    Text(Template),
}

impl Document {
    pub(in crate::translate) fn compile(
        spec: &JsonSpec,
        descriptor: &Arc<Descriptor>,
        scope: &mut dyn Scope,
        findings: &mut Findings,
    ) -> Self {
        let mut builder = Builder {
            ops: Vec::new(),
            descriptor,
            scope,
            findings,
            key: 0..0,
        };
        builder.spec(spec);
        Self {
            descriptor: Arc::clone(descriptor),
            ops: builder.ops,
        }
    }

    /// The document, if it is the same for every message.
    pub(in crate::translate) fn fixed(&self) -> Option<Bytes> {
        match self.ops.as_slice() {
            [Op::Literal(text)] => Some(Bytes::copy_from_slice(text.as_bytes())),
            _ => None,
        }
    }

    /// Appends the document to `out`, which may be left with part of it after an error.
    pub(in crate::translate) fn write(
        &self,
        env: &dyn Env,
        out: &mut String,
    ) -> Result<(), EvalError> {
        self.ops.iter().try_for_each(|op| {
            match op {
                Op::Literal(text) => out.push_str(text),
                Op::Value(expr) => self.value(expr, env, out)?,
                Op::Plain(expr) => expr.write_text(env, out)?,
                Op::Text(template) => quoted(out, |out| template.write_text(env, out))?,
            }
            Ok(())
        })
    }

    fn value(&self, expr: &Expr, env: &dyn Env, out: &mut String) -> Result<(), EvalError> {
        // Computed text is written straight to its place.
        if matches!(expr.ty(), Type::Str { .. }) && expr.var().is_none() {
            let start = out.len();
            if quoted(out, |out| expr.write_text(env, out)).is_ok() {
                return Ok(());
            }
            out.truncate(start);
        }
        let value = expr.eval(env)?;
        write_value(
            &value,
            expr.ty(),
            home(expr, &self.descriptor),
            MAX_DEPTH,
            out,
        )
    }
}

/// Where the structures and enums are that an expression's type names: in a reply, they may be the
/// upstream's.
fn home<'d>(expr: &'d Expr, other: &'d Descriptor) -> &'d Schema {
    let descriptor = expr.descriptor().map_or(other, |descriptor| descriptor);
    &descriptor.schema
}

struct Builder<'a, 's> {
    ops: Vec<Op>,
    descriptor: &'a Descriptor,
    scope: &'a mut (dyn Scope + 's),
    findings: &'a mut Findings,
    /// The key of the member that is being read: a number has no place of its own.
    key: Span,
}

impl Builder<'_, '_> {
    fn spec(&mut self, spec: &JsonSpec) {
        match spec {
            JsonSpec::Object(members) => self.object(members),
            JsonSpec::Array(items) => self.array(items),
            JsonSpec::Template(source) => self.template(source),
            JsonSpec::Int(n) => self.literal(&n.to_string()),
            JsonSpec::Float(x) => self.float(*x),
            JsonSpec::Bool(b) => self.literal(&b.to_string()),
        }
    }

    fn object(&mut self, members: &[(Source, JsonSpec)]) {
        self.literal("{");
        for (index, (key, value)) in members.iter().enumerate() {
            let earlier = members.get(..index).unwrap_or_default();
            if earlier.iter().any(|(other, _)| other.text() == key.text()) {
                let message = format!("member `{}` is given twice", key.text());
                self.findings
                    .errors
                    .push(RuleError::new(TWICE, key.span().clone(), message));
            }
            let mut text = String::from(if index == 0 { "" } else { "," });
            write_text(key.text(), &mut text);
            text.push(':');
            self.literal(&text);
            self.key = key.span().clone();
            self.spec(value);
        }
        self.literal("}");
    }

    fn float(&mut self, x: f64) {
        let mut text = String::new();
        match write_float(x, &mut text) {
            Ok(()) => self.literal(&text),
            Err(error) => self.findings.errors.push(RuleError::new(
                JSON_VALUE,
                self.key.clone(),
                error.detail(),
            )),
        }
    }

    fn array(&mut self, items: &[JsonSpec]) {
        self.literal("[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.literal(",");
            }
            self.spec(item);
        }
        self.literal("]");
    }

    fn template(&mut self, source: &Source) {
        let Some(template) = self.findings.take(Template::compile(source, self.scope)) else {
            return;
        };
        if let Some(expr) = template.single() {
            match no_json(expr.ty(), home(expr, self.descriptor)) {
                Some(what) => self.findings.errors.push(not_json(source, &what)),
                None if expr.is_plain() => {
                    self.literal("\"");
                    self.ops.push(Op::Plain(expr.clone()));
                    self.literal("\"");
                }
                None => self.ops.push(Op::Value(expr.clone())),
            }
            return;
        }
        let Some(text) = template.literal() else {
            return self.ops.push(Op::Text(template));
        };
        let mut literal = String::new();
        write_text(text, &mut literal);
        self.literal(&literal);
    }

    fn literal(&mut self, text: &str) {
        match self.ops.last_mut() {
            Some(Op::Literal(last)) => last.push_str(text),
            _ => self.ops.push(Op::Literal(text.to_owned())),
        }
    }
}

fn not_json(source: &Source, what: &str) -> RuleError {
    RuleError::new(
        JSON_VALUE,
        source.span().clone(),
        format!("{what} have no JSON form"),
    )
    .help("wrap them: `{base64(...)}` or `{hex(...)}`")
}

/// What has no JSON form in values of this type.
fn no_json(ty: &Type, schema: &Schema) -> Option<String> {
    let mut seen = Vec::new();
    let mut next = vec![(ty, "the bytes".to_owned())];
    while let Some((ty, what)) = next.pop() {
        match ty {
            Type::Bytes { .. } => return Some(what),
            Type::List(item) => next.push((item, what)),
            Type::Struct(id) if !seen.contains(id) => {
                seen.push(*id);
                let fields = &schema.structure(*id).fields;
                next.extend(
                    fields
                        .iter()
                        .map(|f| (&f.ty, format!("the bytes in `{}`", f.name))),
                );
            }
            Type::Struct(_) | Type::Bool | Type::Int { .. } | Type::Float => {}
            Type::Str { .. } | Type::Enum(_) | Type::Any => {}
        }
    }
    None
}

fn write_value(
    value: &Value,
    ty: &Type,
    schema: &Schema,
    depth: usize,
    out: &mut String,
) -> Result<(), EvalError> {
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| EvalError::new(Problem::TooMuch, "a value nests too deep"))?;
    match (value, ty) {
        (Value::Null, _) => out.push_str("null"),
        (Value::Bool(b), _) => out.push_str(if *b { "true" } else { "false" }),
        (Value::Int(n), ty) => write_int(*n, ty, schema, out),
        (Value::Float(x), _) => write_float(*x, out)?,
        (Value::Str(text), _) => write_text(text, out),
        (Value::Bytes(_), _) => {
            return Err(EvalError::new(
                Problem::WrongType,
                "bytes have no JSON form",
            ));
        }
        (Value::List(_) | Value::Headers(_), ty) => {
            let items = value.as_list().unwrap_or_default();
            let item_type = if let Type::List(item) = ty {
                item
            } else {
                &Type::Any
            };
            separated("[", items, "]", out, |item, out| {
                write_value(item, item_type, schema, depth, out)
            })?;
        }
        (Value::Record(fields), Type::Struct(id)) => {
            let members = schema.structure(*id).fields.iter().zip(fields);
            separated("{", members, "}", out, |(def, field), out| {
                write_text(&def.name, out);
                out.push(':');
                write_value(field, &def.ty, schema, depth, out)
            })?;
        }
        (Value::Record(_), _) => {
            return Err(EvalError::new(
                Problem::WrongType,
                "a structure without names has no JSON form",
            ));
        }
        (Value::Object(members), _) => separated("{", members, "}", out, |(name, member), out| {
            write_text(name, out);
            out.push(':');
            write_value(member, &Type::Any, schema, depth, out)
        })?,
    }
    Ok(())
}

fn separated<I: IntoIterator>(
    open: &str,
    items: I,
    close: &str,
    out: &mut String,
    mut write: impl FnMut(I::Item, &mut String) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    out.push_str(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out)?;
    }
    out.push_str(close);
    Ok(())
}

fn write_int(n: i128, ty: &Type, schema: &Schema, out: &mut String) {
    if let Type::Enum(id) = ty
        && let Some(label) = schema.enumeration(*id).label(n)
    {
        return write_text(label, out);
    }
    expr::write_int(n, out);
}

fn write_float(x: f64, out: &mut String) -> Result<(), EvalError> {
    let number = serde_json::Number::from_f64(x).ok_or_else(|| {
        EvalError::new(Problem::Overflow, "JSON has no infinite numbers and no NaN")
    })?;
    // Writing to memory cannot fail.
    let _ = write!(out, "{number}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_value() {
        let schema = Schema::default();
        for (value, expected) in [
            (Value::Int(u64::MAX.into()), "18446744073709551615"),
            (Value::Int(i64::MIN.into()), "-9223372036854775808"),
            (Value::Float(0.1), "0.1"),
            (Value::Bool(true), "true"),
            (Value::Null, "null"),
            (
                Value::List(vec![Value::Int(1), Value::from("a")]),
                r#"[1,"a"]"#,
            ),
        ] {
            let mut out = String::new();
            write_value(&value, &Type::Any, &schema, MAX_DEPTH, &mut out).expect("a JSON form");
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn what_has_no_json_form_is_an_error() {
        let deep = (0..MAX_DEPTH).fold(Value::Null, |value, _| Value::List(vec![value]));
        for value in [
            Value::Float(f64::NAN),
            Value::Float(f64::INFINITY),
            Value::Bytes(Bytes::new()),
            deep,
        ] {
            let result = write_value(
                &value,
                &Type::Any,
                &Schema::default(),
                MAX_DEPTH,
                &mut String::new(),
            );
            assert!(result.is_err(), "{value:?}");
        }
    }
}
