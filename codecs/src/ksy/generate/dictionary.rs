//! What fuzzers need to know of a protocol: the bytes that it looks for.

use crate::ksy::model::Ty;
use crate::ksy::plan::{ByteOrder, Code, Cut, Field, Form, Op, Plan, Switch, TypePlan, Valid};
use crate::ksy::spec::Endian;
use gatewright_core::message::Value;
use std::collections::BTreeMap;

/// The most words, and the most bytes of one: longer ones than fuzzers take.
const MAX_WORDS: usize = 4096;
const MAX_BYTES: usize = 64;

/// The dictionary in the form that AFL and libFuzzer read: magic numbers, numbers with labels or
/// that are compared with, the ends of ranges, what ends texts.
#[must_use]
pub fn dictionary(plan: &Plan) -> String {
    let mut words = Words::default();
    for ty in &plan.types {
        for field in ty.fields.iter().chain(&ty.instances) {
            words.field(plan, ty, field);
        }
    }
    let lines = words.by_bytes.iter().map(|(bytes, name)| {
        let bytes: String = bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        format!("{name}=\"{bytes}\"\n")
    });
    lines.collect()
}

/// The words, each once, with the first name that it had.
#[derive(Debug, Default)]
struct Words {
    by_bytes: BTreeMap<Vec<u8>, String>,
}

impl Words {
    fn add(&mut self, name: &str, bytes: &[u8]) {
        let fits = !bytes.is_empty() && bytes.len() <= MAX_BYTES;
        if fits && self.by_bytes.len() < MAX_WORDS {
            let known = self.by_bytes.entry(bytes.to_vec());
            known.or_insert_with(|| name.to_owned());
        }
    }

    fn field(&mut self, plan: &Plan, ty: &TypePlan, field: &Field) {
        let name = format!("{}_{}", ty.name, field.name);
        if let Ty::Enum(id) = &field.ty {
            for (number, label) in &plan.enumeration(*id).labels {
                self.number(&format!("{name}_{label}"), &field.form, *number);
            }
        }
        for value in field.valid.iter().flat_map(compared) {
            self.value(&name, &field.form, value);
        }
        self.form(plan, ty, &name, &field.form);
    }

    fn form(&mut self, plan: &Plan, ty: &TypePlan, name: &str, form: &Form) {
        match form {
            Form::Contents(bytes) => self.add(name, bytes),
            Form::Bytes(cut) | Form::Text(cut, _) => self.cut(name, cut),
            Form::Struct { cut, .. } => {
                if let Some(cut) = cut {
                    self.cut(name, cut);
                }
            }
            Form::Switch(switch) => self.switch(plan, ty, name, switch),
            Form::Int { .. } | Form::Float { .. } | Form::Bits { .. } | Form::Value(_) => {}
        }
    }

    fn cut(&mut self, name: &str, cut: &Cut) {
        if let Some(terminator) = &cut.terminator {
            self.add(&format!("{name}_end"), terminator);
        }
    }

    fn switch(&mut self, plan: &Plan, ty: &TypePlan, name: &str, switch: &Switch) {
        let on = match &switch.on.op {
            Op::Own(slot) => ty.field(*slot).map(|field| &field.form),
            _ => None,
        };
        for (case, form) in &switch.cases {
            if let (Some(on), Some(value)) = (on, case.constant()) {
                self.value(name, on, value);
            }
            self.form(plan, ty, name, form);
        }
    }

    fn value(&mut self, name: &str, form: &Form, value: &Value) {
        match value {
            Value::Int(number) => self.number(&format!("{name}_{number}"), form, *number),
            Value::Str(text) => self.add(name, text.as_bytes()),
            Value::Bytes(bytes) => self.add(name, bytes),
            Value::Null
            | Value::Bool(_)
            | Value::Float(_)
            | Value::List(_)
            | Value::Headers(_)
            | Value::Record(_)
            | Value::Object(_) => {}
        }
    }

    /// A number as an integer field has it; in both orders of bytes if that is decided later.
    fn number(&mut self, name: &str, form: &Form, number: i128) {
        let Form::Int { width, order, .. } = form else {
            return;
        };
        let whole = number.to_be_bytes();
        let Some(big) = whole.get(whole.len().saturating_sub(usize::from(*width))..) else {
            return;
        };
        let little: Vec<u8> = big.iter().rev().copied().collect();
        let name = name.replace('-', "minus_");
        match order {
            ByteOrder::Fixed(Endian::Big) => self.add(&name, big),
            ByteOrder::Fixed(Endian::Little) => self.add(&name, &little),
            ByteOrder::OfStructure => {
                self.add(&name, big);
                self.add(&name, &little);
            }
        }
    }
}

/// The constants that a value must or may be, or must not pass.
fn compared(valid: &Valid) -> Vec<&Value> {
    let codes: Vec<&Code> = match valid {
        Valid::Eq(code) => vec![code],
        Valid::Range { min, max } => min.iter().chain(max).collect(),
        Valid::AnyOf(codes) => codes.iter().collect(),
        Valid::InEnum(_) | Valid::Expr(_) => Vec::new(),
    };
    codes.into_iter().filter_map(Code::constant).collect()
}
