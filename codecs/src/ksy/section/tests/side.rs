//! Files beside a definition.

use super::{faults, load_all, section};
use crate::ksy::model::TypeId;

const ACME: &str = "
meta: {id: acme, endian: be}
-gateway: {frame: {fixed: 1, max: 1}, nonsense: true}
seq:
  - {id: len, type: u2}
  - {id: body, type: body, size: len}
types:
  body:
    seq:
      - {id: kind, type: u1, enum: kind}
      - {id: pan, size-eos: true, -gateway: {json: hex}}
    enums: {kind: {1: ask, 2: tell}}
";
const SIDE: &str = "
ksy: acme.ksy
frame: {auto: true, max: 64KiB}
operation: body.kind
order: fifo
fields:
  types/body/pan: {secret: true}
enums:
  types/body/kind/ask: {idempotent: true}
";

#[test]
fn a_side_file_says_it_in_place_of_the_definition() {
    let files = [("a/acme.gateway.yaml", SIDE), ("a/acme.ksy", ACME)];
    let definition = load_all(&files).unwrap();
    let plan = section(&definition);
    assert_eq!(plan.max_frame.get(), 65_536);
    assert!(plan.operations[0].idempotent && !plan.operations[1].idempotent);
    let pan = definition.options.of(TypeId(1), 1).unwrap();
    assert!(pan.secret);
    assert_eq!(pan.form, Default::default(), "the field's own are replaced");
}

#[track_caller]
fn refused(side: &str, expected: &[(&str, &str)]) {
    let files = [("a/acme.gateway.yaml", side), ("a/acme.ksy", ACME)];
    let found = faults(&files);
    let found: Vec<_> = found
        .iter()
        .map(|(code, place)| (*code, &**place))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn faults_of_a_side_file_have_places_in_it() {
    refused("frame: {}", &[("GW3060", "frame: {}")]);
    refused("ksy: other.ksy", &[("GW3021", "other.ksy")]);
    let more = |more: &str| [SIDE, more].concat();
    refused(&more("frames: 1"), &[("GW3006", "frames")]);
    refused(&more("kind: body.kidn"), &[("GW3030", "kidn")]);
    refused(
        &SIDE.replace("types/body/pan", "types/body/pin"),
        &[("GW3060", "types/body/pin")],
    );
    refused(
        &SIDE.replace("kind/ask", "kind/aks"),
        &[("GW3060", "types/body/kind/aks")],
    );
    refused(
        &SIDE.replace("secret: true", "secert: true"),
        &[("GW3006", "secert")],
    );
    refused("ksy: [", &[("GW3001", "")]);
}
