//! A message as an annotated tree: offset, bytes, and what they mean.
//!
//! ```text
//! 00000000  ac 4d                    magic = ac4d
//! 00000004  45 bytes                 body: body
//! 00000004  01                         kind = auth_req (1)
//! ```

use crate::cli::ink::{Ink, Tone};
use gatewright_codecs::ksy::read::Machine;
use gatewright_codecs::ksy::view::{Bits, Instances, Look, Place, Row, What, rows};
use gatewright_core::codec::json::Secrets;
use std::convert::Infallible;
use std::fmt::Write as _;

/// The most bytes of a row that are shown.
const BYTES: usize = 8;
/// The columns that they take, with the mark for more.
const BYTES_WIDTH: usize = BYTES * 3 + 1;
/// The columns of an offset: eight digits and the number of a buffer that is not the frame.
const OFFSET_WIDTH: usize = 8;

/// Collects the lines.
#[derive(Debug)]
pub(super) struct Tree {
    ink: Ink,
    text: String,
    /// What the offsets of the frame are counted from.
    base: usize,
}

impl Tree {
    pub(super) const fn new(ink: Ink) -> Self {
        Self {
            ink,
            text: String::new(),
            base: 0,
        }
    }

    /// Counts the frame's offsets on from this one.
    pub(super) const fn begin_at(&mut self, base: usize) {
        self.base = base;
    }

    pub(super) fn title(&mut self, title: &str) {
        self.text.push_str(&self.ink.paint(Tone::Title, title));
    }

    /// The rows of a message.
    pub(super) fn message(
        &mut self,
        machine: &mut Machine<'_>,
        instances: Instances,
        secrets: Secrets,
    ) {
        let shown = rows(machine, instances, secrets, &mut |machine, row| {
            self.row(machine, &row, secrets);
            Ok::<(), Infallible>(())
        });
        match shown {
            Ok(()) => {}
            Err(never) => match never {},
        }
        if instances == Instances::Computed {
            self.unread(machine);
        }
    }

    /// What nothing in the definition reads.
    fn unread(&mut self, machine: &Machine<'_>) {
        let Some(root) = machine.root() else { return };
        let stream = machine.stream(machine.object(root).io);
        let left = stream.end.saturating_sub(stream.pos);
        if left > 0 {
            let offset = format!("{:08x}", stream.pos.saturating_add(self.base));
            let bytes = counted(left, "byte");
            self.line(&offset, &bytes, 0, "(not read)");
        }
    }

    fn line(&mut self, offset: &str, bytes: &str, depth: usize, meaning: &str) {
        let offset = format!("{offset:>OFFSET_WIDTH$}");
        let bytes = format!("{bytes:<BYTES_WIDTH$}");
        let (offset, bytes) = (
            self.ink.paint(Tone::Faint, &offset),
            self.ink.paint(Tone::Faint, &bytes),
        );
        let indent = "  ".repeat(depth);
        // Writing to a string cannot fail.
        let _ = write!(self.text, "\n{offset}  {bytes}  {indent}{meaning}");
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn row(&mut self, machine: &Machine<'_>, row: &Row, secrets: Secrets) {
        let offset = row.place.map(|place| self.offset(place));
        let offset = offset.unwrap_or_default();
        let bytes = match (row.place, &row.what, secrets) {
            // The bytes would tell the secret, and so would those of a structure around it.
            (Some(_), What::Value { look, .. }, Secrets::Masked) if *look == Look::Mask => {
                String::new()
            }
            (Some(place), What::Value { .. }, _) => bytes(machine, place),
            (Some(place), What::Structure { .. } | What::List(_), _) => match place.end {
                Some(end) => counted(end.saturating_sub(place.start), "byte"),
                None => "cut short".to_owned(),
            },
            (Some(_), What::Reference(_) | What::Failed(_), _) | (None, _, _) => String::new(),
        };
        let meaning = self.meaning(&row.name, &row.what);
        self.line(&offset, &bytes, row.depth, &meaning);
    }

    /// The offset in the recording, or in what came of processing: then the number of that comes
    /// first.
    fn offset(&self, place: Place) -> String {
        match place.buffer {
            0 => format!("{:08x}", place.start.saturating_add(self.base)),
            buffer => format!("{buffer}+{:05x}", place.start),
        }
    }

    fn meaning(&self, name: &str, what: &What) -> String {
        match what {
            What::Structure { ty, process } => {
                let ty = self.ink.paint(Tone::Field(0), ty);
                format!("{name}: {ty}{}", processed(*process))
            }
            What::List(count) => format!("{name}: {}", counted(*count, "element")),
            What::Value {
                text,
                look,
                process,
            } => {
                let text = self.ink.paint(tone(*look), text);
                format!("{name} = {text}{}", processed(*process))
            }
            What::Reference(path) => format!("{name} -> {path}"),
            What::Failed(why) => format!("{name}: {}", self.ink.paint(Tone::Bad, why)),
        }
    }
}

const fn tone(look: Look) -> Tone {
    match look {
        Look::Number => Tone::Field(1),
        Look::Label => Tone::Field(2),
        Look::Text => Tone::Field(3),
        Look::Bytes => Tone::Field(0),
        Look::Mask => Tone::Faint,
    }
}

fn processed(process: Option<&str>) -> String {
    process.map_or_else(String::new, |process| format!("  (after {process})"))
}

fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn bytes(machine: &Machine<'_>, place: Place) -> String {
    let end = place.end.unwrap_or(place.start);
    let all = machine.buffer(place.buffer).get(place.start..end);
    let all = all.unwrap_or_default();
    if let (Some(bits), [byte]) = (place.bits, all) {
        return pattern(*byte, bits);
    }
    let shown: Vec<String> = all.iter().take(BYTES).map(|b| format!("{b:02x}")).collect();
    let more = if all.len() > BYTES { "…" } else { "" };
    format!("{}{more}", shown.join(" "))
}

/// The bits of a field within one byte, the most significant first, the others as dots.
fn pattern(byte: u8, bits: Bits) -> String {
    let end = bits.first.saturating_add(bits.width);
    let bit = |at: u8| {
        let nth = if bits.from_top {
            at
        } else {
            7_u8.saturating_sub(at)
        };
        if !(bits.first..end).contains(&nth) {
            '.'
        } else if byte >> 7_u8.saturating_sub(at) & 1 == 1 {
            '1'
        } else {
            '0'
        }
    };
    let all: Vec<char> = (0..8).map(bit).collect();
    let (high, low) = all.split_at(4);
    let half = |bits: &[char]| bits.iter().collect::<String>();
    format!("{} {}", half(high), half(low))
}
