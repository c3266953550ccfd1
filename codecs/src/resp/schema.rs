//! Operations, fields and labels.

use super::commands::{COMMANDS, Command};
use super::{MAX_FRAME, MAX_NAME};
use gatewright_core::codec::{
    Admission, Capabilities, CorrelationKind, Descriptor, Drain, EnumDef, EnumId, FieldDef, Grade,
    Grading, HalfClose, Needs, Operation, ReplyOrder, Retry, Schema, StructDef, StructId, Type,
    Unasked,
};
use gatewright_core::message::{Kind, OperationId, Slot};

pub(super) const REPLY: OperationId = OperationId(0);
pub(super) const ERROR: OperationId = OperationId(1);
pub(super) const PUSH: OperationId = OperationId(2);
pub(super) const OTHER: OperationId = OperationId(3);
/// The operations of the table's rows follow.
const FIRST_COMMAND: u16 = 4;

// Of commands.
pub(super) const NAME: Slot = Slot(0);
pub(super) const ARGS: Slot = Slot(1);
pub(super) const KEY: Slot = Slot(2);
// Of replies and elements.
pub(super) const TYPE: Slot = Slot(0);
pub(super) const TEXT: Slot = Slot(1);
pub(super) const NUMBER: Slot = Slot(2);
pub(super) const DATA: Slot = Slot(3);
pub(super) const ITEMS: Slot = Slot(4);
/// Of replies.
pub(super) const REPLY_ATTRIBUTES: Slot = Slot(5);
// Of errors.
pub(super) const MESSAGE: Slot = Slot(0);
pub(super) const CODE: Slot = Slot(1);
pub(super) const ERROR_ATTRIBUTES: Slot = Slot(2);
// Of pushes.
pub(super) const PUSH_ITEMS: Slot = Slot(0);
pub(super) const PUSH_KIND: Slot = Slot(1);

const S_REPLY: StructId = StructId(0);
const S_ERROR: StructId = StructId(1);
const S_PUSH: StructId = StructId(2);
const S_OTHER: StructId = StructId(3);
const S_COMMAND: StructId = StructId(4);
const S_SECRET: StructId = StructId(5);
const S_ELEMENT: StructId = StructId(6);

const TYPES: EnumId = EnumId(0);

/// What a value is; the number in the field `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinds {
    Simple,
    Integer,
    Bulk,
    Array,
    Null,
    /// `$-1`
    NullBulk,
    /// `*-1`
    NullArray,
    Boolean,
    Double,
    BigNumber,
    Verbatim,
    Map,
    Set,
    /// Only among the elements of another value: at the top it is an operation.
    Error,
    /// The same: at the top it is a field.
    Attribute,
}

