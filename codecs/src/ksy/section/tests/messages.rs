//! What a section tells of messages.

use super::{kinds, load, section, with};
use crate::ksy::Definition;
use crate::ksy::model::TypeId;
use crate::ksy::read::{Limits, Machine, Val};
use crate::ksy::section::plan::{CorrelationPlan, DirectionPlan};
use bytes::Bytes;
use gatewright_core::message::{Kind, Value};

const POS: &str = r#"
meta: {id: pos, endian: be}
-gateway:
  frame: {auto: true, max: 64KiB}
  operation: body.kind
  kind: 'body.kind.to_i >= 0x80 ? "reply" : "request"'
  id: body.seq
  error: body.msg.as<rsp>.status != 0
  reject: {operation: rsp, set: {status: '_fault.class == "timeout" ? 91 : 96', why: _fault.code}}
  heartbeat: {operation: ping, every: 30s, answer: rsp}
  session: {open: [req]}
seq:
  - {id: magic, contents: [0xAC, 0x4D]}
  - {id: len, type: u2}
  - {id: body, type: body, size: len}
types:
  body:
    seq:
      - {id: kind, type: u1, enum: kind}
      - {id: seq, type: u4}
      - {id: msg, type: {switch-on: kind, cases: {'kind::req': req, 'kind::rsp': rsp}}}
  req:
    seq: [{id: amount, type: u2}]
  rsp:
    seq: [{id: status, type: u1}]
enums:
  kind:
    1: {id: req, -gateway: {timeout: 5s}}
    2: {id: ping, -gateway: {idempotent: true, one-way: true}}
    0x81: rsp
"#;

/// What is known of a message.
#[derive(Debug, PartialEq)]
struct Told<'s> {
    operation: Option<&'s str>,
    kind: Option<Kind>,
    id: Vec<Value>,
    error: bool,
}

#[track_caller]
fn told<'d>(
    definition: &'d Definition,
    direction: &'d DirectionPlan,
    arguments: &[Val],
    bytes: &'static [u8],
) -> Told<'d> {
    let section = section(definition);
    let frame = Bytes::from_static(bytes);
    let mut machine = Machine::new(&definition.plan, frame, Limits::MESSAGE);
    machine.read(direction.root, arguments).unwrap();
    let operation = machine.operation_of(section, direction).unwrap();
    Told {
        operation: operation.map(|at| &*section.op(at).name),
        kind: machine.kind_of(direction).unwrap(),
        id: machine
            .id_of(direction)
            .unwrap()
            .unwrap_or_default()
            .to_vec(),
        error: machine.is_error(direction).unwrap(),
    }
}

#[test]
fn an_in_house_protocol() {
    let definition = load(POS);
    let section = section(&definition);
    assert_eq!(section.max_frame.get(), 65_536);
    assert_eq!(section.correlation, CorrelationPlan::Id);
    let request = b"\xac\x4d\0\x07\x01\0\0\0\x09\0\x05";
    let expected = Told {
        operation: Some("req"),
        kind: Some(Kind::Request),
        id: vec![Value::Int(9)],
        error: false,
    };
    assert_eq!(told(&definition, &section.request, &[], request), expected);
    let reply = b"\xac\x4d\0\x06\x81\0\0\0\x09\x05";
    let expected = Told {
        operation: Some("rsp"),
        kind: Some(Kind::Reply),
        id: vec![Value::Int(9)],
        error: true,
    };
    assert_eq!(told(&definition, &section.reply, &[], reply), expected);
    // Of an operation without a name, nothing is known but its kind and id; that it is not cast
    // to a reply makes it no failure.
    let other = b"\xac\x4d\0\x05\x07\0\0\0\x09";
    let expected = Told {
        operation: None,
        kind: Some(Kind::Request),
        id: vec![Value::Int(9)],
        error: false,
    };
    assert_eq!(told(&definition, &section.reply, &[], other), expected);
}

