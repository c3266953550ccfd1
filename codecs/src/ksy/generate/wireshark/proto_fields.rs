//! The fields that Wireshark knows: what filters name and the tree shows.

use super::expression::quoted;
use crate::ksy::Definition;
use crate::ksy::model::{EnumIndex, Member, TypeId};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What Wireshark takes a value for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An integer of so many bits, 8, 16, 32 or 64.
    Int {
        signed: bool,
        bits: u8,
    },
    /// A float of so many bytes.
    Float {
        width: u8,
    },
    Bool,
    Text,
    Bytes,
}

impl Kind {
    fn constructor(self) -> String {
        match self {
            Self::Int { signed, bits } => format!("{}{bits}", if signed { "int" } else { "uint" }),
            Self::Float { width: 4 } => "float".to_owned(),
            Self::Float { .. } => "double".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Text => "string".to_owned(),
            Self::Bytes => "bytes".to_owned(),
        }
    }

    /// What tells two fields of one name apart.
    const fn rank(self) -> (u8, u8) {
        match self {
            Self::Int { signed, bits } => (signed as u8, bits),
            Self::Float { width } => (2, width),
            Self::Bool => (3, 0),
            Self::Text => (4, 0),
            Self::Bytes => (5, 0),
        }
    }
}

/// What tells fields apart: their name, what they are taken for, their labels.
type Key = (String, (u8, u8), Option<EnumIndex>);

/// Collects the fields, and the enums that they need.
#[derive(Debug)]
pub(super) struct ProtoFields<'d> {
    definition: &'d Definition,
    prefix: String,
    lines: Vec<String>,
    known: BTreeMap<Key, usize>,
    enums: BTreeMap<EnumIndex, usize>,
}

impl<'d> ProtoFields<'d> {
    pub(super) fn new(definition: &'d Definition, prefix: &str) -> Self {
        Self {
            definition,
            prefix: prefix.to_owned(),
            lines: Vec::new(),
            known: BTreeMap::new(),
            enums: BTreeMap::new(),
        }
    }

    /// The field of a member, as an expression of Lua's.
    pub(super) fn of(
        &mut self,
        ty: TypeId,
        slot: usize,
        name: &str,
        kind: Kind,
        labels: Option<EnumIndex>,
    ) -> String {
        let abbreviation = self.abbreviation(ty, name);
        let key = (abbreviation, kind.rank(), labels);
        if let Some(known) = self.known.get(&key) {
            return format!("F[{known}]");
        }
        let doubled = self.known.keys().any(|(known, ..)| *known == key.0);
        let suffix = if doubled {
            format!(".{}", kind.constructor())
        } else {
            String::new()
        };
        let number = self.lines.len().saturating_add(1);
        let labels = labels.map_or_else(|| "nil".to_owned(), |labels| self.labels(labels));
        let doc = quoted(self.doc(ty, slot).as_bytes());
        let arguments = match kind {
            Kind::Int { .. } => format!("base.DEC, {labels}, nil, {doc}"),
            Kind::Float { .. } => format!("nil, {doc}"),
            Kind::Bool => format!("base.NONE, nil, 0, {doc}"),
            Kind::Text => format!("base.UNICODE, {doc}"),
            Kind::Bytes => format!("base.SPACE, {doc}"),
        };
        self.lines.push(format!(
            "F[{number}] = ProtoField.{}({}, {}, {arguments})",
            kind.constructor(),
            quoted(format!("{}{suffix}", key.0).as_bytes()),
            quoted(name.as_bytes()),
        ));
        self.known.insert(key, number);
        format!("F[{number}]")
    }

    /// `meter.reading.place`: the protocol, the types, the field.
    fn abbreviation(&self, ty: TypeId, name: &str) -> String {
        let model = &self.definition.model;
        let path = model.path(ty);
        let root = &model.ty(self.definition.root).name;
        let inner = match path.strip_prefix(root.as_str()) {
            Some("") => String::new(),
            Some(inner) if inner.starts_with("::") => inner.replace("::", "."),
            _ => format!(".{}", path.replace("::", ".")),
        };
        format!("{}{inner}.{name}", self.prefix)
    }

    fn doc(&self, ty: TypeId, slot: usize) -> String {
        let doc = match self.definition.model.ty(ty).member(slot) {
            Some(Member::Field(spec) | Member::Instance(spec)) => spec.doc.as_str(),
            Some(Member::Param(_)) | None => "",
        };
        doc.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The labels of an enum, as an expression of Lua's.
    pub(super) fn labels(&mut self, labels: EnumIndex) -> String {
        let next = self.enums.len().saturating_add(1);
        let number = *self.enums.entry(labels).or_insert(next);
        format!("V[{number}]")
    }

    pub(super) fn finish(self) -> String {
        let mut text = String::from("local V, F = {}, {}\n");
        for (labels, number) in &self.enums {
            let labels = &self.definition.plan.enumeration(*labels).labels;
            let labels = labels
                .iter()
                .map(|(n, label)| format!("[{n}] = {}", quoted(label.as_bytes())));
            let labels = labels.collect::<Vec<_>>().join(", ");
            // Writing to a string cannot fail.
            let _ = writeln!(text, "V[{number}] = {{ {labels} }}");
        }
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str("proto.fields = F\n");
        text
    }
}
