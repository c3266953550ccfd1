//! What the gateway makes of a definition, as `check` tells it.

use super::declared::correlation;
use gatewright_codecs::ksy::protocol::outline::{
    FieldOutline, OperationOutline, Outline, RunBy, Supply, WayOutline,
};
use gatewright_core::codec::ReplyOrder;
use gatewright_core::message::Kind;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The outline for people.
pub(super) fn text(outline: &Outline) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    if outline.requests == outline.replies {
        let _ = writeln!(text, "  {}", way("messages", &outline.requests));
    } else {
        let _ = writeln!(text, "  {}", way("requests", &outline.requests));
        let _ = writeln!(text, "  {}", way("replies", &outline.replies));
    }
    let _ = writeln!(text, "  {}", replies(outline));
    for Alike { names, first } in alike(&outline.operations) {
        let (names, from, kind) = (names.join(", "), sender(first), kind(first.kind));
        let _ = writeln!(text, "  {names} ({kind}, from {from})");
        fields(&mut text, &first.fields);
    }
    for structure in &outline.structures {
        let _ = writeln!(text, "  {} (structure)", structure.name);
        fields(&mut text, &structure.fields);
    }
    text.trim_end().to_owned()
}

/// Operations that differ in their names only.
struct Alike<'o> {
    names: Vec<&'o str>,
    first: &'o OperationOutline,
}

fn alike(operations: &[OperationOutline]) -> Vec<Alike<'_>> {
    let mut all: Vec<Alike<'_>> = Vec::new();
    for operation in operations {
        let same = |known: &&mut Alike<'_>| {
            known.first.fields == operation.fields
                && known.first.kind == operation.kind
                && sender(known.first) == sender(operation)
        };
        match all.iter_mut().find(same) {
            Some(known) => known.names.push(&operation.name),
            None => all.push(Alike {
                names: vec![&operation.name],
                first: operation,
            }),
        }
    }
    all
}

/// The same for programs.
pub(super) fn document(outline: &Outline) -> Value {
    let operations = outline.operations.iter().map(|operation| {
        json!({
            "name": operation.name,
            "kind": kind(operation.kind),
            "from": sender(operation),
            "fields": operation.fields.iter().map(field).collect::<Vec<_>>(),
        })
    });
    let structures = outline.structures.iter().map(|structure| {
        let fields: Vec<Value> = structure.fields.iter().map(field).collect();
        json!({ "name": structure.name, "fields": fields })
    });
    json!({
        "requests": direction(&outline.requests),
        "replies": direction(&outline.replies),
        "correlation": correlation(outline.correlation),
        "id": outline.id,
        "reply_order": order(outline.reply_order),
        "operations": operations.collect::<Vec<_>>(),
        "structures": structures.collect::<Vec<_>>(),
    })
}

fn way(what: &str, way: &WayOutline) -> String {
    let run_by = match way.run_by {
        RunBy::Steps => "read and written directly",
        RunBy::Machine => "read and written by the machine",
    };
    format!(
        "{what}: {}; at most {} bytes; {run_by}",
        way.framing, way.longest
    )
}

fn direction(way: &WayOutline) -> Value {
    let run_by = match way.run_by {
        RunBy::Steps => "direct",
        RunBy::Machine => "machine",
    };
    json!({ "framing": way.framing, "longest": way.longest, "run_by": run_by })
}

fn replies(outline: &Outline) -> String {
    let mut told = correlation(outline.correlation);
    if !outline.id.is_empty() {
        let names: Vec<String> = outline.id.iter().map(|name| format!("`{name}`")).collect();
        told = format!("{told}, {}", names.join(" and "));
    }
    format!("{told}, {}", order(outline.reply_order))
}

const fn order(order: ReplyOrder) -> &'static str {
    match order {
        ReplyOrder::Any => "in any order",
        ReplyOrder::OfRequests => "in the order of their requests",
    }
}

const fn sender(operation: &OperationOutline) -> &'static str {
    match (operation.from_clients, operation.from_servers) {
        (true, true) => "clients and servers",
        (false, true) => "servers",
        (_, false) => "clients",
    }
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Request => "request",
        Kind::Reply => "reply",
        Kind::Event => "event",
    }
}

/// One line for all fields of each sort.
fn fields(text: &mut String, fields: &[FieldOutline]) {
    for sort in ["required", "optional", "derived", "read-only"] {
        let of_sort = fields.iter().filter(|field| name(&field.supply) == sort);
        let named: Vec<String> = of_sort.map(shown).collect();
        if !named.is_empty() {
            let _ = writeln!(text, "    {sort:<10}{}", named.join(", "));
        }
    }
}

const fn name(supply: &Supply) -> &'static str {
    match supply {
        Supply::Required => "required",
        Supply::Optional | Supply::Default(_) => "optional",
        Supply::Derived(_) => "derived",
        Supply::ReadOnly(_) => "read-only",
    }
}

fn shown(field: &FieldOutline) -> String {
    let FieldOutline { name, supply } = field;
    match supply {
        Supply::Required | Supply::Optional => name.clone(),
        Supply::Default(value) => format!("{name} = {value}"),
        Supply::Derived(from) => format!("{name} ({from})"),
        Supply::ReadOnly(why) => format!("{name} ({why})"),
    }
}

fn field(field: &FieldOutline) -> Value {
    let supply = name(&field.supply);
    match &field.supply {
        Supply::Required | Supply::Optional => json!({ "name": field.name, "supply": supply }),
        Supply::Default(value) => {
            json!({ "name": field.name, "supply": supply, "default": value })
        }
        Supply::Derived(why) | Supply::ReadOnly(why) => {
            json!({ "name": field.name, "supply": supply, "why": why })
        }
    }
}
