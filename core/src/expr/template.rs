//! Text with `{expressions}` in it.

use super::braces::{Piece, pieces};
use super::builtin::Sort;
use super::check::NoEnv;
use super::{Env, EvalError, Expr, Format, RuleError, Scope, Source, Span, codes};
use crate::codec::Type;
use crate::message::Value;
use bytestring::ByteString;
use std::borrow::Cow;

/// Text with expressions in it, such as `/v1/{merchant}/x-{seq:08x}`.
#[derive(Clone, Debug)]
pub struct Template {
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug)]
pub enum Part {
    /// Text as it stands there.
    Literal(ByteString),
    /// A value.
    Expr {
        /// What gives the value.
        expr: Expr,
        /// How it is written, if not in the usual way.
        format: Option<Format>,
    },
}

impl Template {
    /// Reads, checks and compiles a template. `{expr}` and nothing else keeps the expression's
    /// type; everything else is text.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its place and a way out.
    pub fn compile(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        let pieces = pieces(source.text()).map_err(|error| RuleError {
            span: source.locate(error.span),
            ..error
        })?;
        let alone = matches!(pieces.as_slice(), [Piece::Expr { format: None, .. }]);
        let mut parts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            match piece {
                Piece::Literal(text) => push(&mut parts, Part::Literal(text.into())),
                Piece::Expr { expr, format } => {
                    let expr = Expr::compile(&source.slice(expr), scope)?;
                    let format = format
                        .map(|format| read_format(source, format))
                        .transpose()?;
                    let part = Part::Expr { expr, format };
                    push(&mut parts, if alone { part } else { part.in_text()? });
                }
            }
        }
        Ok(Self { parts })
    }

    /// The same for a place that takes only text, such as a path or a header:
    /// [`write_text`](Self::write_text) then fails for no static type.
    ///
    /// # Errors
    /// As [`compile`](Self::compile), and if the template is one expression whose values have no
    /// text form.
    pub fn compile_text(source: &Source, scope: &mut dyn Scope) -> Result<Self, RuleError> {
        let template = Self::compile(source, scope)?;
        match template.single() {
            Some(expr) => writable(expr, None).map(|()| template),
            None => Ok(template),
        }
    }

    /// Its pieces, in order. No two literals are neighbours.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The type of its values.
    #[must_use]
    pub fn ty(&self) -> &Type {
        self.single().map_or(&Type::STR, Expr::ty)
    }

    /// The text, if it is the same for every message.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The expression, if the template is `{expr}` and nothing else.
    #[must_use]
    pub fn single(&self) -> Option<&Expr> {
        match self.parts.as_slice() {
            [Part::Expr { expr, format: None }] => Some(expr),
            _ => None,
        }
    }

    /// Its value: the expression's own if it is [`single`](Self::single), text otherwise.
    ///
    /// # Errors
    /// If one of its expressions has no value, or none with a text form, for this message.
    pub fn eval<'e>(&'e self, env: &'e dyn Env) -> Result<Cow<'e, Value>, EvalError> {
        if let Some(expr) = self.single() {
            return expr.eval(env);
        }
        if let [Part::Literal(text)] = self.parts.as_slice() {
            return Ok(Cow::Owned(Value::Str(text.clone())));
        }
        let mut out = String::new();
        self.write_text(env, &mut out)?;
        Ok(Cow::Owned(Value::Str(out.into())))
    }

    /// Appends its text to `out`, which may be left with part of it after an error.
    ///
    /// # Errors
    /// If one of its expressions has no value, or none with a text form, for this message.
    pub fn write_text(&self, env: &dyn Env, out: &mut String) -> Result<(), EvalError> {
        self.parts
            .iter()
            .try_for_each(|part| part.write_text(env, out))
    }
}

impl Part {
    /// The same as a part of a text: checked to have one, and a literal if it is always the
    /// same.
    fn in_text(self) -> Result<Self, RuleError> {
        let Self::Expr { expr, format } = &self else {
            return Ok(self);
        };
        writable(expr, format.as_ref())?;
        if expr.constant().is_none() {
            return Ok(self);
        }
        let mut text = String::new();
        self.write_text(&NoEnv, &mut text).map_err(|error| {
            let message = format!("this always fails: {error}");
            RuleError::new(codes::ALWAYS_FAILS, expr.span().clone(), message)
        })?;
        Ok(Self::Literal(text.into()))
    }

    /// Appends its text to `out`, which may be left with part of it after an error.
    ///
    /// # Errors
    /// If its expression has no value, or none with a text form, for this message.
    pub fn write_text(&self, env: &dyn Env, out: &mut String) -> Result<(), EvalError> {
        match self {
            Self::Literal(text) => out.push_str(text),
            Self::Expr { expr, format: None } => expr.write_text(env, out)?,
            Self::Expr {
                expr,
                format: Some(format),
            } => write_formatted(expr, format, env, out)?,
        }
        Ok(())
    }
}

/// Adds a part; literals that meet become one.
fn push(parts: &mut Vec<Part>, part: Part) {
    match (parts.last_mut(), part) {
        (_, Part::Literal(text)) if text.is_empty() => {}
        (Some(Part::Literal(before)), Part::Literal(text)) => {
            *before = format!("{before}{text}").into()
        }
        (_, part) => parts.push(part),
    }
}

fn write_formatted(
    expr: &Expr,
    format: &Format,
    env: &dyn Env,
    out: &mut String,
) -> Result<(), EvalError> {
    let value = expr.eval(env)?;
    let written = match expr.label(&value) {
        Some(label) if !format.needs_integer() => format.write(&Value::from(label), out),
        _ => format.write(&value, out),
    };
    written.map_err(|error| error.at(expr.span().clone()))
}

fn read_format(source: &Source, span: Span) -> Result<Format, RuleError> {
    let text = source.text().get(span.clone()).unwrap_or_default();
    Format::parse(text).map_err(|message| {
        let error = RuleError::new(codes::FORMAT, source.locate(span), message);
        error.help("such as `08x` for eight hexadecimal digits, `>10` to align to the right")
    })
}

/// Whether the expression's values can become text in this way.
fn writable(expr: &Expr, format: Option<&Format>) -> Result<(), RuleError> {
    let sort = Sort::of(expr.ty());
    let error = |code, message: String| RuleError::new(code, expr.span().clone(), message);
    match sort {
        Sort::Bytes => {
            let help = "wrap it in hex(x) or base64(x), or read it with .to_s(\"UTF-8\")";
            Err(error(codes::NOT_TEXT, "bytes have no text form".to_owned()).help(help))
        }
        Sort::List => Err(error(codes::NOT_TEXT, "a list has no text form".to_owned())
            .help("pick an element, such as with .first or [0]")),
        Sort::Struct => Err(
            error(codes::NOT_TEXT, "a structure has no text form".to_owned())
                .help("pick one of its fields"),
        ),
        Sort::Bool | Sort::Float | Sort::Str if format.is_some_and(Format::needs_integer) => {
            Err(error(
                codes::FORMAT,
                format!("this format is for integers, not {}", sort.describe()),
            ))
        }
        Sort::Bool | Sort::Int | Sort::Float | Sort::Str | Sort::Enum | Sort::Any => Ok(()),
    }
}
