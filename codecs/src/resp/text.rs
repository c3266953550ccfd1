//! What the texts between a type byte and the end of its line may be.

use std::borrow::Cow;

/// Digits of the largest length that is looked at: no limit needs more.
const DIGITS: usize = 10;
/// Longer than any double is written.
pub(super) const DOUBLE: usize = 384;
/// The longest big number, in characters.
pub(super) const BIG_NUMBER: usize = 4096;
/// A sign and the digits of 64 bits.
pub(super) const INTEGER: usize = 20;

/// How far a length could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// All of its line, which takes so many bytes with its end.
    Is { value: usize, line: usize },
    /// Its line goes on behind the bytes that are there.
    Short,
    /// This byte cannot be there.
    Wrong { at: usize },
}

/// A length in decimal digits, without sign or leading zeros, and the end of its line.
#[inline]
pub(super) fn length(input: &[u8]) -> Counted {
    // Nearly all lengths have one digit or two.
    match input {
        [digit @ b'0'..=b'9', b'\r', b'\n', ..] => Counted::Is {
            value: usize::from(digit & 0x0f),
            line: 3,
        },
        [tens @ b'1'..=b'9', ones @ b'0'..=b'9', b'\r', b'\n', ..] => Counted::Is {
            value: usize::from((tens & 0x0f).wrapping_mul(10).wrapping_add(ones & 0x0f)),
            line: 4,
        },
        _ => any_length(input),
    }
}

fn any_length(input: &[u8]) -> Counted {
    let mut value = 0_usize;
    for (at, byte) in input.iter().enumerate() {
        match byte {
            b'0'..=b'9' if at < DIGITS && (at == 0 || value > 0) => {
                let digit = usize::from(byte & 0x0f);
                value = value.saturating_mul(10).saturating_add(digit);
            }
            b'\r' if at > 0 => {
                let end = at.saturating_add(1);
                return match input.get(end) {
                    Some(b'\n') => Counted::Is {
                        value,
                        line: end.saturating_add(1),
                    },
                    Some(_) => Counted::Wrong { at: end },
                    None => Counted::Short,
                };
            }
            _ => return Counted::Wrong { at },
        }
    }
    Counted::Short
}

/// A signed integer of 64 bits.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let digits = unsigned(text);
    if !is_digits(digits) || (digits.len() > 1 && digits.starts_with(b"0")) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `[+|-]digits[.digits][e[+|-]digits]`, `inf`, `-inf` or `nan`.
pub(super) fn is_double(text: &[u8]) -> bool {
    if text.len() > DOUBLE {
        return false;
    }
    if matches!(text, b"inf" | b"-inf" | b"nan") {
        return true;
    }
    let (mantissa, exponent) = split(text, |byte| matches!(byte, b'e' | b'E'));
    let (whole, fraction) = split(unsigned(mantissa), |byte| byte == b'.');
    is_digits(whole)
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(|exponent| is_digits(unsigned(exponent)))
}

/// `[+|-]digits`
pub(super) fn is_big_number(text: &[u8]) -> bool {
    text.len() <= BIG_NUMBER && is_digits(unsigned(text))
}

/// A text with blanks for the ends of its lines.
pub(super) fn on_one_line(text: &str) -> Cow<'_, str> {
    match is_one_line(text.as_bytes()) {
        true => text.into(),
        false => text.replace(['\r', '\n'], " ").into(),
    }
}

/// What a simple string or the message of a simple error can hold.
pub(super) fn is_one_line(text: &[u8]) -> bool {
    !text.iter().any(|byte| matches!(byte, b'\r' | b'\n'))
}

/// What may stand before the colon of a verbatim string.
pub(super) fn is_format(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_graphic)
}

fn is_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

fn unsigned(text: &[u8]) -> &[u8] {
    match text {
        [b'+' | b'-', digits @ ..] => digits,
        _ => text,
    }
}

fn split(text: &[u8], separates: impl Fn(u8) -> bool) -> (&[u8], Option<&[u8]>) {
    let Some(at) = text.iter().position(|byte| separates(*byte)) else {
        return (text, None);
    };
    let (before, after) = text.split_at(at);
    (before, after.get(1..))
}
