//! What functions and methods take and give.

use super::ast::{Kind, Node};
use super::builtin::{Builtin, FUNCTIONS, Gives, METHODS, Sort, function, methods};
use super::charset::Charset;
use super::check::{Checked, Checker, Typed};
use super::op::{Op, OpKind};
use super::suggest::{did_you_mean, nearest};
use super::{RuleError, Span, codes};
use crate::codec::{Descriptor, Type};
use std::sync::Arc;

impl Checker<'_> {
    pub(super) fn call(&mut self, callee: &Node<'_>, args: &[Node<'_>], span: &Span) -> Checked {
        match &callee.kind {
            Kind::Name(name) => self.function(name, args, callee, span),
            Kind::Attr(of, name) => {
                let of = self.check(of)?;
                self.method(of, name, args, callee, span)
            }
            _ => Err(RuleError::new(
                codes::SYNTAX,
                callee.span.clone(),
                "only functions and methods can be called",
            )),
        }
    }

    fn function(
        &mut self,
        name: &str,
        args: &[Node<'_>],
        callee: &Node<'_>,
        span: &Span,
    ) -> Checked {
        let row = function(name).ok_or_else(|| unknown_function(name, callee))?;
        let [arg] = args else {
            let message = format!("`{name}` takes one argument, not {}", args.len());
            return Err(RuleError::new(codes::ARGUMENTS, span.clone(), message));
        };
        let value = self.check(arg)?;
        if let (Type::Enum(id), Some(home), "string") = (&value.ty, &value.home, name) {
            return self.finish(
                OpKind::Label(Box::new(value.op), Arc::clone(home), *id),
                Type::STR,
                None,
                span,
            );
        }
        if value.sort() != Sort::Any && !row.on.contains(&value.sort()) {
            let message = format!("`{name}` does not take {}", value.describe());
            let error = RuleError::new(codes::ARGUMENTS, arg.span.clone(), message);
            return Err(match value.sort() {
                Sort::Bytes => error.help("read bytes as text with .to_s(\"UTF-8\"), or show them with hex(x) or base64(x)"),
                _ => error.help(format!("it takes {}", list(row.on))),
            });
        }
        let (ty, home) = result(row, &value);
        self.finish(OpKind::Call(row, vec![value.op]), ty, home, span)
    }

    /// `of.name(args)`, where `node` ends with the name and `span` is all of it.
    pub(super) fn method(
        &mut self,
        of: Typed,
        name: &str,
        args: &[Node<'_>],
        node: &Node<'_>,
        span: &Span,
    ) -> Checked {
        let sort = of.sort();
        let mut rows = methods(name)
            .filter(|row| sort == Sort::Any || row.on.contains(&sort))
            .peekable();
        if rows.peek().is_none() {
            return Err(unknown_method(&of, name, node));
        }
        let Some(row) = rows.find(|row| row.params.len() == args.len()) else {
            let message = format!("`{name}` takes other arguments than these {}", args.len());
            return Err(RuleError::new(codes::ARGUMENTS, span.clone(), message));
        };
        let (ty, home) = result(row, &of);
        extremes_have_order(row, &of, node)?;
        let mut ops = vec![of.op];
        for (param, arg) in row.params.iter().zip(args) {
            ops.push(self.argument(*param, arg, name)?);
        }
        if sort == Sort::Any {
            let ty = if args.is_empty() { Type::Any } else { ty };
            return self.finish(OpKind::Dispatch(name.into(), ops), ty, None, span);
        }
        self.finish(OpKind::Call(row, ops), ty, home, span)
    }

    fn argument(&mut self, param: Sort, arg: &Node<'_>, name: &str) -> Result<Op, RuleError> {
        let value = self.check(arg)?;
        let error = |message| RuleError::new(codes::ARGUMENTS, arg.span.clone(), message);
        if value.sort() != param && value.sort() != Sort::Any {
            return Err(error(format!(
                "`{name}` takes {} here, not {}",
                param.describe(),
                value.describe()
            )));
        }
        // The only text argument there is names a character encoding.
        if param == Sort::Str {
            let encoding = value.op.constant().and_then(|value| value.as_str());
            let encoding = encoding
                .ok_or_else(|| error("the character encoding must be written out".to_owned()))?;
            if Charset::named(encoding).is_none() {
                let message = format!("there is no character encoding `{encoding}`");
                let near = nearest(encoding, Charset::names());
                let near = near.map(|near| format!("did you mean `{near}`?"));
                return Err(error(message).help(
                    near.unwrap_or_else(|| "such as ASCII, UTF-8 or ISO-8859-1".to_owned()),
                ));
            }
        }
        Ok(value.op)
    }
}

fn result(row: &Builtin, of: &Typed) -> (Type, Option<Arc<Descriptor>>) {
    match (&row.gives, &of.ty) {
        (Gives::Always(ty), _) => (ty.clone(), None),
        (Gives::Element, Type::List(element)) => (Type::clone(element), of.home.clone()),
        (Gives::Element, _) => (Type::Any, None),
    }
}

fn extremes_have_order(row: &Builtin, of: &Typed, node: &Node<'_>) -> Result<(), RuleError> {
    let Type::List(element) = &of.ty else {
        return Ok(());
    };
    let ordered = matches!(
        Sort::of(element),
        Sort::Int | Sort::Float | Sort::Str | Sort::Bytes | Sort::Any
    );
    if ordered || !matches!(row.name, "min" | "max") {
        return Ok(());
    }
    let message = format!("`{}` needs elements that have an order", row.name);
    Err(RuleError::new(codes::ARGUMENTS, node.name_span(), message))
}

fn unknown_function(name: &str, callee: &Node<'_>) -> RuleError {
    let mut error = RuleError::new(
        codes::UNKNOWN_CALL,
        callee.span.clone(),
        format!("there is no function `{name}`"),
    );
    error.help = match methods(name).next() {
        Some(_) => Some(format!("it is a method: write `x.{name}`")),
        None => did_you_mean(name, FUNCTIONS.iter().map(|row| row.name)),
    };
    error
}

fn unknown_method(of: &Typed, name: &str, node: &Node<'_>) -> RuleError {
    let message = format!("{} has no method `{name}`", of.describe());
    let mut error = RuleError::new(codes::UNKNOWN_CALL, node.name_span(), message);
    let sort = of.sort();
    let mut names: Vec<_> = METHODS
        .iter()
        .filter(|row| sort == Sort::Any || row.on.contains(&sort))
        .map(|row| row.name)
        .collect();
    names.dedup();
    let known = (!names.is_empty()).then(|| format!("it has {}", names.join(", ")));
    error.help = match function(name) {
        Some(_) => Some(format!("it is a function: write `{name}(x)`")),
        None => did_you_mean(name, names).or(known),
    };
    error
}

fn list(sorts: &[Sort]) -> String {
    sorts
        .iter()
        .map(|sort| sort.describe())
        .collect::<Vec<_>>()
        .join(", ")
}
