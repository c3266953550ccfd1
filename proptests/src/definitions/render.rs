//! A drawn definition as text.

use super::shape::{Int, Prefix, Shape};
use std::fmt::Write as _;

/// A definition of these parts.
#[must_use]
pub fn definition(parts: &[Shape]) -> String {
    let mut all = Types::default();
    let root = all.members(parts);
    format!("meta: {{id: it, encoding: ASCII}}\n{root}{}", all.rest())
}

/// A protocol whose messages have these parts behind a length of two bytes.
#[must_use]
pub fn protocol(parts: &[Shape]) -> String {
    let mut all = Types::default();
    let body = all.structure(parts);
    let section =
        "-gateway:\n  frame: {auto: true, max: 64KiB}\n  operation: '\"m\"'\n  order: fifo";
    let seq = format!("seq:\n- {{id: len, type: u2be}}\n- {{id: body, type: {body}, size: len}}\n");
    format!(
        "meta: {{id: it, encoding: ASCII}}\n{section}\n{seq}{}",
        all.rest()
    )
}

/// The types and enums that parts need.
#[derive(Default)]
struct Types {
    types: Vec<String>,
    enums: Vec<usize>,
}

/// The members of one type.
#[derive(Default)]
struct Members {
    fields: Vec<String>,
    instances: Vec<String>,
}

impl Members {
    /// Adds a field and says what it is called.
    fn add(&mut self, attributes: &str) -> String {
        let name = format!("f{}", self.fields.len());
        self.fields
            .push(format!("- {{id: {name}, {attributes}}}\n"));
        name
    }

    fn text(&self) -> String {
        let mut text = format!(
            "seq:{}\n{}",
            empty(&self.fields, " []"),
            self.fields.concat()
        );
        if !self.instances.is_empty() {
            let _ = write!(text, "instances:\n{}", self.instances.concat());
        }
        text
    }
}

fn empty<'t>(all: &[String], text: &'t str) -> &'t str {
    if all.is_empty() { text } else { "" }
}

impl Types {
    fn rest(&self) -> String {
        let mut text = format!(
            "types:{}\n{}",
            empty(&self.types, " {}"),
            self.types.concat()
        );
        for (at, labels) in self.enums.iter().enumerate() {
            let labels: Vec<_> = (0..*labels)
                .map(|label| format!("{label}: l{label}"))
                .collect();
            let head = if at == 0 { "enums:\n" } else { "" };
            let _ = writeln!(text, "{head}  e{at}: {{{}}}", labels.join(", "));
        }
        text
    }

    fn members(&mut self, parts: &[Shape]) -> String {
        let mut members = Members::default();
        for part in parts {
            self.part(part, &mut members);
        }
        members.text()
    }

    /// A type of these parts, and what it is called.
    fn structure(&mut self, parts: &[Shape]) -> String {
        let members = self.members(parts);
        self.named("", &members)
    }

    fn named(&mut self, params: &str, members: &str) -> String {
        let name = format!("t{}", self.types.len());
        let lines: String = format!("{params}{members}")
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect();
        self.types.push(format!("  {name}:\n{lines}"));
        name
    }

    /// What a single field of a part looks like; parts of several fields become a type.
    fn single(&mut self, part: &Shape) -> String {
        match part {
            Shape::Int(int) => format!("type: {}", spelled(*int)),
            Shape::Float(bytes) => format!("type: f{bytes}be"),
            Shape::Enum(int, labels) => {
                self.enums.push(*labels);
                format!("type: {}, enum: e{}", spelled(*int), self.enums.len() - 1)
            }
            Shape::Contents(bytes) => format!("contents: {bytes:?}"),
            Shape::Bytes(size) => format!("size: {size}"),
            Shape::Padded(size) => format!("type: str, size: {size}, pad-right: 0x20"),
            Shape::Terminated(byte) => format!("terminator: {byte}"),
            Shape::Until => "type: u1, repeat: until, repeat-until: _ == 0".to_owned(),
            Shape::Struct(parts) => format!("type: {}", self.structure(parts)),
            part => format!("type: {}", self.structure(std::slice::from_ref(part))),
        }
    }

