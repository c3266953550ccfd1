//! Messages, and values to write, that are attacks by way of a definition that is not.

use crate::meter::{cheap, good};
use bytes::{Bytes, BytesMut};
use gatewright_codecs::ksy::Definition;
use gatewright_codecs::ksy::read::{Limits, Machine};
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

#[test]
fn hostile_messages_are_read_cheaply() {
    let large = vec![1; 1 << 20];
    let ones = vec![0xff; 64];
    let meta = "meta: {id: a, endian: be, encoding: ASCII}\n";
    for (name, rest, message) in [
        (
            "a list of nothing to the end",
            "seq: [{id: n, type: t, repeat: eos}]\ntypes: {t: {}}\n",
            &large,
        ),
        (
            "a list of nothing",
            "seq: [{id: n, type: u8}, {id: l, type: t, repeat: expr, repeat-expr: n}]\ntypes: {t: {}}\n",
            &ones,
        ),
        (
            "a list of empty bytes",
            "seq: [{id: n, type: u8}, {id: l, size: 0, repeat: expr, repeat-expr: n / 2}]\n",
            &ones,
        ),
        (
            "a list that never ends",
            "seq: [{id: l, size: 0, repeat: until, repeat-until: 'false'}]\n",
            &ones,
        ),
        (
            "a long list",
            "seq: [{id: l, type: u1, repeat: eos}]\n",
            &large,
        ),
        (
            "a count below zero",
            "seq: [{id: n, type: s8}, {id: l, type: u1, repeat: expr, repeat-expr: n}]\n",
            &ones,
        ),
        (
            "a size beyond all",
            "seq: [{id: n, type: u8}, {id: l, size: n * n}]\n",
            &ones,
        ),
        (
            "a size below zero",
            "seq: [{id: n, type: s8}, {id: l, size: n}]\n",
            &ones,
        ),
        ("types in each other", "seq: [{id: t, type: a}]\n", &large),
        (
            "types in each other as parts",
            "seq: [{id: n, type: u1}, {id: t, type: a, size-eos: true, if: n > 0}]\n",
            &large,
        ),
        (
            "instances in each other",
            "instances: {t: {type: a, pos: 0}}\n",
            &large,
        ),
        (
            "doubled text",
            "instances:\n a: {value: '\"0123456789abcdef\"'}\n b: {value: a+a+a+a+a+a+a+a}\n c: {value: b+b+b+b+b+b+b+b}\n d: {value: c+c+c+c+c+c+c+c}\n e: {value: d+d+d+d+d+d+d+d}\n f: {value: e+e+e+e+e+e+e+e}\n g: {value: f+f+f+f+f+f+f+f}\n",
            &ones,
        ),
        (
            "a text for each byte",
            "seq: [{id: l, type: t, repeat: eos}]\ntypes: {t: {seq: [{id: b, type: u1, valid: {expr: '_root.x.length > 0'}}]}}\ninstances: {x: {value: '\"0123456789abcdef\"*1'}}\n",
            &ones,
        ),
        (
            "the same bytes again and again",
            "seq: [{id: l, type: t, repeat: eos}]\ntypes:\n  t:\n    seq: [{id: b, type: u1, valid: {expr: c.length > 0}}]\n    instances: {c: {io: _root._io, pos: 0, size-eos: true, type: str}}\n",
            &large,
        ),
        (
            "reversals",
            "seq: [{id: b, size-eos: true, valid: {expr: 'b.reverse.reverse.reverse.length > 0'}}]\n",
            &large,
        ),
    ] {
        let text = format!("{meta}{rest}");
        let Ok(definition) = crate::meter::load(&text) else {
            // Refused is cheap as well; what is refused stands with the attacks.
            assert!(
                ["a text for each byte", "a list that never ends"].contains(&name),
                "{name}"
            );
            continue;
        };
        let _ = cheap(name, || read(&definition, message));
    }
}

#[test]
fn hostile_sizes_are_written_cheaply() {
    for (name, seq, given) in [
        (
            "a structure of exabytes",
            "{id: t, type: t, size: 0x1000000000000000}",
            Given::Struct(vec![Given::Nothing]),
        ),
        (
            "a structure of gigabytes",
            "{id: t, type: t, size: 0x100000000}",
            Given::Struct(vec![Given::Nothing]),
        ),
        (
            "padding of exabytes",
            "{id: t, size: 0x1000000000000000, pad-right: 0}",
            Given::Plain(Value::Bytes(Bytes::new())),
        ),
        (
            "padding of gigabytes",
            "{id: t, size: 0x100000000, pad-right: 0}",
            Given::Plain(Value::Bytes(Bytes::new())),
        ),
        (
            "a terminator in gigabytes",
            "{id: t, size: 0x100000000, terminator: 0}",
            Given::Plain(Value::Bytes(Bytes::new())),
        ),
        (
            "digits",
            "{id: t, type: str, size: 0x100000000, encoding: ASCII, -gateway: {codec: ascii}}",
            Given::Plain(Value::Int(1)),
        ),
        (
            "elements",
            "{id: t, type: t, repeat: expr, repeat-expr: 0x100000000}",
            Given::Nothing,
        ),
    ] {
        let text =
            format!("meta: {{id: a}}\nseq: [{seq}]\ntypes: {{t: {{seq: [{{id: v, size: 0}}]}}}}\n");
        let definition = good(name, &text);
        let rules = Rules::of(&definition.plan);
        let mut out = BytesMut::new();
        let given = Given::Struct(vec![given]);
        let written = cheap(name, || {
            write(
                &definition.plan,
                &rules,
                definition.root,
                &[],
                &given,
                &mut out,
            )
        });
        assert!(written.is_err(), "{name}");
    }
}
