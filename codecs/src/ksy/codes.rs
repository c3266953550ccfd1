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
        "A definition has at most 4 MiB in all its files, 1 MiB a file, 50,000 values and 2 MiB of text with all aliases \
         expanded, texts and bracketed lists and maps of at most 128 KiB, and maps and lists at most 64 deep in each other; \
         at most 256 of its types stand in each other, where those that lead to a circle count as one chain. \
         What goes beyond that is taken for an attack on whoever loads it.";
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
        "The type of a value instance follows from its expression. Here the expression needs the instance itself, \
         or so many others, each of which needs the next one, that it is not followed any further.";
    SYNTAX = "GW3039", "not a call",
        "Only methods of values can be called, as in `name.substring(0, 2)`.";
    SECTION_PLACE = "GW3050", "a section where it is not read",
        "What is said of a protocol as a whole (`frame`, `operation`, `id` and so on) stands in `-gateway` at the top of the \
         definition's first file, or in a file `NAME.gateway.yaml` beside it. A type within the file has no traffic of its own, and the \
         section of an imported file belongs to that file's protocol.";
    ESCAPES = "GW3051", "escapes that cannot be taken back",
        "`escape` maps each byte that may not stand in a message as it is to what is written instead: `{0x7e: [0x7d, 2], \
         0x7d: [0x7d, 1]}`. The byte that begins an escape needs one itself, no escape may begin like another, and a byte of `end` has to \
         be among those that never stand in a message.";
    NO_FRAMING = "GW3052", "nothing proves where a frame ends",
        "`frame: {auto: true}` needs a definition that begins with fields of known sizes and goes on with parts whose sizes are \
         constants or sums of integers of that beginning, such as `size: len`, `size: len - 4` and `repeat-expr: count`. Where something else \
         decides, say it: `length`, `delimiter`, `fixed` or `datagram`.";
    KIND = "GW3053", "neither request nor reply nor event",
        "`kind` gives one of the texts \"request\", \"reply\" and \"event\", written out, perhaps behind conditions: \
         `code >= 0x80 ? \"reply\" : \"request\"`. Without `kind`, what clients send is requests and what servers send is replies.";
    OPERATION = "GW3054", "no operation can be told",
        "`operation` gives a field or an instance with an `enum`, whose labels are the operations then, or one of several texts that are \
         written out. Both directions of a protocol take their operations from one enum, or both from texts.";
    UNKNOWN_OPERATION = "GW3055", "there is no such operation",
        "The operations of a protocol are the labels of the enum that `operation` gives, or the texts that it may be. Where `reject` answers with \
         another operation for each request, its `operation` is an expression: `request.code.to_i + 0x80`.";
    CORRELATION = "GW3056", "nothing ties replies to requests",
        "Either `id` says what a reply repeats of its request (an integer, text, bytes, an enum, or a list of these), perhaps with `reply: {id: …}` where \
         a reply has it elsewhere, or `order: fifo` says that replies come in the order of the requests. A protocol whose messages are all events \
         needs neither. Where replies are read with something of their requests, their `id` is one integer at a fixed place, so that it can be \
         read first.";
    CHECKSUM = "GW3057", "a checksum that cannot be computed",
        "An entry of `checks` names a field, an algorithm and the first and the last field that it covers. Where they stand has to be \
         known beforehand, counted from the start or from the end of the frame, and the field has to be as wide as the algorithm's value. Wherever the type of its \
         structure stands in a message, there is such an entry.";
    OPTION = "GW3058", "an option that does not fit its field",
        "`json: hex` and `base64` are for bytes, `number` for integers and enums; `codec` for bytes, texts and types with an integer instance `value`; \
         `scale` for numbers. `default` is a value of the field's own type and goes without `derive`. `idempotent`, `one-way` and `timeout` stand on the values of the \
         enum that `operation` gives.";
    ROOT = "GW3059", "not a message",
        "`root` names a type, or one for each direction: `{request: call, reply: answer(request.code)}`. Parameters get constants or, in a reply, \
         values of its request.";
    SIDE_FILE = "GW3060", "a side file that fits no definition",
        "A `.gateway.yaml` file names its definition with `ksy: NAME.ksy`. `fields` and `enums` name fields and enum values by the path of their ids: \
         `types/auth_req/pan`, `kind/auth_req`, `types/auth_req/result/ok`.";
    NO_SECTION = "GW3090", "nothing says how messages travel",
        "To be spoken by a gateway, a definition needs a `-gateway` section: how frames are found, what operations are called, \
         what ties a reply to its request. It stands at the top of the file, or in a file `NAME.gateway.yaml` beside it.";
    NO_DISSECTOR = "GW3091", "not for a dissector",
        "The definition is good, but this part of it has no form in a dissector: Wireshark's Lua has numbers up to 2^53, \
         texts in UTF-8, and fewer encodings. Leave the part out of a copy of the definition to have a dissector for the rest.";
    SECRET_ID = "GW3092", "an id that is a secret",
        "What ties a reply to its request names the message in logs and traces, so it cannot be a field with \
         `secret: true`. Take another field, or several, that tell requests apart.";
    OWN_MESSAGE = "GW3093", "a message of the gateway's own that cannot be sent",
        "With `every` the gateway sends the heartbeat itself, and when it drains the message of `drain`. What their fields hold that have no default \
         is said by `set`: `heartbeat: {operation: ping, every: 30s, set: {origin: 7}}`, `drain: {operation: goodbye, set: {id: 0}}`. \
         A number that ties it to its answer need not be said.";
}

/// The row of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Code> {
    ALL.iter().find(|row| row.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn codes_are_in_order_and_there_once() {
        assert!(ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(find("gw3006").map(|row| row.code), Some(UNKNOWN_KEY));
        assert_eq!(find("GW"), None);
    }

    /// The sources below a folder.
    fn sources(folder: &Path, text: &mut String) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, text);
            } else if !path.ends_with("codes.rs") {
                text.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }

    #[test]
    fn each_code_is_used() {
        let mut text = String::new();
        sources(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ksy"),
            &mut text,
        );
        let declared = include_str!("codes.rs");
        let names = declared
            .lines()
            .filter_map(|line| line.trim().split_once(" = \"GW").map(|(name, _)| name));
        let mut count = 0;
        for name in names {
            assert!(
                text.contains(&format!("codes::{name}")),
                "{name} is never reported"
            );
            count += 1;
        }
        assert_eq!(count, ALL.len());
    }
}
