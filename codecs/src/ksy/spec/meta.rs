//! `meta`.

use super::reader::{Fields, Reader, Truth};
use super::{Endian, EndianSpec, MetaSpec, keys};
use crate::ksy::codes;
use crate::ksy::yaml::{Node, shortened};
use gatewright_core::expr::RuleError;

/// The version of the Kaitai Struct compiler whose language this is.
const VERSION: [u32; 2] = [0, 11];

impl<'n> Reader<'n, '_> {
    pub(super) fn meta(&mut self, node: &'n Node) -> MetaSpec {
        let Some(fields) = self.fields(node) else {
            return MetaSpec::default();
        };
        self.check_keys(&fields, keys::META);
        self.version(&fields);
        for tool in ["ks-debug", "ks-zero-copy-substream"] {
            self.truth(&fields, tool, Truth::False);
        }
        let id = self.text(&fields, "id");
        MetaSpec {
            id: id.filter(|id| self.check_id("meta", id)),
            title: self.prose(&fields, "title"),
            imports: self.texts(&fields, "imports"),
            encoding: self.encoding(&fields),
            endian: fields
                .value("endian")
                .and_then(|node| self.endian_spec(node)),
            bit_endian: fields
                .value("bit-endian")
                .and_then(|node| self.endian(node)),
            opaque_types: self.truth(&fields, "ks-opaque-types", Truth::False),
        }
    }

    fn endian(&mut self, node: &Node) -> Option<Endian> {
        let endian = match node.as_str() {
            Ok("le") => Ok(Endian::Little),
            Ok("be") => Ok(Endian::Big),
            Ok(other) => {
                let message = format!("expected `le` or `be`, got `{}`", shortened(other));
                Err(RuleError::new(
                    codes::BAD_CHOICE,
                    node.span.clone(),
                    message,
                ))
            }
            Err(error) => Err(error),
        };
        self.good(endian)
    }

    fn endian_spec(&mut self, node: &'n Node) -> Option<EndianSpec> {
        if node.as_mapping().is_err() {
            return self.endian(node).map(EndianSpec::Fixed);
        }
        let fields = self.fields(node)?;
        let switch = self.switch(&fields)?;
        let mut cases = Vec::new();
        let mut otherwise = None;
        for (name, entry) in switch.cases.named() {
            let endian = self.endian(&entry.value);
            if name.value == "_" {
                otherwise = endian;
            } else {
                let case = self.good(entry.key.as_source());
                cases.extend(case.zip(endian));
            }
        }
        Some(EndianSpec::Switch {
            on: switch.on,
            cases,
            otherwise,
        })
    }

    fn version(&mut self, fields: &Fields<'n>) {
        let Some(version) = self.text(fields, "ks-version") else {
            return;
        };
        let shown = shortened(&version.value);
        let message = match numbers(&version.value) {
            None => format!("invalid compiler version `{shown}`, expected X.Y or X.Y.Z"),
            Some([major, minor, _]) if [major, minor] > VERSION => {
                format!(
                    "the file needs version {shown}, and this is {}.{}",
                    VERSION[0], VERSION[1]
                )
            }
            Some(_) => return,
        };
        self.error(codes::VERSION, &version.span, message);
    }
}

/// X.Y or X.Y.Z, without zeros in front.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let number = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_digit());
        let zeros = part.len() > 1 && part.starts_with('0');
        (plain && !zeros).then(|| part.parse().ok()).flatten()
    };
    let mut parts = version.split('.');
    let numbers = [
        number(parts.next()?)?,
        number(parts.next()?)?,
        parts.next().map_or(Some(0), number)?,
    ];
    parts.next().is_none().then_some(numbers)
}
