//! What is said of fields: whether it fits them.

use super::Check;
use crate::ksy::check::bind::Place;
use crate::ksy::codes;
use crate::ksy::model::{Member, Ty, TypeId};
use crate::ksy::section::default;
use crate::ksy::section::input::{Input, Said};
use crate::ksy::section::plan::{FieldOptions, JsonForm, OptionsPlan};
use crate::ksy::section::spec::{Codec, OptionsSpec};
use crate::ksy::spec::{At, AttributeSpec};
use gatewright_core::expr::{RuleError, Span};
use std::collections::BTreeMap;

/// The words of `json` that are no names.
const FORMS: [(&str, JsonForm); 6] = [
    ("hidden", JsonForm::Hidden),
    ("hex", JsonForm::Hex),
    ("base64", JsonForm::Base64),
    ("text", JsonForm::Text),
    ("number", JsonForm::Number),
    ("string", JsonForm::String),
];

impl<'m> Check<'_, 'm> {
    /// What is said of all fields.
    pub(super) fn options(&mut self, input: &'m Input) -> OptionsPlan {
        let mut fields = Vec::new();
        for ((ty, slot), said) in &input.options {
            self.file = said.file;
            fields.extend(
                self.field_options(*ty, *slot, said)
                    .map(|options| ((*ty, *slot), options)),
            );
        }
        self.distinct_names(input, &fields);
        OptionsPlan { fields }
    }

    fn field_options(
        &mut self,
        ty: TypeId,
        slot: usize,
        said: &'m Said<OptionsSpec>,
    ) -> Option<FieldOptions> {
        let spec = &said.what;
        let model = self.model;
        let (Member::Field(field) | Member::Instance(field)) = model.ty(ty).member(slot)? else {
            return None;
        };
        // If it has no type, that is reported where it stands.
        let whole = self.members.ty(ty, slot).ok()?;
        let element = match &whole {
            Ty::List(element) => Ty::clone(element),
            other => other.clone(),
        };
        let mut options = FieldOptions {
            secret: spec.secret,
            ..FieldOptions::default()
        };
        // What a codec writes is a number.
        let as_shown = spec.codec.as_ref().map_or(&element, |_| &Ty::Int);
        self.json(&spec.json, as_shown, &mut options);
        options.codec = spec
            .codec
            .as_ref()
            .filter(|codec| self.codec(codec, &element))
            .map(|codec| codec.value);
        if let Some(scale) = &spec.scale {
            if element != Ty::Int && options.codec.is_none() {
                self.misfit(&scale.span, "`scale` is for integers", &element);
            }
            options.scale = Some(scale.value);
        }
        options.default = self.default(field, &whole, spec);
        options.derive = self.derive(ty, &whole, spec);
        Some(options)
    }

    fn json(&mut self, words: &[At<String>], element: &Ty, options: &mut FieldOptions) {
        for word in words {
            let form = FORMS.iter().find(|(name, _)| *name == word.value);
            let Some((_, form)) = form else {
                if options.name.replace(word.value.clone()).is_some() {
                    let message = "the field has two names here";
                    self.error(codes::OPTION, &word.span, message);
                }
                continue;
            };
            if options.form != JsonForm::Usual {
                self.error(codes::OPTION, &word.span, "the field has two forms here");
            }
            options.form = *form;
            let fits = match form {
                JsonForm::Hex | JsonForm::Base64 | JsonForm::Text => {
                    matches!(element, Ty::Bytes | Ty::Any)
                }
                JsonForm::Number => matches!(element, Ty::Int | Ty::Enum(_)),
                JsonForm::String => *element == Ty::Int,
                JsonForm::Hidden | JsonForm::Usual => true,
            };
            if !fits {
                let message = format!("`{}` is for another type", word.value);
                self.misfit(&word.span, &message, element);
            }
        }
    }

    fn codec(&mut self, codec: &At<Codec>, element: &Ty) -> bool {
        let message = match (codec.value, element) {
            (_, Ty::Struct(id)) => {
                let value = self.model.ty(*id).slot("value");
                match value.map(|slot| self.members.ty(*id, slot)) {
                    Some(Ok(Ty::Int) | Err(_)) => return true,
                    Some(Ok(_)) | None => {
                        "a structure with a `codec` needs an instance `value` that is an integer"
                    }
                }
            }
            (Codec::Bcd, Ty::Bytes | Ty::Int)
            | (Codec::Ebcdic | Codec::Ascii, Ty::Bytes | Ty::Str)
            | (Codec::Varint, Ty::Bytes)
            | (Codec::Zigzag, Ty::Int) => return true,
            _ => "this codec is for another type",
        };
        self.misfit(&codec.span, message, element);
        false
    }

    fn default(
        &mut self,
        field: &AttributeSpec,
        whole: &Ty,
        spec: &OptionsSpec,
    ) -> Option<gatewright_core::message::Value> {
        let node = spec.default.as_ref()?;
        if let Some(derive) = &spec.derive {
            let message = "a value is computed or has a `default`, not both";
            self.error(codes::OPTION, derive.span(), message);
        }
        match default::value(self.model, field, whole, spec.codec.is_some(), node) {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(error);
                None
            }
        }
    }

    fn derive(
        &mut self,
        ty: TypeId,
        whole: &Ty,
        spec: &'m OptionsSpec,
    ) -> Option<crate::ksy::plan::Code> {
        let fits = |given: &Ty| whole.takes(given);
        let wanted = whole.describe(self.model);
        let typed = self.expect(spec.derive.as_ref()?, Place::of(ty), &wanted, fits)?;
        Some(typed.code)
    }

    fn misfit(&mut self, span: &Span, message: &str, element: &Ty) {
        let got = element.describe(self.model);
        self.error(codes::OPTION, span, format!("{message}, and this is {got}"));
    }

    /// No two members of a structure have one name in JSON.
    fn distinct_names(&mut self, input: &Input, fields: &[((TypeId, usize), FieldOptions)]) {
        let mut taken: BTreeMap<(TypeId, &str), usize> = BTreeMap::new();
        for ((ty, slot), options) in fields {
            let Some(name) = &options.name else { continue };
            let other = taken.insert((*ty, name), *slot);
            let renamed = |slot: usize| {
                let of = fields.iter().find(|(key, _)| *key == (*ty, slot));
                of.is_some_and(|(_, options)| options.name.is_some())
            };
            let own = self.model.ty(*ty).slot(name);
            let own = own.filter(|own| own != slot && !renamed(*own));
            let (Some(_), Some(said)) = (other.or(own), input.options.get(&(*ty, *slot))) else {
                continue;
            };
            let message = format!("another member of this type is named `{name}`");
            let span = said.what.json.first().map_or(&said.span, |word| &word.span);
            let fault = RuleError::new(codes::OPTION, span.clone(), message);
            self.report_in(said.file, fault);
        }
    }
}
