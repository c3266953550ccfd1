//! A definition as a document: its types with their fields and a diagram each, its enums.

mod diagram;
mod words;

use super::extent::bits;
use crate::ksy::Definition;
use crate::ksy::model::{EnumModel, Member, Model, TypeId, TypeModel};
use crate::ksy::spec::AttributeSpec;
use diagram::{Diagram, Part};
use std::fmt::Write as _;
use words::{meaning, shown, size, type_name};

/// The document, in Markdown.
#[must_use]
pub fn markdown(definition: &Definition) -> String {
    let mut document = Document {
        definition,
        text: String::new(),
    };
    document.head();
    for id in definition.model.ids() {
        document.structure(id);
    }
    let named = |e: &&EnumModel| !e.spec.values.is_empty();
    for enumeration in definition.model.enums.iter().filter(named) {
        document.enumeration(enumeration);
    }
    document.text
}

struct Document<'d> {
    definition: &'d Definition,
    text: String,
}

impl Document<'_> {
    const fn model(&self) -> &Model {
        &self.definition.model
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A paragraph, unless it is empty.
    fn paragraph(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.line("");
            self.line(&escaped(text.trim()));
        }
    }

    fn head(&mut self) {
        let root = self.model().ty(self.definition.root);
        let title = match root.spec.meta.title.trim() {
            "" => root.name.clone(),
            title => title.to_owned(),
        };
        self.line(&format!("# {}", one_line(&title)));
    }

    fn structure(&mut self, id: TypeId) {
        let definition = self.definition;
        let ty = definition.model.ty(id);
        self.line("");
        self.line(&format!("## `{}`", definition.model.path(id)));
        self.paragraph(&ty.spec.doc);
        if !ty.spec.params.is_empty() {
            self.params(ty);
        }
        if !ty.spec.seq.is_empty() {
            self.diagram(id);
            self.members("Field", id, &ty.spec.seq);
        }
        if !ty.spec.instances.is_empty() {
            self.members("Instance", id, &ty.spec.instances);
        }
    }

    fn params(&mut self, ty: &TypeModel) {
        self.line("");
        self.line("| Parameter | Type | Meaning |");
        self.line("|---|---|---|");
        for param in &ty.spec.params {
            let list = if param.list { "[]" } else { "" };
            let name = words::named(&param.ty.value);
            self.line(&format!(
                "| `{}` | {name}{list} | {} |",
                param.id.value,
                cell(&param.doc)
            ));
        }
    }

    fn diagram(&mut self, id: TypeId) {
        let plan = &self.definition.plan;
        let mut diagram = Diagram::default();
        let fields = plan.ty(id).fields.iter();
        for (field, spec) in fields.zip(&self.model().ty(id).spec.seq) {
            let name = if field.named {
                field.name.as_str()
            } else {
                "-"
            };
            diagram.add(match bits(plan, field) {
                Some(bits) => Part::Fixed { name, bits },
                None => Part::Open {
                    name,
                    size: size(spec, None),
                },
            });
        }
        let drawn = diagram.finish();
        self.line("");
        self.line("```text");
        self.text.push_str(&drawn);
        self.line("```");
    }

    fn members(&mut self, what: &str, id: TypeId, specs: &[AttributeSpec]) {
        self.line("");
        self.line(&format!("| {what} | Type | Size | Meaning |"));
        self.line("|---|---|---|---|");
        let definition = self.definition;
        for spec in specs {
            let name = Member::Field(spec).name().unwrap_or("-").to_owned();
            let plan = definition.plan.ty(id);
            let mut fields = plan.fields.iter().chain(&plan.instances);
            let field = fields.find(|field| field.span == spec.span);
            let fixed = field.and_then(|field| bits(&definition.plan, field));
            let said = field.and_then(|field| definition.options.of(id, field.slot));
            let shown = said.map(shown).unwrap_or_default();
            let meaning = [meaning(spec), shown].join(" ");
            let row = format!(
                "| `{name}` | {} | {} | {} |",
                cell(&type_name(spec)),
                cell(&size(spec, fixed)),
                cell(&meaning)
            );
            self.line(&row);
        }
    }

    fn enumeration(&mut self, enumeration: &EnumModel) {
        let home = self.model().path(enumeration.home);
        self.line("");
        self.line(&format!("## Enum `{home}::{}`", enumeration.name));
        self.line("");
        self.line("| Value | Label | Meaning |");
        self.line("|---|---|---|");
        for value in &enumeration.spec.values {
            // Writing to a string cannot fail.
            let _ = writeln!(
                self.text,
                "| {} | `{}` | {} |",
                value.number,
                value.label.value,
                cell(&value.doc)
            );
        }
    }
}

/// Text that means itself in Markdown, but for line breaks.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(
            character,
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|'
        ) {
            shown.push('\\');
        }
        shown.push(character);
    }
    shown
}

fn one_line(text: &str) -> String {
    escaped(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Text in a cell of a table, in which what stands between backticks is code.
fn cell(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = words.split('`').enumerate();
    let parts: Vec<String> = parts
        .map(|(at, part)| match at % 2 {
            0 => escaped(part),
            _ => part.replace('|', "\\|"),
        })
        .collect();
    parts.join("`")
}
