//! Messages, and values to write, that are attacks by way of a definition that is not, or that was
//! made for them.

use crate::meter::{cheap, good};
use bytes::{Bytes, BytesMut};
use gatewright_codecs::ksy::Definition;
use gatewright_codecs::ksy::read::{Limits, Machine, Val};
use gatewright_codecs::ksy::write::{Given, Rules, write};
use gatewright_core::message::Value;

fn read(definition: &Definition, message: &[u8]) -> Result<(), String> {
    let frame = Bytes::copy_from_slice(message);
    let mut machine = Machine::new(&definition.plan, frame, Limits::MESSAGE);
    let root = machine.read(definition.root, &[]);
    let root = root.map_err(|error| error.message().to_owned())?;
    // Whatever is computed on demand is demanded.
    for instance in &machine.ty(root).instances {
        let member = machine.member(root, instance.slot);
        member.map_err(|error| error.message().to_owned())?;
    }
    Ok(())
}

/// What is wrong with reading a message by a definition that loads.
fn check(name: &str, definition: &str, message: &[u8]) -> Option<String> {
    let definition = good(
        name,
        &format!("meta: {{id: a, endian: be, encoding: ASCII}}\n{definition}"),
    );
    match cheap(name, || read(&definition, message)) {
        Ok(Err(_)) => None,
        Ok(Ok(())) => Some(format!("{name}: is read")),
        Err(cost) => Some(cost),
    }
}

