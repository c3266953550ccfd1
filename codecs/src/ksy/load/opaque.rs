//! Types that a file uses and leaves to others to define.

use crate::ksy::spec::{AttributeSpec, ClassSpec, TypeName, TypeSpec};
use std::collections::BTreeSet;

/// The names of types that are used in a file and stand nowhere in it.
pub(super) fn names(file: &ClassSpec) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    own.extend(file.meta.id.as_ref().map(|id| id.value.as_str()));
    defined(file, &mut own);
    let mut used = BTreeSet::new();
    collect(file, &mut used);
    let foreign = used.into_iter().filter(|name| !own.contains(name));
    foreign.map(str::to_owned).collect()
}

fn defined<'s>(spec: &'s ClassSpec, own: &mut BTreeSet<&'s str>) {
    for (name, inner) in &spec.types {
        own.insert(&name.value);
        defined(inner, own);
    }
}

fn collect<'s>(spec: &'s ClassSpec, used: &mut BTreeSet<&'s str>) {
    used.extend(
        spec.params
            .iter()
            .filter_map(|param| first(&param.ty.value)),
    );
    for field in spec.seq.iter().chain(&spec.instances) {
        used.extend(of_field(field));
    }
    for (_, inner) in &spec.types {
        collect(inner, used);
    }
}

fn of_field(field: &AttributeSpec) -> Vec<&str> {
    match &field.ty {
        TypeSpec::Bytes => Vec::new(),
        TypeSpec::Named(name) => first(&name.value).into_iter().collect(),
        TypeSpec::Switch {
            cases, otherwise, ..
        } => {
            let names = cases.iter().map(|(_, name)| name).chain(otherwise);
            names.filter_map(|name| first(&name.value)).collect()
        }
    }
}

/// The name that has to be known before any others of a path are.
fn first(name: &TypeName) -> Option<&str> {
    match name {
        TypeName::User { path, .. } => path.first().map(String::as_str),
        TypeName::Integer { .. }
        | TypeName::Float { .. }
        | TypeName::Bits { .. }
        | TypeName::Text { .. }
        | TypeName::Bytes
        | TypeName::Bool
        | TypeName::AnyStruct
        | TypeName::Stream
        | TypeName::Any => None,
    }
}
