use super::*;
use crate::BUILTIN;
use gatewright_core::codec::{Cause, Grade, Needs, Overlong, Recovery, Retry};
use gatewright_core::fault::FaultClass;
use gatewright_core::message::{Correlation, Kind, OperationId, Record, Slot, Value};
use schema::{DATA, ITEMS, NUMBER, TEXT};
use std::num::NonZeroUsize;

const LIMIT: usize = 1 << 20;

fn codec(side: Side) -> Box<dyn ConnCodec> {
    Arc::new(Resp::new()).codec(side, LIMIT)
}

fn name_of(message: &Message) -> String {
    let resp = Resp::new();
    resp.descriptor
        .operation(message.operation())
        .name
        .to_string()
}

/// All messages of a text, which must hold nothing else.
fn read(side: Side, bytes: &[u8]) -> Vec<Message> {
    let mut codec = codec(side);
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut messages = Vec::new();
    while !rest.is_empty() {
        let Ok(Delimited::Frame(len)) = codec.delimit(&rest) else {
            panic!("no frame at the start of {rest:?}");
        };
        let Ok(Event::Head(message)) = codec.decode(rest.split_to(len.get())) else {
            panic!("no message at the start of {bytes:?}");
        };
        messages.push(message);
    }
    messages
}

fn one(side: Side, bytes: &[u8]) -> Message {
    let mut messages = read(side, bytes);
    assert_eq!(messages.len(), 1, "{bytes:?}");
    messages.remove(0)
}

fn written(side: Side, name: &str, fields: Record) -> Result<Vec<u8>, EncodeError> {
    let resp = Resp::new();
    let operation = resp.descriptor.operation_named(name).unwrap();
    let message = resp.descriptor.message(operation, fields);
    let mut out = BytesMut::from(&b"before"[..]);
    let result = codec(side).encode(&Event::Head(message), &mut out);
    assert!(result.is_ok() || out == b"before"[..], "{name} left bytes");
    result.map(|()| out[6..].to_vec())
}

fn bytes(data: &'static [u8]) -> Value {
    Value::Bytes(Bytes::from_static(data))
}

fn list<const N: usize>(args: [&'static [u8]; N]) -> Value {
    Value::List(args.map(bytes).to_vec())
}

/// A value by its type's label and one of its fields.
fn element(label: &str, slot: Slot, value: Value) -> Record {
    let resp = Resp::new();
    let kind = resp.descriptor.schema.enums[0].value(label).unwrap();
    let mut fields = vec![Value::Null; 5];
    fields[0] = Value::Int(kind);
    fields[slot.index()] = value;
    fields
}

// ---- reading

#[test]
fn a_command_is_read() {
    let get = one(Side::Server, b"*2\r\n$3\r\nGeT\r\n$1\r\nk\r\n");
    assert_eq!((get.kind(), name_of(&get)), (Kind::Request, "get".into()));
    assert_eq!(get.correlation(), &Correlation::None);
    assert_eq!(get.fields()[..], ["get".into(), list([b"k"]), bytes(b"k")]);
}

#[test]
fn inline_commands_are_words() {
    let set = one(Side::Server, b"SET  k\t\xff \r\n");
    assert_eq!(
        set.fields()[..],
        ["set".into(), list([b"k", b"\xff"]), bytes(b"k")]
    );
}

#[test]
fn a_command_that_nobody_knows_is_another() {
    let other = one(Side::Server, b"*2\r\n$8\r\nJSON.GET\r\n$1\r\nk\r\n");
    assert_eq!(name_of(&other), "other");
    assert_eq!(other.fields()[..], ["json.get".into(), list([b"k"])]);
}

#[test]
fn keys_are_where_the_table_says() {
    let key = |words: &str| {
        let message = one(Side::Server, format!("{words}\r\n").as_bytes());
        message
            .fields()
            .get(2)
            .and_then(|key| key.as_bytes().cloned())
    };
    let is = |words, expected: &'static str| {
        assert_eq!(
            key(words),
            Some(Bytes::from_static(expected.as_bytes())),
            "{words}"
        );
    };
    is("get k", "k");
    is("bitop and to from", "to");
    is("eval script 1 k", "k");
    is("zunion 02 a b", "a");
    is("blmpop 0 2 a b left", "a");
    is("MIGRATE host 1 k 0 9", "k");
    for none in [
        "ping",
        "get",
        "eval script 0 arg",
        "eval script x k",
        "eval script 1",
        "keys *",
    ] {
        assert_eq!(key(none), None, "{none}");
    }
}

