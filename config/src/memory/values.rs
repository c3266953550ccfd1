//! What the values of messages hold beside their frames: texts and bytes are parts of those, but each element of a
//! list is a value of its own.

use super::wide;
use crate::plan::{Check, ListenerPlan, Plan, RouteAction, RoutePlan, UpstreamPlan};
use gatewright_core::codec::{Descriptor, Presence, Schema, Type};
use gatewright_core::message::{Kind, OperationId, Slot, Value};
use std::sync::Arc;

const VALUE: u64 = wide(size_of::<Value>());

/// Lists within structures within lists that are looked into.
const DEPTH: usize = 8;

/// The least that an element of a list takes in JSON, in bits: a digit and a comma.
const JSON_ELEMENT: u64 = 16;

/// Bytes of values for each byte of a request, where a list that somebody looks at fills it.
pub(super) fn of_requests(listener: &ListenerPlan) -> u64 {
    let looks = |operation, slot| is_used(listener, operation, slot);
    of_lists_in(listener.protocol.descriptor(), looks, bits)
}

/// The same of a reply of an upstream's.
pub(super) fn of_replies(plan: &Plan, upstream: usize) -> u64 {
    let Some(UpstreamPlan {
        speaks: Some(speech),
        check,
        ..
    }) = plan.upstreams.get(upstream)
    else {
        return 0;
    };
    // What a question expects is not looked for field by field.
    let probe = check.as_ref().map(|check| &check.check);
    let asks = !speech.opening.is_empty() || matches!(probe, Some(Check::Ask(_)));
    let routes = || plan.listeners.iter().flat_map(|listener| &listener.routes);
    let reads = |route: &Arc<RoutePlan>, slot| match &route.action {
        RouteAction::Convert(rules) => route.upstream == upstream && rules.reads_of_replies(slot),
        RouteAction::Forward
        | RouteAction::Translate(_)
        | RouteAction::Proxy(_)
        | RouteAction::Relay => false,
    };
    let looks = |_, slot| asks || routes().any(|route| reads(route, slot));
    of_lists_in(speech.protocol.descriptor(), looks, bits)
}

/// The same of a reply that is made of an answer's JSON.
pub(super) fn of_json(listener: &ListenerPlan) -> u64 {
    let descriptor = listener.protocol.descriptor();
    let is_made = |operation, _| descriptor.operation(operation).kind != Kind::Request;
    of_lists_in(descriptor, is_made, |_, _| JSON_ELEMENT)
}

/// The least bits that an element has where it comes from.
type Bits = fn(&Schema, &Type) -> u64;

fn of_lists_in(
    descriptor: &Descriptor,
    looks: impl Fn(OperationId, Slot) -> bool,
    bits: Bits,
) -> u64 {
    if descriptor.http.is_some() {
        // Header fields stay lines.
        return 0;
    }
    let mut most = 0;
    for (number, _) in (0..).zip(&descriptor.operations) {
        let operation = OperationId(number);
        let fields = (0..).zip(&descriptor.record(operation).fields);
        let looked_at = fields.filter(|(slot, _)| looks(operation, Slot(*slot)));
        let lists =
            looked_at.map(|(_, field)| of_lists(&descriptor.schema, &field.ty, bits, DEPTH));
        most = most.max(lists.max().unwrap_or(0));
    }
    most
}

fn is_used(listener: &ListenerPlan, operation: OperationId, slot: Slot) -> bool {
    let reads = |route: &Arc<RoutePlan>| {
        let key = route.balance_key.as_ref();
        let by_rules = match &route.action {
            RouteAction::Translate(rules) => rules.reads(operation, slot),
            RouteAction::Convert(rules) => rules.reads(operation, slot),
            RouteAction::Forward | RouteAction::Proxy(_) | RouteAction::Relay => false,
        };
        by_rules || key.is_some_and(|key| key.reads(operation, slot))
    };
    let mut routes = listener.table.routes_of(operation);
    listener.table.reads(operation, slot)
        || routes.any(|at| listener.routes.get(at).is_some_and(reads))
}

