//! The keys of each kind of map.

use super::reader::Keys;

/// Of a file or type.
pub(super) const CLASS: Keys<'static> = Keys {
    of: "a type",
    groups: &[&[
        "meta",
        "doc",
        "doc-ref",
        "to-string",
        "params",
        "seq",
        "types",
        "instances",
        "enums",
    ]],
    gateway: true,
};

/// Of `meta`.
pub(super) const META: Keys<'static> = Keys {
    of: "`meta`",
    groups: &[&[
        "id",
        "imports",
        "endian",
        "bit-endian",
        "encoding",
        "title",
        "ks-version",
        "ks-debug",
        "ks-opaque-types",
        "ks-zero-copy-substream",
        "license",
        "file-extension",
        "xref",
        "tags",
        "application",
    ]],
    gateway: false,
};

/// Of an element of `params`.
pub(super) const PARAM: Keys<'static> = Keys {
    of: "a parameter",
    groups: &[&["id", "type", "enum", "doc", "doc-ref"]],
    gateway: false,
};

/// Of an instance with `value`.
pub(super) const VALUE_INSTANCE: Keys<'static> = Keys {
    of: "an instance with `value`",
    groups: &[&["value", "doc", "doc-ref", "enum", "if"]],
    gateway: true,
};

/// Of a value of an enum that is a map.
pub(super) const ENUM_VALUE: Keys<'static> = Keys {
    of: "a value of an enum",
    groups: &[&["id", "doc", "doc-ref"]],
    gateway: true,
};

/// Of what depends on something.
pub(super) const SWITCH: Keys<'static> = Keys {
    of: "a switch",
    groups: &[&["switch-on", "cases"]],
    gateway: false,
};

/// Of any attribute.
pub(super) const ANY: &[&str] = &[
    "id",
    "doc",
    "doc-ref",
    "type",
    "if",
    "terminator",
    "consume",
    "include",
    "eos-error",
    "valid",
    "repeat",
];
/// Of an instance with a place of its own.
pub(super) const PLACED: &[&str] = &["pos", "io"];
/// Of bytes, and of structures, which may be made of bytes of their own.
pub(super) const BYTES: &[&str] = &[
    "contents",
    "size",
    "size-eos",
    "pad-right",
    "parent",
    "process",
];
/// Of texts.
pub(super) const TEXT: &[&str] = &["size", "size-eos", "pad-right", "encoding"];
/// Of integers with an enum. Elsewhere the key has an error of its own.
pub(super) const ENUM: &[&str] = &["enum"];
/// Of the two kinds of repetition that need an expression.
pub(super) const REPEAT: &[&str] = &["repeat-expr", "repeat-until"];
