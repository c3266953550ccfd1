//! Percent-encoding (RFC 3986, section 2.1), read.

use bytestring::ByteString;

/// A byte, or nothing where `%` is not followed by two hexadecimal digits.
type Decoded = Option<u8>;

/// The bytes that a text stands for.
fn bytes(text: &str) -> impl Iterator<Item = Decoded> {
    let mut rest = text.as_bytes();
    std::iter::from_fn(move || {
        let (first, after) = rest.split_first()?;
        rest = after;
        if *first != b'%' {
            return Some(Some(*first));
        }
        let [high, low, after @ ..] = rest else {
            return Some(None);
        };
        let digits = digit(*high).zip(digit(*low));
        rest = after;
        Some(digits.map(|(high, low)| high << 4 | low))
    })
}

const fn digit(byte: u8) -> Decoded {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Whether a segment stands for this text.
pub(super) fn is(raw: &str, text: &str) -> bool {
    if raw.contains('%') {
        bytes(raw).eq(text.bytes().map(Some))
    } else {
        raw == text
    }
}

/// Whether a segment stands for text.
pub(super) fn is_text(raw: &str) -> bool {
    !raw.contains('%') || decoded_bytes(raw).is_some_and(|bytes| str::from_utf8(&bytes).is_ok())
}

/// Whether a segment has a slash of its own.
pub(super) fn has_slash(raw: &str) -> bool {
    raw.contains('%') && bytes(raw).any(|byte| byte == Some(b'/'))
}

/// Whether some server finds a segment `.` or `..` in this one, in any spelling: there are those that
/// decode slashes first, that take a backslash for one, or that leave out what a semicolon begins.
pub(super) fn has_dots(raw: &str) -> bool {
    if !raw.bytes().any(|byte| matches!(byte, b'.' | b'%')) {
        return false;
    }
    let has_dots = |segment: &[u8]| {
        let pieces = segment.split(|byte| matches!(byte, b'/' | b'\\'));
        let mut names = pieces.map_while(|piece| piece.split(|byte| *byte == b';').next());
        names.any(|name| matches!(name, b"." | b".."))
    };
    if raw.contains('%') {
        return decoded_bytes(raw).is_some_and(|segment| has_dots(&segment));
    }
    has_dots(raw.as_bytes())
}

/// The text that this part of a text stands for, if it is UTF-8: a slice where nothing is encoded.
pub(super) fn decoded(of: &ByteString, raw: &str) -> Option<ByteString> {
    if !raw.contains('%') {
        return Some(of.slice_ref(raw));
    }
    ByteString::try_from(decoded_bytes(raw)?).ok()
}

fn decoded_bytes(raw: &str) -> Option<Vec<u8>> {
    bytes(raw).collect()
}

/// The same of a name or a value in a query, where a plus stands for a space (WHATWG URL, section
/// 5.1).
pub(crate) fn form_decoded(of: &ByteString, raw: &str) -> Option<ByteString> {
    if !raw.contains('+') {
        return decoded(of, raw);
    }
    let spaced = ByteString::from(raw.replace('+', " "));
    decoded(&spaced, &spaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Option<String> {
        let of = ByteString::from(raw);
        decoded(&of, &of).map(|text| text.to_string())
    }

    #[test]
    fn text_is_decoded_once_and_only_if_it_is_utf_8() {
        for (raw, expected) in [
            ("", Some("")),
            ("abc", Some("abc")),
            ("a%2Fb%2f", Some("a/b/")),
            ("%25%32%65", Some("%2e")),
            ("%C3%A9+", Some("é+")),
            ("%C3", None),
            ("%ff", None),
            ("%", None),
            ("%4", None),
            ("a%4g", None),
            ("%+1", None),
        ] {
            assert_eq!(read(raw).as_deref(), expected, "{raw}");
        }
        let of = ByteString::from("a+b%2B%20");
        assert_eq!(form_decoded(&of, &of).as_deref(), Some("a b+ "));
    }

    #[test]
    fn dots_are_found_in_every_spelling() {
        for dots in [
            ".",
            "..",
            "%2e",
            "%2E.",
            ".%2e",
            "%2e%2E",
            "..%2f",
            "a%2F.",
            "a\\..",
            "..%5ca",
            "..;",
            ".;a=b",
            "..%3Ba",
            "a;b%2f..;c",
        ] {
            assert!(has_dots(dots), "{dots}");
        }
        for other in [
            "",
            "...",
            ".a",
            "a.",
            "%2f",
            "%2e%2e%2e",
            "%252e",
            "a..%2f",
            "a;..",
            "...;",
            "..%252f",
        ] {
            assert!(!has_dots(other), "{other}");
        }
    }
}