/// The most for each byte of lists of a type, or in it.
fn of_lists(schema: &Schema, ty: &Type, bits: Bits, depth: usize) -> u64 {
    if depth == 0 {
        return 0;
    }
    match ty {
        Type::List(element) => {
            let each = VALUE
                .saturating_mul(8)
                .saturating_mul(values(schema, element));
            let of_elements = each / bits(schema, element);
            of_elements.max(of_lists(schema, element, bits, depth - 1))
        }
        Type::Struct(id) => {
            let fields = schema.structure(*id).fields.iter();
            let of_fields = fields.map(|field| of_lists(schema, &field.ty, bits, depth - 1));
            of_fields.max().unwrap_or(0)
        }
        Type::Bool
        | Type::Int { .. }
        | Type::Float
        | Type::Str { .. }
        | Type::Bytes { .. }
        | Type::Enum(_)
        | Type::Any => 0,
    }
}

/// The values of an element: one, and those of its fields.
fn values(schema: &Schema, element: &Type) -> u64 {
    match element {
        Type::Struct(id) => 1 + wide(schema.structure(*id).fields.len()),
        Type::Bool
        | Type::Int { .. }
        | Type::Float
        | Type::Str { .. }
        | Type::Bytes { .. }
        | Type::Enum(_)
        | Type::List(_)
        | Type::Any => 1,
    }
}

/// The least bits that an element has on the wire. What a schema does not tell is a byte at least, of what ends it or
/// says how long it is.
fn bits(schema: &Schema, element: &Type) -> u64 {
    match element {
        Type::Bool => 1,
        Type::Int { min, max } => {
            let span = max.abs_diff(*min);
            u64::from((u128::BITS - span.leading_zeros()).max(1))
        }
        Type::Float => 32,
        Type::Struct(id) => {
            let fields = schema.structure(*id).fields.iter();
            let numbers = fields.filter_map(|field| match (&field.presence, &field.ty) {
                (Presence::Optional | Presence::Computed, _) => None,
                (_, ty @ (Type::Bool | Type::Int { .. } | Type::Float | Type::Enum(_))) => {
                    Some(bits(schema, ty))
                }
                _ => None,
            });
            numbers.sum::<u64>().max(8)
        }
        Type::Enum(_) | Type::Str { .. } | Type::Bytes { .. } | Type::List(_) | Type::Any => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_core::codec::{FieldDef, StructDef, StructId};

    #[test]
    fn small_elements_hold_most() {
        let numbers = StructDef {
            name: "numbers".into(),
            fields: vec![
                FieldDef::new(
                    "wide",
                    Type::Int {
                        min: 0,
                        max: u64::MAX.into(),
                    },
                ),
                FieldDef::new("small", Type::U8),
                FieldDef::new("perhaps", Type::U8).optional(),
            ],
        };
        let nested = StructDef {
            name: "nested".into(),
            fields: vec![FieldDef::new("list", Type::List(Box::new(Type::U8)))],
        };
        let schema = Schema {
            structs: vec![numbers, nested],
            enums: Vec::new(),
        };
        let of = |element| of_lists(&schema, &Type::List(Box::new(element)), bits, DEPTH);
        assert_eq!(of(Type::U8), VALUE);
        assert_eq!(
            of(Type::Int {
                min: -128,
                max: 127
            }),
            VALUE
        );
        assert_eq!(
            of(Type::Int {
                min: 0,
                max: u64::MAX.into()
            }),
            VALUE / 8
        );
        assert_eq!(of(Type::Bool), 8 * VALUE);
        assert_eq!(of(Type::STR), VALUE);
        assert_eq!(of(Type::Struct(StructId(0))), 4 * VALUE / 9);
        assert_eq!(
            of_lists(&schema, &Type::Struct(StructId(1)), bits, DEPTH),
            VALUE
        );
        assert_eq!(of_lists(&schema, &Type::U8, bits, DEPTH), 0);
    }
}