#[test]
fn replies_are_read_by_their_type() {
    let check = |frame: &[u8], label, slot, value: Value| {
        let message = one(Side::Client, frame);
        assert_eq!(name_of(&message), "reply");
        let mut expected = element(label, slot, value);
        expected.push(Value::Null);
        assert_eq!(message.fields(), &expected, "{frame:?}");
    };
    check(b"+OK\r\n", "simple", TEXT, "OK".into());
    check(b":-42\r\n", "integer", NUMBER, (-42_i64).into());
    check(
        b":+9223372036854775807\r\n",
        "integer",
        NUMBER,
        i64::MAX.into(),
    );
    check(b"$2\r\n\r\n\r\n", "bulk", DATA, bytes(b"\r\n"));
    check(b"_\r\n", "null", TEXT, Value::Null);
    check(b"$-1\r\n", "null_bulk", TEXT, Value::Null);
    check(b"*-1\r\n", "null_array", TEXT, Value::Null);
    check(b"#t\r\n", "boolean", NUMBER, 1_u8.into());
    check(b",-1.5e10\r\n", "double", TEXT, "-1.5e10".into());
    check(
        b"(-18446744073709551616\r\n",
        "big_number",
        TEXT,
        "-18446744073709551616".into(),
    );
    let items = vec![
        Value::Record(element("error", TEXT, "ERR x".into())),
        Value::Record(element("set", ITEMS, Value::List(vec![]))),
    ];
    check(b"%1\r\n-ERR x\r\n~0\r\n", "map", ITEMS, Value::List(items));
    let verbatim = one(Side::Client, b"=5\r\nmkd:a\r\n");
    assert_eq!(verbatim.field(TEXT).as_str(), Some("mkd"));
    assert_eq!(verbatim.field(DATA), &bytes(b"a"));
}

#[test]
fn errors_have_a_code() {
    for frame in [
        &b"-WRONGTYPE not a list\r\n"[..],
        b"!20\r\nWRONGTYPE not a list\r\n",
    ] {
        let error = one(Side::Client, frame);
        assert_eq!(
            (error.kind(), name_of(&error)),
            (Kind::Reply, "error".into())
        );
        let text = "WRONGTYPE not a list";
        assert_eq!(
            error.fields()[..],
            [text.into(), "WRONGTYPE".into(), Value::Null]
        );
    }
    let odd = one(Side::Client, b"-\xff\r\n");
    assert_eq!(odd.fields()[0].as_str(), Some("\u{fffd}"));
}

#[test]
fn pushes_are_events() {
    let push = one(Side::Client, b">2\r\n+invalidate\r\n*-1\r\n");
    assert_eq!((push.kind(), name_of(&push)), (Kind::Event, "push".into()));
    assert_eq!(push.fields()[1].as_str(), Some("invalidate"));
}

#[test]
fn attributes_belong_to_the_value_behind_them() {
    let frame = b"|1\r\n+a\r\n:1\r\n|1\r\n+b\r\n:2\r\n*1\r\n|0\r\n:3\r\n";
    let message = one(Side::Client, frame);
    assert_eq!(
        message.field(Slot(5)).as_list().map(<[Value]>::len),
        Some(4)
    );
    let items = message.field(ITEMS).as_list().unwrap();
    let expected = [
        Value::Record(element("attribute", ITEMS, Value::List(vec![]))),
        Value::Record(element("integer", NUMBER, 3_u8.into())),
    ];
    assert_eq!(items, expected);
}

#[test]
fn data_are_slices_of_the_frame() {
    let mut codec = codec(Side::Server);
    let frame = Bytes::from(b"*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n".to_vec());
    let Ok(Event::Head(get)) = codec.decode(frame.clone()) else {
        panic!("a message")
    };
    let key = get.fields()[2].as_bytes().unwrap();
    assert!(frame.as_ptr_range().contains(&key.as_ptr()));
}

// ---- what is refused

#[track_caller]
fn refused(side: Side, bytes: &[u8], cause: Cause, offset: usize) {
    let error = codec(side).delimit(bytes).unwrap_err();
    assert_eq!(
        (error.cause(), error.offset(), error.recovery()),
        (cause, offset, Recovery::Close),
        "{error}"
    );
}

