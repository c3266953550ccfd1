//! Expressions in Lua.

use super::refusal::{Refusal, Translated};
use crate::ksy::model::{Ty, TypeId};
use crate::ksy::plan::{Code, Extreme, Field, Form, Op, Parent, Plan, Repeat};
use gatewright_core::expr::semantics::{Builtin, Sort};
use gatewright_core::expr::syntax::{Arith, Unary};
use gatewright_core::expr::{Comparison, Span};
use gatewright_core::message::Value;

/// Numbers up to this can be computed with: Lua 5.2 has only floats.
const EXACT: i128 = 1 << 53;

/// Translates expressions that stand in one structure. In what comes of it, `o` is that structure,
/// `i` is `_index`, `it` is `_`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expressions<'p> {
    pub(super) plan: &'p Plan,
    pub(super) ty: TypeId,
    /// The type of `it`, where there is one.
    pub(super) it: Option<&'p Ty>,
}

impl<'p> Expressions<'p> {
    /// The same for conditions of a field's elements.
    pub(super) fn of_element(self, field: &'p Field) -> Self {
        let it = match (&field.repeat, &field.ty) {
            (Repeat::Once, ty) => ty,
            (_, Ty::List(element)) => element,
            (_, ty) => ty,
        };
        Self {
            it: Some(it),
            ..self
        }
    }

    pub(super) fn lua(self, code: &Code) -> Translated {
        Ok(match &code.op {
            Op::Const(value) => constant(value).ok_or_else(|| beyond(&code.span))?,
            Op::Own(slot) => self.slot("o", self.ty, *slot),
            Op::Member(of, ty, slot) => self.slot(&self.lua(of)?, *ty, *slot),
            Op::AnyOf(..) => {
                let reason = "only a `-gateway` section looks for what may not be there";
                return Err(Refusal::new(&code.span, reason));
            }
            Op::This => "o".to_owned(),
            Op::Root => "o._root".to_owned(),
            Op::Parent(of) => format!("parent({})", self.lua(of)?),
            Op::Stream(of) => format!("structure({})._io", self.lua(of)?),
            Op::It => match self.it {
                Some(Ty::Int | Ty::Enum(_)) => "num(it)".to_owned(),
                _ => "it".to_owned(),
            },
            Op::Index => "i".to_owned(),
            Op::Position(of) => format!("position({})", self.lua(of)?),
            Op::StreamSize(of) => format!("size_of({})", self.lua(of)?),
            Op::AtEnd(of) => format!("at_end({})", self.lua(of)?),
            Op::Element(two) => self.element(two)?,
            Op::Count(of) => format!("count({})", self.lua(of)?),
            Op::End(of, Extreme::First) => format!("first({})", self.lua(of)?),
            Op::End(of, Extreme::Last) => format!("last({})", self.lua(of)?),
            Op::Not(of) => format!("(not {})", self.truth(of)?),
            Op::Unary(operator, of) => self.unary(*operator, of)?,
            Op::All(all) => self.joined(all, " and ")?,
            Op::Any(all) => self.joined(all, " or ")?,
            Op::Compare(op, two) => self.compare(*op, two)?,
            Op::Arith(op, two) => self.arith(*op, two, &code.span)?,
            Op::Choose(three) => {
                let [condition, then, otherwise] = &**three;
                format!(
                    "(function() if {} then return {} end return {} end)()",
                    self.truth(condition)?,
                    self.lua(then)?,
                    self.lua(otherwise)?
                )
            }
            Op::List(all) => format!("{{ n = {}, {} }}", all.len(), self.list(all)?),
            Op::Bytes(all) => format!("string.char({})", self.list(all)?),
            Op::Call(builtin, all) => self.call(builtin, all, &code.span)?,
            Op::Format(parts) if parts.is_empty() => quoted(b""),
            Op::Format(parts) => {
                let parts = parts
                    .iter()
                    .map(|part| Ok(format!("text({})", self.lua(part)?)));
                format!("({})", parts.collect::<Result<Vec<_>, _>>()?.join(" .. "))
            }
            Op::Cast(of, ty) => format!("cast({}, T[{}])", self.lua(of)?, ty.index()),
        })
    }

    /// An expression that is a truth value, or an error of the message's.
    pub(super) fn truth(self, code: &Code) -> Translated {
        let lua = self.lua(code)?;
        Ok(match code.op {
            Op::Not(_) | Op::All(_) | Op::Any(_) | Op::Compare(..) => lua,
            _ => format!("truth({lua})"),
        })
    }

    fn slot(self, of: &str, ty: TypeId, slot: usize) -> String {
        let number = slot.saturating_add(1);
        match self.member(ty, slot) {
            Some(Ty::Int | Ty::Enum(_)) => format!("num(get({of}, {number}))"),
            _ => format!("get({of}, {number})"),
        }
    }

    fn list(self, all: &[Code]) -> Translated {
        let all = all.iter().map(|code| self.lua(code));
        Ok(all.collect::<Result<Vec<_>, _>>()?.join(", "))
    }