fn checked(rows: &[(&str, &str)], message: &[u8]) {
    let faults = rows.iter();
    let faults = faults.filter_map(|(name, definition)| check(name, definition, message));
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn counts_and_sizes_beyond_all_bounds() {
    let rows = [
        (
            "a list of nothing",
            "seq: [{id: n, type: u8}, {id: l, type: t, repeat: expr, repeat-expr: n}]\ntypes: {t: {}}\n",
        ),
        (
            "a list of empty bytes",
            "seq: [{id: n, type: u8}, {id: l, size: 0, repeat: expr, repeat-expr: n / 2}]\n",
        ),
        (
            "a list that never ends",
            "seq: [{id: l, size: 0, repeat: until, repeat-until: _.length > 0}]\n",
        ),
        (
            "a list of nothing to the end",
            "seq: [{id: n, type: t, repeat: eos}]\ntypes: {t: {}}\n",
        ),
        (
            "a list of lists",
            "seq: [{id: n, type: t, repeat: expr, repeat-expr: 60000}]\ntypes: {t: {seq: [{id: l, size: 0, repeat: expr, repeat-expr: 60000}]}}\n",
        ),
        (
            "a size beyond all",
            "seq: [{id: n, type: u8}, {id: l, size: n * n}]\n",
        ),
        (
            "a place beyond all",
            "seq: [{id: n, type: u8}]\ninstances: {l: {pos: n * n, size: 1}}\n",
        ),
        (
            "a size below zero",
            "seq: [{id: n, type: s8}, {id: l, size: n}]\n",
        ),
        (
            "a number beyond all",
            "seq: [{id: n, type: u8}]\ninstances: {v: {value: n*n*n*n*n*n*n*n*n*n*n*n*n*n*n*n}}\n",
        ),
    ];
    checked(&rows, &[0xff; 64]);
}

#[test]
fn messages_that_never_end() {
    let rows = [
        ("a long list", "seq: [{id: l, type: u1, repeat: eos}]\n"),
        ("types in each other", "seq: [{id: t, type: a}]\n"),
        (
            "types in each other as parts",
            "seq: [{id: n, type: u1}, {id: t, type: a, size-eos: true, if: n > 0}]\n",
        ),
        (
            "instances in each other",
            "seq: [{id: b, size: 0, valid: {expr: t.b.length >= 0}}]\ninstances: {t: {type: a, pos: 0}}\n",
        ),
        (
            "two of each",
            "seq: [{id: n, type: b1}, {id: t, type: a, repeat: expr, repeat-expr: 2, if: not n}]\n",
        ),
        (
            "doubled text",
            "instances:\n a: {value: '\"0123456789abcdef\"'}\n b: {value: a+a+a+a+a+a+a+a}\n c: {value: b+b+b+b+b+b+b+b}\n d: {value: c+c+c+c+c+c+c+c}\n e: {value: d+d+d+d+d+d+d+d}\n f: {value: e+e+e+e+e+e+e+e}\n g: {value: f+f+f+f+f+f+f+f}\n",
        ),
        (
            "the same bytes as text again and again",
            "seq: [{id: l, type: t, repeat: eos}]\ntypes:\n  t:\n    seq: [{id: b, size: 20, valid: {expr: c.length > 0}}]\n    instances: {c: {io: _root._io, pos: 0, size-eos: true, type: str, encoding: UTF-16LE}}\n",
        ),
        (
            "the same bytes searched again and again",
            "seq: [{id: l, type: t, repeat: eos}]\ntypes:\n  t:\n    seq: [{id: b, size: 20, valid: {expr: c.length > 0}}]\n    instances: {c: {io: _root._io, pos: 0, terminator: 0, eos-error: false}}\n",
        ),
        (
            "the same bytes compared again and again",
            "seq: [{id: l, type: t, repeat: eos}]\ninstances: {c: {pos: 0, size-eos: true}, d: {pos: 0, size-eos: true}}\ntypes:\n  t:\n    seq: [{id: b, size: 20, valid: {expr: _root.c == _root.d}}]\n",
        ),
        (
            "the same bytes decompressed again and again",
            "seq: [{id: l, type: t, repeat: eos}]\ntypes:\n  t:\n    seq: [{id: b, size: 20, valid: {expr: c.length > 0}}]\n    instances: {c: {io: _root._io, pos: 0, size-eos: true, process: xor(7)}}\n",
        ),
    ];
    checked(&rows, &vec![1; 1 << 20]);
}

#[test]
fn one_expression_for_each_of_many() {
    let cases: String = (0..5000)
        .map(|n| format!("      {}: u1\n", n + 1000))
        .collect();
    let few: String = (0..5000).map(|n| format!("{},", n + 1000)).collect();
    let rows = [
        (
            "cases",
            format!(
                "seq:\n- id: l\n  repeat: eos\n  type:\n    switch-on: _io.pos / 60000\n    cases:\n{cases}      _: u1\n"
            ),
        ),
        (
            "choices",
            format!("seq: [{{id: l, type: u1, repeat: eos, valid: {{any-of: [{few} 1]}}}}]\n"),
        ),
        (
            "sums",
            format!(
                "seq: [{{id: l, type: u1, repeat: eos, valid: {{expr: '_ * (1{}) > 0'}}}}]\n",
                " + l.size".repeat(60)
            ),
        ),
    ];
    let rows: Vec<_> = rows
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    // As many elements as there may be at most, so that only what is computed can be too much.
    checked(&rows, &vec![1; 60_000]);
}

#[test]
fn hostile_sizes_are_written_cheaply() {
    let empty = || Given::Plain(Value::Bytes(Bytes::new()));
    for (name, seq, given) in [
        (
            "a structure of exabytes",
            "{id: t, type: t, size: 0x1000000000000000}",
            Given::structure(1),
        ),
        (
            "a structure of gigabytes",
            "{id: t, type: t, size: 0x100000000}",
            Given::structure(1),
        ),
        (
            "padding of exabytes",
            "{id: t, size: 0x1000000000000000, pad-right: 0}",
            empty(),
        ),
        (
            "padding of gigabytes",
            "{id: t, size: 0x100000000, pad-right: 0}",
            empty(),
        ),
        (
            "a terminator in gigabytes",
            "{id: t, size: 0x100000000, terminator: 0}",
            empty(),
        ),
        (
            "padding of a list",
            "{id: t, size: 0x100000, pad-right: 0, repeat: expr, repeat-expr: 4000}",
            Given::List(vec![empty(); 4000]),
        ),
        (
            "digits",
            "{id: t, type: str, size: 0x100000000, encoding: ASCII}",
            Given::Plain(Value::Int(1)),
        ),
        (
            "elements",
            "{id: t, type: t, repeat: expr, repeat-expr: 0x100000000}",
            Given::Nothing,
        ),
        (
            "contents",
            "{id: t, contents: [1, 2, 3, 4], repeat: expr, repeat-expr: 0x100000000}",
            Given::Nothing,
        ),
    ] {
        let types = "types: {t: {seq: [{id: v, size: 0}]}}";
        let definition = good(name, &format!("meta: {{id: a}}\nseq: [{seq}]\n{types}\n"));
        let rules = Rules::of(&definition.plan);
        let (plan, root) = (&definition.plan, definition.root);
        let given = Given::Struct(vec![given]);
        let mut out = BytesMut::new();
        let written = cheap(name, || write(plan, &rules, root, &[], &given, &mut out));
        assert!(matches!(written, Ok(Err(_))), "{name}: {written:?}");
    }
}

/// Elements of which each takes one of several forms.
#[test]
fn many_elements_of_several_forms_are_written_cheaply() {
    const ELEMENTS: usize = 60_000;
    let definition = good(
        "forms",
        "meta: {id: a}
seq:
  - {id: kind, type: u1, valid: 1}
  - {id: all, repeat: eos, type: {switch-on: kind, cases: {1: u1, 2: s1}}}
",
    );
    let number = || Given::Plain(Value::Int(7));
    let told = Given::List(vec![Given::Case(0, Box::new(number())); ELEMENTS]);
    let untold = Given::List(vec![number(); ELEMENTS]);
    for (name, all) in [("forms that are told", told), ("forms that follow", untold)] {
        let given = Given::Struct(vec![Given::Nothing, all]);
        let rules = Rules::of(&definition.plan);
        let (plan, root) = (&definition.plan, definition.root);
        let written = cheap(name, || {
            let mut out = BytesMut::new();
            let one = |_| write(plan, &rules, root, &[], &given, &mut out);
            (0..4).try_for_each(one).map(|()| out.len())
        });
        let written = written.expect("little").expect("messages");
        assert_eq!(written, 4 * (1 + ELEMENTS), "{name}");
    }
}

/// Reads a list of structures, and then the last member of each, which cannot be read.
fn failures(definition: &Definition, message: &[u8]) -> usize {
    let frame = Bytes::copy_from_slice(message);
    let mut machine = Machine::new(&definition.plan, frame, Limits::MESSAGE);
    let root = machine.read(definition.root, &[]).expect("a good message");
    let Val::List(list) = *machine.peek(root, 0) else {
        panic!("a list");
    };
    let elements = machine.list(list).to_vec();
    let failed = elements.iter().filter(|element| match element {
        Val::Object(id) => machine.member(*id, 1).is_err(),
        _ => false,
    });
    failed.count()
}

#[test]
fn instances_that_fail_cost_what_others_do() {
    let definition = good(
        "failures",
        "meta: {id: a}
seq: [{id: l, type: t, repeat: eos}]
types: {t: {seq: [{id: k, type: u1}], instances: {far: {pos: 99999999, type: u1}}}}
",
    );
    let message = [7; 32_000];
    let failed = cheap("failures", || failures(&definition, &message)).expect("little");
    assert_eq!(failed, message.len());
}