#[test]
fn hostile_lengths_are_refused_before_anything_is_kept_for_them() {
    use Cause::{BadValue, TooLong, WrongDirection};
    for side in [Side::Server, Side::Client] {
        refused(side, b"*99999999999", TooLong, 11);
        refused(side, b"*18446744073709551617\r\n", TooLong, 11);
        refused(side, b"*1\r\n$1048577\r\n", TooLong, 4);
        refused(side, b"*1\r\n$01\r\n", BadValue, 6);
        refused(side, b"*1\r\n$+1\r\n", BadValue, 5);
        refused(side, b"*1\r\n$\r\n", BadValue, 5);
        refused(side, b"*1\r\n$1 \r\n", BadValue, 6);
        refused(side, b"*1\r\n$1\rx", BadValue, 7);
        refused(side, b"*1\n", BadValue, 2);
        refused(side, b"*1\r\n$1\r\nabc", BadValue, 9);
    }
    refused(Side::Server, b"*2147483647\r\n", TooLong, 0);
    refused(Side::Server, b"*1048577\r\n", TooLong, 0);
    refused(Side::Server, b"*-2\r\n", BadValue, 1);
    refused(Side::Client, b"*2147483647\r\n", TooLong, 13);
    refused(Side::Client, b"$-2\r\n", BadValue, 1);
    refused(Side::Client, b"%524289\r\n", TooLong, 9);
    // Each element takes bytes: so many do not fit the limit, whatever they are.
    refused(Side::Client, b"*349526\r\n", TooLong, 9);
    refused(Side::Server, b"*174763\r\n", TooLong, 9);
    refused(Side::Server, b"$-1\r\n", WrongDirection, 0);
}

#[test]
fn values_are_what_their_type_says() {
    let wrong = |frame: &[u8], offset| refused(Side::Client, frame, Cause::BadValue, offset);
    for bad in [
        "",
        "-",
        "+",
        "01",
        "-01",
        "1x",
        " 1",
        "9223372036854775808",
        "-9223372036854775809",
    ] {
        wrong(format!(":{bad}\r\n").as_bytes(), 1);
    }
    wrong(&[b":".as_slice(), &[b'1'; 22]].concat(), 1);
    for bad in [
        "", ".", "1.", ".5", "1e", "1e5.5", "+inf", "NaN", "1_0", "0x1",
    ] {
        wrong(format!(",{bad}\r\n").as_bytes(), 1);
    }
    for bad in ["", "-", "1.0", "1e5"] {
        wrong(format!("({bad}\r\n").as_bytes(), 1);
    }
    for bad in ["", "true", "T"] {
        wrong(format!("#{bad}\r\n").as_bytes(), 1);
    }
    wrong(b"_x", 1);
    wrong(b"+a\nb", 2);
    wrong(b"+a\rb", 2);
    wrong(b"=3\r\ntxt\r\n", 4);
    wrong(b"=4\r\ntxt \r\n", 4);
    wrong(b"=4\r\nt\xffx:\r\n", 4);
    wrong(b">0\r\n", 0);
    wrong(b"*1\r\n>1\r\n", 4);
    wrong(b"|1\r\n+a\r\n+b\r\n>1\r\n", 12);
    for streamed in ["$?", "*?", "%?"] {
        wrong(format!("{streamed}\r\n").as_bytes(), 1);
    }
    wrong(b";0\r\n", 0);
    refused(Side::Client, b"HTTP/1.1 400", Cause::BadMagic, 0);
    refused(Side::Client, b"*1\r\n@", Cause::BadMagic, 4);
}

#[test]
fn depth_is_bounded() {
    let bomb = nested(100_000);
    refused(Side::Client, &bomb, Cause::TooLong, 4 * MAX_NESTED);
    assert!(codec(Side::Client).decode(bomb.into()).is_err());
}

fn nested(depth: usize) -> Vec<u8> {
    ["*1\r\n".repeat(depth), ":1\r\n".to_owned()]
        .concat()
        .into_bytes()
}

/// A client can have a server send one: the others on its connection are not to suffer for it.
#[test]
fn a_reply_that_nests_deeply_is_passed_on_whole_but_not_listed() {
    let listed = one(Side::Client, &nested(MAX_DEPTH));
    assert_ne!(listed.field(ITEMS), &Value::Null);
    let within = |attribute: String, _| format!("|1\r\n{attribute}:1\r\n:2\r\n");
    let attributes = (0..=MAX_DEPTH).fold(":3\r\n".to_owned(), within);
    for (frame, label, number) in [
        (nested(MAX_DEPTH + 1), "array", Value::Null),
        (nested(MAX_NESTED), "array", Value::Null),
        (attributes.into_bytes(), "integer", 2_u8.into()),
    ] {
        let message = one(Side::Client, &frame);
        let mut expected = element(label, NUMBER, number);
        expected.push(Value::Null);
        assert_eq!(message.fields(), &expected);
        let mut out = BytesMut::new();
        let written = codec(Side::Server).encode(&Event::Head(message), &mut out);
        assert_eq!((written, &out[..]), (Ok(()), &frame[..]));
    }
}

