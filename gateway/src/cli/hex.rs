//! Bytes as hexadecimal digits.

use std::fmt::{self, Write as _};

/// Why a text is not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HexError {
    /// A character that is no digit, at this place: line and column, from 1.
    NotADigit { line: usize, column: usize },
    /// The last byte has one digit only.
    HalfAByte,
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotADigit { line, column } => {
                write!(f, "no hexadecimal digit at line {line}, character {column}")
            }
            Self::HalfAByte => f.write_str("the last byte has only one hexadecimal digit"),
        }
    }
}

/// The bytes that a text spells. White space and colons between digits mean nothing; `#` begins
/// a comment up to the end of its line.
pub(super) fn parse(text: &str) -> Result<Vec<u8>, HexError> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let mut high = None;
    for (line, code) in text.lines().enumerate() {
        let digits = code.split('#').next().unwrap_or_default();
        for (column, character) in digits.chars().enumerate() {
            if character.is_whitespace() || character == ':' {
                continue;
            }
            let digit = character
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
                .ok_or(HexError::NotADigit {
                    line: line + 1,
                    column: column + 1,
                })?;
            match high.take() {
                None => high = Some(digit),
                Some(high) => bytes.push(high << 4 | digit),
            }
        }
    }
    match high {
        None => Ok(bytes),
        Some(_) => Err(HexError::HalfAByte),
    }
}

/// Bytes as digits, two each.
pub(super) fn show(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_through_spaces_and_comments() {
        let text = "# a frame\nac 4d:00 # its head\n0C\n";
        assert_eq!(parse(text), Ok(vec![0xac, 0x4d, 0, 0x0c]));
        assert_eq!(parse(""), Ok(Vec::new()));
        assert_eq!(parse("a c"), Ok(vec![0xac]));
        assert_eq!(parse("ac 4"), Err(HexError::HalfAByte));
        let wrong = HexError::NotADigit { line: 2, column: 3 };
        assert_eq!(parse("ac\n4dg0"), Err(wrong));
        assert_eq!(parse(&show(&[0, 255, 16])), Ok(vec![0, 255, 16]));
    }
}
