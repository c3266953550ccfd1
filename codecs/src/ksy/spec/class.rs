//! A file, or an entry of `types`.

use super::reader::{Fields, Reader};
use super::{At, AttributeSpec, ClassSpec, ParamSpec, keys};
use crate::ksy::codes;
use crate::ksy::yaml::Node;
use gatewright_core::expr::Span;
use std::collections::BTreeMap;

/// What a type has from `meta` of the types around it, as far as fields are checked against it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Around {
    /// Whether there is an `encoding`.
    pub(super) encoding: bool,
    /// Whether there is an `endian`.
    pub(super) endian: bool,
}

impl<'n> Reader<'n, '_> {
    /// The whole file.
    pub(super) fn top(&mut self, node: &'n Node, around: Around) -> ClassSpec {
        let spec = self.class(node, around);
        if spec.meta.id.is_none() && node.as_mapping().is_ok() {
            self.no_id(node);
        }
        ClassSpec {
            span: spec
                .meta
                .id
                .as_ref()
                .map_or(spec.span, |id| id.span.clone()),
            ..spec
        }
    }

    /// A bad `meta/id` has been reported already.
    fn no_id(&mut self, node: &'n Node) {
        let message = "a file needs an id of its own in `meta`";
        match node.get("meta") {
            None => self.error(codes::MISSING_KEY, &node.span, message),
            Some(meta) if meta.value.as_mapping().is_ok() && meta.value.get("id").is_none() => {
                self.error(codes::MISSING_KEY, &meta.value.span, message);
            }
            Some(_) => {}
        }
    }

    fn class(&mut self, node: &'n Node, around: Around) -> ClassSpec {
        let span = node.span.clone();
        let Some(fields) = self.fields(node) else {
            return ClassSpec {
                span,
                ..ClassSpec::default()
            };
        };
        self.check_keys(&fields, keys::CLASS);
        let meta = fields.value("meta").map(|node| self.meta(node));
        let meta = meta.unwrap_or_default();
        let within = Around {
            encoding: around.encoding || meta.encoding.is_some(),
            endian: around.endian || meta.endian.is_some(),
        };
        let spec = ClassSpec {
            span,
            params: self.params(&fields),
            seq: self.seq(&fields, within),
            instances: self.instances(&fields, within),
            types: self.types(&fields, within),
            enums: self.enums(&fields),
            to_string: self.expression(&fields, "to-string"),
            doc: self.doc(&fields),
            gateway: fields.gateway(),
            meta,
        };
        self.check_members(&spec);
        spec
    }

    fn list(&mut self, fields: &Fields<'n>, key: &str) -> &'n [Node] {
        let items = fields
            .value(key)
            .and_then(|node| self.good(node.as_sequence()));
        items.unwrap_or_default()
    }

    fn params(&mut self, fields: &Fields<'n>) -> Vec<ParamSpec> {
        let nodes = self.list(fields, "params");
        nodes.iter().filter_map(|node| self.param(node)).collect()
    }

    fn param(&mut self, node: &'n Node) -> Option<ParamSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::PARAM);
        let declared = self.param_type(&fields);
        let enumeration = self.text(&fields, "enum");
        let doc = self.doc(&fields);
        let Some(id) = self.text(&fields, "id") else {
            if !fields.has("id") {
                self.missing(&fields, "id");
            }
            return None;
        };
        self.check_id("parameter", &id).then_some(ParamSpec {
            id,
            ty: declared.ty,
            list: declared.list,
            enumeration,
            doc,
        })
    }

    fn seq(&mut self, fields: &Fields<'n>, around: Around) -> Vec<AttributeSpec> {
        let nodes = self.list(fields, "seq");
        let mut attributes = Vec::new();
        for node in nodes {
            // What is valid costs a few nodes of the budget; what is not need not be kept for ever.
            if self.findings.is_full() {
                break;
            }
            attributes.extend(self.field(node, around));
        }
        attributes
    }

    fn instances(&mut self, fields: &Fields<'n>, around: Around) -> Vec<AttributeSpec> {
        let Some(instances) = fields.value("instances").and_then(|node| self.fields(node)) else {
            return Vec::new();
        };
        let instances = instances.named().filter_map(|(name, entry)| {
            let go_on = !self.findings.is_full() && self.check_id("instance", &name);
            go_on
                .then(|| self.instance(&name, &entry.value, around))
                .flatten()
        });
        instances.collect()
    }

    fn types(&mut self, fields: &Fields<'n>, around: Around) -> Vec<(At<String>, ClassSpec)> {
        let Some(types) = fields.value("types").and_then(|node| self.fields(node)) else {
            return Vec::new();
        };
        let types = types.named().filter_map(|(name, entry)| {
            let fine = self.check_id("type", &name);
            let mut spec = self.class(&entry.value, around);
            spec.span = name.span.clone();
            let name = At {
                value: name.value.to_owned(),
                span: name.span,
            };
            fine.then_some((name, spec))
        });
        types.collect()
    }

    /// Parameters, fields and instances share their names.
    fn check_members(&mut self, spec: &ClassSpec) {
        let mut known: BTreeMap<&str, &Span> = BTreeMap::new();
        let params = spec.params.iter().map(|param| &param.id);
        let fields = spec.seq.iter().chain(&spec.instances);
        for id in params.chain(fields.filter_map(|field| field.id.as_ref())) {
            if let Some(first) = known.get(id.value.as_str()) {
                let what = format!("duplicate attribute ID `{}`", id.value);
                self.repeated(codes::DUPLICATE_ID, &id.span, &what, first);
            } else {
                known.insert(&id.value, &id.span);
            }
        }
    }
}
