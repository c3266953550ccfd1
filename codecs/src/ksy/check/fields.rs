//! Fields and instances.

use super::bind::Place;
use super::{Check, Typed, comparison};
use crate::ksy::codes;
use crate::ksy::model::{EndianModel, Member, Ty, TypeId};
use crate::ksy::plan::{
    ByteOrder, Code, Cut, Field, Form, Op, Parent, Process, Repeat, Size, Switch, Valid,
};
use crate::ksy::spec::{At, AttributeSpec, Endian, ParentSpec, RepeatSpec, TypeName, TypeSpec};
use bytes::Bytes;
use gatewright_core::expr::{Comparison, Source, Span};
use gatewright_core::message::Value;

impl<'m> Check<'_, 'm> {
    /// A field, unless there is something wrong with it; `at` is its number among its kind.
    pub(super) fn field(
        &mut self,
        spec: &'m AttributeSpec,
        slot: usize,
        at: usize,
    ) -> Option<Field> {
        let condition = spec
            .condition
            .as_ref()
            .map(|source| self.truth(source, Place::of(self.id)));
        let repeat = self.repeat(spec);
        let pos = spec.pos.as_ref().map(|source| self.integer(source));
        let io = spec.io.as_ref().map(|source| {
            let stream = |ty: &Ty| *ty == Ty::Stream;
            self.expect(source, Place::of(self.id), "a stream", stream)
        });
        let form = self.form(spec);
        let element = self.members.element(self.id, spec);
        let element = self.good(element, &spec.span);
        if let (Some(name), Some(Ty::Enum(_))) = (&spec.enumeration, &element) {
            self.enumerable(spec, &name.span);
        }
        let valid = match (&spec.contents, &spec.process) {
            // They are what has to come of processing.
            (Some(contents), Some(_)) => {
                let value = Value::Bytes(Bytes::from(contents.value.clone()));
                Some(Some(Valid::Eq(fixed(value, &contents.span))))
            }
            _ => spec
                .valid
                .as_ref()
                .zip(element.as_ref())
                .map(|(valid, element)| self.valid(spec, valid, element)),
        };
        let ty = self.members.ty(self.id, slot).ok();
        Some(Field {
            name: match &spec.id {
                Some(id) => id.value.clone(),
                None => format!("_unnamed{at}"),
            },
            named: spec.id.is_some(),
            secret: false,
            slot,
            span: spec.span.clone(),
            ty: ty?,
            condition: transposed(condition)?,
            repeat: repeat?,
            form: form?,
            valid: transposed(valid)?,
            pos: transposed(pos)?,
            io: transposed(io)?,
            doc: spec.doc.clone(),
        })
    }

    fn repeat(&mut self, spec: &'m AttributeSpec) -> Option<Repeat> {
        Some(match &spec.repeat {
            None => Repeat::Once,
            Some(RepeatSpec::Eos) => Repeat::Eos,
            Some(RepeatSpec::Count(count)) => Repeat::Count(self.integer(count)?),
            Some(RepeatSpec::Until(until)) => {
                let element = self.members.element(self.id, spec).ok()?;
                Repeat::Until(self.truth(until, Place::with(self.id, element))?)
            }
        })
    }

    fn enumerable(&mut self, spec: &'m AttributeSpec, span: &Span) {
        let given = match (&spec.value, &spec.ty) {
            (Some(value), _) => {
                let bound = self.members.bind(value, Place::of(self.id));
                match bound {
                    Ok(typed) => typed.ty,
                    Err(_) => return,
                }
            }
            (None, TypeSpec::Bytes) => Ty::Bytes,
            (None, TypeSpec::Named(name)) => match self.members.named(&name.value, self.id) {
                Some(Ty::Bool) | None => return,
                Some(ty) => ty,
            },
            (None, TypeSpec::Switch { .. }) => return,
        };
        if !matches!(given, Ty::Int | Ty::Any | Ty::Enum(_)) {
            let message = format!(
                "only integers have labels, not {}",
                given.describe(self.model)
            );
            self.error(codes::TYPE, span, message);
        }
    }

    fn form(&mut self, spec: &'m AttributeSpec) -> Option<Form> {
        if let Some(name) = &spec.enumeration {
            self.known_enum(name);
        }
        if let Some(value) = &spec.value {
            return self
                .bind(value, Place::of(self.id))
                .map(|typed| Form::Value(typed.code));
        }
        if let Some(contents) = &spec.contents {
            let bytes = Bytes::from(contents.value.clone());
            return match self.processing(spec)? {
                None => Some(Form::Contents(bytes)),
                process => Some(Form::Bytes(whole(&bytes, process, &contents.span))),
            };
        }
        match &spec.ty {
            TypeSpec::Bytes => self.cut(spec).map(Form::Bytes),
            TypeSpec::Named(name) => self.named_form(spec, name),
            TypeSpec::Switch {
                on,
                cases,
                otherwise,
            } => self.switch(spec, on, cases, otherwise.as_ref()),
        }
    }

    fn switch(
        &mut self,
        spec: &'m AttributeSpec,
        on: &'m Source,
        cases: &'m [(Source, At<TypeName>)],
        otherwise: Option<&'m At<TypeName>>,
    ) -> Option<Form> {
        let on = self.bind(on, Place::of(self.id));
        let mut forms = Vec::new();
        for (case, name) in cases {
            let form = self.named_form(spec, name);
            let value = self.bind(case, Place::of(self.id));
            if let (Some(on), Some(value)) = (&on, value)
                && self.same(on, &value, case.span())
            {
                forms.extend(form.map(|form| (value.code, form)));
            }
        }
        let raw = spec.size.is_some() || spec.size_eos;
        let otherwise = match otherwise {
            Some(name) => Some(self.named_form(spec, name)?),
            // These are the bytes as they are: nothing ends them and nothing is cut off.
            None if raw => Some(Form::Bytes(Cut {
                terminator: None,
                pad_right: None,
                ..self.cut(spec)?
            })),
            None => None,
        };
        Some(Form::Switch(Box::new(Switch {
            on: on?.code,
            cases: forms,
            otherwise,
        })))
    }

    fn same(&mut self, on: &Typed, value: &Typed, span: &Span) -> bool {
        let same = comparison(&on.ty, &value.ty, Comparison::Eq).is_ok();
        if !same {
            let message = format!(
                "{} and {} cannot be compared",
                on.ty.describe(self.model),
                value.ty.describe(self.model)
            );
            self.error(codes::COMPARISON, span, message);
        }
        same
    }

    fn order(&self, own: Option<Endian>, width: u8) -> Option<ByteOrder> {
        if let Some(endian) = own {
            return Some(ByteOrder::Fixed(endian));
        }
        if width == 1 {
            return Some(ByteOrder::Fixed(Endian::Big));
        }
        match &self.model.ty(self.id).endian {
            EndianModel::Fixed(endian) => Some(ByteOrder::Fixed(*endian)),
            EndianModel::Decided { .. } => Some(ByteOrder::OfStructure),
            // Reported when the file was read.
            EndianModel::Unknown => None,
        }
    }

    fn named_form(&mut self, spec: &'m AttributeSpec, name: &'m At<TypeName>) -> Option<Form> {
        match &name.value {
            TypeName::Integer {
                signed,
                width,
                endian,
            } => Some(Form::Int {
                signed: *signed,
                width: *width,
                order: self.order(*endian, *width)?,
            }),
            TypeName::Float { width, endian } => Some(Form::Float {
                width: *width,
                order: self.order(*endian, *width)?,
            }),
            TypeName::Bits { width, endian } => Some(Form::Bits {
                width: *width,
                order: endian.unwrap_or(self.model.ty(self.id).bit_endian),
                truth: *width == 1 && spec.enumeration.is_none(),
            }),
            TypeName::Text { terminated } => self.text(spec, *terminated, name),
            TypeName::Bytes => self.cut(spec).map(Form::Bytes),
            TypeName::User { path, arguments } => self.user(spec, path, arguments, name),
            // Only parameters have these types; that was reported when the file was read.
            TypeName::Bool | TypeName::AnyStruct | TypeName::Stream | TypeName::Any => None,
        }
    }

    fn user(
        &mut self,
        spec: &'m AttributeSpec,
        path: &[String],
        arguments: &'m [Source],
        name: &At<TypeName>,
    ) -> Option<Form> {
        let ty = self.known_type(path, &name.span)?;
        let arguments = self.arguments(ty, arguments, name);
        let cut = match spec.size.is_some() || spec.size_eos || spec.terminator.is_some() {
            true => Some(self.cut(spec)?),
            false => None,
        };
        let parent = match &spec.parent {
            None => Parent::Owner,
            Some(ParentSpec::None) => Parent::None,
            Some(ParentSpec::Expr(source)) => {
                let structure = |ty: &Ty| matches!(ty, Ty::Struct(_) | Ty::AnyStruct);
                Parent::Other(self.expect(source, Place::of(self.id), "a structure", structure)?)
            }
        };
        Some(Form::Struct {
            ty,
            arguments: arguments?,
            cut,
            parent,
            foreign: self.members.foreign(ty, self.id),
        })
    }

    fn arguments(
        &mut self,
        ty: TypeId,
        arguments: &'m [Source],
        name: &At<TypeName>,
    ) -> Option<Vec<Code>> {
        let params = self.model.ty(ty).spec.params.len();
        if params != arguments.len() {
            let message = format!(
                "`{}` has {params} parameters, and {} are given",
                self.model.path(ty),
                arguments.len()
            );
            self.error(codes::ARGUMENTS, &name.span, message);
            return None;
        }
        let mut codes = Vec::new();
        for (slot, source) in arguments.iter().enumerate() {
            let Some(typed) = self.bind(source, Place::of(self.id)) else {
                continue;
            };
            let Ok(wanted) = self.members.ty(ty, slot) else {
                continue;
            };
            if wanted.takes(&typed.ty) {
                codes.push(typed.code);
                continue;
            }
            let param = self.model.ty(ty).member(slot);
            let message = format!(
                "the parameter `{}` is {}, not {}",
                param.as_ref().and_then(Member::name).unwrap_or_default(),
                wanted.describe(self.model),
                typed.ty.describe(self.model)
            );
            self.error(codes::ARGUMENTS, source.span(), message);
        }
        (codes.len() == arguments.len()).then_some(codes)
    }
}

/// As many bytes as these, processed.
fn whole(bytes: &Bytes, process: Option<Process>, span: &Span) -> Cut {
    Cut {
        size: Size::Of(fixed(Value::Int(bytes.len() as i128), span)),
        terminator: None,
        include: false,
        consume: true,
        eos_error: true,
        pad_right: None,
        unit: 1,
        process,
    }
}

/// An expression that always gives this.
fn fixed(value: Value, span: &Span) -> Code {
    Code {
        op: Op::Const(value),
        span: span.clone(),
    }
}

/// Absent is fine, faulty is not.
fn transposed<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    match part {
        Some(Some(part)) => Some(Some(part)),
        Some(None) => None,
        None => Some(None),
    }
}

/// A constant integer that an expression is.
pub(super) fn constant(code: &Code) -> Option<i128> {
    match &code.op {
        Op::Const(value) => value.as_int(),
        _ => None,
    }
}
