//! Operations, fields and labels.

use super::{MAX_FRAME, OPCODE_QUERY, OPCODE_UPDATE};
use gatewright_core::codec::{
    Admission, Capabilities, CorrelationKind, Descriptor, Drain, EnumDef, EnumId, FieldDef, Grade,
    Grading, HalfClose, Operation, ReplyOrder, Schema, StructDef, StructId, Type, Unasked,
};
use gatewright_core::message::{Kind, Slot, Value};

pub(super) const ID: Slot = Slot(0);
pub(super) const OPCODE: Slot = Slot(1);
pub(super) const RCODE: Slot = Slot(8);
pub(super) const QUESTIONS: Slot = Slot(9);
pub(super) const NAME: Slot = Slot(13);
pub(super) const QTYPE: Slot = Slot(14);

/// Flags: slot, name, bit.
pub(super) const FLAGS: [(Slot, &str, u16); 6] = [
    (Slot(2), "aa", super::AA),
    (Slot(3), "tc", super::TC),
    (Slot(4), "rd", super::RD),
    (Slot(5), "ra", super::RA),
    (Slot(6), "ad", super::AD),
    (Slot(7), "cd", super::CD),
];

pub(super) const ADDITIONALS: Slot = Slot(12);

/// Sections of records: slot, name.
pub(super) const SECTIONS: [(Slot, &str); 3] = [
    (Slot(10), "answers"),
    (Slot(11), "authorities"),
    (ADDITIONALS, "additionals"),
];

/// The longest name as text: each of the 250 octets that are not lengths may take 4 characters.
const NAME_TEXT: usize = 1004;

const QUESTION: StructId = StructId(3);
const RECORD: StructId = StructId(4);

const OPCODES: EnumId = EnumId(0);
const RCODES: EnumId = EnumId(1);
const TYPES: EnumId = EnumId(2);
const CLASSES: EnumId = EnumId(3);

const CLASS_IN: u16 = 1;

pub(super) fn descriptor() -> Descriptor {
    Descriptor {
        name: "dns".into(),
        schema: Schema {
            structs: vec![
                message("query", OPCODE_QUERY),
                message("update", OPCODE_UPDATE),
                message("answer", OPCODE_QUERY),
                question(),
                record(),
            ],
            enums: vec![opcodes(), rcodes(), types(), classes()],
        },
        operations: vec![
            Operation::new("query", Kind::Request, StructId(0))
                .id(ID)
                .idempotent(),
            Operation::new("update", Kind::Request, StructId(1)).id(ID),
            Operation::new("answer", Kind::Reply, StructId(2))
                .id(ID)
                .graded(grading()),
        ],
        capabilities: Capabilities {
            correlation: CorrelationKind::Id { bits: 16 },
            // RFC 7766, 7: responses may come in any order.
            reply_order: ReplyOrder::Any,
            half_close: HalfClose::FinishesReplies,
            drain: Drain::MessageBoundary,
            unasked: Unasked::Nothing,
            admission: Admission::AtOnce,
            max_frame: MAX_FRAME,
        },
        heartbeat: None,
        http: None,
    }
}

/// That a name or a record is there or is not is an answer as well (RFC 1035, 4.1.1; RFC 2136, 2.2).
fn grading() -> Grading {
    const SERVFAIL: u8 = 2;
    const ANSWERS: [u8; 5] = [0, 3, 6, 7, 8];
    let mut listed: Vec<_> = ANSWERS.map(|rcode| (rcode.into(), Grade::Fine)).into();
    listed.push((SERVFAIL.into(), Grade::Failed));
    Grading {
        field: RCODE,
        listed,
        others: Grade::Refused,
    }
}

