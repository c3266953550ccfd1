//! What was read as rows with their bytes, as protocol analysers show it.

use super::evaluated::{Evaluated, Instances, Step};
use super::{MASK, masks};
use crate::ksy::model::Ty;
use crate::ksy::plan::{Cut, Field, Form, Process};
use crate::ksy::read::{Machine, ObjectId, Traced, Val};
use gatewright_core::codec::json::Secrets;
use gatewright_core::message::Value;
use std::collections::HashMap;

/// A member, or an element of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How many structures and lists it is in.
    pub depth: usize,
    /// Its name, or its index in brackets.
    pub name: String,
    /// Where it was read; what is computed has no place.
    pub place: Option<Place>,
    /// Its value.
    pub what: What,
}

/// Bytes of one of a machine's buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of the buffer: zero is the frame, others are what came of processing.
    pub buffer: usize,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last one, unless an error came before that.
    pub end: Option<usize>,
    /// The bits that it has of its first byte on, if it is a bit field.
    pub bits: Option<Bits>,
}

/// Which bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// The first, counted from the end of the byte that is read first.
    pub first: u8,
    /// How many.
    pub width: u8,
    /// Whether that end is the one of the most significant bit.
    pub from_top: bool,
}

/// A row's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A structure of that type; its members follow.
    Structure {
        /// The name of its type.
        ty: String,
        /// What was done with its bytes.
        process: Option<&'static str>,
    },
    /// So many elements, which follow.
    List(usize),
    /// A value in one line.
    Value {
        /// Its text.
        text: String,
        /// What it is.
        look: Look,
        /// What was done with its bytes.
        process: Option<&'static str>,
    },
    /// A structure that is shown elsewhere: its path.
    Reference(String),
    /// An instance without a value, and why.
    Failed(String),
}

/// What a value is, for colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A number or a truth value.
    Number,
    /// A number with a label.
    Label,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// What people may not see.
    Mask,
}

/// Hands out all rows of a message, in their order, until one is refused.
///
/// # Errors
/// What the refusal says.
pub fn rows<E>(
    machine: &mut Machine<'_>,
    instances: Instances,
    secrets: Secrets,
    show: &mut dyn FnMut(&Machine<'_>, Row) -> Result<(), E>,
) -> Result<(), E> {
    let mut places = HashMap::new();
    let all = Evaluated::new(machine, instances);
    for traced in all.machine.trace() {
        places.insert((traced.object, traced.slot, traced.index), *traced);
    }
    let Some(root) = all.machine.root() else {
        return Ok(());
    };
    let mut rows = Rows {
        all,
        places,
        secrets,
        show,
    };
    rows.object(root, 0)
}

struct Rows<'v, 'p, 's, E> {
    all: Evaluated<'v, 'p>,
    places: HashMap<(ObjectId, usize, Option<usize>), Traced>,
    secrets: Secrets,
    show: &'s mut dyn FnMut(&Machine<'_>, Row) -> Result<(), E>,
}

/// A member or an element of it, about to be shown.
struct Shown<'f> {
    object: ObjectId,
    field: &'f Field,
    index: Option<usize>,
    depth: usize,
}

impl Shown<'_> {
    fn name(&self) -> String {
        match self.index {
            Some(at) => format!("[{at}]"),
            None if self.field.named => self.field.name.clone(),
            None => "_".to_owned(),
        }
    }

    fn is_computed(&self) -> bool {
        matches!(self.field.form, Form::Value(_))
    }
}

