//! `frame`.

use crate::framing::{Ambiguous, ByteOrder, Counts, Delimiter, Escape, Escapes};
use crate::ksy::codes;
use crate::ksy::section::spec::{FrameForm, FrameSpec, LengthNumber, LengthSpec};
use crate::ksy::section::{keys, units};
use crate::ksy::spec::At;
use crate::ksy::spec::reader::{Fields, Reader};
use crate::ksy::yaml::{Node, shortened};
use bytes::Bytes;
use gatewright_core::expr::RuleError;

/// The most digits or bytes of a length in text or BCD: as many as 64 bits have.
const MAX_DIGITS: u8 = 20;

impl<'n> Reader<'n, '_> {
    pub(super) fn frame(&mut self, node: &'n Node) -> Option<FrameSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::FRAME);
        let max = match fields.value("max") {
            Some(max) => self.good(units::size(max)).map(|value| At {
                value,
                span: max.span.clone(),
            }),
            None => {
                let message = "`frame` needs `max`, the longest frame that is taken";
                let error = RuleError::new(codes::MISSING_KEY, node.span.clone(), message);
                self.report(error.help("add `max: 64KiB`, or what the protocol allows"));
                None
            }
        };
        Some(FrameSpec {
            span: node.span.clone(),
            form: self.frame_form(&fields),
            max,
        })
    }

    fn frame_form(&mut self, fields: &Fields<'n>) -> Option<FrameForm> {
        let mut given = keys::FORMS.iter().filter_map(|key| fields.entry(key));
        let Some(entry) = given.next() else {
            let message = "`frame` does not say how frames are found";
            let error = RuleError::new(codes::MISSING_KEY, fields.node.span.clone(), message);
            self.report(error.help("add one of auto, length, delimiter, fixed and datagram"));
            return None;
        };
        if let Some(second) = given.next() {
            let message = "frames are found in one way, and this is another";
            self.error(codes::CONFLICT, &second.key.span, message);
        }
        let node = &entry.value;
        match entry.name()? {
            "length" => self.length(node).map(FrameForm::Length),
            "delimiter" => self.delimiter(node).map(FrameForm::Delimiter),
            "fixed" => {
                let value = self.good(units::size(node))?;
                let span = node.span.clone();
                Some(FrameForm::Fixed(At { value, span }))
            }
            "auto" => self.set(node).then_some(FrameForm::Auto),
            _ => self.set(node).then_some(FrameForm::Datagram),
        }
    }

    /// A key that is there to be true.
    fn set(&mut self, node: &Node) -> bool {
        let set = self.good(node.as_bool());
        if set == Some(false) {
            let message = "this only says something if it is `true`";
            self.error(codes::BAD_CHOICE, &node.span, message);
        }
        set == Some(true)
    }

    fn length(&mut self, node: &'n Node) -> Option<LengthSpec> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::LENGTH);
        if !fields.has("type") {
            self.missing(&fields, "type");
        }
        let at = self.read(&fields, "at", |node| {
            let at = node.as_int()?;
            usize::try_from(at).map_err(|_| node.mismatch("a number of bytes"))
        });
        let add = self.read(&fields, "add", |node| {
            let add = node.as_int()?;
            i64::try_from(add).map_err(|_| node.mismatch("a number of bytes"))
        });
        let counts = self.read(&fields, "counts", |node| {
            units::choice(node, &[("frame", Counts::Frame), ("rest", Counts::Rest)])
        });
        if !fields.has("counts") {
            self.missing(&fields, "counts");
        }
        let spec = LengthSpec {
            at,
            after: self.few_bytes(&fields, "after"),
            until: self.few_bytes(&fields, "until"),
            number: At {
                value: self.read(&fields, "type", length_number)?,
                span: fields.value("type")?.span.clone(),
            },
            counts: counts?,
            add: add.unwrap_or_default(),
        };
        self.check_length(&fields, &spec).then_some(spec)
    }

    /// What goes together.
    fn check_length(&mut self, fields: &Fields<'n>, spec: &LengthSpec) -> bool {
        let text = spec.number.value == LengthNumber::Text;
        let message = match (fields.has("at"), fields.has("after"), fields.has("until")) {
            (true, true, _) => "a length stands `at` a place or `after` some bytes, not both",
            (false, false, _) => "a length needs its place: `at` or `after`",
            (_, _, true) if !text => "`until` goes with `type: ascii`, whose digits it ends",
            (_, _, false) if text => {
                "`ascii` needs `until`, or the number of its digits: `ascii(4)`"
            }
            _ => return true,
        };
        self.error(codes::CONFLICT, &fields.node.span, message);
        false
    }

    fn delimiter(&mut self, node: &'n Node) -> Option<Delimiter> {
        let fields = self.fields(node)?;
        self.check_keys(&fields, keys::DELIMITER);
        if !fields.has("end") {
            self.missing(&fields, "end");
        }
        let start = self.few_bytes(&fields, "start");
        let end = self.few_bytes(&fields, "end");
        let escapes = match fields.value("escape") {
            Some(node) => self.escapes(node)?,
            None => Escapes::default(),
        };
        let end = end?;
        if let Some(escape) = fields.entry("escape")
            && !end.iter().any(|byte| escapes.keeps_out(*byte))
        {
            let message = "with these escapes, a message can still have `end` in it";
            self.error(codes::ESCAPES, &escape.key.span, message);
        }
        Delimiter::new(start.unwrap_or_default(), end, escapes).ok()
    }

    fn escapes(&mut self, node: &'n Node) -> Option<Escapes> {
        let fields = self.good(node.as_mapping())?;
        let mut rows = Vec::new();
        for entry in fields {
            let byte = self
                .key_number(&entry.key)
                .and_then(|n| u8::try_from(n).ok());
            let Some(byte) = byte else {
                self.report(entry.key.mismatch("a byte, such as `0x7e`"));
                continue;
            };
            let nodes = self.good(entry.value.as_sequence()).unwrap_or_default();
            let written: Option<Vec<u8>> = nodes.iter().map(|node| self.byte(node)).collect();
            let written = Bytes::from(written?);
            rows.push(Escape { byte, written });
        }
        match Escapes::new(rows) {
            Ok(escapes) => Some(escapes),
            Err(why) => {
                self.error(codes::ESCAPES, &node.span, ambiguous(why));
                None
            }
        }
    }
}

