//! Which bytes belong to a field, and what is done with them.

use super::Check;
use super::bind::Place;
use super::fields::constant;
use crate::ksy::codes;
use crate::ksy::model::Ty;
use crate::ksy::plan::{Cut, Form, Process, Size};
use crate::ksy::spec::{At, AttributeSpec, ProcessSpec, TypeName};
use bytes::Bytes;
use gatewright_core::expr::charset::Charset;

impl<'m> Check<'_, 'm> {
    pub(super) fn text(
        &mut self,
        spec: &'m AttributeSpec,
        terminated: bool,
        name: &At<TypeName>,
    ) -> Option<Form> {
        let own = spec.encoding.as_ref().map(|encoding| &encoding.value);
        let around = self.model.ty(self.id).encoding.as_ref();
        // If there is none, that was reported when the file was read.
        let encoding = own.or(around)?;
        let Some((charset, _)) = Charset::named(encoding) else {
            let message = format!("there is no character encoding `{encoding}`");
            let span = spec.encoding.as_ref().map_or(&name.span, |own| &own.span);
            self.error(codes::ENCODING, span, message);
            return None;
        };
        let mut cut = self.cut(spec)?;
        if terminated && cut.terminator.is_none() {
            cut.terminator = Some(Bytes::from(vec![0; charset.unit()]));
            cut.unit = charset.unit();
        }
        Some(Form::Text(cut, charset))
    }

    /// The bytes of a field.
    pub(super) fn cut(&mut self, spec: &'m AttributeSpec) -> Option<Cut> {
        let strz = TypeName::Text { terminated: true };
        let text = super::members::type_names(&spec.ty)
            .iter()
            .any(|name| name.value == strz);
        let size = match &spec.size {
            Some(source) => {
                let code = self.integer(source)?;
                if constant(&code).is_some_and(i128::is_negative) {
                    self.error(codes::OUT_OF_RANGE, source.span(), "a size is not negative");
                    return None;
                }
                Size::Of(code)
            }
            None if spec.size_eos => Size::Eos,
            None if spec.terminator.is_some() || text => Size::Terminated,
            // Reported when the file was read.
            None => return None,
        };
        let process = self.processing(spec)?;
        Some(Cut {
            size,
            terminator: spec.terminator.clone().map(Bytes::from),
            include: spec.include,
            consume: spec.consume,
            eos_error: spec.eos_error,
            pad_right: spec.pad_right,
            unit: 1,
            process,
        })
    }

    /// What is done with a field's bytes, if anything is.
    pub(super) fn processing(&mut self, spec: &'m AttributeSpec) -> Option<Option<Process>> {
        match &spec.process {
            Some(process) => self.process(&process.value).map(Some),
            None => Some(None),
        }
    }

    fn process(&mut self, spec: &'m ProcessSpec) -> Option<Process> {
        Some(match spec {
            ProcessSpec::Zlib => Process::Zlib,
            ProcessSpec::RotateLeft(by) => Process::RotateLeft(self.integer(by)?),
            ProcessSpec::RotateRight(by) => Process::RotateRight(self.integer(by)?),
            ProcessSpec::Xor(key) => {
                let fits = |ty: &Ty| matches!(ty, Ty::Int | Ty::Bytes);
                let key = self.expect(key, Place::of(self.id), "an integer or bytes", fits)?;
                Process::Xor(key)
            }
        })
    }
}
