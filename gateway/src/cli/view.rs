//! Messages as people read them.

use super::hex;
use super::output::Format;
use gatewright_core::codec::json::{Secrets, to_json};
use gatewright_core::codec::{Descriptor, FieldDef, Schema, StructDef, Type};
use gatewright_core::message::{Correlation, Kind, Message, Record, Value};
use serde_json::Value as Json;
use std::fmt;

/// What stands in for the value of a secret field, in JSON too.
pub(super) const MASK: &str = "***";
/// Values up to this width stand in a column, with their field's meaning beside it.
const COLUMN: usize = 24;

/// A message in the form that was asked for.
#[derive(Debug)]
pub(super) enum Told {
    Text(String),
    Json(Json),
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Json(document) => write!(f, "{document}"),
        }
    }
}

/// How messages are shown.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct View {
    /// The form of messages: a tree, or one JSON document a line as `encode` reads them.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
    /// Show the values of secret fields; `decode` shows what bodies hold, too.
    #[arg(long)]
    show_secrets: bool,
}

impl View {
    /// A message, headed by what is known about it beside its fields; JSON has the fields only.
    pub(super) fn show(self, descriptor: &Descriptor, message: &Message, about: &str) -> Told {
        match self.format {
            Format::Json => Told::Json(to_json(descriptor, message, self.secrets())),
            Format::Text => {
                let tree = Tree {
                    schema: &descriptor.schema,
                    secrets: self.secrets(),
                };
                let mut lines = vec![head(descriptor, message, about)];
                let def = descriptor.record(message.operation());
                tree.record(def, message.fields(), 1, &mut lines);
                Told::Text(lines.join("\n"))
            }
        }
    }

    pub(super) const fn secrets(self) -> Secrets {
        if self.show_secrets {
            Secrets::Shown
        } else {
            Secrets::Masked
        }
    }
}

fn head(descriptor: &Descriptor, message: &Message, about: &str) -> String {
    let name = &descriptor.operation(message.operation()).name;
    let kind = match message.kind() {
        Kind::Request => "request",
        Kind::Reply => "reply",
        Kind::Event => "event",
    };
    let id = match message.correlation() {
        Correlation::None => String::new(),
        Correlation::Id(id) => format!(", id {id}"),
        Correlation::Key(key) => format!(", id {}", hex::show(key)),
    };
    format!("{name} ({kind}{id}){about}")
}

struct Tree<'a> {
    schema: &'a Schema,
    secrets: Secrets,
}

impl Tree<'_> {
    fn record(&self, def: &StructDef, record: &Record, depth: usize, lines: &mut Vec<String>) {
        let fields = def.fields.iter().zip(record);
        let present: Vec<_> = fields.filter(|(_, value)| !value.is_null()).collect();
        let names = present.iter().map(|(field, _)| field.name.chars().count());
        let name_width = names.max().unwrap_or(0);
        let leaves: Vec<_> = (present.iter())
            .map(|(field, value)| self.leaf(field, value))
            .collect();
        let widths = leaves.iter().flatten().map(|leaf| leaf.chars().count());
        let leaf_width = widths.filter(|width| *width <= COLUMN).max().unwrap_or(0);
        let indent = "  ".repeat(depth);
        for ((field, value), leaf) in present.into_iter().zip(leaves) {
            let name = &field.name;
            let Some(leaf) = leaf else {
                lines.push(format!("{indent}{name}"));
                self.inner(&field.ty, value, depth + 1, lines);
                continue;
            };
            let line = format!("{indent}{name:name_width$}  {leaf:leaf_width$}");
            let doc = if field.doc.is_empty() {
                String::new()
            } else {
                format!("  # {}", field.doc)
            };
            lines.push(format!("{line}{doc}").trim_end().to_owned());
        }
    }

    /// The text of a field that takes one line.
    fn leaf(&self, field: &FieldDef, value: &Value) -> Option<String> {
        match self.secrets {
            Secrets::Masked if field.secret => Some(MASK.to_owned()),
            Secrets::Masked | Secrets::Shown => self.scalar(&field.ty, value),
        }
    }

    fn scalar(&self, ty: &Type, value: &Value) -> Option<String> {
        Some(match value {
            Value::Null => "null".to_owned(),
            Value::Bool(flag) => flag.to_string(),
            Value::Int(n) => self.integer(ty, *n),
            Value::Float(x) => x.to_string(),
            // Escapes what does not print, such as marks that turn the direction of writing.
            Value::Str(text) => format!("{:?}", text.as_ref() as &str),
            Value::Bytes(bytes) if bytes.is_empty() => "(no bytes)".to_owned(),
            Value::Bytes(bytes) => format!("hex {}", hex::show(bytes)),
            Value::List(items) if items.is_empty() => "[]".to_owned(),
            Value::Headers(headers) if headers.is_empty() => "[]".to_owned(),
            Value::List(_) | Value::Headers(_) | Value::Record(_) | Value::Object(_) => {
                return None;
            }
        })
    }

    fn integer(&self, ty: &Type, n: i128) -> String {
        let label = match ty {
            Type::Enum(id) => self.schema.enumeration(*id).label(n),
            _ => None,
        };
        label.map_or_else(|| n.to_string(), |label| format!("{label} ({n})"))
    }

    /// What takes lines of its own.
    fn inner(&self, ty: &Type, value: &Value, depth: usize, lines: &mut Vec<String>) {
        match (ty, value) {
            (Type::Struct(id), Value::Record(record)) => {
                self.record(self.schema.structure(*id), record, depth, lines);
            }
            (Type::List(element), Value::List(_) | Value::Headers(_)) => {
                let items = value.as_list().unwrap_or_default();
                let indent = "  ".repeat(depth);
                for (index, item) in items.iter().enumerate() {
                    match self.scalar(element, item) {
                        Some(leaf) => lines.push(format!("{indent}[{index}] {leaf}")),
                        None => {
                            lines.push(format!("{indent}[{index}]"));
                            self.inner(element, item, depth + 1, lines);
                        }
                    }
                }
            }
            // A decoded message has the shape of its schema: nothing else takes lines.
            _ => {}
        }
    }
}