impl<E> Rows<'_, '_, '_, E> {
    fn object(&mut self, id: ObjectId, depth: usize) -> Result<(), E> {
        for field in self.all.members(id) {
            let shown = Shown {
                object: id,
                field,
                index: None,
                depth,
            };
            match self.all.failure(id, field.slot) {
                Some(error) => {
                    let what = What::Failed(error.message().to_owned());
                    self.row(&shown, what)?;
                }
                None => {
                    let val = self.all.machine.peek(id, field.slot).clone();
                    self.val(&shown, &val, &field.ty)?;
                }
            }
        }
        Ok(())
    }

    fn val(&mut self, shown: &Shown<'_>, val: &Val, ty: &Ty) -> Result<(), E> {
        let what = match val {
            Val::Unset | Val::Busy | Val::Absent | Val::Stream(_) => return Ok(()),
            _ if masks(shown.field.secret, self.secrets) => value(MASK, Look::Mask),
            Val::Plain(Value::List(values)) => What::List(values.len()),
            Val::Plain(plain) => self.plain(plain, ty, shown),
            Val::Object(id) if shown.is_computed() => What::Reference(self.path(*id)),
            Val::Object(id) => What::Structure {
                ty: self.all.machine.ty(*id).name.clone(),
                process: processing(&shown.field.form),
            },
            Val::List(list) => What::List(self.all.machine.list(*list).len()),
        };
        let leaf = !matches!(what, What::List(_) | What::Structure { .. });
        self.row(shown, what)?;
        if leaf {
            Ok(())
        } else {
            self.inner(shown, val, ty)
        }
    }

    /// What a structure or list consists of.
    fn inner(&mut self, shown: &Shown<'_>, val: &Val, ty: &Ty) -> Result<(), E> {
        let depth = shown.depth.saturating_add(1);
        let elements = match val {
            Val::Object(id) => return self.object(*id, depth),
            Val::List(list) => self.all.machine.list(*list).to_vec(),
            Val::Plain(Value::List(values)) => values.iter().cloned().map(Val::Plain).collect(),
            Val::Unset | Val::Busy | Val::Absent | Val::Plain(_) | Val::Stream(_) => Vec::new(),
        };
        let element = match ty {
            Ty::List(element) => element,
            other => other,
        };
        for (at, val) in elements.iter().enumerate() {
            let shown = Shown {
                index: Some(at),
                depth,
                ..*shown
            };
            self.val(&shown, val, element)?;
        }
        Ok(())
    }

    fn row(&mut self, shown: &Shown<'_>, what: What) -> Result<(), E> {
        let row = Row {
            depth: shown.depth,
            name: shown.name(),
            place: self.place(shown),
            what,
        };
        (self.show)(self.all.machine, row)
    }

    fn place(&self, shown: &Shown<'_>) -> Option<Place> {
        if shown.is_computed() {
            return None;
        }
        let at = |index| self.places.get(&(shown.object, shown.field.slot, index));
        if let Some(traced) = at(shown.index) {
            return Some(self.traced(traced, shown.field));
        }
        // A repeated field reaches from its first element to its last.
        let Val::List(list) = self.all.machine.peek(shown.object, shown.field.slot) else {
            return None;
        };
        let last = self.all.machine.list(*list).len().checked_sub(1)?;
        let first = self.traced(at(Some(0))?, shown.field);
        let last = self.traced(at(Some(last))?, shown.field);
        Some(Place {
            end: last.end,
            bits: None,
            ..first
        })
    }

    fn traced(&self, traced: &Traced, field: &Field) -> Place {
        let stream = self.all.machine.stream(traced.io);
        let place = Place {
            buffer: stream.buffer,
            start: traced.start,
            end: traced.end,
            bits: None,
        };
        let Form::Bits { width, order, .. } = &field.form else {
            return place;
        };
        let shared = traced.unread_bits;
        Place {
            start: traced.start.saturating_sub(usize::from(shared > 0)),
            bits: Some(Bits {
                first: if shared > 0 {
                    8_u8.saturating_sub(shared)
                } else {
                    0
                },
                width: *width,
                from_top: *order == crate::ksy::spec::Endian::Big,
            }),
            ..place
        }
    }

    fn path(&self, id: ObjectId) -> String {
        let steps = self.all.path(id).unwrap_or_default();
        let mut path = String::new();
        for step in steps {
            match step {
                Step::Member(name) if path.is_empty() => path.push_str(name),
                Step::Member(name) => path.extend([".", name]),
                Step::Element(at) => path.push_str(&format!("[{at}]")),
            }
        }
        if path.is_empty() {
            path.push_str("the message");
        }
        path
    }

    fn plain(&self, plain: &Value, ty: &Ty, shown: &Shown<'_>) -> What {
        let (text, look) = match plain {
            Value::Int(n) => match ty {
                Ty::Enum(id) => match self.all.machine.plan().enumeration(*id).label(*n) {
                    Some(label) => (format!("{label} ({n})"), Look::Label),
                    None => (format!("{n} (no label)"), Look::Label),
                },
                _ => (n.to_string(), Look::Number),
            },
            Value::Bool(truth) => (truth.to_string(), Look::Number),
            Value::Float(x) => (x.to_string(), Look::Number),
            // Escapes what does not print, such as marks that turn the direction of writing.
            Value::Str(text) => (format!("{:?}", &**text), Look::Text),
            Value::Bytes(bytes) => (bytes_shown(bytes), Look::Bytes),
            Value::Null
            | Value::List(_)
            | Value::Headers(_)
            | Value::Record(_)
            | Value::Object(_) => ("nothing".to_owned(), Look::Number),
        };
        What::Value {
            text,
            look,
            process: processing(&shown.field.form),
        }
    }
}

fn value(text: &str, look: Look) -> What {
    What::Value {
        text: text.to_owned(),
        look,
        process: None,
    }
}

/// At most 32 bytes of them.
fn bytes_shown(bytes: &[u8]) -> String {
    let shown: String = bytes
        .iter()
        .take(32)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match bytes.len() {
        0 => "(no bytes)".to_owned(),
        n if n > 32 => format!("{shown}… ({n} bytes)"),
        _ => shown,
    }
}

fn processing(form: &Form) -> Option<&'static str> {
    let cut: Option<&Cut> = match form {
        Form::Bytes(cut) | Form::Text(cut, _) => Some(cut),
        Form::Struct { cut, .. } => cut.as_ref(),
        Form::Int { .. }
        | Form::Float { .. }
        | Form::Bits { .. }
        | Form::Contents(_)
        | Form::Switch(_)
        | Form::Value(_) => None,
    };
    Some(match cut?.process.as_ref()? {
        Process::Xor(_) => "xor",
        Process::RotateLeft(_) => "rol",
        Process::RotateRight(_) => "ror",
        Process::Zlib => "zlib",
    })
}
