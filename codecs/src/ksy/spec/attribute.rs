//! Fields and instances.

use super::class::Around;
use super::reader::{Fields, Keys, Reader, Truth};
use super::{At, AttributeSpec, ParentSpec, TypeName, TypeSpec, keys};
use crate::ksy::yaml::Node;
use gatewright_core::expr::{Source, Span};

/// Where an attribute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Seq,
    Instances,
}

impl<'n> Reader<'n, '_> {
    /// An element of `seq`.
    pub(super) fn field(&mut self, node: &'n Node, around: Around) -> Option<AttributeSpec> {
        let fields = self.fields(node)?;
        let id = self.text(&fields, "id");
        let id = id.filter(|id| self.check_id("attribute", id));
        let span = id
            .as_ref()
            .map_or_else(|| fields.start(), |id| id.span.clone());
        let spec = self.attribute(&fields, Place::Seq, around);
        Some(AttributeSpec { id, span, ..spec })
    }

    /// An entry of `instances`.
    pub(super) fn instance(
        &mut self,
        name: &At<&'n str>,
        node: &'n Node,
        around: Around,
    ) -> Option<AttributeSpec> {
        let fields = self.fields(node)?;
        let spec = if fields.has("value") {
            self.value_instance(&fields)
        } else {
            self.attribute(&fields, Place::Instances, around)
        };
        let id = At {
            value: name.value.to_owned(),
            span: name.span.clone(),
        };
        Some(AttributeSpec {
            span: id.span.clone(),
            id: Some(id),
            ..spec
        })
    }

    fn value_instance(&mut self, fields: &Fields<'n>) -> AttributeSpec {
        self.check_keys(fields, keys::VALUE_INSTANCE);
        AttributeSpec {
            value: self.expression(fields, "value"),
            enumeration: self.text(fields, "enum"),
            condition: self.expression(fields, "if"),
            doc: self.doc(fields),
            gateway: fields.gateway(),
            ..nothing(fields.node.span.clone())
        }
    }

    fn attribute(&mut self, fields: &Fields<'n>, place: Place, around: Around) -> AttributeSpec {
        let repeat = self.repeat(fields);
        let ty = self.field_type(fields, around);
        self.check_attribute_keys(fields, place, &ty, repeat.keys);
        let spec = AttributeSpec {
            pos: self.expression(fields, "pos"),
            io: self.expression(fields, "io"),
            size: self.expression(fields, "size"),
            size_eos: self.truth(fields, "size-eos", Truth::False),
            terminator: self.terminator(fields),
            include: self.truth(fields, "include", Truth::False),
            consume: self.truth(fields, "consume", Truth::True),
            eos_error: self.truth(fields, "eos-error", Truth::True),
            pad_right: self.pad_right(fields),
            encoding: self.encoding(fields),
            contents: self.contents(fields),
            enumeration: self.text(fields, "enum"),
            repeat: repeat.spec,
            condition: self.expression(fields, "if"),
            process: self.process(fields),
            parent: self.expression(fields, "parent").map(parent),
            valid: self.valid(fields),
            doc: self.doc(fields),
            gateway: fields.gateway(),
            ty,
            ..nothing(fields.node.span.clone())
        };
        self.check_extent(fields, &spec, around);
        self.check_contents(fields, fields.node);
        spec
    }

    /// Which keys an attribute may have depends on what it is.
    fn check_attribute_keys(
        &mut self,
        fields: &Fields<'n>,
        place: Place,
        ty: &TypeSpec,
        repeat: &[&str],
    ) {
        let (of, by_type): (_, &[&[&str]]) = match ty {
            TypeSpec::Bytes => ("a field of bytes", &[keys::BYTES, keys::ENUM]),
            TypeSpec::Switch { .. } => ("a field whose type depends on something", &[keys::BYTES]),
            TypeSpec::Named(name) => of_type(&name.value),
        };
        let placed: &[&str] = match place {
            Place::Seq => &[],
            Place::Instances => keys::PLACED,
        };
        let groups: Vec<&[&str]> = [&[keys::ANY, placed, repeat], by_type].concat();
        let keys = Keys {
            of,
            groups: &groups,
            gateway: true,
        };
        self.check_keys(fields, keys);
        match ty {
            TypeSpec::Bytes => self.check_enum(fields, &[TypeName::Bytes]),
            TypeSpec::Named(name) => self.check_enum(fields, std::slice::from_ref(&name.value)),
            TypeSpec::Switch { .. } => {}
        }
    }
}

/// What a field of a type is called, and its keys. `enum` where it does not belong is reported as
/// what it is.
fn of_type(name: &TypeName) -> (&'static str, &'static [&'static [&'static str]]) {
    match name {
        TypeName::Text { .. } => ("a text", &[keys::TEXT, keys::ENUM]),
        TypeName::User { .. } => ("a field of a type of one's own", &[keys::BYTES, keys::ENUM]),
        TypeName::Integer { .. } | TypeName::Bits { .. } | TypeName::Float { .. } => {
            ("a number", &[keys::ENUM])
        }
        TypeName::Bytes
        | TypeName::Bool
        | TypeName::AnyStruct
        | TypeName::Stream
        | TypeName::Any => ("a field", &[keys::BYTES, keys::TEXT, keys::ENUM]),
    }
}

fn parent(source: Source) -> ParentSpec {
    if source.text() == "false" {
        ParentSpec::None
    } else {
        ParentSpec::Expr(source)
    }
}

/// An attribute with no keys.
fn nothing(entry: Span) -> AttributeSpec {
    AttributeSpec {
        span: entry.clone(),
        entry,
        id: None,
        value: None,
        pos: None,
        io: None,
        ty: TypeSpec::Bytes,
        size: None,
        size_eos: false,
        terminator: None,
        include: false,
        consume: true,
        eos_error: true,
        pad_right: None,
        encoding: None,
        contents: None,
        enumeration: None,
        repeat: None,
        condition: None,
        process: None,
        parent: None,
        valid: None,
        doc: String::new(),
        gateway: None,
    }
}
