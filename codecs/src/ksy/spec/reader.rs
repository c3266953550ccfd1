//! Reads maps of a tree key by key, and reports what does not fit.

use super::At;
use crate::ksy::codes;
use crate::ksy::files::FileId;
use crate::ksy::finding::Findings;
use crate::ksy::yaml::{Entry, Node, integer};
use gatewright_core::expr::suggest::{did_you_mean, nearest};
use gatewright_core::expr::{RuleError, Source, Span};

/// The longest id, in bytes.
const MAX_ID: usize = 255;

/// The gateway's own key.
const GATEWAY: &str = "-gateway";

/// A map, and the tree that it is a part of.
#[derive(Clone, Copy, Debug)]
pub(in crate::ksy) struct Fields<'n> {
    pub(in crate::ksy) node: &'n Node,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    pub(in crate::ksy) fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|entry| entry.name() == Some(key))
    }

    pub(in crate::ksy) fn value(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    pub(in crate::ksy) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Its keys and values, in the order of the file. Keys that are no texts have been reported.
    pub(in crate::ksy) fn named(&self) -> impl Iterator<Item = (At<&'n str>, &'n Entry)> + use<'n> {
        self.entries.iter().filter_map(|entry| {
            let name = At {
                value: entry.name()?,
                span: entry.key.span.clone(),
            };
            Some((name, entry))
        })
    }

    /// `-gateway`, for whoever reads it.
    pub(in crate::ksy) fn gateway(&self) -> Option<Node> {
        self.value(GATEWAY).cloned()
    }

    /// The place of the first key, or of the map if it has none.
    pub(in crate::ksy) fn start(&self) -> Span {
        let first = self.entries.first();
        first
            .map_or(&self.node.span, |entry| &entry.key.span)
            .clone()
    }
}

/// Which keys a map may have.
#[derive(Clone, Copy, Debug)]
pub(in crate::ksy) struct Keys<'k> {
    /// What has the keys, for messages: `an attribute`.
    pub(in crate::ksy) of: &'k str,
    /// The keys, in groups.
    pub(in crate::ksy) groups: &'k [&'k [&'k str]],
    /// Whether `-gateway` means something.
    pub(in crate::ksy) gateway: bool,
}

impl<'k> Keys<'k> {
    fn all(&self) -> impl Iterator<Item = &'k str> + use<'k> {
        self.groups.iter().flat_map(|group| group.iter().copied())
    }
}

/// Reads one file.
#[derive(Debug)]
pub(in crate::ksy) struct Reader<'n, 'f> {
    pub(in crate::ksy) file: FileId,
    pub(in crate::ksy) tree: &'n Node,
    pub(in crate::ksy) findings: &'f mut Findings,
}