    fn joined(self, all: &[Code], operator: &str) -> Translated {
        let all = all.iter().map(|code| self.truth(code));
        let all = all.collect::<Result<Vec<_>, _>>()?;
        Ok(format!("({})", all.join(operator)))
    }

    fn element(self, two: &[Code; 2]) -> Translated {
        let at = format!("at({}, {})", self.lua(&two[0])?, self.lua(&two[1])?);
        Ok(match self.ty_of(&two[0]) {
            Some(Ty::List(element)) if matches!(*element, Ty::Int | Ty::Enum(_)) => {
                format!("num({at})")
            }
            _ => at,
        })
    }

    fn unary(self, operator: Unary, of: &Code) -> Translated {
        let of = self.lua(of)?;
        Ok(match operator {
            Unary::Negate => format!("(-({of}))"),
            Unary::Plus => of,
            Unary::Invert => format!("(-({of}) - 1)"),
        })
    }

    fn compare(self, op: Comparison, two: &[Code; 2]) -> Translated {
        let (a, b) = (self.lua(&two[0])?, self.lua(&two[1])?);
        Ok(compared(op, &a, &b))
    }

    fn arith(self, op: Arith, two: &[Code; 2], span: &Span) -> Translated {
        let (a, b) = (self.lua(&two[0])?, self.lua(&two[1])?);
        let types = (self.ty_of(&two[0]), self.ty_of(&two[1]));
        let is_text = matches!(types, (Some(Ty::Str), _) | (_, Some(Ty::Str)));
        let is_float = matches!(types, (Some(Ty::Float), _) | (_, Some(Ty::Float)));
        let is_int = matches!(types, (Some(Ty::Int), Some(Ty::Int)));
        Ok(match op {
            Arith::Add if is_text => format!("({a} .. {b})"),
            Arith::Add if is_int || is_float => format!("({a} + {b})"),
            Arith::Div if is_float => format!("quotient({a}, {b})"),
            Arith::Div if is_int => format!("div({a}, {b})"),
            Arith::Add | Arith::Div => {
                let reason = "what this adds or divides is known only when it is read";
                return Err(Refusal::new(span, reason));
            }
            Arith::Sub => format!("({a} - {b})"),
            Arith::Mul => format!("mul({a}, {b})"),
            Arith::Rem => format!("rem({a}, {b})"),
            Arith::BitOr => format!("bor({a}, {b})"),
            Arith::BitXor => format!("bxor({a}, {b})"),
            Arith::BitAnd => format!("band({a}, {b})"),
            Arith::Shl => format!("shl({a}, {b})"),
            Arith::Shr => format!("shr({a}, {b})"),
        })
    }

    fn call(self, builtin: &Builtin, all: &[Code], span: &Span) -> Translated {
        let on_bytes = builtin.on.contains(&Sort::Bytes);
        let function = match (builtin.name, all) {
            ("to_s", [_, encoding]) => {
                let same = |name: &str| matches!(name, "ASCII" | "UTF-8");
                return match encoding.constant().and_then(Value::as_str) {
                    Some(name) if same(name) => self.list(all.get(..1).unwrap_or_default()),
                    _ => Err(Refusal::new(span, "Lua knows no encodings but UTF-8")),
                };
            }
            ("to_s", _) => "text",
            ("length" | "size", _) if on_bytes => "count",
            (name @ ("to_i" | "length" | "reverse" | "substring" | "first" | "last"), _) => name,
            (name @ ("min" | "max"), _) => name,
            ("size", _) => "count",
            (name, _) => {
                return Err(Refusal::new(span, format!("`{name}` has no form in Lua")));
            }
        };
        Ok(format!("{function}({})", self.list(all)?))
    }

    /// The type of a value, where the plan alone tells it.
    pub(super) fn ty_of(self, code: &Code) -> Option<Ty> {
        match &code.op {
            Op::Const(value) => of_value(value),
            Op::Own(slot) => self.member(self.ty, *slot).cloned(),
            Op::Member(_, ty, slot) => self.member(*ty, *slot).cloned(),
            Op::This => Some(Ty::Struct(self.ty)),
            Op::Root => Some(Ty::Struct(self.plan.ty(self.ty).top)),
            Op::Parent(of) => match self.ty_of(of)? {
                Ty::Struct(ty) => owner(self.plan, ty).map(Ty::Struct),
                _ => None,
            },
            Op::Cast(_, ty) => Some(Ty::Struct(*ty)),
            Op::Index | Op::Position(_) | Op::StreamSize(_) | Op::Count(_) => Some(Ty::Int),
            Op::AtEnd(_) | Op::Not(_) | Op::All(_) | Op::Any(_) | Op::Compare(..) => Some(Ty::Bool),
            Op::Stream(_) => Some(Ty::Stream),
            Op::Element(two) => match self.ty_of(two.first()?)? {
                Ty::List(element) => Some(*element),
                Ty::Bytes => Some(Ty::Int),
                _ => None,
            },
            Op::End(of, _) => match self.ty_of(of)? {
                Ty::List(element) => Some(*element),
                _ => None,
            },
            Op::Unary(_, of) => self.ty_of(of),
            Op::Arith(_, two) => self.one_of(two),
            Op::Choose(three) => {
                let [_, then, otherwise] = &**three;
                self.ty_of(then)?.unified(&self.ty_of(otherwise)?)
            }
            Op::Bytes(_) => Some(Ty::Bytes),
            Op::Format(_) => Some(Ty::Str),
            Op::List(all) => {
                let first = all.first().and_then(|first| self.ty_of(first))?;
                Some(Ty::List(Box::new(first)))
            }
            Op::Call(builtin, all) => self.given(builtin, all),
            Op::It => self.it.cloned(),
            Op::AnyOf(..) => None,
        }
    }