    /// The same as a type alone.
    fn case(&mut self, part: &Shape) -> String {
        match part {
            Shape::Int(int) => spelled(*int),
            Shape::Struct(parts) => self.structure(parts),
            part => self.structure(std::slice::from_ref(part)),
        }
    }

    fn part(&mut self, part: &Shape, members: &mut Members) {
        match part {
            Shape::Bits(widths) => {
                for width in widths {
                    members.add(&format!("type: b{width}"));
                }
                if let Some(width) = filler(widths.iter().sum()) {
                    members.add(&format!("type: b{width}"));
                }
            }
            Shape::Counted(prefix) => self.sized(*prefix, members, |size| format!("size: {size}")),
            Shape::List(prefix, of) => {
                let of = self.listable(of);
                self.sized(*prefix, members, |count| {
                    format!("{of}, repeat: expr, repeat-expr: {count}")
                });
            }
            Shape::Within(prefix, parts, rest) => {
                let mut inner = Members::default();
                for part in parts {
                    self.part(part, &mut inner);
                }
                if let Some(rest) = rest {
                    let rest = self.listable(rest);
                    inner.add(&format!("{rest}, repeat: eos"));
                }
                let name = self.named("", &inner.text());
                self.sized(*prefix, members, |size| {
                    format!("type: {name}, size: {size}")
                });
            }
            Shape::Flags(parts) => {
                let flags: Vec<_> = parts.iter().map(|_| members.add("type: b1")).collect();
                if let Some(width) = filler(parts.len()) {
                    members.add(&format!("type: b{width}"));
                }
                for (flag, part) in flags.iter().zip(parts) {
                    let single = self.single(part);
                    members.add(&format!("{single}, if: {flag}"));
                }
            }
            Shape::Masked(parts) => {
                let flags = members.add("type: u1");
                for (at, part) in parts.iter().enumerate() {
                    let single = self.single(part);
                    members.add(&format!("{single}, if: {flags} & {} != 0", 1 << at));
                }
            }
            Shape::Switch(parts) => {
                let key = members.add("type: u1");
                let cases = parts.iter().enumerate();
                let cases: Vec<_> = cases
                    .map(|(at, part)| format!("{at}: {}", self.case(part)))
                    .collect();
                let cases = cases.join(", ");
                members.add(&format!("type: {{switch-on: {key}, cases: {{{cases}}}}}"));
            }
            part => {
                let single = self.single(part);
                members.add(&single);
            }
        }
    }

    /// A single field that may be repeated.
    fn listable(&mut self, part: &Shape) -> String {
        match part {
            Shape::Until => format!("type: {}", self.structure(std::slice::from_ref(part))),
            part => self.single(part),
        }
    }

    /// A field whose size or count stands before it.
    fn sized(&mut self, prefix: Prefix, members: &mut Members, field: impl FnOnce(&str) -> String) {
        match prefix {
            Prefix::Int { int, times, plus } => {
                let name = members.add(&format!("type: {}", spelled(int)));
                members.add(&field(&format!("{times} * {name} + {plus}")));
            }
            Prefix::Digits(digits) => {
                let name = members.add(&format!("type: str, size: {digits}"));
                members.add(&field(&format!("{name}.to_i")));
            }
            Prefix::Instance(int) => {
                let name = members.add(&format!("type: {}", spelled(int)));
                let instance = format!("i{}", members.instances.len());
                members
                    .instances
                    .push(format!("  {instance}: {{value: {name} + 0}}\n"));
                members.add(&field(&instance));
            }
            Prefix::Parameter(int) => {
                let name = members.add(&format!("type: {}", spelled(int)));
                let mut inner = Members::default();
                inner.add(&field("p"));
                let of = self.named("params:\n- {id: p, type: u8}\n", &inner.text());
                members.add(&format!("type: {of}({name})"));
            }
        }
    }
}

fn spelled(int: Int) -> String {
    let sign = if int.signed { 's' } else { 'u' };
    let order = match (int.bytes, int.little) {
        (1, _) => "",
        (_, true) => "le",
        (_, false) => "be",
    };
    format!("{sign}{}{order}", int.bytes)
}

/// The bits that are missing to a whole number of bytes.
pub(super) const fn filler(bits: usize) -> Option<usize> {
    match bits % 8 {
        0 => None,
        over => Some(8 - over),
    }
}
