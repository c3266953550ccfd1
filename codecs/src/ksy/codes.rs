//! The codes of findings in definitions, for diagnostics and `explain`.

use gatewright_core::expr::codes::Code;

macro_rules! codes {
    ($($name:ident = $code:literal, $title:literal, $explanation:literal;)*) => {
        $(#[doc = concat!("`", $code, "`: ", $title, ".")] pub const $name: &str = $code;)*

        /// All codes of this module, in order.
        pub const ALL: &[Code] = &[$(Code { code: $code, title: $title, explanation: $explanation }),*];
    };
}

codes! {
    NOT_YAML = "GW3001", "not YAML",
        "The file is not valid YAML 1.2, so its meaning is unknown from there on. Frequent causes: a tab in front of a \
         key, a line that is indented by one blank too many, a text with `: ` or ` #` in it that needs quotes, a quote or \
         bracket that is not closed.";
    TOO_LARGE = "GW3002", "larger than a definition may be",
        "A definition file has at most 1 MiB, 200,000 values with all aliases expanded, 4 MiB of text with all aliases \
         expanded, and maps and lists at most 64 deep in each other. A file beyond that is taken for an attack on whoever loads it.";
    YAML_FEATURE = "GW3003", "a part of YAML that definitions do not use",
        "A definition is one YAML document of maps, lists and texts. Tags other than those of the core schema (`!!str`), \
         `!include`, merge keys (`<<`) and further documents after `---` are refused: other tools would read the file differently.";
    DUPLICATE_KEY = "GW3004", "a key that stands twice",
        "A map has each key once. Which of the two would count is not defined, so one of them has to go. Numbers are the \
         same however they are written: `1` and `0x1` are one key of an enum.";
    WRONG_TYPE = "GW3005", "a value of another type",
        "The key exists, but it takes another kind of value: a list where a map is due, a text where a number is due. Each \
         element of `seq` is a map, `seq` itself a list; `types`, `instances` and `enums` are maps.";
    UNKNOWN_KEY = "GW3006", "unknown key",
        "No key of this name exists at this place, or none that goes with the field's type: `encoding` needs `type: str`, \
         `enum` an integer, `repeat-expr` needs `repeat: expr`. Keys that begin with `-` are free for other tools; the gateway's own \
         is `-gateway`.";
    MISSING_KEY = "GW3007", "missing key",
        "The map lacks a key without which it means nothing: `meta` of a file has an `id`, `repeat: expr` needs `repeat-expr`, \
         a `type` that depends on something needs `switch-on` and `cases`.";
    BAD_ID = "GW3008", "not an id",
        "Ids of fields, types, enums and their values begin with a small letter and consist of small letters, digits and \
         `_`, as in `len_body`: /^[a-z][a-z0-9_]*$/, at most 255 of them.";
    DUPLICATE_ID = "GW3009", "an id that stands twice",
        "Within a type, parameters, fields and instances share their names; within an enum, each value has a name and a \
         number of its own.";
    BAD_CHOICE = "GW3010", "none of the possible values",
        "The key takes one of a few words: `endian` and `bit-endian` take `le` or `be`, `repeat` takes `eos`, `expr` or \
         `until`, `valid/in-enum` takes `true`.";
    OUT_OF_RANGE = "GW3011", "out of range",
        "A number is beyond what its place can hold: bytes (`terminator`, `pad-right`, `contents`) go from 0 to 255, an \
         enum's numbers from -2^63 to 2^64 - 1, bit fields from b1 to b64.";
    BAD_TYPE = "GW3012", "the type cannot be read",
        "A `type` is a built-in one (u1 to u8, s1 to s8, f4, f8, b1 to b64, str, strz; all but b may end in le or be), or a \
         name such as `header` or `tcp::header`, perhaps with arguments: `header(4, true)`. Parameters also take bytes, bool, struct, io \
         and any, and `[]` behind their type for a list.";
    NO_SIZE = "GW3013", "bytes without an end",
        "Bytes and texts need one of `size`, `size-eos: true` and `terminator` (strz has one), and so does a type \
         whose bytes go through `process`. Without it nobody knows where the field ends.";
    CONFLICT = "GW3014", "keys that exclude each other",
        "A field has a `size` or `size-eos: true`, not both; `contents` or `valid`, not both; and `valid` has one kind of \
         check: `eq`, `min` and `max`, `any-of`, `in-enum` or `expr`.";
    NO_ENCODING = "GW3015", "a text without an encoding",
        "A field of type str or strz needs an `encoding`, its own or the one of `meta` in its type or in a type around it.";
    UNKNOWN_ENCODING = "GW3016", "unknown encoding",
        "The name is none of those that the Kaitai Struct compiler knows, so other tools may take it for something else or \
         for nothing.";
    ENCODING_SPELLING = "GW3017", "an encoding under another name",
        "The encoding is known, but under another spelling, which is the only one that all tools understand.";
    NO_ENDIAN = "GW3018", "a number without an order of bytes",
        "Numbers of two bytes and more need one: `u4le`, `u4be`, or `endian` in `meta` of their type or of a type around it.";
    NOT_AN_INTEGER = "GW3019", "an enum of something that is no integer",
        "Only integers and bit fields can have an `enum`.";
    UNSUPPORTED = "GW3020", "not supported here",
        "The feature exists in Kaitai Struct, but a gateway cannot carry it out: a `process` other than xor, rol, ror and \
         zlib is code in another language.";
    NO_FILE = "GW3021", "an import that is not there",
        "`imports` names files without `.ksy`: `foo` and `../foo` are relative to the file that imports them, `/foo/bar` is \
         searched for in the folders for imports.";
    TOO_MANY_FILES = "GW3022", "too many imports",
        "A definition consists of at most 256 files, which import each other at most 4096 times.";
    VERSION = "GW3023", "not a version, or a later one",
        "`ks-version` is the oldest version of the Kaitai Struct compiler that understands the file, `0.9` or `0.11.1`. The \
         language that is understood here is that of version 0.11.";
    GATEWAY_PLACE = "GW3024", "`-gateway` where it means nothing",
        "`-gateway` stands at the top of a file or type, on a field, on an instance and on a value of an enum. Elsewhere \
         nobody would read it.";
    UNKNOWN_NAME = "GW3030", "there is no such member",
        "An expression names parameters, fields and instances of its own type, `_root`, `_parent`, `_io`, `_index` and, in \
         `repeat-until` and `valid/expr`, `_`. Members of other types are reached through fields: `_parent.len`, `_root.header.flags`. \
         A value that is one of several types is cast first: `_parent.as<foo>.len`.";
    UNKNOWN_TYPE = "GW3031", "there is no such type",
        "Types are looked for in `types` of the type that names them, then in those around it, and last among the \
         imported files. A nested type is named with its path: `tcp::header`.";
    UNKNOWN_ENUM = "GW3032", "there is no such enum or label",
        "Enums are looked for as types are. `animal::cat` is the label `cat` of the enum `animal`.";
    TYPE = "GW3033", "a value of another type",
        "The expression has a type that its place or its operator does not take: sizes and counts are integers, conditions \
         are truth values. Nothing is converted silently: use `.to_i`, `.to_s`, or compare.";
    COMPARISON = "GW3034", "these two cannot be compared",
        "Numbers compare with numbers, text with text, bytes with bytes, an enum with labels of the same enum. Truth values \
         and enums know only == and !=.";
    ARGUMENTS = "GW3035", "wrong arguments",
        "The type or method takes another number of arguments, or arguments of another type.";
    ENCODING = "GW3036", "an encoding that cannot be read",
        "Text needs an encoding that is known here: ASCII, UTF-8, UTF-16LE, ISO-8859-1, IBM437, Shift_JIS, windows-1252 and \
         others of the WHATWG Encoding Standard.";
    NO_FIXED_SIZE = "GW3037", "a size that is not known beforehand",
        "`sizeof<type>` and `field._sizeof` are constants: everything in the type must have a fixed size, without `if`, \
         `size-eos`, terminators or sizes that depend on other fields.";
    CIRCULAR = "GW3038", "a value that depends on itself",
        "The type of a value instance follows from its expression. Here the expression needs the instance itself.";
    SYNTAX = "GW3039", "not a call",
        "Only methods of values can be called, as in `name.substring(0, 2)`.";
    NO_DISSECTOR = "GW3090", "not for a dissector",
        "The definition is good, but this part of it has no form in a dissector: Wireshark's Lua has numbers up to 2^53, \
         texts in UTF-8, and fewer encodings. Leave the part out of a copy of the definition to have a dissector for the rest.";
}

/// The row of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    ALL.iter().find(|row| row.code.eq_ignore_ascii_case(code))
}
