use super::*;
use std::borrow::Cow;

fn read(text: &str) -> Result<Headers, WrongLine> {
    let text = ByteString::from(text);
    let mut lines = HeaderLines::of(&text);
    let mut at = 0;
    while let Some(line) = lines.read(at)? {
        lines.keep(&line);
        at = line.next;
    }
    Ok(lines.finish())
}

fn pairs<'h>(headers: &'h Headers) -> Vec<(&'h str, &'h str)> {
    let pair = |header: Header<'h>| (header.name(), header.value());
    headers.iter().map(pair).collect()
}

fn written(headers: &Headers, passes: impl FnMut(Header<'_>) -> bool) -> String {
    let mut out = BytesMut::new();
    headers.write(&mut out, passes);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn fields_are_written_in_one_form_however_they_came() {
    let headers = read("A: b\r\nC:\td \t\r\nE:\r\nF: g h\r\nI: \u{e9}\r\n\r\n").unwrap();
    let expected = [
        ("A", "b"),
        ("C", "d"),
        ("E", ""),
        ("F", "g h"),
        ("I", "\u{e9}"),
    ];
    assert_eq!(pairs(&headers), expected);
    let all = "A: b\r\nC: d\r\nE: \r\nF: g h\r\nI: \u{e9}\r\n";
    assert_eq!(written(&headers, |_| true), all);
    assert_eq!(headers.size(), all.len());
    let some = written(&headers, |header| !["A", "F"].contains(&header.name()));
    assert_eq!(some, "C: d\r\nE: \r\nI: \u{e9}\r\n");
}

#[test]
fn what_lies_together_is_written_together_and_nothing_between() {
    let headers = read("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n").unwrap();
    for left_out in ["A", "B", "C", "D"] {
        let others = ["A: 1\r\n", "B: 2\r\n", "C: 3\r\n", "D: 4\r\n"];
        let others: Vec<_> = (others.iter().copied())
            .filter(|line| !line.starts_with(left_out))
            .collect();
        let some = written(&headers, |header| header.name() != left_out);
        assert_eq!(some, others.concat());
    }
}

#[test]
fn lines_that_are_no_fields_are_refused_where_they_go_wrong() {
    let long = |behind: &str| format!("Name: {}{behind}\r\n\r\n", "v".repeat(100));
    let rows = [
        (" A: b\r\n\r\n".to_owned(), WrongLine::Name(0)),
        (": b\r\n\r\n".to_owned(), WrongLine::Name(0)),
        ("A: b\r\n\0: c\r\n\r\n".to_owned(), WrongLine::Name(6)),
        ("A : b\r\n\r\n".to_owned(), WrongLine::Colon(1)),
        ("A\r\n\r\n".to_owned(), WrongLine::Colon(1)),
        ("A\u{e9}: b\r\n\r\n".to_owned(), WrongLine::Colon(1)),
        ("A: b\nC: d\r\n\r\n".to_owned(), WrongLine::Value(4)),
        ("A: \0\r\n\r\n".to_owned(), WrongLine::Value(3)),
        (long("\x7f"), WrongLine::Value(106)),
        (long("\t\x1f"), WrongLine::Value(107)),
        ("A: b\rC: d\r\n\r\n".to_owned(), WrongLine::End(4)),
        ("A: b\r\n\rC".to_owned(), WrongLine::End(6)),
        ("A: b".to_owned(), WrongLine::Cut),
        ("A: b\r".to_owned(), WrongLine::Cut),
        ("A: b\r\n".to_owned(), WrongLine::Cut),
        ("A".to_owned(), WrongLine::Cut),
    ];
    for (text, expected) in rows {
        assert_eq!(read(&text), Err(expected), "{text:?}");
    }
}

/// Bytes of a value are looked at eight at a time: wherever one stands, it is found.
#[test]
fn no_control_character_is_overlooked() {
    for byte in 0..=0x7f_u8 {
        for before in 0..20 {
            let value = format!("{}{}z", "y".repeat(before), char::from(byte));
            let text = format!("a: {value}\r\n\r\n");
            let good = is_value(byte);
            let headers = read(&text);
            assert_eq!(headers.is_ok(), good, "{text:?}");
            assert_eq!(
                NewHeaders::default().add("a", &value).is_ok(),
                good && (before > 0 || !is_space_byte(byte))
            );
            if let Ok(headers) = headers {
                assert_eq!(pairs(&headers), [("a", value.trim_matches([' ', '\t']))]);
            }
        }
    }
}

const fn is_space_byte(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[test]
fn nothing_that_is_given_becomes_another_field() {
    let bad = [
        ("", "v"),
        ("a b", "v"),
        ("a:", "v"),
        ("a\r\nb", "v"),
        ("a\u{e9}", "v"),
        ("a", " v"),
        ("a", "v\t"),
        ("a", "v\r\nb: c"),
        ("a", "\0"),
        ("a", "\x7f"),
    ];
    for (name, value) in bad {
        let mut headers = NewHeaders::default();
        assert_eq!(
            headers.add(name, value),
            Err(WrongHeader),
            "{name:?} {value:?}"
        );
        assert!(headers.finish().is_empty());
        let record = Value::Record(vec![name.into(), value.into()]);
        let list = Value::List(vec![record]);
        assert_eq!(Headers::of(&list).err(), Some(NotHeaders::Field));
    }
    let list = Value::List(vec![Value::from("a: b")]);
    assert_eq!(Headers::of(&list).err(), Some(NotHeaders::Type));
}

#[test]
fn made_fields_are_those_that_were_given() {
    let given = read("A:b\r\nC: d\r\nHost: e\r\n\r\n").unwrap();
    let mut made = NewHeaders::with_capacity(16);
    made.add("x", "").unwrap();
    made.add_from(&given, |header| header.role() != Role::Host);
    made.add("via", "1.1 a").unwrap();
    let made = made.finish();
    assert_eq!(
        pairs(&made),
        [("x", ""), ("A", "b"), ("C", "d"), ("via", "1.1 a")]
    );
    assert_eq!(
        written(&made, |_| true),
        "x: \r\nA: b\r\nC: d\r\nvia: 1.1 a\r\n"
    );
    let mut all = BytesMut::new();
    made.write_all(&mut all);
    assert_eq!(all, written(&made, |_| true));
    all.clear();
    given.write_all(&mut all);
    assert_eq!(all, "A: b\r\nC: d\r\nHost: e\r\n");
    assert!(given.roles().has(Role::Host) && !made.roles().has(Role::Host));
}

#[test]
fn they_are_a_list_of_structures() {
    let headers = read("A: b\r\nA: c\r\n\r\n").unwrap();
    let record = |value: &str| Value::Record(vec!["A".into(), value.into()]);
    let list = Value::List(vec![record("b"), record("c")]);
    assert_eq!(Value::Headers(headers.clone()), list);
    assert_eq!(list, Value::Headers(headers.clone()));
    assert_ne!(
        Value::Headers(headers.clone()),
        Value::List(vec![record("b")])
    );
    assert_eq!(Headers::of(&list).map(Cow::into_owned), Ok(headers));
    let none = read("\r\n").unwrap();
    assert_eq!(Value::Headers(none), Value::List(Vec::new()));
}

/// Bytes of a name are looked at eight at a time: whichever stands where, it is told.
#[test]
fn each_byte_of_a_run_is_looked_at() {
    for byte in 0..=u8::MAX {
        for (before, after) in (0..20).flat_map(|before| [(before, 0), (before, 3), (before, 9)]) {
            let bytes = [&vec![b'z'; before][..], &[byte], &vec![b'-'; after], b":"].concat();
            let expected = bytes.iter().position(|byte| !is_token(*byte));
            let found = run(&bytes, &WORDS, is_token);
            assert_eq!(Some(found), expected, "{}", bytes.escape_ascii());
        }
    }
}

/// What the library of HTTP/2 takes for a name is one here.
#[test]
fn names_of_the_library_are_tokens() {
    for byte in 0..=u8::MAX {
        if http::HeaderName::from_bytes(&[byte]).is_ok() {
            assert!(is_token(byte), "{byte:#x}");
        }
        assert_eq!(
            is_token(byte),
            TCHARS.contains(&byte) || byte.is_ascii_alphanumeric()
        );
    }
}

/// RFC 9110, 5.6.2.
const TCHARS: &[u8] = b"!#$%&'*+-.^_`|~";