impl Kinds {
    const ALL: [(Self, &'static str); 15] = [
        (Self::Simple, "simple"),
        (Self::Integer, "integer"),
        (Self::Bulk, "bulk"),
        (Self::Array, "array"),
        (Self::Null, "null"),
        (Self::NullBulk, "null_bulk"),
        (Self::NullArray, "null_array"),
        (Self::Boolean, "boolean"),
        (Self::Double, "double"),
        (Self::BigNumber, "big_number"),
        (Self::Verbatim, "verbatim"),
        (Self::Map, "map"),
        (Self::Set, "set"),
        (Self::Error, "error"),
        (Self::Attribute, "attribute"),
    ];

    pub(super) fn number(self) -> u8 {
        let numbered = (0_u8..).zip(Self::ALL);
        let mut found = numbered.filter(|(_, (kind, _))| *kind == self);
        found.next().map_or(0, |(number, _)| number)
    }

    /// Whether values of that kind have this field.
    pub(super) const fn has(self, slot: Slot) -> bool {
        match self {
            Self::Null | Self::NullBulk | Self::NullArray => false,
            Self::Simple | Self::Double | Self::BigNumber | Self::Error => slot.0 == TEXT.0,
            Self::Integer | Self::Boolean => slot.0 == NUMBER.0,
            Self::Bulk => slot.0 == DATA.0,
            Self::Verbatim => slot.0 == DATA.0 || slot.0 == TEXT.0,
            Self::Array | Self::Map | Self::Set | Self::Attribute => slot.0 == ITEMS.0,
        }
    }

    pub(super) fn of(number: usize) -> Option<Self> {
        let (kind, _) = Self::ALL.get(number)?;
        Some(*kind)
    }
}

/// The operation of a row of the table.
pub(super) const fn operation_of(row: u16) -> OperationId {
    OperationId(row.saturating_add(FIRST_COMMAND))
}

/// The row of the table that an operation stands for, and its index.
pub(super) fn command_of(operation: OperationId) -> Option<(u16, &'static Command)> {
    let row = operation.0.checked_sub(FIRST_COMMAND)?;
    Some((row, COMMANDS.get(usize::from(row))?))
}

pub(super) fn descriptor() -> Descriptor {
    let types = EnumDef {
        name: "type".into(),
        labels: (0..)
            .zip(Kinds::ALL.map(|(_, label)| label.into()))
            .collect(),
    };
    Descriptor {
        name: "resp".into(),
        schema: Schema {
            // By their ids, S_REPLY to S_ELEMENT.
            structs: vec![
                reply(),
                error(),
                push(),
                other(),
                command("command", |args| args),
                command("secret_command", FieldDef::secret),
                element(),
            ],
            enums: vec![types],
        },
        operations: operations(),
        capabilities: Capabilities {
            correlation: CorrelationKind::Fifo,
            reply_order: ReplyOrder::OfRequests,
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

fn operations() -> Vec<Operation> {
    let mut operations = vec![
        Operation::new("reply", Kind::Reply, S_REPLY),
        Operation::new("error", Kind::Reply, S_ERROR).graded(grading()),
        Operation::new("push", Kind::Event, S_PUSH),
        // What nobody knows may do anything to its connection.
        Operation::new("other", Kind::Request, S_OTHER).needs(Needs::Bound),
    ];
    operations.extend(COMMANDS.iter().map(|command| {
        let record = if command.secret { S_SECRET } else { S_COMMAND };
        let operation = Operation::new(command.name, Kind::Request, record).needs(command.needs);
        match command.retry {
            Retry::Idempotent => operation.idempotent(),
            Retry::IfUnsent => operation,
        }
    }));
    operations
}

/// Errors that a server gives to whatever it is asked: it reads its data in, has lost its master
/// or its cluster, or a script keeps it from everything else.
const FAILURES: [&str; 4] = ["BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN"];

fn grading() -> Grading {
    Grading {
        field: CODE,
        listed: FAILURES.map(|code| (code.into(), Grade::Failed)).into(),
        others: Grade::Refused,
    }
}

fn elements(name: &'static str) -> FieldDef {
    FieldDef::new(name, Type::List(Box::new(Type::Struct(S_ELEMENT)))).optional()
}

fn args() -> FieldDef {
    FieldDef::new("args", Type::List(Box::new(Type::BYTES)))
        .or(gatewright_core::message::Value::List(Vec::new()))
        .doc("what follows the name")
}

fn command(name: &'static str, guard: impl Fn(FieldDef) -> FieldDef) -> StructDef {
    let known = Type::Str { max_len: MAX_NAME };
    StructDef {
        name: name.into(),
        fields: vec![
            FieldDef::new("name", known)
                .optional()
                .doc("read-only: that of the operation"),
            guard(args()),
            FieldDef::new("key", Type::BYTES)
                .optional()
                .doc("read-only: the argument that is the first key"),
        ],
    }
}

fn other() -> StructDef {
    let name = Type::Str { max_len: MAX_NAME };
    StructDef {
        name: "other".into(),
        fields: vec![
            FieldDef::new("name", name).doc("printable ASCII in lower case"),
            args(),
        ],
    }
}

/// The fields of an element, and the first ones of a reply.
fn value() -> Vec<FieldDef> {
    let number = Type::Int {
        min: i64::MIN as i128,
        max: i64::MAX as i128,
    };
    vec![
        FieldDef::new("type", Type::Enum(TYPES)),
        FieldDef::new("text", Type::STR)
            .optional()
            .doc("simple, double, big_number, error; a verbatim's format"),
        FieldDef::new("number", number)
            .optional()
            .doc("integer; boolean, 0 or 1"),
        FieldDef::new("data", Type::BYTES)
            .optional()
            .doc("bulk, verbatim"),
        elements("items").doc("array, set; map and attribute, keys and values by turns"),
    ]
}

fn reply() -> StructDef {
    let mut fields = value();
    fields.push(elements("attributes").doc("keys and values by turns"));
    StructDef {
        name: "reply".into(),
        fields,
    }
}

fn element() -> StructDef {
    StructDef {
        name: "element".into(),
        fields: value(),
    }
}

fn error() -> StructDef {
    StructDef {
        name: "error".into(),
        fields: vec![
            FieldDef::new("message", Type::STR).doc("with its code, on one line"),
            FieldDef::new("code", Type::STR)
                .optional()
                .doc("read-only: the message's first word"),
            elements("attributes").doc("keys and values by turns"),
        ],
    }
}

fn push() -> StructDef {
    StructDef {
        name: "push".into(),
        fields: vec![
            elements("items")
                .doc("what it says, its kind first, unless that is too much to be listed"),
            FieldDef::new("kind", Type::STR)
                .optional()
                .doc("read-only: the first item, if it is text"),
        ],
    }
}
