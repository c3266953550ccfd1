//! Expressions: names to slots, types, constants.

use super::members::Members;
use crate::ksy::codes;
use crate::ksy::model::{Model, Ty, TypeId};
use crate::ksy::plan::{Code, Extreme, Op};
use bytes::Bytes;
use gatewright_core::expr::charset::Charset;
use gatewright_core::expr::semantics::{Budget, Gives, Sort, binary, methods, unary};
use gatewright_core::expr::syntax::{Arith, Kind, Node, Unary, parse};
use gatewright_core::expr::{Comparison, RuleError, Source, Span};
use gatewright_core::message::Value;

/// What went wrong, or `None` if that has been reported where it did.
pub(in crate::ksy) type Bound<T> = Result<T, Option<RuleError>>;

/// A compiled expression with its type.
#[derive(Debug)]
pub(in crate::ksy) struct Typed {
    pub(in crate::ksy) code: Code,
    pub(in crate::ksy) ty: Ty,
}

/// Where an expression stands.
#[derive(Clone, Debug)]
pub(in crate::ksy) struct Place {
    /// The structure whose names it uses.
    pub(in crate::ksy) ty: TypeId,
    /// The type of `_`, where there is one.
    pub(in crate::ksy) it: Option<Ty>,
    /// Which names there are.
    pub(in crate::ksy) scope: Scope,
}

/// Which names an expression knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ksy) enum Scope {
    /// Those of its structure.
    Members,
    /// The same, in a `-gateway` section: what is absent is null, and so is a member that not all
    /// cases of a switch have, in the others.
    Section,
    /// `request`, whose parts a reply needs.
    Request,
    /// `request`, and `_fault`, for which it is rejected.
    Fault,
    /// None.
    Nothing,
}

impl Place {
    pub(in crate::ksy) const fn of(ty: TypeId) -> Self {
        Self {
            ty,
            it: None,
            scope: Scope::Members,
        }
    }

    pub(in crate::ksy) const fn within(ty: TypeId, scope: Scope) -> Self {
        Self {
            ty,
            it: None,
            scope,
        }
    }

    pub(in crate::ksy) const fn with(ty: TypeId, it: Ty) -> Self {
        Self {
            ty,
            it: Some(it),
            scope: Scope::Members,
        }
    }
}

/// Compiles expressions of one place.
#[derive(Debug)]
pub(in crate::ksy) struct Binder<'m> {
    pub(in crate::ksy) model: &'m Model,
    pub(in crate::ksy) members: &'m Members<'m>,
    pub(in crate::ksy) place: Place,
    pub(in crate::ksy) source: &'m Source,
}

impl<'m> Members<'m> {
    /// Compiles an expression.
    pub(in crate::ksy) fn bind(&'m self, source: &'m Source, place: Place) -> Bound<Typed> {
        let located = |error: RuleError| {
            Some(RuleError {
                span: source.locate(error.span),
                ..error
            })
        };
        let node = parse(source.text()).map_err(located)?;
        let binder = Binder {
            model: self.model,
            members: self,
            place,
            source,
        };
        binder.node(&node).map_err(|error| error.and_then(located))
    }
}

