//! Parts of a definition in words.

use crate::ksy::section::plan::{FieldOptions, JsonForm};
use crate::ksy::spec::{
    AttributeSpec, Endian, ProcessSpec, RepeatSpec, TypeName, TypeSpec, ValidSpec,
};

/// The type of a field.
pub(super) fn type_name(spec: &AttributeSpec) -> String {
    let ty = match (&spec.value, &spec.contents, &spec.ty) {
        (Some(_), ..) => "computed".to_owned(),
        (_, Some(_), _) => "constant".to_owned(),
        (_, _, TypeSpec::Bytes) => "bytes".to_owned(),
        (_, _, TypeSpec::Named(name)) => named(&name.value),
        (
            _,
            _,
            TypeSpec::Switch {
                cases, otherwise, ..
            },
        ) => {
            let cases = cases.iter().map(|(_, name)| &name.value);
            let cases = cases.chain(otherwise.iter().map(|name| &name.value));
            cases.map(named).collect::<Vec<_>>().join(" or ")
        }
    };
    match &spec.enumeration {
        Some(name) => format!("{ty}, enum `{}`", name.value),
        None => ty,
    }
}

/// A type's name as it is written.
pub(super) fn named(name: &TypeName) -> String {
    let order = |endian: &Option<Endian>| match endian {
        Some(Endian::Little) => "le",
        Some(Endian::Big) => "be",
        None => "",
    };
    match name {
        TypeName::Integer {
            signed,
            width,
            endian,
        } => {
            let sign = if *signed { 's' } else { 'u' };
            format!("{sign}{width}{}", order(endian))
        }
        TypeName::Float { width, endian } => format!("f{width}{}", order(endian)),
        TypeName::Bits { width, endian } => format!("b{width}{}", order(endian)),
        TypeName::Text { terminated: false } => "str".to_owned(),
        TypeName::Text { terminated: true } => "strz".to_owned(),
        TypeName::Bytes => "bytes".to_owned(),
        TypeName::Bool => "bool".to_owned(),
        TypeName::AnyStruct => "struct".to_owned(),
        TypeName::Stream => "io".to_owned(),
        TypeName::Any => "any".to_owned(),
        TypeName::User { path, arguments } => {
            let arguments: Vec<_> = arguments.iter().map(|source| source.text()).collect();
            match arguments.join(", ") {
                none if none.is_empty() => format!("`{}`", path.join("::")),
                arguments => format!("`{}({arguments})`", path.join("::")),
            }
        }
    }
}

/// How large a field is, of which this many bits are known.
pub(super) fn size(spec: &AttributeSpec, bits: Option<u64>) -> String {
    let one = match (bits, &spec.size) {
        (Some(bits), _) => fixed(bits),
        (None, Some(size)) => format!("`{}` bytes", size.text()),
        (None, None) if spec.size_eos => "to the end".to_owned(),
        (None, None) => match (&spec.terminator, &spec.ty) {
            (Some(bytes), _) => format!("up to {}", hex(bytes)),
            (None, TypeSpec::Named(name)) => match name.value {
                TypeName::Text { terminated: true } => "up to a zero".to_owned(),
                TypeName::Integer { width, .. } | TypeName::Float { width, .. } => {
                    fixed(u64::from(width).saturating_mul(8))
                }
                TypeName::Bits { width, .. } => fixed(u64::from(width)),
                _ => String::new(),
            },
            (None, TypeSpec::Bytes | TypeSpec::Switch { .. }) => String::new(),
        },
    };
    let repeat = match &spec.repeat {
        None if spec.condition.is_some() && !one.is_empty() => return format!("{one}, if present"),
        None => return one,
        Some(RepeatSpec::Eos) => "repeated to the end".to_owned(),
        Some(RepeatSpec::Count(count)) => format!("`{}` times", count.text()),
        Some(RepeatSpec::Until(until)) => format!("repeated until `{}`", until.text()),
    };
    match one.is_empty() {
        true => repeat,
        false => format!("{one}, {repeat}"),
    }
}

fn fixed(bits: u64) -> String {
    match (bits % 8, bits / 8) {
        (0, 1) => "1 byte".to_owned(),
        (0, bytes) => format!("{bytes} bytes"),
        _ if bits == 1 => "1 bit".to_owned(),
        _ => format!("{bits} bits"),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{digits}")
}

/// How messages show a field, where `-gateway` says so.
pub(super) fn shown(said: &FieldOptions) -> String {
    let form = match said.form {
        JsonForm::Usual | JsonForm::Base64 => "",
        JsonForm::Hidden => "Not shown in messages.",
        JsonForm::Hex => "In hexadecimal digits.",
        JsonForm::Text => "As text.",
        JsonForm::Number => "As a number.",
        JsonForm::String => "As digits in text.",
    };
    let mut parts = vec![form.to_owned()];
    if let Some(name) = &said.name {
        parts.push(format!("Called `{name}` in messages."));
    }
    if let Some(scale) = said.scale {
        parts.push(format!("Times {scale}."));
    }
    if said.secret {
        parts.push("Secret.".to_owned());
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

/// What a field is for, and what holds for it.
pub(super) fn meaning(spec: &AttributeSpec) -> String {
    let mut parts = vec![spec.doc.trim().to_owned()];
    if let Some(contents) = &spec.contents {
        parts.push(format!("Always {}.", hex(&contents.value)));
    }
    if let Some(value) = &spec.value {
        parts.push(format!("`{}`.", value.text()));
    }
    if let Some(pos) = &spec.pos {
        parts.push(format!("At byte `{}`.", pos.text()));
    }
    if let Some(condition) = &spec.condition {
        parts.push(format!("If `{}`.", condition.text()));
    }
    if let (TypeSpec::Switch { on, cases, .. }, None) = (&spec.ty, &spec.value) {
        let cases = cases.iter();
        let cases = cases.map(|(case, name)| format!("`{}`: {}", case.text(), named(&name.value)));
        let cases = cases.collect::<Vec<_>>().join(", ");
        parts.push(format!("By `{}`: {cases}.", on.text()));
    }
    parts.extend(spec.valid.as_ref().map(|valid| rule(&valid.value)));
    parts.extend(
        spec.process
            .as_ref()
            .map(|process| processed(&process.value)),
    );
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn rule(valid: &ValidSpec) -> String {
    match valid {
        ValidSpec::Eq(value) => format!("Always `{}`.", value.text()),
        ValidSpec::Range { min, max } => {
            let min = min.iter().map(|min| format!("at least `{}`", min.text()));
            let max = max.iter().map(|max| format!("at most `{}`", max.text()));
            let both: Vec<_> = min.chain(max).collect();
            format!("Valid: {}.", both.join(", "))
        }
        ValidSpec::AnyOf(values) => {
            let values: Vec<_> = values.iter().map(|v| format!("`{}`", v.text())).collect();
            format!("One of {}.", values.join(", "))
        }
        ValidSpec::InEnum => "Only values with a label.".to_owned(),
        ValidSpec::Expr(expression) => format!("Valid if `{}`.", expression.text()),
    }
}

fn processed(process: &ProcessSpec) -> String {
    match process {
        ProcessSpec::Xor(key) => format!("Exclusive or with `{}`.", key.text()),
        ProcessSpec::RotateLeft(by) => format!("Each byte rotated left by `{}`.", by.text()),
        ProcessSpec::RotateRight(by) => format!("Each byte rotated right by `{}`.", by.text()),
        ProcessSpec::Zlib => "Compressed with zlib.".to_owned(),
    }
}
