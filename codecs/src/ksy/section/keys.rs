//! Which keys stand where in a `-gateway` section.

use crate::ksy::spec::reader::Keys;

const AT_TOP: &[&str] = &[
    "frame",
    "root",
    "kind",
    "operation",
    "id",
    "order",
    "reply",
    "error",
    "reject",
    "checks",
    "heartbeat",
    "session",
    "drain",
];

/// At the top.
pub(super) const TOP: Keys<'static> = Keys {
    of: "the `-gateway` section",
    groups: &[AT_TOP],
    gateway: false,
};

/// In a file beside the definition.
pub(super) const SIDE: Keys<'static> = Keys {
    of: "a `.gateway.yaml` file",
    groups: &[AT_TOP, &["ksy", "fields", "enums"]],
    gateway: false,
};

/// The ways of finding frames, of which `frame` has one.
pub(super) const FORMS: &[&str] = &["auto", "length", "delimiter", "fixed", "datagram"];

pub(super) const FRAME: Keys<'static> = Keys {
    of: "`frame`",
    groups: &[FORMS, &["max"]],
    gateway: false,
};

pub(super) const LENGTH: Keys<'static> = Keys {
    of: "`length`",
    groups: &[&["at", "after", "type", "until", "counts", "add"]],
    gateway: false,
};

pub(super) const DELIMITER: Keys<'static> = Keys {
    of: "`delimiter`",
    groups: &[&["start", "end", "escape"]],
    gateway: false,
};

pub(super) const ROOT: Keys<'static> = Keys {
    of: "`root`",
    groups: &[&["request", "reply"]],
    gateway: false,
};

pub(super) const REPLY: Keys<'static> = Keys {
    of: "`reply`",
    groups: &[&["id"]],
    gateway: false,
};

pub(super) const REJECT: Keys<'static> = Keys {
    of: "`reject`",
    groups: &[&["operation", "set"]],
    gateway: false,
};

pub(super) const CHECK: Keys<'static> = Keys {
    of: "an entry of `checks`",
    groups: &[&["field", "algorithm", "over"]],
    gateway: false,
};

pub(super) const HEARTBEAT: Keys<'static> = Keys {
    of: "`heartbeat`",
    groups: &[&["operation", "every", "silence", "answer", "set"]],
    gateway: false,
};

pub(super) const DRAIN: Keys<'static> = Keys {
    of: "`drain`",
    groups: &[&["operation", "set"]],
    gateway: false,
};

pub(super) const SESSION: Keys<'static> = Keys {
    of: "`session`",
    groups: &[&["open", "close"]],
    gateway: false,
};

/// Of a field.
pub(super) const OPTIONS: Keys<'static> = Keys {
    of: "a field's `-gateway`",
    groups: &[&["json", "codec", "scale", "default", "derive", "secret"]],
    gateway: false,
};

/// Of an instance, which is not written.
pub(super) const INSTANCE: Keys<'static> = Keys {
    of: "an instance's `-gateway`",
    groups: &[&["json", "codec", "scale", "secret"]],
    gateway: false,
};

/// Of a value of an enum.
pub(super) const TRAITS: Keys<'static> = Keys {
    of: "an enum value's `-gateway`",
    groups: &[&["idempotent", "one-way", "timeout"]],
    gateway: false,
};
