//! Structures in Lua: tables of their fields.

use super::expression::quoted;
use super::expression::{Expressions, compared};
use super::proto_fields::ProtoFields;
use super::refusal::{Refusal, Translated};
use super::{Untranslated, untranslated};
use crate::ksy::Definition;
use crate::ksy::model::TypeId;
use crate::ksy::plan::{Code, EndianPlan, Field, Repeat, TypePlan, Valid};
use crate::ksy::spec::Endian;
use gatewright_core::expr::Comparison;
use std::fmt::Write as _;

/// Writes all structures of a definition.
#[derive(Debug)]
pub(super) struct Structures<'d, 'f> {
    pub(super) definition: &'d Definition,
    pub(super) fields: &'f mut ProtoFields<'d>,
    refused: Vec<Untranslated>,
}

impl<'d, 'f> Structures<'d, 'f> {
    pub(super) const fn new(definition: &'d Definition, fields: &'f mut ProtoFields<'d>) -> Self {
        Self {
            definition,
            fields,
            refused: Vec::new(),
        }
    }

    /// All of them, and what has no form in Lua.
    pub(super) fn write(mut self) -> (String, Vec<Untranslated>) {
        let mut text = String::new();
        for id in self.definition.model.ids() {
            text.push_str(&self.structure(id));
        }
        (text, self.refused)
    }

    fn structure(&mut self, id: TypeId) -> String {
        let ty: &'d TypePlan = self.definition.plan.ty(id);
        let little = self.good(ty, self.little(id, &ty.endian));
        // Writing to a string cannot fail.
        let mut text = format!("-- {}\n", self.definition.model.path(id));
        let at = id.index();
        let _ = writeln!(text, "T[{at}].name = {}", quoted(ty.name.as_bytes()));
        let _ = writeln!(text, "T[{at}].little = function(o) {little} end");
        let _ = writeln!(text, "T[{at}].fields = {{");
        for field in &ty.fields {
            let entry = self.entry(id, field);
            let entry = self.good(ty, entry);
            let _ = writeln!(text, "{entry},");
        }
        let _ = writeln!(text, "}}\nT[{at}].instances = {{");
        for field in &ty.instances {
            let entry = self.entry(id, field);
            let entry = self.good(ty, entry);
            let _ = writeln!(text, "[{}] = {entry},", field.slot.saturating_add(1));
        }
        text.push_str("}\n\n");
        text
    }

    /// What was translated; what was not is kept for the report.
    fn good(&mut self, ty: &TypePlan, translated: Translated) -> String {
        translated.unwrap_or_else(|refusal| {
            self.refused.push(untranslated(ty.file, refusal));
            String::new()
        })
    }

    pub(super) const fn expressions(&self, id: TypeId) -> Expressions<'d> {
        Expressions {
            plan: &self.definition.plan,
            ty: id,
            it: None,
        }
    }

    /// The body of the function that says which end of numbers comes first.
    fn little(&self, id: TypeId, endian: &EndianPlan) -> Translated {
        Ok(match endian {
            EndianPlan::Fixed => "return nil".to_owned(),
            EndianPlan::Inherited => "return o._parent and o._parent._little".to_owned(),
            EndianPlan::Decided { cases, otherwise } => {
                let mut body = String::new();
                for (case, endian) in cases {
                    let case = self.expressions(id).truth(case)?;
                    let little = *endian == Endian::Little;
                    let _ = write!(body, "if {case} then return {little} end ");
                }
                let otherwise = otherwise.map(|endian| endian == Endian::Little);
                body + &otherwise.map_or_else(
                    || "return nil".to_owned(),
                    |little| format!("return {little}"),
                )
            }
        })
    }

    fn entry(&mut self, id: TypeId, field: &'d Field) -> Translated {
        let expressions = self.expressions(id);
        let mut entry = format!(
            "  {{ slot = {}, name = {}",
            field.slot.saturating_add(1),
            quoted(field.name.as_bytes())
        );
        let mut add = |key: &str, parameters: &str, body: &str| {
            let _ = write!(entry, ",\n    {key} = function({parameters}) {body} end");
        };
        if let Some(condition) = &field.condition {
            let condition = expressions.truth(condition)?;
            add("condition", "o", &format!("return {condition}"));
        }
        for (key, code) in [("pos", &field.pos), ("io", &field.io)] {
            if let Some(code) = code {
                add(key, "o", &format!("return {}", expressions.lua(code)?));
            }
        }
        match &field.repeat {
            Repeat::Once | Repeat::Eos => {}
            Repeat::Count(count) => {
                add("count", "o", &format!("return {}", expressions.lua(count)?));
            }
            Repeat::Until(until) => {
                let until = expressions.of_element(field).truth(until)?;
                add("until_", "o, i, it", &format!("return {until}"));
            }
        }
        if let Some(valid) = &field.valid {
            let valid = rule(expressions.of_element(field), field, valid)?;
            add("valid", "o, i, it", &format!("return {valid}"));
        }
        let body = self.form(id, field, &field.form)?;
        let _ = write!(
            entry,
            ",\n    read = function(o, i, s, tree, name, put) {body} end"
        );
        if !matches!(field.repeat, Repeat::Once) {
            entry.push_str(",\n    repeated = true");
        }
        entry.push_str(" }");
        Ok(entry)
    }
}

/// Whether `it` is valid.
fn rule(expressions: Expressions<'_>, field: &Field, valid: &Valid) -> Translated {
    let against = |op: Comparison, code: &Code| {
        let code = expressions.lua(code)?;
        Ok::<String, Refusal>(compared(op, "it", &code))
    };
    Ok(match valid {
        Valid::Eq(code) => against(Comparison::Eq, code)?,
        Valid::Range { min, max } => {
            let mut all = Vec::new();
            for (op, code) in [(Comparison::Ge, min), (Comparison::Le, max)] {
                if let Some(code) = code {
                    all.push(against(op, code)?);
                }
            }
            all.join(" and ")
        }
        Valid::AnyOf(codes) => {
            let all = codes.iter().map(|code| against(Comparison::Eq, code));
            all.collect::<Result<Vec<_>, _>>()?.join(" or ")
        }
        Valid::InEnum(id) => {
            let labels = &expressions.plan.enumeration(*id).labels;
            let all = labels.iter().map(|(n, _)| format!("it == {n}"));
            match all.collect::<Vec<_>>().join(" or ") {
                none if none.is_empty() => {
                    return Err(Refusal::new(&field.span, "its enum has no labels"));
                }
                all => all,
            }
        }
        Valid::Expr(code) => expressions.truth(code)?,
    })
}