fn ambiguous(why: Ambiguous) -> String {
    match why {
        Ambiguous::Nothing(byte) => format!("0x{byte:02x} is written as nothing"),
        Ambiguous::Twice(byte) => format!("0x{byte:02x} has two escapes"),
        Ambiguous::Prefix(a, b) => {
            format!("what is written for 0x{a:02x} and 0x{b:02x} begins alike")
        }
        Ambiguous::Itself(byte) => {
            format!("an escape begins with 0x{byte:02x}, which needs an escape itself then")
        }
    }
}

/// `u2le`, `b24`, `varint`, `ascii(4)`.
fn length_number(node: &Node) -> Result<LengthNumber, RuleError> {
    let text = node.as_str()?;
    let bad = || {
        let message = format!("`{}` is no way to write a length", shortened(text));
        RuleError::new(codes::BAD_CHOICE, node.span.clone(), message)
            .help("u1, u2, u4, u8 and b24 (with le or be), varint, ascii(digits), ascii with `until`, bcd(bytes)")
    };
    if let Some((name, count)) = counted(text) {
        let count = count
            .filter(|n| (1..=MAX_DIGITS).contains(n))
            .ok_or_else(bad)?;
        return match name {
            "ascii" => Ok(LengthNumber::Ascii(count)),
            "bcd" => Ok(LengthNumber::Bcd(count)),
            _ => Err(bad()),
        };
    }
    let (stem, order) = match (text.strip_suffix("le"), text.strip_suffix("be")) {
        (Some(stem), _) => (stem, Some(ByteOrder::Little)),
        (None, Some(stem)) => (stem, Some(ByteOrder::Big)),
        (None, None) => (text, None),
    };
    let width = match stem {
        "u1" => 1,
        "u2" => 2,
        "b24" => 3,
        "u4" => 4,
        "u8" => 8,
        "varint" if order.is_none() => return Ok(LengthNumber::Varint),
        "ascii" if order.is_none() => return Ok(LengthNumber::Text),
        _ => return Err(bad()),
    };
    Ok(LengthNumber::Binary { width, order })
}

/// The name and the number of `ascii(4)`.
fn counted(text: &str) -> Option<(&str, Option<u8>)> {
    let (name, count) = text.strip_suffix(')')?.split_once('(')?;
    Some((name, count.parse().ok()))
}
