//! Durations, paragraphs and JSON, for people.

use serde::Serialize as _;
use serde_json::Value;
use std::fmt;
use std::io;
use std::time::Duration;

/// A duration for people: three digits or so.
pub(super) struct Took(pub(super) Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0.as_secs_f64() * 1e6;
        match us {
            ..1_000.0 => write!(f, "{us:.0} us"),
            ..10_000.0 => write!(f, "{:.1} ms", us / 1e3),
            _ => write!(f, "{:.0} ms", us / 1e3),
        }
    }
}

/// Lines of at most `width` characters, broken between words.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// JSON on one line, with room to breathe.
pub(super) fn spaced(json: &Value) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Spaced);
    // Writing a tree into memory cannot fail.
    let _ = json.serialize(&mut serializer);
    String::from_utf8_lossy(&text).into_owned()
}

struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_have_the_digits_that_matter() {
        for (us, text) in [
            (0, "0 us"),
            (999, "999 us"),
            (1_000, "1.0 ms"),
            (9_940, "9.9 ms"),
            (156_400, "156 ms"),
        ] {
            assert_eq!(Took(Duration::from_micros(us)).to_string(), text);
        }
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrapped("a bc  def g", 4), ["a bc", "def", "g"]);
        assert_eq!(wrapped("overlong a", 4), ["overlong", "a"]);
    }

    #[test]
    fn json_has_room_and_is_still_json() {
        let json = json!({"a": {"b": 1, "c": "x:y,z"}, "d": [1, 2]});
        let text = spaced(&json);
        assert_eq!(text, r#"{"a": {"b": 1, "c": "x:y,z"}, "d": [1,2]}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json);
    }
}