#[test]
fn all_elements_of_a_frame_count() {
    let many = ["*2\r\n*1048574\r\n", &":1\r\n".repeat(100)].concat();
    let mut codec = Arc::new(Resp::new()).codec(Side::Client, MAX_FRAME);
    assert!(matches!(
        codec.delimit(many.as_bytes()),
        Ok(Delimited::Need(_))
    ));
    refused(Side::Client, b"*2\r\n*1048575\r\n", Cause::TooLong, 14);
}

#[test]
fn other_protocols_are_named() {
    for foreign in [
        &b"\x16\x03\x01"[..],
        b"POST / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n",
        b"SSH-2.0-x",
        b"PROXY TCP4",
        b"PRI * HTTP/2.0\r\n",
    ] {
        refused(Side::Server, foreign, Cause::ForeignProtocol, 0);
    }
    assert_eq!(name_of(&one(Side::Server, b"GET HTTP/1.1x\r\n")), "get");
    refused(Side::Server, b"\0", Cause::BadMagic, 0);
    refused(Side::Server, b"SET k \0", Cause::BadValue, 6);
    refused(Side::Server, b"PING\n", Cause::BadValue, 4);
    refused(Side::Server, b"+OK\r\n", Cause::WrongDirection, 0);
    refused(Side::Server, b"*1\r\n:1\r\n", Cause::WrongDirection, 4);
    refused(Side::Server, b"*1\r\nPING\r\n", Cause::BadMagic, 4);
    let endless = vec![b'a'; MAX_INLINE + 1];
    refused(Side::Server, &endless, Cause::BadValue, 0);
}

#[test]
fn good_frames_that_say_nothing_good_are_answered() {
    let error = |frame: &'static [u8]| {
        let mut codec = codec(Side::Server);
        let Ok(Delimited::Frame(len)) = codec.delimit(frame) else {
            panic!("{frame:?} is a frame");
        };
        assert_eq!(len.get(), frame.len());
        codec.decode(Bytes::from_static(frame)).unwrap_err()
    };
    let quoted = error(b"SET k \"a b\"\r\n");
    assert_eq!((quoted.recovery(), quoted.offset()), (Recovery::Answer, 6));
    for name in [
        &b"*1\r\n$0\r\n\r\n"[..],
        b"*1\r\n$1\r\n\xff\r\n",
        b"*1\r\n$3\r\na b\r\n",
    ] {
        assert_eq!(error(name).recovery(), Recovery::Answer);
    }
    for nothing in [&b"\r\n"[..], b"*0\r\n", b"*-1\r\n"] {
        assert_eq!(error(nothing).recovery(), Recovery::Skip, "{nothing:?}");
    }
}

#[test]
fn an_unfinished_frame_needs_what_it_still_takes() {
    let needs = |side, buf: &[u8], more: usize| {
        let more = NonZeroUsize::new(more).unwrap();
        assert_eq!(
            codec(side).delimit(buf),
            Ok(Delimited::Need(more)),
            "{buf:?}"
        );
    };
    needs(Side::Server, b"", 1);
    needs(Side::Server, b"*2\r\n", 12);
    needs(Side::Server, b"*2\r\n$100\r\n", 108);
    needs(Side::Server, b"*2\r\n$3\r\nGET\r\n$1\r\nk", 2);
    needs(Side::Client, b"$100\r\n12345", 97);
    needs(Side::Client, b"*3\r\n:1\r\n", 6);
    needs(Side::Client, b"+O", 1);
}

#[test]
fn every_truncation_is_incomplete_or_refused() {
    let row = BUILTIN.iter().find(|row| row.name == "resp").unwrap();
    for sample in row.corpus.iter().filter(|sample| !sample.is_bad()) {
        let whole = sample.bytes().unwrap();
        for side in [Side::Server, Side::Client] {
            if codec(side).delimit(&whole).is_err() {
                continue;
            }
            // One byte more each time, by one codec: it never needs to start again.
            let mut walker = codec(side);
            let end = (0..=whole.len())
                .find(|len| matches!(walker.delimit(&whole[..*len]), Ok(Delimited::Frame(_))));
            let Ok(Delimited::Frame(frame)) = codec(side).delimit(&whole) else {
                panic!("{} has a frame", sample.name);
            };
            assert_eq!(end, Some(frame.get()), "{}", sample.name);
        }
    }
}