impl<'n> Reader<'n, '_> {
    pub(in crate::ksy) fn report(&mut self, error: RuleError) {
        self.findings.error(self.file, self.tree, error);
    }

    pub(in crate::ksy) fn error(
        &mut self,
        code: &'static str,
        span: &Span,
        message: impl Into<String>,
    ) {
        self.report(RuleError::new(code, span.clone(), message));
    }

    pub(in crate::ksy) fn warn(&mut self, warning: RuleError) {
        self.findings.warning(self.file, self.tree, warning);
    }

    /// The value, or nothing and a finding.
    pub(in crate::ksy) fn good<T>(&mut self, result: Result<T, RuleError>) -> Option<T> {
        result.map_err(|error| self.report(error)).ok()
    }

    /// A map whose keys are texts.
    pub(in crate::ksy) fn fields(&mut self, node: &'n Node) -> Option<Fields<'n>> {
        let entries = self.good(node.as_mapping())?;
        if let Some(odd) = entries.iter().find(|entry| entry.name().is_none()) {
            let message = format!("expected texts as keys, got {}", odd.key.shown());
            self.error(codes::WRONG_TYPE, &node.span, message);
        }
        Some(Fields { node, entries })
    }

    /// Reports the keys that do not belong.
    pub(in crate::ksy) fn check_keys(&mut self, fields: &Fields<'n>, keys: Keys<'_>) {
        for (name, _) in fields.named() {
            if name.value == GATEWAY {
                if !keys.gateway {
                    let message = format!("`{GATEWAY}` means nothing in {}", keys.of);
                    self.error(codes::GATEWAY_PLACE, &name.span, message);
                }
            } else if name.value.starts_with('-') {
                self.check_foreign(&name, keys.gateway);
            } else if keys.all().all(|key| key != name.value) {
                self.report(unknown(&name, keys));
            }
        }
    }

    /// Other tools' keys are free, but one may be ours misspelt.
    fn check_foreign(&mut self, name: &At<&str>, gateway: bool) {
        if gateway && nearest(name.value, [GATEWAY]).is_some() {
            let message = "this key is taken for another tool's, and ignored";
            let warning = RuleError::new(codes::UNKNOWN_KEY, name.span.clone(), message);
            self.warn(warning.help(format!("did you mean `{GATEWAY}`?")));
        }
    }

    /// Reports something that stands twice, with the path of the first.
    pub(in crate::ksy) fn repeated(
        &mut self,
        code: &'static str,
        place: &Span,
        what: &str,
        first: &Span,
    ) {
        if self.findings.is_full() {
            return self.error(code, place, what);
        }
        let first = self.tree.path_of(first);
        self.error(
            code,
            place,
            format!("{what}, previously defined at {first}"),
        );
    }

    /// Reports that a key is missing in a map.
    pub(in crate::ksy) fn missing(&mut self, fields: &Fields<'n>, key: &str) {
        let message = format!("the key `{key}` is missing");
        self.error(codes::MISSING_KEY, &fields.node.span, message);
    }

    pub(in crate::ksy) fn text(&mut self, fields: &Fields<'n>, key: &str) -> Option<At<String>> {
        let node = fields.value(key)?;
        let value = self.good(node.as_str())?.to_owned();
        Some(At {
            value,
            span: node.span.clone(),
        })
    }

    /// A text that is empty if there is none.
    pub(in crate::ksy) fn prose(&mut self, fields: &Fields<'n>, key: &str) -> String {
        self.text(fields, key)
            .map(|text| text.value)
            .unwrap_or_default()
    }

    /// `doc`; `doc-ref` only has to have the right form.
    pub(in crate::ksy) fn doc(&mut self, fields: &Fields<'n>) -> String {
        self.texts(fields, "doc-ref");
        self.prose(fields, "doc")
    }

    /// A text or a list of texts.
    pub(in crate::ksy) fn texts(&mut self, fields: &Fields<'n>, key: &str) -> Vec<At<String>> {
        let Some(node) = fields.value(key) else {
            return Vec::new();
        };
        let single = std::slice::from_ref(node);
        let nodes = node.as_sequence().unwrap_or(single);
        let texts = nodes.iter().filter_map(|node| {
            let value = self.good(node.as_str())?.to_owned();
            let span = node.span.clone();
            Some(At { value, span })
        });
        texts.collect()
    }

    pub(in crate::ksy) fn expression(&mut self, fields: &Fields<'n>, key: &str) -> Option<Source> {
        let node = fields.value(key)?;
        self.good(node.as_source())
    }

    /// A truth value, with the one that counts if the key is not there or has none.
    pub(in crate::ksy) fn truth(&mut self, fields: &Fields<'n>, key: &str, default: Truth) -> bool {
        let node = fields.value(key);
        node.and_then(|node| self.good(node.as_bool()))
            .unwrap_or(default == Truth::True)
    }

    pub(in crate::ksy) fn byte(&mut self, node: &Node) -> Option<u8> {
        let number = self.good(node.as_int())?;
        let byte = u8::try_from(number).map_err(|_| {
            let message = format!("expected an integer from 0 to 255, got {number}");
            RuleError::new(codes::OUT_OF_RANGE, node.span.clone(), message)
        });
        self.good(byte)
    }

    /// An id as such: of what, and what it is.
    pub(in crate::ksy) fn check_id(&mut self, what: &str, id: &At<impl AsRef<str>>) -> bool {
        let text = id.value.as_ref();
        let fine = is_id(text);
        if !fine {
            let shown = crate::ksy::yaml::shortened(text);
            let message = format!("invalid {what} ID: `{shown}`, expected /^[a-z][a-z0-9_]*$/");
            self.error(codes::BAD_ID, &id.span, message);
        }
        fine
    }

    /// The number that a key is, also in quotes.
    pub(in crate::ksy) fn key_number(&mut self, key: &Node) -> Option<i128> {
        let number = match key.scalar() {
            Some(scalar) => integer(&scalar.text, &key.span),
            None => key.as_int(),
        };
        self.good(number)
    }
}

/// What counts where no truth value is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ksy) enum Truth {
    True,
    False,
}

/// Whether it is the name of something.
pub(in crate::ksy) fn is_id(text: &str) -> bool {
    let tail = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    text.len() <= MAX_ID
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.as_bytes().iter().all(tail)
}

fn unknown(name: &At<&str>, keys: Keys<'_>) -> RuleError {
    let shown = crate::ksy::yaml::shortened(name.value);
    let message = format!("`{shown}` is no key of {}", keys.of);
    let help = did_you_mean(name.value, keys.all()).unwrap_or_else(|| {
        let mut known: Vec<&str> = keys.all().collect();
        known.sort_unstable();
        format!("the keys here are {}", known.join(", "))
    });
    RuleError::new(codes::UNKNOWN_KEY, name.span.clone(), message).help(help)
}