impl Binder<'_> {
    pub(in crate::ksy) fn error(
        &self,
        code: &'static str,
        span: &Span,
        message: String,
    ) -> Option<RuleError> {
        Some(RuleError::new(code, span.clone(), message))
    }

    pub(in crate::ksy) fn typed(&self, op: Op, ty: Ty, span: &Span) -> Typed {
        let code = Code {
            op,
            span: self.source.locate(span.clone()),
        };
        Typed { code, ty }
    }

    fn constant(&self, value: impl Into<Value>, ty: Ty, span: &Span) -> Typed {
        self.typed(Op::Const(value.into()), ty, span)
    }

    pub(in crate::ksy) fn describe(&self, ty: &Ty) -> String {
        ty.describe(self.model)
    }

    pub(in crate::ksy) fn node(&self, node: &Node<'_>) -> Bound<Typed> {
        let bound = self.members.deeper(|| self.kind(node));
        bound.unwrap_or(Err(None))
    }

    fn kind(&self, node: &Node<'_>) -> Bound<Typed> {
        let span = &node.span;
        match &node.kind {
            Kind::Null => Err(self.error(
                codes::TYPE,
                span,
                "there is no `null` in a definition".to_owned(),
            )),
            Kind::Bool(truth) => Ok(self.constant(*truth, Ty::Bool, span)),
            Kind::Int(n) => Ok(self.typed(Op::Const(Value::Int(*n)), Ty::Int, span)),
            Kind::Float(x) => Ok(self.typed(Op::Const(Value::Float(*x)), Ty::Float, span)),
            Kind::Str(text) => Ok(self.constant(text.clone(), Ty::Str, span)),
            Kind::Format(parts) => self.format(parts, span),
            Kind::List(items) => self.list(items, span),
            Kind::Name(name) => self.name(name, span),
            Kind::Label { enumeration, label } => self.label(enumeration, label, span),
            Kind::SizeOf { bits, of } => self.size_of(*bits, of, span),
            Kind::Cast(of, ty) => self.cast(of, ty, span),
            Kind::Not(of) => {
                let of = self.truth(of)?;
                Ok(self.typed(Op::Not(Box::new(of)), Ty::Bool, span))
            }
            Kind::Unary(operator, of) => self.unary(*operator, of, span),
            Kind::All(all) => {
                let all = self.truths(all)?;
                Ok(self.typed(Op::All(all), Ty::Bool, span))
            }
            Kind::Any(all) => {
                let all = self.truths(all)?;
                Ok(self.typed(Op::Any(all), Ty::Bool, span))
            }
            Kind::Compare(op, two) => self.compare(*op, two, span),
            Kind::Arith(op, two) => self.arith(*op, two, span),
            Kind::Choose(three) => self.choose(three, span),
            Kind::Attr(of, name) => self.attribute(of, name, node),
            Kind::Index(two) => self.element(two, span),
            Kind::Call(callee, args) => self.call(callee, args, span),
        }
    }

    fn truth(&self, node: &Node<'_>) -> Bound<Code> {
        let of = self.node(node)?;
        match of.ty {
            Ty::Bool | Ty::Any => Ok(of.code),
            ty => Err(self.error(
                codes::TYPE,
                &node.span,
                format!("a truth value is needed here, not {}", self.describe(&ty)),
            )),
        }
    }

    fn truths(&self, nodes: &[Node<'_>]) -> Bound<Vec<Code>> {
        nodes.iter().map(|node| self.truth(node)).collect()
    }

    fn integer(&self, node: &Node<'_>) -> Bound<Code> {
        let of = self.node(node)?;
        match of.ty {
            Ty::Int | Ty::Any => Ok(of.code),
            ty => Err(self.error(
                codes::TYPE,
                &node.span,
                format!("an integer is needed here, not {}", self.describe(&ty)),
            )),
        }
    }

    fn format(&self, parts: &[Node<'_>], span: &Span) -> Bound<Typed> {
        let mut codes = Vec::new();
        for part in parts {
            let part = self.node(part)?;
            if !matches!(part.ty, Ty::Str | Ty::Int | Ty::Float | Ty::Bool) {
                let message = format!("{} has no text form", self.describe(&part.ty));
                return Err(self.error(codes::TYPE, span, message));
            }
            codes.push(part.code);
        }
        Ok(self.typed(Op::Format(codes), Ty::Str, span))
    }

    /// A list of integers from 0 to 255 is bytes.
    fn list(&self, items: &[Node<'_>], span: &Span) -> Bound<Typed> {
        if items.is_empty() {
            let message = "a list without elements has no type: write `[].as<bytes>`".to_owned();
            return Err(self.error(codes::TYPE, span, message));
        }
        let all = items
            .iter()
            .map(|item| self.node(item))
            .collect::<Bound<Vec<_>>>()?;
        let byte = |item: &Typed| match item.code.constant() {
            Some(Value::Int(n)) => u8::try_from(*n).ok(),
            _ => None,
        };
        if let Some(bytes) = all.iter().map(byte).collect::<Option<Vec<u8>>>() {
            return Ok(self.constant(Bytes::from(bytes), Ty::Bytes, span));
        }
        let mut types = all.iter().map(|item| item.ty.clone());
        let first = types.next().unwrap_or(Ty::Int);
        let one = types.try_fold(first, |one, ty| one.unified(&ty));
        let Some(one) = one else {
            let message = "the elements of a list need one type".to_owned();
            return Err(self.error(codes::TYPE, span, message));
        };
        let codes = all.into_iter().map(|item| item.code).collect();
        Ok(self.typed(Op::List(codes), Ty::List(Box::new(one)), span))
    }

    fn label(&self, enumeration: &str, label: &str, span: &Span) -> Bound<Typed> {
        let path: Vec<_> = enumeration.split("::").map(str::trim).collect();
        let Some(id) = self.model.find_enum(self.place.ty, &path) else {
            let message = format!("there is no enum `{enumeration}` here");
            return Err(self.error(codes::UNKNOWN_ENUM, span, message));
        };
        let values = &self.model.enumeration(id).spec.values;
        match values.iter().find(|value| value.label.value == label) {
            Some(value) => Ok(self.typed(Op::Const(Value::Int(value.number)), Ty::Enum(id), span)),
            None => {
                let message = format!("enum `{enumeration}` has no label `{label}`");
                Err(self.error(codes::UNKNOWN_ENUM, span, message))
            }
        }
    }

    fn unary(&self, operator: Unary, of: &Node<'_>, span: &Span) -> Bound<Typed> {
        let of = self.node(of)?;
        let fits = match operator {
            Unary::Invert => matches!(of.ty, Ty::Int | Ty::Any),
            Unary::Negate | Unary::Plus => of.ty.is_number() || of.ty == Ty::Any,
        };
        if !fits {
            let message = format!(
                "`{}` does not take {}",
                operator.sign(),
                self.describe(&of.ty)
            );
            return Err(self.error(codes::TYPE, span, message));
        }
        let folded = of
            .code
            .constant()
            .and_then(|value| unary(operator, value).ok());
        let op = match folded {
            Some(value) => Op::Const(value),
            None => Op::Unary(operator, Box::new(of.code)),
        };
        Ok(self.typed(op, of.ty, span))
    }

    fn arith(&self, op: Arith, two: &[Node<'_>; 2], span: &Span) -> Bound<Typed> {
        let (a, b) = (self.node(&two[0])?, self.node(&two[1])?);
        let ty = match (&a.ty, &b.ty) {
            (Ty::Int | Ty::Any, Ty::Int | Ty::Any) => Some(Ty::Int),
            (Ty::Int | Ty::Float, Ty::Int | Ty::Float) if op.takes_floats() => Some(Ty::Float),
            (Ty::Str, Ty::Str) if op == Arith::Add => Some(Ty::Str),
            _ => None,
        };
        let Some(ty) = ty else {
            let message = format!(
                "`{}` does not take {} and {}",
                op.sign(),
                self.describe(&a.ty),
                self.describe(&b.ty)
            );
            return Err(self.error(codes::TYPE, span, message));
        };
        let folded = match (a.code.constant(), b.code.constant()) {
            (Some(a), Some(b)) => binary(op, a, b, &mut Budget::full()).ok(),
            _ => None,
        };
        let op = match folded {
            Some(value) => Op::Const(value),
            None => Op::Arith(op, Box::new([a.code, b.code])),
        };
        Ok(self.typed(op, ty, span))
    }

    fn compare(&self, op: Comparison, two: &[Node<'_>; 2], span: &Span) -> Bound<Typed> {
        let (a, b) = (self.node(&two[0])?, self.node(&two[1])?);
        self.comparable(&a.ty, &b.ty, op, span)?;
        Ok(self.typed(Op::Compare(op, Box::new([a.code, b.code])), Ty::Bool, span))
    }

    fn comparable(&self, a: &Ty, b: &Ty, op: Comparison, span: &Span) -> Bound<()> {
        let message = match comparison(a, b, op) {
            Ok(()) => return Ok(()),
            Err(Incomparable::Never) => {
                format!(
                    "{} and {} cannot be compared",
                    self.describe(a),
                    self.describe(b)
                )
            }
            Err(Incomparable::NoOrder) => format!("{} has no order", self.describe(a)),
        };
        Err(self.error(codes::COMPARISON, span, message))
    }

    fn choose(&self, three: &[Node<'_>; 3], span: &Span) -> Bound<Typed> {
        let condition = self.truth(&three[0])?;
        let (then, otherwise) = (self.node(&three[1])?, self.node(&three[2])?);
        let Some(ty) = then.ty.unified(&otherwise.ty) else {
            let message = format!(
                "both branches need one type, not {} and {}",
                self.describe(&then.ty),
                self.describe(&otherwise.ty)
            );
            return Err(self.error(codes::TYPE, span, message));
        };
        let op = Op::Choose(Box::new([condition, then.code, otherwise.code]));
        Ok(self.typed(op, ty, span))
    }

    fn element(&self, two: &[Node<'_>; 2], span: &Span) -> Bound<Typed> {
        let of = self.node(&two[0])?;
        let index = self.integer(&two[1])?;
        let ty = match &of.ty {
            Ty::List(element) => Ty::clone(element),
            Ty::Bytes => Ty::Int,
            Ty::Any => Ty::Any,
            other => {
                let message = format!("{} has no elements", self.describe(other));
                return Err(self.error(codes::TYPE, span, message));
            }
        };
        Ok(self.typed(Op::Element(Box::new([of.code, index])), ty, span))
    }

    fn call(&self, callee: &Node<'_>, args: &[Node<'_>], span: &Span) -> Bound<Typed> {
        match &callee.kind {
            Kind::Attr(_, name) if args.is_empty() => {
                let message = format!("`{name}` without arguments takes no brackets");
                Err(self.error(codes::ARGUMENTS, span, message))
            }
            Kind::Attr(of, name) => {
                let of = self.node(of)?;
                self.method(of, name, args, &callee.name_span(), span)
            }
            _ => Err(self.error(
                codes::SYNTAX,
                &callee.span,
                "only methods of values can be called".to_owned(),
            )),
        }
    }

    /// A method that is not one of lists, structures or streams.
    pub(in crate::ksy) fn method(
        &self,
        of: Typed,
        name: &str,
        args: &[Node<'_>],
        name_span: &Span,
        span: &Span,
    ) -> Bound<Typed> {
        let sort = of.ty.sort();
        let mut rows = methods(name)
            .filter(|row| row.on.contains(&sort))
            .peekable();
        if rows.peek().is_none() {
            let message = format!("{} has no `{name}`", self.describe(&of.ty));
            return Err(self.error(codes::UNKNOWN_NAME, name_span, message));
        }
        let Some(row) = rows.find(|row| row.params.len() == args.len()) else {
            let message = format!("`{name}` takes other arguments than these {}", args.len());
            return Err(self.error(codes::ARGUMENTS, span, message));
        };
        let ty = match (&row.gives, &of.ty) {
            (Gives::Element, Ty::List(element)) => Ty::clone(element),
            (Gives::Element, _) => Ty::Int,
            (Gives::Always(ty), _) => match Sort::of(ty) {
                Sort::Str => Ty::Str,
                Sort::Bytes => Ty::Bytes,
                Sort::Float => Ty::Float,
                Sort::Bool => Ty::Bool,
                Sort::Int | Sort::Enum | Sort::List | Sort::Struct | Sort::Any => Ty::Int,
            },
        };
        let mut codes = vec![of.code];
        for (param, arg) in row.params.iter().zip(args) {
            codes.push(self.argument(*param, arg, name)?);
        }
        Ok(self.typed(Op::Call(row, codes), ty, span))
    }

    fn argument(&self, param: Sort, arg: &Node<'_>, name: &str) -> Bound<Code> {
        let value = self.node(arg)?;
        if value.ty.sort() != param && value.ty != Ty::Any {
            let message = format!(
                "`{name}` takes {} here, not {}",
                param.describe(),
                self.describe(&value.ty)
            );
            return Err(self.error(codes::ARGUMENTS, &arg.span, message));
        }
        // The only text argument there is names a character encoding.
        if param == Sort::Str {
            let Some(encoding) = value.code.constant().and_then(Value::as_str) else {
                let message = "the character encoding must be written out".to_owned();
                return Err(self.error(codes::ARGUMENTS, &arg.span, message));
            };
            if Charset::named(encoding).is_none() {
                let message = format!("there is no character encoding `{encoding}`");
                return Err(self.error(codes::ENCODING, &arg.span, message));
            }
        }
        Ok(value.code)
    }

    pub(in crate::ksy) fn list_end(
        &self,
        of: Typed,
        element: Ty,
        which: Extreme,
        span: &Span,
    ) -> Typed {
        self.typed(Op::End(Box::new(of.code), which), element, span)
    }
}

/// Why two values cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ksy) enum Incomparable {
    /// Their types differ.
    Never,
    /// They are equal or not, but neither is less.
    NoOrder,
}

/// Whether values of two types can be compared.
pub(in crate::ksy) fn comparison(a: &Ty, b: &Ty, op: Comparison) -> Result<(), Incomparable> {
    let equality = matches!(op, Comparison::Eq | Comparison::Ne);
    match (a, b) {
        (Ty::Any, _) | (_, Ty::Any) => Ok(()),
        (Ty::Int | Ty::Float, Ty::Int | Ty::Float)
        | (Ty::Str, Ty::Str)
        | (Ty::Bytes, Ty::Bytes) => Ok(()),
        (Ty::Bool, Ty::Bool) if equality => Ok(()),
        (Ty::Enum(a), Ty::Enum(b)) if a == b && equality => Ok(()),
        (Ty::Enum(a), Ty::Enum(b)) if a == b => Err(Incomparable::NoOrder),
        (Ty::Bool, Ty::Bool) => Err(Incomparable::NoOrder),
        _ => Err(Incomparable::Never),
    }
}