fn message(name: &'static str, opcode: u8) -> StructDef {
    let empty = || Value::List(Vec::new());
    let records = |name, doc| {
        FieldDef::new(name, Type::List(Box::new(Type::Struct(RECORD))))
            .or(empty())
            .doc(doc)
    };
    let flag = |name, doc| FieldDef::new(name, Type::Bool).or(false).doc(doc);
    StructDef {
        name: name.into(),
        fields: vec![
            FieldDef::new("id", Type::U16).doc("ties the answer to the query"),
            FieldDef::new("opcode", Type::Enum(OPCODES))
                .or(opcode)
                .doc("4 bits"),
            flag("aa", "the answer is authoritative"),
            flag("tc", "the answer is truncated"),
            flag("rd", "recursion desired"),
            flag("ra", "recursion available"),
            flag("ad", "the data is authentic"),
            flag("cd", "checking disabled"),
            FieldDef::new("rcode", Type::Enum(RCODES))
                .or(0_u8)
                .doc("4 bits"),
            FieldDef::new("questions", Type::List(Box::new(Type::Struct(QUESTION))))
                .or(empty())
                .doc("one at most"),
            records(
                "answers",
                "records that answer the question; an update's prerequisites",
            ),
            records(
                "authorities",
                "records that point to an authority; an update's changes",
            ),
            records("additionals", "other records: glue, OPT, TSIG"),
            FieldDef::new("name", name_type())
                .optional()
                .doc("read-only: the first question's name"),
            FieldDef::new("qtype", Type::Enum(TYPES))
                .optional()
                .doc("read-only: the first question's type"),
        ],
    }
}

const fn name_type() -> Type {
    Type::Str { max_len: NAME_TEXT }
}

fn question() -> StructDef {
    StructDef {
        name: "question".into(),
        fields: vec![
            FieldDef::new("name", name_type()).doc("a domain name, without the last dot"),
            FieldDef::new("type", Type::Enum(TYPES)),
            FieldDef::new("class", Type::Enum(CLASSES)).or(CLASS_IN),
        ],
    }
}

fn record() -> StructDef {
    StructDef {
        name: "record".into(),
        fields: vec![
            FieldDef::new("name", name_type()).doc("a domain name, without the last dot"),
            FieldDef::new("type", Type::Enum(TYPES)),
            FieldDef::new("class", Type::Enum(CLASSES))
                .or(CLASS_IN)
                .doc("of OPT: the sender's UDP payload size"),
            FieldDef::new("ttl", Type::U32).or(0_u8).doc("seconds"),
            FieldDef::new("data", Type::Bytes { max_len: 0xffff })
                .doc("as on the wire, names in it not compressed"),
        ],
    }
}

fn labels(name: &'static str, rows: &[(i128, &'static str)]) -> EnumDef {
    EnumDef {
        name: name.into(),
        labels: rows
            .iter()
            .map(|(value, label)| (*value, (*label).into()))
            .collect(),
    }
}

fn opcodes() -> EnumDef {
    labels(
        "opcode",
        &[
            (0, "QUERY"),
            (1, "IQUERY"),
            (2, "STATUS"),
            (4, "NOTIFY"),
            (5, "UPDATE"),
            (6, "DSO"),
        ],
    )
}

fn rcodes() -> EnumDef {
    labels(
        "rcode",
        &[
            (0, "NOERROR"),
            (1, "FORMERR"),
            (2, "SERVFAIL"),
            (3, "NXDOMAIN"),
            (4, "NOTIMP"),
            (5, "REFUSED"),
            (6, "YXDOMAIN"),
            (7, "YXRRSET"),
            (8, "NXRRSET"),
            (9, "NOTAUTH"),
            (10, "NOTZONE"),
        ],
    )
}

fn classes() -> EnumDef {
    labels(
        "class",
        &[(1, "IN"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")],
    )
}

fn types() -> EnumDef {
    const ROWS: &[(i128, &str)] = &[
        (1, "A"),
        (2, "NS"),
        (5, "CNAME"),
        (6, "SOA"),
        (12, "PTR"),
        (13, "HINFO"),
        (15, "MX"),
        (16, "TXT"),
        (17, "RP"),
        (18, "AFSDB"),
        (28, "AAAA"),
        (29, "LOC"),
        (33, "SRV"),
        (35, "NAPTR"),
        (39, "DNAME"),
        (41, "OPT"),
        (43, "DS"),
        (44, "SSHFP"),
        (46, "RRSIG"),
        (47, "NSEC"),
        (48, "DNSKEY"),
        (50, "NSEC3"),
        (51, "NSEC3PARAM"),
        (52, "TLSA"),
        (53, "SMIMEA"),
        (59, "CDS"),
        (60, "CDNSKEY"),
        (61, "OPENPGPKEY"),
        (62, "CSYNC"),
        (63, "ZONEMD"),
        (64, "SVCB"),
        (65, "HTTPS"),
        (249, "TKEY"),
        (250, "TSIG"),
        (251, "IXFR"),
        (252, "AXFR"),
        (255, "ANY"),
        (256, "URI"),
        (257, "CAA"),
    ];
    labels("rrtype", ROWS)
}