/// Looking at all bytes again each time would take an hour.
#[test]
fn a_long_frame_may_come_in_single_bytes() {
    let text = ["+", &"x".repeat(LIMIT - 3), "\r\n"].concat();
    let numbers = ["*100000\r\n", &":12345\r\n".repeat(100_000)].concat();
    let nested = ["*2\r\n".repeat(30), "_\r\n".repeat(31)].concat();
    let data = [
        "*2\r\n$3\r\nSET\r\n$500000\r\n",
        &"x".repeat(500_000),
        "\r\n",
    ]
    .concat();
    let words = ["SET k ", &"x".repeat(60_000), "\r\n"].concat();
    for (side, frame) in [
        (Side::Client, text),
        (Side::Client, numbers),
        (Side::Client, nested),
        (Side::Server, data),
        (Side::Server, words),
    ] {
        let mut codec = codec(side);
        for len in 0..frame.len() {
            let found = codec.delimit(&frame.as_bytes()[..len]);
            assert!(matches!(found, Ok(Delimited::Need(_))), "{len}: {found:?}");
        }
        let whole = NonZeroUsize::new(frame.len()).unwrap();
        assert_eq!(codec.delimit(frame.as_bytes()), Ok(Delimited::Frame(whole)));
    }
}

// ---- writing

#[test]
fn commands_are_written_as_arrays() {
    let get = written(
        Side::Client,
        "get",
        vec![Value::Null, list([b"k"]), Value::Null],
    );
    assert_eq!(get.unwrap(), b"*2\r\n$3\r\nget\r\n$1\r\nk\r\n");
    let other = written(Side::Client, "other", vec!["x.y".into(), list([])]);
    assert_eq!(other.unwrap(), b"*1\r\n$3\r\nx.y\r\n");
}

#[track_caller]
fn unwritable(side: Side, name: &str, fields: Record, field: &str, problem: EncodeProblem) {
    let error = written(side, name, fields).unwrap_err();
    assert_eq!((error.field(), error.problem()), (field, &problem));
}

#[test]
fn commands_that_do_not_fit_are_refused() {
    use EncodeProblem::{Charset, NotInProtocol, OutOfRange, WrongType};
    let get = |side, [name, args, key]: [Value; 3], field, problem| {
        unwritable(side, "get", vec![name, args, key], field, problem);
    };
    let (none, k) = (Value::Null, || list([b"k"]));
    get(
        Side::Client,
        ["set".into(), k(), none.clone()],
        "name",
        OutOfRange,
    );
    get(
        Side::Client,
        [none.clone(), k(), bytes(b"l")],
        "key",
        OutOfRange,
    );
    get(
        Side::Client,
        [none.clone(), "k".into(), none.clone()],
        "args",
        WrongType,
    );
    get(Side::Server, [none.clone(), k(), none], "", NotInProtocol);
    for (name, problem) in [
        ("GET.X", Charset),
        ("a b", Charset),
        ("", Charset),
        ("get", OutOfRange),
    ] {
        unwritable(
            Side::Client,
            "other",
            vec![name.into(), k()],
            "name",
            problem,
        );
    }
}

#[track_caller]
fn no_reply(mut fields: Record, field: &str, problem: EncodeProblem) {
    fields.push(Value::Null);
    unwritable(Side::Server, "reply", fields, field, problem);
}

#[test]
fn values_that_do_not_fit_are_refused() {
    use EncodeProblem::{Charset, Missing, OutOfRange};
    no_reply(element("simple", TEXT, "a\r\n+b".into()), "text", Charset);
    no_reply(element("simple", TEXT, Value::Null), "text", Missing);
    no_reply(element("double", TEXT, "1.".into()), "text", Charset);
    no_reply(
        element("boolean", NUMBER, 2_u8.into()),
        "number",
        OutOfRange,
    );
    no_reply(
        element("integer", NUMBER, u64::MAX.into()),
        "number",
        OutOfRange,
    );
    no_reply(element("bulk", TEXT, "x".into()), "text", OutOfRange);
    no_reply(element("verbatim", TEXT, "text".into()), "text", Charset);
    // At the top these are an operation and a field.
    no_reply(element("error", TEXT, "x".into()), "type", OutOfRange);
    no_reply(
        element("attribute", ITEMS, Value::List(vec![])),
        "type",
        OutOfRange,
    );
    let coded = vec!["ERR x".into(), "WRONG".into(), Value::Null];
    unwritable(Side::Server, "error", coded, "code", OutOfRange);
}

#[test]
fn aggregates_that_do_not_fit_are_refused() {
    use EncodeProblem::{NotInProtocol, OutOfRange};
    let holding = |inner| Value::List(vec![Value::Record(inner)]);
    let null = || element("null", TEXT, Value::Null);
    no_reply(element("array", ITEMS, Value::Null), "", OutOfRange);
    no_reply(element("map", ITEMS, holding(null())), "items", OutOfRange);
    let attribute = element("attribute", ITEMS, Value::List(vec![]));
    no_reply(
        element("array", ITEMS, holding(attribute)),
        "items",
        OutOfRange,
    );
    let deep = (0..=MAX_DEPTH).fold(null(), |inner, _| element("array", ITEMS, holding(inner)));
    no_reply(deep, "items", OutOfRange);
    let empty = || vec![Value::List(vec![]), Value::Null];
    unwritable(Side::Server, "push", empty(), "items", OutOfRange);
    unwritable(Side::Client, "push", empty(), "", NotInProtocol);
}

