//! A JSON document as a program: literal bytes prepared at load, and values written between
//! them with escapes. A value cannot change the document's structure.

use crate::codec::{Descriptor, Schema, Type};
use crate::expr::{Env, EvalError, Expr, Part, Problem, RuleError, Scope, Source, Span, Template};
use crate::message::Value;
use crate::translate::JsonSpec;
use crate::translate::codes::{JSON_VALUE, TWICE};
use crate::translate::load::Findings;
use bytes::Bytes;
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
    Literal(Vec<u8>),
    /// A value of its own type.
    Value(Expr),
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
            schema: &descriptor.schema,
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
            [Op::Literal(text)] => Some(Bytes::copy_from_slice(text)),
            _ => None,
        }
    }

    pub(in crate::translate) fn write(
        &self,
        env: &dyn Env,
        scratch: &mut String,
    ) -> Result<Bytes, EvalError> {
        let mut out = Vec::with_capacity(256);
        for op in &self.ops {
            match op {
                Op::Literal(text) => out.extend_from_slice(text),
                Op::Value(expr) => {
                    let value = expr.eval(env)?;
                    write_value(
                        &value,
                        expr.ty(),
                        &self.descriptor.schema,
                        MAX_DEPTH,
                        &mut out,
                    )?;
                }
                Op::Text(template) => {
                    scratch.clear();
                    template.write_text(env, scratch)?;
                    write_text(scratch, &mut out);
                }
            }
        }
        Ok(Bytes::from(out))
    }
}

struct Builder<'a, 's> {
    ops: Vec<Op>,
    schema: &'a Schema,
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
            JsonSpec::Int(n) => self.literal(n.to_string().as_bytes()),
            JsonSpec::Float(x) => self.float(*x),
            JsonSpec::Bool(b) => self.literal(b.to_string().as_bytes()),
        }
    }

    fn object(&mut self, members: &[(Source, JsonSpec)]) {
        self.literal(b"{");
        for (index, (key, value)) in members.iter().enumerate() {
            let earlier = members.get(..index).unwrap_or_default();
            if earlier.iter().any(|(other, _)| other.text() == key.text()) {
                let message = format!("member `{}` is given twice", key.text());
                self.findings
                    .errors
                    .push(RuleError::new(TWICE, key.span().clone(), message));
            }
            let mut text = Vec::from(if index == 0 { "" } else { "," });
            write_text(key.text(), &mut text);
            text.push(b':');
            self.literal(&text);
            self.key = key.span().clone();
            self.spec(value);
        }
        self.literal(b"}");
    }

    fn float(&mut self, x: f64) {
        let mut text = Vec::new();
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
        self.literal(b"[");
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.literal(b",");
            }
            self.spec(item);
        }
        self.literal(b"]");
    }

    fn template(&mut self, source: &Source) {
        let Some(template) = self.findings.take(Template::compile(source, self.scope)) else {
            return;
        };
        if let Some(expr) = template.single() {
            match no_json(expr.ty(), self.schema) {
                Some(what) => self.findings.errors.push(not_json(source, &what)),
                None => self.ops.push(Op::Value(expr.clone())),
            }
            return;
        }
        let text = match template.parts() {
            [] => "",
            [Part::Literal(text)] => text,
            _ => return self.ops.push(Op::Text(template)),
        };
        let mut literal = Vec::new();
        write_text(text, &mut literal);
        self.literal(&literal);
    }

    fn literal(&mut self, text: &[u8]) {
        match self.ops.last_mut() {
            Some(Op::Literal(last)) => last.extend_from_slice(text),
            _ => self.ops.push(Op::Literal(text.to_vec())),
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
    out: &mut Vec<u8>,
) -> Result<(), EvalError> {
    let depth = depth
        .checked_sub(1)
        .ok_or_else(|| EvalError::new(Problem::TooMuch, "a value nests too deep"))?;
    match (value, ty) {
        (Value::Null, _) => out.extend_from_slice(b"null"),
        (Value::Bool(b), _) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        (Value::Int(n), ty) => write_int(*n, ty, schema, out),
        (Value::Float(x), _) => write_float(*x, out)?,
        (Value::Str(text), _) => write_text(text, out),
        (Value::Bytes(_), _) => {
            return Err(EvalError::new(
                Problem::WrongType,
                "bytes have no JSON form",
            ));
        }
        (Value::List(items), ty) => {
            let item_type = if let Type::List(item) = ty {
                item
            } else {
                &Type::Any
            };
            separated(b"[", items, b"]", out, |item, out| {
                write_value(item, item_type, schema, depth, out)
            })?;
        }
        (Value::Record(fields), Type::Struct(id)) => {
            let members = schema.structure(*id).fields.iter().zip(fields);
            separated(b"{", members, b"}", out, |(def, field), out| {
                write_text(&def.name, out);
                out.push(b':');
                write_value(field, &def.ty, schema, depth, out)
            })?;
        }
        (Value::Record(_), _) => {
            return Err(EvalError::new(
                Problem::WrongType,
                "a structure without names has no JSON form",
            ));
        }
        (Value::Object(members), _) => {
            separated(b"{", members, b"}", out, |(name, member), out| {
                write_text(name, out);
                out.push(b':');
                write_value(member, &Type::Any, schema, depth, out)
            })?
        }
    }
    Ok(())
}

fn separated<I: IntoIterator>(
    open: &[u8],
    items: I,
    close: &[u8],
    out: &mut Vec<u8>,
    mut write: impl FnMut(I::Item, &mut Vec<u8>) -> Result<(), EvalError>,
) -> Result<(), EvalError> {
    out.extend_from_slice(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out)?;
    }
    out.extend_from_slice(close);
    Ok(())
}

