//! `-gateway` of fields, instances and values of enums.

use crate::ksy::section::spec::{Codec, OptionsSpec, TraitsSpec};
use crate::ksy::section::{keys, units};
use crate::ksy::spec::At;
use crate::ksy::spec::reader::{Fields, Keys, Reader, Truth};
use crate::ksy::yaml::Node;

const CODECS: &[(&str, Codec)] = &[
    ("bcd", Codec::Bcd),
    ("ebcdic", Codec::Ebcdic),
    ("varint", Codec::Varint),
    ("zigzag", Codec::Zigzag),
    ("ascii", Codec::Ascii),
];

/// What is said of a field.
pub(in crate::ksy::section) fn options<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
) -> Option<OptionsSpec> {
    reader.options(node, keys::OPTIONS)
}

/// What is said of an instance.
pub(in crate::ksy::section) fn instance_options<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
) -> Option<OptionsSpec> {
    reader.options(node, keys::INSTANCE)
}

/// What is said of a value of an enum.
pub(in crate::ksy::section) fn traits<'n>(
    reader: &mut Reader<'n, '_>,
    node: &'n Node,
) -> Option<TraitsSpec> {
    let fields = reader.fields(node)?;
    reader.check_keys(&fields, keys::TRAITS);
    Some(TraitsSpec {
        idempotent: reader.truth(&fields, "idempotent", Truth::False),
        one_way: reader.truth(&fields, "one-way", Truth::False),
        timeout: reader.read(&fields, "timeout", units::time),
    })
}

impl<'n> Reader<'n, '_> {
    fn options(&mut self, node: &'n Node, keys: Keys<'_>) -> Option<OptionsSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys);
        let located = |key: &str| fields.value(key).map(|node| node.span.clone());
        let codec = self.read(&fields, "codec", |node| units::choice(node, CODECS));
        let scale = self.read(&fields, "scale", units::scale);
        Some(OptionsSpec {
            json: self.texts(&fields, "json"),
            codec: codec.zip(located("codec")).map(At::from),
            scale: scale.zip(located("scale")).map(At::from),
            default: self.default(&fields),
            derive: self.expression(&fields, "derive"),
            secret: self.truth(&fields, "secret", Truth::False),
        })
    }

    fn default(&mut self, fields: &Fields<'n>) -> Option<Node> {
        let node = fields.value("default")?;
        if node.is_null() {
            self.report(node.mismatch("a value"));
            return None;
        }
        Some(node.clone())
    }
}