#[test]
fn operations_have_traits_and_kinds() {
    let definition = load(POS);
    let section = section(&definition);
    let expected = ["req: Request", "ping: Request", "rsp: Reply"];
    assert_eq!(kinds(section, &section.request), expected);
    let [req, ping, rsp] = section.operations.as_slice() else {
        panic!("three operations");
    };
    assert_eq!(req.timeout, Some(std::time::Duration::from_secs(5)));
    assert!(ping.idempotent && ping.one_way);
    assert!(!rsp.idempotent && !rsp.one_way && rsp.timeout.is_none());
    let heartbeat = section.heartbeat.as_ref().unwrap();
    assert_eq!(section.op(heartbeat.sign.operation).name, "ping");
    assert_eq!(
        heartbeat.answer.map(|at| &*section.op(at).name),
        Some("rsp")
    );
    assert_eq!(section.op(section.open[0]).name, "req");
}

#[test]
fn a_rejection_says_why() {
    let definition = load(POS);
    let reject = section(&definition).reject.as_ref().unwrap();
    let mut machine = Machine::new(&definition.plan, Bytes::new(), Limits::MESSAGE);
    let mut set = |class| machine.rejected(reject, class, "late").unwrap();
    assert_eq!(set("timeout"), [Value::Int(91), Value::from("late")]);
    assert_eq!(set("overload"), [Value::Int(96), Value::from("late")]);
    let names: Vec<&str> = reject.set.iter().map(|set| &*set.name).collect();
    assert_eq!(names, ["status", "why"]);
}

#[test]
fn a_rejection_repeats_what_it_is_asked_to_of_the_request() {
    let text = POS
        .replace(
            "{operation: rsp,",
            "{operation: 'request.body.kind.to_i + 0x80',",
        )
        .replace("why: _fault.code", "why: request.body.msg.amount");
    let definition = load(&text);
    let section = section(&definition);
    let reject = section.reject.as_ref().unwrap();
    let rejected = |frame: &'static [u8]| {
        let mut machine =
            Machine::new(&definition.plan, Bytes::from_static(frame), Limits::MESSAGE);
        if !frame.is_empty() {
            machine.read(section.request.root, &[]).unwrap();
        }
        let operation = machine.rejecting(section, reject).unwrap();
        let values = machine.rejected(reject, "overload", "").unwrap();
        (operation.map(|at| &*section.op(at).name), values)
    };
    let request = b"\xac\x4d\0\x07\x01\0\0\0\x09\0\x05";
    let expected = (Some("rsp"), vec![Value::Int(96), Value::Int(5)]);
    assert_eq!(rejected(request), expected);
    let ping = b"\xac\x4d\0\x05\x02\0\0\0\x09";
    assert_eq!(rejected(ping), (None, vec![Value::Int(96), Value::Null]));
    // What was never read says nothing.
    assert_eq!(rejected(b""), (None, vec![Value::Int(96), Value::Null]));
}

/// As in MQTT: whether there is an id depends on which of several structures the body is, and on a
/// flag; who sends is a parameter.
const CASES: &str = r#"
meta: {id: cases}
-gateway:
  frame: {fixed: 3, max: 3}
  root: {request: from_client, reply: from_server}
  operation: packet.type
  kind: |
    packet.type == type::publish ? (packet.server or packet.qos == 0 ? "event" : "request") :
    packet.server ? "reply" : "request"
  id: packet.body.packet_id
  error: packet.body.code != 0
types:
  from_client:
    seq: [{id: packet, type: packet(false)}]
  from_server:
    seq: [{id: packet, type: packet(true)}]
  packet:
    params: [{id: server, type: bool}]
    seq:
      - {id: type, type: u1, enum: type}
      - {id: qos, type: u1}
      - id: body
        type: {switch-on: type, cases: {'type::publish': publish, 'type::ack': ack, 'type::ping': ping}}
  publish:
    seq: [{id: packet_id, type: u1, if: _parent.qos > 0}]
  ack:
    seq: [{id: packet_id, type: u1}]
  ping:
    seq: [{id: code, type: u1}]
enums: {type: {1: publish, 2: ack, 3: ping}}
"#;

#[test]
fn absent_parts_are_null() {
    let definition = load(CASES);
    let request = &section(&definition).request;
    let told = |bytes| {
        let told = told(&definition, request, &[], bytes);
        (told.kind, told.id, told.error)
    };
    let id = |n: i128| vec![Value::Int(n)];
    let request = Some(Kind::Request);
    assert_eq!(told(b"\x01\x01\x07"), (request, id(7), false));
    assert_eq!(told(b"\x01\0"), (Some(Kind::Event), vec![], false));
    assert_eq!(told(b"\x02\0\x08"), (request, id(8), false));
    assert_eq!(told(b"\x03\0\x09"), (request, vec![], false));
    // No case at all.
    assert_eq!(told(b"\x04\0\x09"), (request, vec![], false));
    let reply = &section(&definition).reply;
    let ping = super::messages::told(&definition, reply, &[], b"\x03\0\x09");
    assert_eq!((ping.kind, ping.error), (Some(Kind::Reply), true));
}