fn write_int(n: i128, ty: &Type, schema: &Schema, out: &mut Vec<u8>) {
    if let Type::Enum(id) = ty
        && let Some(label) = schema.enumeration(*id).label(n)
    {
        return write_text(label, out);
    }
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, &n);
}

fn write_float(x: f64, out: &mut Vec<u8>) -> Result<(), EvalError> {
    if !x.is_finite() {
        return Err(EvalError::new(
            Problem::Overflow,
            "JSON has no infinite numbers and no NaN",
        ));
    }
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(out, &x);
    Ok(())
}

/// Appends text in quotes, with the escapes of RFC 8259, section 7. What needs none is found and
/// copied in blocks, as most text is long and plain (base64).
fn write_text(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some((plain, byte, after)) = next_special(rest) {
        out.extend_from_slice(plain);
        write_escape(byte, out);
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

const fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// The first byte that needs an escape, with what stands around it.
fn next_special(text: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    const BLOCK: usize = 32;
    // Without an early exit within a block, the compiler makes vector instructions of this.
    let any = |block: &[u8]| {
        block
            .iter()
            .fold(false, |any, byte| any | is_special(*byte))
    };
    let clean = text
        .chunks_exact(BLOCK)
        .take_while(|block| !any(block))
        .count()
        * BLOCK;
    let at = clean
        + text
            .get(clean..)?
            .iter()
            .position(|byte| is_special(*byte))?;
    let (plain, rest) = text.split_at_checked(at)?;
    let (byte, after) = rest.split_first()?;
    Some((plain, *byte, after))
}

fn write_escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: [u8; 16] = *b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            let low = HEX.get(usize::from(byte & 15)).copied().unwrap_or(b'0');
            return out.extend_from_slice(&[b'\\', b'u', b'0', b'0', b'0' + (byte >> 4), low]);
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        write_text(text, &mut out);
        out
    }

    #[test]
    fn every_character_comes_back() {
        for before in [0, 1, 31, 32, 33, 70] {
            for code in (0..0x300).chain([0x2028, 0x2029, 0xfffd, 0x1f600]) {
                let c = char::from_u32(code).expect("no surrogate");
                let text = format!("{}{c}\"{c}", "x".repeat(before));
                let back: String = serde_json::from_slice(&written(&text)).expect("JSON");
                assert_eq!(back, text);
            }
        }
    }

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
            let mut out = Vec::new();
            write_value(&value, &Type::Any, &schema, MAX_DEPTH, &mut out).expect("a JSON form");
            assert_eq!(String::from_utf8(out).expect("text"), expected);
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
                &mut Vec::new(),
            );
            assert!(result.is_err(), "{value:?}");
        }
    }
}
