//! Names of types and enums.

use super::Check;
use crate::ksy::codes;
use crate::ksy::model::TypeId;
use crate::ksy::spec::{At, TypeName};
use gatewright_core::expr::suggest::did_you_mean;
use gatewright_core::expr::{RuleError, Span};

impl Check<'_, '_> {
    /// Reports a type or an enum that does not exist.
    pub(super) fn known_names(&mut self, ty: &At<TypeName>, enumeration: Option<&At<String>>) {
        if let TypeName::User { path, .. } = &ty.value {
            self.known_type(path, &ty.span);
        }
        if let Some(name) = enumeration {
            self.known_enum(name);
        }
    }

    pub(super) fn known_type(&mut self, path: &[String], span: &Span) -> Option<TypeId> {
        if let Some(id) = self.members.user(path, self.id) {
            return Some(id);
        }
        let name = path.join("::");
        let message = format!("there is no type `{name}` here");
        let mut error = RuleError::new(codes::UNKNOWN_TYPE, span.clone(), message);
        let names: Vec<_> = self.model.types.iter().map(|ty| ty.name.as_str()).collect();
        error.help = did_you_mean(&name, names);
        if self
            .model
            .ty(self.model.ty(self.id).top)
            .spec
            .meta
            .opaque_types
        {
            error.help = Some(format!(
                "types that are code are not supported: put `{name}.ksy` beside this file"
            ));
        }
        self.report(error);
        None
    }

    pub(super) fn known_enum(&mut self, name: &At<String>) {
        let path: Vec<_> = name.value.split("::").collect();
        if self.model.find_enum(self.id, &path).is_some() {
            return;
        }
        let message = format!("there is no enum `{}` here", name.value);
        let mut error = RuleError::new(codes::UNKNOWN_ENUM, name.span.clone(), message);
        let names: Vec<_> = self.model.enums.iter().map(|e| e.name.as_str()).collect();
        error.help = did_you_mean(&name.value, names);
        self.report(error);
    }
}