#[test]
fn kinds_follow_from_the_operation_as_far_as_they_do() {
    let definition = load(CASES);
    let section = section(&definition);
    let expected = ["publish: ?", "ack: Request", "ping: Request"];
    assert_eq!(kinds(section, &section.request), expected);
    // The parameter of what servers send decides.
    let expected = ["publish: Event", "ack: Reply", "ping: Reply"];
    assert_eq!(kinds(section, &section.reply), expected);
}

/// As in Modbus: a reply does not say what it is an answer to.
const ASKING: &str = r#"
meta: {id: asking, endian: be}
-gateway:
  frame: {datagram: true, max: 100}
  root: {request: call, reply: 'answer(request.what, request.more.count + 1)'}
  operation: op
  id: [id, sub]
types:
  call:
    seq:
      - {id: id, type: u1}
      - {id: what, type: u1, enum: what}
      - {id: more, type: more}
    instances:
      op: {value: what}
      sub: {value: id, if: id > 100}
  more:
    seq: [{id: count, type: u1}]
  answer:
    params: [{id: asked, type: u1, enum: what}, {id: count, type: u1}]
    seq:
      - {id: id, type: u1}
      - {id: values, type: u1, repeat: expr, repeat-expr: count}
    instances:
      op: {value: asked}
      sub: {value: id, if: id > 100}
enums: {what: {1: read, 2: write}}
"#;

#[test]
fn a_reply_is_read_with_what_its_request_said() {
    let definition = load(ASKING);
    let section = section(&definition);
    let call = Bytes::from_static(b"\x05\x02\x01");
    let mut machine = Machine::new(&definition.plan, call, Limits::MESSAGE);
    machine.read(section.request.root, &[]).unwrap();
    let arguments = machine.reply_arguments(&section.reply).unwrap();
    let reply = told(&definition, &section.reply, &arguments, b"\x05ab");
    assert_eq!(reply.operation, Some("write"));
    // A part that is absent is null, as long as there is another.
    assert_eq!(reply.id, [Value::Int(5), Value::Null]);
    let reply = told(&definition, &section.reply, &arguments, b"\xf0ab");
    assert_eq!(reply.id, [Value::Int(240), Value::Int(240)]);
}

#[test]
fn texts_name_operations_too() {
    let text = with(
        "  frame: {fixed: 1, max: 1}\n  root: {request: call, reply: answer}\n  operation: op\n  order: fifo",
        r#"
types:
  call:
    seq: [{id: code, type: u1}]
    instances:
      op: {value: 'code == 0 ? "get" : code == 1 ? "set" : "other"'}
  answer:
    seq: [{id: code, type: u1}]
    instances:
      op: {value: '"answer"'}
"#,
    );
    let definition = load(&text);
    let section = section(&definition);
    assert_eq!(section.correlation, CorrelationPlan::Fifo);
    let expected = [
        "get: Request",
        "set: Request",
        "other: Request",
        "answer: ?",
    ];
    assert_eq!(kinds(section, &section.request), expected);
    let expected = ["get: ?", "set: ?", "other: ?", "answer: Reply"];
    assert_eq!(kinds(section, &section.reply), expected);
    let told = told(&definition, &section.request, &[], b"\x01");
    assert_eq!(told.operation, Some("set"));
}

#[test]
fn a_definition_without_a_section_has_none() {
    let definition = load("meta: {id: plain}\nseq: [{id: a, type: u1}]\n");
    assert!(definition.section.is_none());
    assert_eq!(definition.root, TypeId(0));
}

#[test]
fn events_need_nothing_that_ties_them() {
    let text = with(
        "  frame: {fixed: 1, max: 1}\n  operation: code\n  kind: '\"event\"'",
        "seq: [{id: code, type: u1, enum: code}]\nenums: {code: {1: beat}}",
    );
    let definition = load(&text);
    assert_eq!(section(&definition).correlation, CorrelationPlan::None);
}
