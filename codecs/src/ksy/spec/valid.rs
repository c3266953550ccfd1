//! `valid`.

use super::reader::{Fields, Keys, Reader};
use super::{At, ValidSpec};
use crate::ksy::codes;
use crate::ksy::yaml::Node;

/// The kinds of check, and the keys of each, in the order in which one is looked for.
const KINDS: [&[&str]; 5] = [
    &["eq"],
    &["min", "max"],
    &["any-of"],
    &["in-enum"],
    &["expr"],
];

impl<'n> Reader<'n, '_> {
    /// What holds for a field that has `enum`, or has none.
    pub(super) fn valid(&mut self, attribute: &Fields<'n>) -> Option<At<ValidSpec>> {
        let node = attribute.value("valid")?;
        let value = if node.as_mapping().is_ok() {
            let fields = self.fields(node)?;
            self.valid_map(&fields, attribute.has("enum"))?
        } else {
            let source = node
                .as_source()
                .map_err(|_| node.mismatch("an expression or a map"));
            ValidSpec::Eq(self.good(source)?)
        };
        let span = node.span.clone();
        Some(At { value, span })
    }

    fn valid_map(&mut self, fields: &Fields<'n>, has_enum: bool) -> Option<ValidSpec> {
        let kind = KINDS
            .iter()
            .find(|keys| keys.iter().any(|key| fields.has(key)));
        let keys = Keys {
            of: "`valid`",
            groups: kind.map_or(&KINDS[..], std::slice::from_ref),
            gateway: false,
        };
        self.check_valid_keys(fields, keys);
        // An unknown key has been reported, and may be the one that is missing.
        if kind.is_none() && fields.named().all(|(name, _)| name.value.starts_with('-')) {
            let message = "expected one of `eq`, `min`, `max`, `any-of`, `in-enum` and `expr`";
            self.error(codes::MISSING_KEY, &fields.node.span, message);
        }
        match kind?.first().copied()? {
            "eq" => self.expression(fields, "eq").map(ValidSpec::Eq),
            "expr" => self.expression(fields, "expr").map(ValidSpec::Expr),
            "any-of" => self.any_of(fields.value("any-of")?),
            "in-enum" => self.in_enum(fields.value("in-enum")?, has_enum),
            _ => {
                let (min, max) = (
                    self.expression(fields, "min"),
                    self.expression(fields, "max"),
                );
                (min.is_some() || max.is_some()).then_some(ValidSpec::Range { min, max })
            }
        }
    }

    /// A second kind of check is not unknown: it is one too many.
    fn check_valid_keys(&mut self, fields: &Fields<'n>, keys: Keys<'_>) {
        let allowed = |key: &str| keys.groups.iter().any(|group| group.contains(&key));
        for (name, _) in fields.named() {
            if !allowed(name.value) && KINDS.iter().any(|kind| kind.contains(&name.value)) {
                let message = format!(
                    "`valid` has one kind of check, and `{}` is another",
                    name.value
                );
                self.error(codes::CONFLICT, &name.span, message);
            }
        }
        let all = Keys {
            groups: &KINDS,
            ..keys
        };
        self.check_keys(fields, all);
    }

    fn any_of(&mut self, node: &'n Node) -> Option<ValidSpec> {
        let nodes = node
            .as_sequence()
            .unwrap_or_else(|_| std::slice::from_ref(node));
        let sources = nodes.iter().map(|node| self.good(node.as_source()));
        sources
            .collect::<Vec<_>>()
            .into_iter()
            .collect::<Option<_>>()
            .map(ValidSpec::AnyOf)
    }

    fn in_enum(&mut self, node: &Node, has_enum: bool) -> Option<ValidSpec> {
        if !self.good(node.as_bool())? {
            let message = "only `true` is supported: without `valid` nothing is checked";
            self.error(codes::BAD_CHOICE, &node.span, message);
            return None;
        }
        if !has_enum {
            let message = "`in-enum` requires the key `enum` on the field";
            self.error(codes::MISSING_KEY, &node.span, message);
            return None;
        }
        Some(ValidSpec::InEnum)
    }
}