#[test]
fn an_error_of_more_lines_is_written_on_one() {
    let fields = vec!["ERR a\r\n+OK".into(), Value::Null, Value::Null];
    let frame = written(Side::Server, "error", fields).unwrap();
    assert_eq!(frame, b"-ERR a  +OK\r\n");
    let read = one(Side::Client, b"!10\r\nERR a\r\n+OK\r\n");
    assert_eq!(read.fields()[0].as_str(), Some("ERR a  +OK"));
}

#[test]
fn an_untouched_message_is_written_as_it_came() {
    for (side, writer, frame) in [
        (Side::Server, Side::Client, &b"GET  k\r\n"[..]),
        (Side::Client, Side::Server, b"!5\r\nERR x\r\n"),
        (Side::Client, Side::Server, b"!6\r\nERR\r\nx\r\n"),
        (Side::Client, Side::Server, b":+7\r\n"),
    ] {
        let mut out = BytesMut::new();
        let message = one(side, frame);
        codec(writer)
            .encode(&Event::Head(message), &mut out)
            .unwrap();
        assert_eq!(out, frame);
    }
}

#[test]
fn a_reply_of_very_many_elements_is_passed_on_whole_but_not_listed() {
    let frame = |count: usize| [format!("*{count}\r\n"), ":1\r\n".repeat(count)].concat();
    let listed = one(Side::Client, frame(MAX_LISTED).as_bytes());
    assert_eq!(
        listed.field(ITEMS).as_list().map(<[Value]>::len),
        Some(MAX_LISTED)
    );
    let large = frame(MAX_LISTED + 1);
    let mut message = one(Side::Client, large.as_bytes());
    assert_eq!(message.field(ITEMS), &Value::Null);
    let mut out = BytesMut::new();
    let mut writer = codec(Side::Server);
    writer
        .encode(&Event::Head(message.clone()), &mut out)
        .unwrap();
    assert_eq!(out, large.as_bytes());
    // Without its frame it is no message: never an empty array.
    message.set_field(TEXT, Value::Null);
    assert!(writer.encode(&Event::Head(message), &mut out).is_err());
}

/// What nobody makes values of is held to its form all the same, however it is passed on.
#[test]
fn elements_that_are_not_listed_are_as_strict() {
    let deep = "*1\r\n".repeat(MAX_DEPTH + 1);
    let many = format!("*{}\r\n{}", MAX_LISTED + 2, ":1\r\n".repeat(MAX_LISTED + 1));
    let bad = [
        ":12x",
        ":",
        ":+",
        ":01",
        ":9223372036854775808",
        "#x",
        "#tt",
        "_x",
        ",x",
        ",1.",
        "(1x",
        "$-2",
        "*-0",
        "+a\rb",
        "=3\r\ntxt",
        "@",
    ];
    for (before, element) in [&deep, &many]
        .into_iter()
        .flat_map(|before| bad.map(|bad| (before, bad)))
    {
        let frame = [before, element, "\r\n"].concat();
        let mut reader = codec(Side::Client);
        assert!(reader.delimit(frame.as_bytes()).is_err(), "{element}");
        assert!(reader.scan(frame.as_bytes(), 1).is_err(), "{element}");
    }
    for before in [&deep, &many] {
        let frame = [before, ":12\r\n"].concat();
        assert_eq!(
            codec(Side::Client).scan(frame.as_bytes(), 1).unwrap().bytes,
            frame.len()
        );
    }
}

#[test]
fn every_fault_has_an_answer() {
    let resp = Resp::new();
    let answer = |class| {
        let request = one(Side::Server, b"PING\r\n");
        let reply = resp
            .reject(&Rejected::from(&request), &Fault::unsent(class, ""))
            .unwrap();
        let mut out = BytesMut::new();
        codec(Side::Server)
            .encode(&Event::Head(reply), &mut out)
            .unwrap();
        String::from_utf8(out.to_vec()).unwrap()
    };
    for (class, code) in [
        (FaultClass::BadRequest, "-ERR gateway: "),
        (FaultClass::Unrouted, "-ERR gateway: "),
        (FaultClass::Timeout, "-TIMEOUT gateway: "),
        (FaultClass::Unreachable, "-UNREACHABLE gateway: "),
        (FaultClass::BadReply, "-BADREPLY gateway: "),
        (FaultClass::Status(503), "-BADREPLY gateway: "),
        (FaultClass::Overload, "-OVERLOADED gateway: "),
        (FaultClass::Draining, "-DRAINING gateway: "),
        (FaultClass::Internal, "-ERR gateway: "),
    ] {
        assert!(
            answer(class).starts_with(code),
            "{class:?}: {}",
            answer(class)
        );
    }
}

