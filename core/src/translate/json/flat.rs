//! Picks the wanted values out of the usual answer: one object of ASCII texts, whole numbers, truth
//! values and nulls. It either reads the whole document or leaves it, valid or not, to the general
//! reader, which costs more and knows all of JSON.

use super::escape::next_unusual;
use super::extract::put;
use super::paths::{Node, Paths};
use crate::message::Value;
use bytes::Bytes;
use bytestring::ByteString;

/// The most digits that surely fit 64 bits.
const DIGITS: usize = 18;

/// Picks the values of the paths, if the document is as simple as that: says whether it was.
/// Otherwise some may be picked.
pub(super) fn pick(paths: &Paths, document: &Bytes, picked: &mut [Value]) -> bool {
    let root = paths.root();
    let mut reader = Reader {
        document,
        rest: document,
    };
    let read = reader.object(|name, value| {
        if let Some((_, node)) = root.members.iter().find(|(n, _)| n.as_bytes() == name) {
            fill(node, value, picked);
        }
    });
    read.is_some() && reader.rest.is_empty() && root.wanted.is_none()
}

/// A member that comes again counts anew, and there is nothing below a value without members.
fn fill(node: &Node, value: Value, picked: &mut [Value]) {
    if !node.is_leaf() {
        node.places(&mut |place| put(picked, place, Value::Null));
    }
    if let Some(place) = node.wanted {
        put(picked, place, value);
    }
}

struct Reader<'a> {
    document: &'a Bytes,
    /// What was not read yet.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn object(&mut self, mut member: impl FnMut(&[u8], Value)) -> Option<()> {
        self.skip_space();
        self.token(b"{")?;
        loop {
            let name = self.text()?;
            self.skip_space();
            self.token(b":")?;
            let value = self.value()?;
            member(name, value);
            self.skip_space();
            if self.token(b",").is_none() {
                break;
            }
        }
        self.token(b"}")
    }

    fn token(&mut self, token: &[u8]) -> Option<()> {
        self.take(token)?;
        self.skip_space();
        Some(())
    }

    #[inline]
    fn skip_space(&mut self) {
        // Most documents have none.
        if self.rest.first().is_some_and(|byte| *byte <= b' ') {
            self.skip_spaces();
        }
    }

    fn skip_spaces(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn take(&mut self, token: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    fn value(&mut self) -> Option<Value> {
        match self.rest.first()? {
            b'"' => {
                let text = self.document.slice_ref(self.text()?);
                ByteString::try_from(text).ok().map(Value::Str)
            }
            b't' => self.take(b"true").map(|()| Value::Bool(true)),
            b'f' => self.take(b"false").map(|()| Value::Bool(false)),
            b'n' => self.take(b"null").map(|()| Value::Null),
            _ => self.integer(),
        }
    }

    /// An ASCII text without escapes.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.take(b"\"")?;
        let (text, rest) = self.rest.split_at_checked(next_unusual(self.rest)?)?;
        self.rest = rest;
        self.take(b"\"")?;
        Some(text)
    }

    fn integer(&mut self) -> Option<Value> {
        let negative = self.take(b"-").is_some();
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit());
        let (count, n) = digits.take(DIGITS).fold((0, 0), |(count, n), digit| {
            (count + 1, 10 * n + i64::from(digit - b'0'))
        });
        // No digit in front may be 0, and `-0` is a float.
        let canonical = match self.rest {
            [b'0', ..] => count == 1 && !negative,
            _ => count > 0,
        };
        self.rest = self.rest.get(count..)?;
        // What follows may go on with the number; none of that is a token here.
        canonical.then(|| Value::from(if negative { -n } else { n }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::extract::{Picked, extract_any};
    use super::*;
    use crate::expr::Step;

    const DOCUMENTS: [&str; 4] = [
        r#"{"a":"text","b":{"c":1},"a":-120}"#,
        "{\"a\": true ,\n\"b\":\t\"\",\"c\":999999999999999999,\"a\":null}\r ",
        r#"{"a":{},"b":[0],"a":false}"#,
        "{\"x\":0,\"a\":\"é\u{1f600}\"}",
    ];
    const TEXTS: [&str; 22] = [
        "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "0", "1", "-", "+", ".", "e", "é", "\n",
        "\u{1}", "\u{7f}", "true", "null", "",
    ];

    fn paths() -> Paths {
        let (a, b, c) = (Step::Name("a"), Step::Name("b"), Step::Name("c"));
        let mut paths = Paths::default();
        for path in [&[a][..], &[a, b], &[a, Step::Index(0)], &[b, c], &[b]] {
            paths.intern(path);
        }
        paths
    }

    fn picked(document: &str) -> Option<Picked> {
        let paths = paths();
        let mut picked = paths.unset();
        let document = Bytes::copy_from_slice(document.as_bytes());
        pick(&paths, &document, &mut picked).then_some(picked)
    }

    #[test]
    fn what_it_reads_the_general_reader_reads_the_same() {
        let paths = paths();
        let mut read = 0;
        for document in DOCUMENTS {
            for (at, c) in document.char_indices() {
                let (before, after) = (&document[..at], &document[at + c.len_utf8()..]);
                for text in TEXTS {
                    let document = format!("{before}{text}{after}");
                    if let Some(picked) = picked(&document) {
                        let mut expected = paths.unset();
                        let body = Bytes::from(document);
                        let done = extract_any(&paths, &body, &mut expected);
                        assert_eq!(done.map(|()| expected), Ok(picked), "{body:?}");
                        read += 1;
                    }
                }
            }
        }
        assert!(read > 150, "{read}");
    }

    #[test]
    fn flat_objects_are_read_and_others_are_left() {
        for (document, is_read) in [
            (r#"{"status":0,"payload":"cnJy"}"#, true),
            (" { \"a\" : -1 , \"b\" : null } ", true),
            (r#"{"a":1234567890123456789}"#, false),
            (r#"{"a":-0}"#, false),
            (r#"{"a":1.0}"#, false),
            (r#"{"a":"\n"}"#, false),
            (r#"{"a":"é"}"#, false),
            (r#"{"a":1}}"#, false),
            (r#"{"a":1,}"#, false),
            ("{}", false),
        ] {
            let read = picked(document).is_some();
            assert_eq!(read, is_read, "{document}");
        }
    }
}
