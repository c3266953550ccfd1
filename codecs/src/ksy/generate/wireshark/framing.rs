//! What each side sends, in Lua: the structure at the top, and how frames are found.

use super::expression::{Expressions, quoted};
use super::proto_fields::ProtoFields;
use super::refusal::{Refusal, Translated};
use super::{Untranslated, untranslated};
use crate::framing::{ByteOrder, Counts, Delimiter, Framer, Length, LengthForm, LengthPlace};
use crate::framing::{Number, Part, Parts};
use crate::ksy::Definition;
use crate::ksy::plan::Code;
use crate::ksy::section::plan::{DirectionPlan, SectionPlan, ToldBy};
use std::fmt::Write as _;

/// The tables `REQUEST` and `REPLY`.
pub(super) fn sides(
    definition: &Definition,
    fields: &mut ProtoFields<'_>,
) -> Result<String, Untranslated> {
    let file = definition.model.ty(definition.root).file;
    let Some(section) = &definition.section else {
        let root = definition.root.index();
        return Ok(format!(
            "local MAX_FRAME = 0\nlocal REQUEST = {{ root = T[{root}], arguments = {{}} }}\nlocal REPLY = REQUEST\n"
        ));
    };
    let mut text = format!("local MAX_FRAME = {}\n", section.max_frame);
    for (name, direction) in [("REQUEST", &section.request), ("REPLY", &section.reply)] {
        let side = side(definition, section, direction, fields);
        let side = side.map_err(|refusal| untranslated(file, refusal))?;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "local {name} = {side}");
    }
    Ok(text)
}

fn side(
    definition: &Definition,
    section: &SectionPlan,
    direction: &DirectionPlan,
    fields: &mut ProtoFields<'_>,
) -> Translated {
    let expressions = Expressions {
        plan: &definition.plan,
        ty: direction.root,
        it: None,
    };
    let mut side = format!(
        "{{ root = T[{}], {}, frame = {}, id = function(o) return {} end",
        direction.root.index(),
        arguments(definition, section, direction)?,
        framer(&direction.framer),
        id(expressions, direction)
    );
    if let Framer::Delimiter(delimiter) = &direction.framer {
        side.push_str(&marks(delimiter));
    }
    // What cannot be told is not shown in the column: the message is.
    if let Ok(operation) = expressions.lua(&direction.operation) {
        let _ = write!(side, ", operation = function(o) return {operation} end");
        if let ToldBy::Enum(labels) = section.told_by {
            let _ = write!(side, ", labels = {}", fields.labels(labels));
        }
    }
    Ok(side + " }")
}

/// What the structure at the top is read with: constants, or something of the request.
fn arguments(
    definition: &Definition,
    section: &SectionPlan,
    direction: &DirectionPlan,
) -> Translated {
    let expressions = Expressions {
        plan: &definition.plan,
        ty: section.request.root,
        it: None,
    };
    let all = direction.arguments.iter();
    let all = all.map(|code| expressions.lua(code));
    let all = all.collect::<Result<Vec<_>, _>>()?.join(", ");
    let constant = |code: &Code| code.constant().is_some();
    Ok(match direction.arguments.iter().all(constant) {
        true => format!("arguments = {{ {all} }}"),
        false => format!("arguments_of = function(o) return {{ {all} }} end"),
    })
}

/// What ties a reply to its request, as one text. Without it, replies go by their order.
fn id(expressions: Expressions<'_>, direction: &DirectionPlan) -> String {
    let parts = direction.id.iter();
    let parts = parts.map(|part| Ok(format!("text({})", expressions.lua(&part.code)?)));
    match parts.collect::<Result<Vec<_>, Refusal>>() {
        Ok(parts) if !parts.is_empty() => parts.join(" .. \" \" .. "),
        Ok(_) | Err(_) => "\"\"".to_owned(),
    }
}

fn framer(framer: &Framer) -> String {
    match framer {
        Framer::Length(length) => by_length(length),
        Framer::Parts(parts) => by_parts(parts),
        Framer::Delimiter(delimiter) => format!(
            "by_marks({}, {})",
            quoted(delimiter.start()),
            quoted(delimiter.end())
        ),
        Framer::Fixed(bytes) => format!("function() return {bytes} end"),
        Framer::Datagram => "function(buf) return #buf end".to_owned(),
    }
}

fn marks(delimiter: &Delimiter) -> String {
    let escapes = delimiter.escapes().rows().iter();
    let escapes = escapes.map(|row| {
        let (byte, written) = (quoted(&[row.byte]), quoted(&row.written));
        format!("{{ {byte}, {written} }}")
    });
    format!(
        ", marks = {{ {}, {} }}, escapes = {{ {} }}",
        quoted(delimiter.start()),
        quoted(delimiter.end()),
        escapes.collect::<Vec<_>>().join(", ")
    )
}

fn by_length(length: &Length) -> String {
    let place = match &length.place {
        LengthPlace::At(at) => format!("at = {at}"),
        LengthPlace::After(marker) => format!("after = {}", quoted(marker)),
    };
    let form = match &length.form {
        LengthForm::Number(number) => kind(*number),
        LengthForm::Until(end) => format!("until_ = {}", quoted(end)),
    };
    let rest = length.counts == Counts::Rest;
    format!(
        "by_length({{ {place}, {form}, rest = {rest}, add = {} }})",
        length.add
    )
}

fn kind(number: Number) -> String {
    let (kind, width) = match number {
        Number::Binary { width, order } => match order {
            ByteOrder::Big => ("be", width),
            ByteOrder::Little => ("le", width),
        },
        Number::Varint => ("varint", 0),
        Number::Ascii(digits) => ("ascii", digits),
        Number::Bcd(bytes) => ("bcd", bytes),
    };
    format!("kind = \"{kind}\", width = {width}")
}

fn by_parts(parts: &Parts) -> String {
    let part = |part: &Part| {
        let terms = part.terms.iter().map(|term| {
            format!(
                "{{ at = {}, {}, times = {} }}",
                term.at,
                kind(term.number),
                term.times
            )
        });
        let terms = terms.collect::<Vec<_>>().join(", ");
        format!("{{ plus = {}, {terms} }}", part.plus)
    };
    let all = parts.parts.iter().map(part).collect::<Vec<_>>().join(", ");
    format!("by_parts({}, {{ {all} }})", parts.prefix)
}