// ---- the table

#[test]
fn every_command_is_found_by_its_name() {
    let names = Names::new();
    for (row, command) in (0_u16..).zip(commands::COMMANDS) {
        let name = command.name;
        assert_eq!(name, name.to_lowercase());
        if name.contains('|') {
            assert_eq!(names.find(name.as_bytes()), None, "{name}");
            continue;
        }
        for spelled in [name.to_owned(), name.to_uppercase()] {
            let found = names.find(spelled.as_bytes());
            assert_eq!(found.map(|(row, _)| row), Some(row), "{spelled}");
        }
        let others = [format!("{name}x"), format!("{name}\0"), format!("x{name}")];
        for other in others.iter().map(String::as_str).chain([&name[1..]]) {
            let known = commands::COMMANDS.iter().find(|c| c.name == other);
            assert_eq!(
                names.find(other.as_bytes()).map(|(_, c)| c),
                known,
                "{other}"
            );
        }
    }
}

#[test]
fn commands_need_what_they_need() {
    let resp = Resp::new();
    let operation = |name: &str| {
        let id: OperationId = resp.descriptor.operation_named(name).unwrap();
        resp.descriptor.operation(id)
    };
    for (name, needs) in [
        ("get", Needs::Nothing),
        ("hello", Needs::Replay),
        ("select", Needs::Replay),
        ("blpop", Needs::Exclusive),
        ("xread", Needs::Exclusive),
        ("multi", Needs::Bound),
        ("subscribe", Needs::Bound),
        ("client", Needs::Bound),
        ("client|setinfo", Needs::Nothing),
        ("script|load", Needs::Nothing),
        ("other", Needs::Bound),
    ] {
        assert_eq!(operation(name).needs, needs, "{name}");
    }
    assert_eq!(operation("get").retry, Retry::Idempotent);
    assert_eq!(operation("incr").retry, Retry::IfUnsent);
}

/// The next rows are its subcommands, no more and no fewer.
#[test]
fn a_subcommand_stands_behind_its_command() {
    let rows = commands::COMMANDS;
    let mut behind = 0;
    for (at, command) in rows.iter().enumerate() {
        let subcommands = &rows[at + 1..][..usize::from(command.subcommands)];
        let prefix = format!("{}|", command.name);
        assert!(subcommands.iter().all(|row| row.name.starts_with(&prefix)));
        behind += subcommands.len();
    }
    let bars = rows.iter().filter(|row| row.name.contains('|')).count();
    assert_eq!(behind, bars);
}

#[test]
fn a_subcommand_has_an_operation_if_it_needs_something_else() {
    let read = |bytes: &[u8]| one(Side::Server, bytes);
    let setinfo = b"*4\r\n$6\r\nCLIENT\r\n$7\r\nSetInfo\r\n$8\r\nlib-name\r\n$1\r\nx\r\n";
    let message = read(setinfo);
    assert_eq!(name_of(&message), "client|setinfo");
    assert_eq!(message.field(schema::ARGS), &list([b"lib-name", b"x"]));
    let inline = read(b"script load return\r\n");
    assert_eq!(name_of(&inline), "script|load");
    assert_eq!(inline.field(schema::ARGS), &list([b"return"]));
    let setname = read(b"*3\r\n$6\r\nclient\r\n$7\r\nSETNAME\r\n$1\r\nx\r\n");
    assert_eq!(name_of(&setname), "client");
    assert_eq!(setname.field(schema::ARGS), &list([b"SETNAME", b"x"]));
    assert_eq!(name_of(&read(b"*1\r\n$6\r\nclient\r\n")), "client");
    let barred = read(b"*1\r\n$14\r\nclient|setinfo\r\n");
    assert_eq!(name_of(&barred), "other");
}

#[test]
fn a_subcommand_is_written_as_two_words() {
    let fields = vec![Value::Null, list([b"lib-name", b"x"]), Value::Null];
    let frame = b"*4\r\n$6\r\nclient\r\n$7\r\nsetinfo\r\n$8\r\nlib-name\r\n$1\r\nx\r\n";
    let setinfo = written(Side::Client, "client|setinfo", fields);
    assert_eq!(setinfo.unwrap(), frame);
    let disguised = vec![Value::Null, list([b"SETINFO"]), Value::Null];
    let problem = EncodeProblem::OutOfRange;
    unwritable(Side::Client, "client", disguised, "args", problem);
}

