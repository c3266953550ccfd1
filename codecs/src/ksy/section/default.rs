//! `default`: a value of the field's own type, as YAML writes it.

use crate::ksy::codes;
use crate::ksy::model::{Model, Ty};
use crate::ksy::spec::{AttributeSpec, TypeName, TypeSpec};
use crate::ksy::yaml::{Node, shortened};
use bytes::Bytes;
use gatewright_core::expr::RuleError;
use gatewright_core::expr::suggest::did_you_mean;
use gatewright_core::message::Value;

/// The value that a node gives a field of this type.
///
/// # Errors
/// If it is of another type, or does not fit the field.
pub(super) fn value(
    model: &Model,
    field: &AttributeSpec,
    ty: &Ty,
    coded: bool,
    node: &Node,
) -> Result<Value, RuleError> {
    // What a codec writes is a number or a text, whatever its field is for Kaitai.
    if coded && node.is_int() {
        return node.as_int().map(Value::Int);
    }
    match ty {
        Ty::Bool => node.as_bool().map(Value::Bool),
        Ty::Int => {
            let n = node.as_int()?;
            fitting(field, n, node)
        }
        Ty::Enum(id) if !node.is_int() => {
            let label = node.as_str()?;
            let labels = &model.enumeration(*id).spec.values;
            let found = labels.iter().find(|value| value.label.value == label);
            let number = found.map(|value| Value::Int(value.number));
            number.ok_or_else(|| {
                let name = &model.enumeration(*id).name;
                let message = format!("enum `{name}` has no label `{}`", shortened(label));
                let names = labels.iter().map(|value| value.label.value.as_str());
                let mut error = RuleError::new(codes::UNKNOWN_ENUM, node.span.clone(), message);
                error.help = did_you_mean(label, names);
                error
            })
        }
        Ty::Enum(_) => fitting(field, node.as_int()?, node),
        Ty::Float => {
            let number = node.as_str()?.parse().ok().filter(|x: &f64| x.is_finite());
            number
                .map(Value::Float)
                .ok_or_else(|| node.mismatch("a number"))
        }
        Ty::Str => node.as_str().map(Value::from),
        Ty::Bytes => bytes(node),
        Ty::List(element) => {
            let mut values = Vec::new();
            for node in node.as_sequence()? {
                values.push(value(model, field, element, coded, node)?);
            }
            Ok(Value::List(values))
        }
        Ty::Any if node.is_int() => node.as_int().map(Value::Int),
        Ty::Any => bytes(node),
        Ty::Struct(_) | Ty::AnyStruct | Ty::Stream => {
            let message = format!("{} has no default", ty.describe(model));
            Err(RuleError::new(codes::OPTION, node.span.clone(), message))
        }
    }
}

/// A text's UTF-8, or a list of bytes.
fn bytes(node: &Node) -> Result<Value, RuleError> {
    let Ok(items) = node.as_sequence() else {
        let text = node.as_str()?;
        return Ok(Value::Bytes(Bytes::copy_from_slice(text.as_bytes())));
    };
    let mut bytes = Vec::with_capacity(items.len());
    for item in items {
        let byte = u8::try_from(item.as_int()?);
        bytes.push(byte.map_err(|_| item.mismatch("an integer from 0 to 255"))?);
    }
    Ok(Value::Bytes(Bytes::from(bytes)))
}

/// An integer that its field can hold.
fn fitting(field: &AttributeSpec, n: i128, node: &Node) -> Result<Value, RuleError> {
    let (signed, bits) = match &field.ty {
        TypeSpec::Named(name) => match name.value {
            TypeName::Integer { signed, width, .. } => (signed, u32::from(width).saturating_mul(8)),
            TypeName::Bits { width, .. } => (false, u32::from(width)),
            _ => return Ok(Value::Int(n)),
        },
        TypeSpec::Bytes | TypeSpec::Switch { .. } => return Ok(Value::Int(n)),
    };
    // Widths are 64 bits at most.
    let magnitude = 1_i128 << if signed { bits.saturating_sub(1) } else { bits };
    let least = if signed {
        magnitude.saturating_neg()
    } else {
        0
    };
    if n >= least && n < magnitude {
        return Ok(Value::Int(n));
    }
    let most = magnitude.saturating_sub(1);
    let message = format!("{n} does not fit the field, which goes from {least} to {most}");
    Err(RuleError::new(
        codes::OUT_OF_RANGE,
        node.span.clone(),
        message,
    ))
}