    /// The one type of two values.
    fn one_of(self, [a, b]: &[Code; 2]) -> Option<Ty> {
        self.ty_of(a)?.unified(&self.ty_of(b)?)
    }

    fn given(self, builtin: &Builtin, all: &[Code]) -> Option<Ty> {
        use gatewright_core::expr::semantics::Gives;
        match &builtin.gives {
            Gives::Always(ty) => match Sort::of(ty) {
                Sort::Str => Some(Ty::Str),
                Sort::Int => Some(Ty::Int),
                Sort::Bytes => Some(Ty::Bytes),
                _ => None,
            },
            Gives::Element => match self.ty_of(all.first()?)? {
                Ty::List(element) => Some(*element),
                _ => None,
            },
        }
    }

    fn member(&self, ty: TypeId, slot: usize) -> Option<&Ty> {
        let plan = self.plan.ty(ty);
        match plan.params.get(slot) {
            Some(param) => Some(&param.ty),
            None => plan.field(slot).map(|field| &field.ty),
        }
    }
}

/// A comparison. Only numbers have one in Lua that does not ask the locale.
pub(super) fn compared(op: Comparison, a: &str, b: &str) -> String {
    match op {
        Comparison::Eq => format!("({a} == {b})"),
        Comparison::Ne => format!("({a} ~= {b})"),
        Comparison::Lt => format!("less({a}, {b})"),
        Comparison::Le => format!("(not less({b}, {a}))"),
        Comparison::Gt => format!("less({b}, {a})"),
        Comparison::Ge => format!("(not less({a}, {b}))"),
    }
}

fn beyond(span: &Span) -> Refusal {
    Refusal::new(span, "Lua has no such constant: numbers go up to 2^53")
}

fn of_value(value: &Value) -> Option<Ty> {
    Some(match value {
        Value::Bool(_) => Ty::Bool,
        Value::Int(_) => Ty::Int,
        Value::Float(_) => Ty::Float,
        Value::Str(_) => Ty::Str,
        Value::Bytes(_) => Ty::Bytes,
        Value::Null | Value::List(_) | Value::Headers(_) | Value::Record(_) | Value::Object(_) => {
            return None;
        }
    })
}

/// A constant, if Lua has it.
fn constant(value: &Value) -> Option<String> {
    match value {
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Int(n) if n.unsigned_abs() <= EXACT.unsigned_abs() => Some(match n {
            0.. => n.to_string(),
            _ => format!("({n})"),
        }),
        Value::Float(x) if x.is_finite() => Some(format!("({x:?})")),
        Value::Str(text) => Some(quoted(text.as_bytes())),
        Value::Bytes(bytes) => Some(quoted(bytes)),
        Value::Int(_) | Value::Float(_) => None,
        Value::Null | Value::List(_) | Value::Headers(_) | Value::Record(_) | Value::Object(_) => {
            None
        }
    }
}

/// Bytes as a string of Lua's: nothing in them can end it.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let plain =
        |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') || *byte == b' ';
    let shown = bytes.iter().map(|byte| match plain(byte) {
        true => char::from(*byte).to_string(),
        false => format!("\\{byte:03}"),
    });
    format!("\"{}\"", shown.collect::<String>())
}

/// The one structure that a structure is part of, if there is just one that it can be.
fn owner(plan: &Plan, ty: TypeId) -> Option<TypeId> {
    let mut found = None;
    for (at, owner) in plan.types.iter().enumerate() {
        let fields = owner.fields.iter().chain(&owner.instances);
        if !fields.map(|field| &field.form).any(|form| makes(form, ty)) {
            continue;
        }
        let id = TypeId(u16::try_from(at).ok()?);
        if found.replace(id).is_some() {
            return None;
        }
    }
    found
}

/// Whether a field of this form makes structures of that type, as parts of its own.
fn makes(form: &Form, wanted: TypeId) -> bool {
    match form {
        Form::Struct { ty, parent, .. } => *ty == wanted && matches!(parent, Parent::Owner),
        Form::Switch(switch) => {
            let cases = switch.cases.iter().map(|(_, form)| form);
            cases
                .chain(&switch.otherwise)
                .any(|form| makes(form, wanted))
        }
        Form::Int { .. }
        | Form::Float { .. }
        | Form::Bits { .. }
        | Form::Contents(_)
        | Form::Bytes(_)
        | Form::Text(..)
        | Form::Value(_) => false,
    }
}