// ---- frames that are passed on unread

fn scan(side: Side, bytes: &[u8], most: usize) -> Result<(usize, usize), Cause> {
    let scanned = codec(side)
        .scan(bytes, most)
        .map_err(|error| error.cause())?;
    Ok((scanned.frames, scanned.bytes))
}

#[test]
fn frames_are_counted_up_to_one_that_must_be_read() {
    let get = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
    let gets = get.repeat(3);
    let check = |more: &str, most, frames: usize| {
        let bytes = [&gets[..], more].concat();
        let expected = Ok((frames, frames * get.len()));
        assert_eq!(
            scan(Side::Server, bytes.as_bytes(), most),
            expected,
            "{more}"
        );
    };
    check("", 32, 3);
    check("", 2, 2);
    check("", 0, 0);
    check("*2\r\n$3\r\nGET\r\n", 32, 3);
    for read in [
        "*1\r\n$5\r\nMULTI\r\n",
        "*2\r\n$6\r\nCLIENT\r\n$4\r\nLIST\r\n",
        "*1\r\n$4\r\nnope\r\n",
        "PING\r\n",
        "\r\n",
        "@",
        "*0\r\n",
    ] {
        check(&[read, get].concat(), 32, 3);
    }
    assert_eq!(scan(Side::Server, b"@", 32), Err(Cause::BadMagic));
    let good = "+OK\r\n*2\r\n:1\r\n$-1\r\n_\r\n";
    for read in [
        ">1\r\n+x\r\n",
        "-ERR x\r\n",
        "!5\r\nERR x\r\n",
        "|0\r\n-ERR x\r\n",
    ] {
        let replies = [good, read, good].concat();
        let scanned = scan(Side::Client, replies.as_bytes(), 32);
        assert_eq!(scanned, Ok((3, good.len())), "{read}");
    }
}

#[test]
fn a_frame_that_must_be_read_is_found_by_the_next_call() {
    let mut codec = codec(Side::Server);
    let bytes = b"*1\r\n$4\r\nPING\r\n*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nPING\r\n";
    let scanned = codec.scan(bytes, 9).unwrap();
    assert_eq!((scanned.frames, scanned.bytes), (1, 14));
    assert_eq!(codec.scan(&bytes[14..], 9), Ok(Scanned::default()));
    let multi = NonZeroUsize::new(15).unwrap();
    assert_eq!(codec.delimit(&bytes[14..]), Ok(Delimited::Frame(multi)));
    assert_eq!(codec.scan(&bytes[29..], 9).unwrap().frames, 1);
}

#[test]
fn errors_of_the_server_are_told_from_those_of_requests() {
    let grade = |frame: &'static [u8]| {
        let Ok(Event::Head(reply)) = codec(Side::Client).decode(Bytes::from_static(frame)) else {
            panic!("a reply")
        };
        Resp::new().descriptor.grade(&reply)
    };
    for (frame, expected) in [
        (&b"+OK\r\n"[..], Grade::Fine),
        (b"-ERR unknown command\r\n", Grade::Refused),
        (b"-LOADINGS x\r\n", Grade::Refused),
        (b"-LOADING the dataset\r\n", Grade::Failed),
        (b"!12\r\nMASTERDOWN x\r\n", Grade::Failed),
        (b"|0\r\n-BUSY\r\n", Grade::Failed),
        (b"*1\r\n-LOADING x\r\n", Grade::Fine),
    ] {
        assert_eq!(grade(frame), expected, "{frame:?}");
    }
}

#[test]
fn a_codec_is_small() {
    assert!(size_of::<RespCodec>() <= 192, "{}", size_of::<RespCodec>());
}

#[test]
fn a_string_that_is_too_long_says_where_it_ends() {
    let resp: Arc<dyn Protocol> = Arc::new(Resp::new());
    let mut codec = resp.codec(Side::Client, 100);
    for frame in [&b"$200\r\nab"[..], b"=200\r\n", b"!200\r\n"] {
        let cause = codec.delimit(frame).map_err(|e| e.cause());
        assert_eq!(cause, Err(Cause::TooLong));
        let frame_of = Overlong::Frame {
            length: 208,
            correlation: Correlation::None,
        };
        assert_eq!(codec.overlong(frame), frame_of);
    }
    assert_eq!(codec.overlong(b"$20"), Overlong::Need);
    assert_eq!(codec.overlong(b"*200\r\n"), Overlong::Unknown);
    assert_eq!(codec.overlong(b"$2x\r\n"), Overlong::Unknown);
}
