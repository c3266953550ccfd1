//! How a value becomes text.

use super::op::expected;
use super::{EvalError, Problem};
use crate::message::Value;
use std::fmt::Write;

/// How `{expr:FORMAT}` writes its value: `[<|>][0][width][d|x|X|b|o]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// On which side the value stands; numbers right and text left unless it is given.
    pub align: Option<Align>,
    /// The smallest number of characters. A longer value is never cut.
    pub width: u16,
    /// Whether zeros fill the width of a number.
    pub zero: bool,
    /// How an integer is written; given only for integers.
    pub radix: Option<Radix>,
}

/// On which side a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// `<`: spaces follow it.
    Left,
    /// `>`: spaces come first.
    Right,
}

/// How an integer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Radix {
    /// `d`
    Decimal,
    /// `x`
    LowerHex,
    /// `X`
    UpperHex,
    /// `b`
    Binary,
    /// `o`
    Octal,
}

/// The widest format, in characters.
const MAX_WIDTH: u16 = 1024;

impl Radix {
    const fn of(letter: char) -> Option<Self> {
        Some(match letter {
            'd' => Self::Decimal,
            'x' => Self::LowerHex,
            'X' => Self::UpperHex,
            'b' => Self::Binary,
            'o' => Self::Octal,
            _ => return None,
        })
    }
}

impl Format {
    /// Reads `[<|>][0][width][d|x|X|b|o]`.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let (align, rest) = match text.strip_prefix(['<', '>']) {
            Some(rest) if text.starts_with('<') => (Some(Align::Left), rest),
            Some(rest) => (Some(Align::Right), rest),
            None => (None, text),
        };
        let (radix, rest) = match rest.chars().next_back().and_then(Radix::of) {
            Some(radix) => (Some(radix), rest.get(..rest.len() - 1).unwrap_or_default()),
            None => (None, rest),
        };
        let zero = rest.starts_with('0');
        let width = match rest {
            "" => 0,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                digits.parse().unwrap_or(u16::MAX)
            }
            _ => return Err("a format is `[<|>][0][width][d|x|X|b|o]`"),
        };
        match (zero, align) {
            _ if text.is_empty() => Err("there is no format after the `:`"),
            _ if width > MAX_WIDTH => Err("a width is at most 1024"),
            (true, Some(_)) => Err("zeros fill from the left: `0` does not go with `<` or `>`"),
            (true, None) if width == 0 => Err("the width after the `0` is missing"),
            _ => Ok(Self {
                align,
                width,
                zero,
                radix,
            }),
        }
    }

    /// Whether only integers can be written so.
    #[must_use]
    pub const fn needs_integer(&self) -> bool {
        self.zero || self.radix.is_some()
    }

    /// Appends a value.
    pub(super) fn write(&self, value: &Value, out: &mut String) -> Result<(), EvalError> {
        let start = out.len();
        match value {
            Value::Int(n) => self.write_integer(*n, out),
            other if self.needs_integer() => return Err(expected("an integer", other)),
            other => write(other, out)?,
        }
        let written = out.get(start..).map_or(0, |text| text.chars().count());
        let missing = usize::from(self.width).saturating_sub(written);
        let number = matches!(value, Value::Int(_) | Value::Float(_));
        match self
            .align
            .unwrap_or(if number { Align::Right } else { Align::Left })
        {
            _ if missing == 0 => {}
            Align::Left => out.extend(std::iter::repeat_n(' ', missing)),
            Align::Right => out.insert_str(start, &" ".repeat(missing)),
        }
        Ok(())
    }

    fn write_integer(&self, n: i128, out: &mut String) {
        let magnitude = n.unsigned_abs();
        let sign = if n < 0 { "-" } else { "" };
        let width = if self.zero {
            usize::from(self.width).saturating_sub(sign.len())
        } else {
            0
        };
        // Writing to a String does not fail.
        let _ = match self.radix.unwrap_or(Radix::Decimal) {
            Radix::Decimal => write!(out, "{sign}{magnitude:0width$}"),
            Radix::LowerHex => write!(out, "{sign}{magnitude:0width$x}"),
            Radix::UpperHex => write!(out, "{sign}{magnitude:0width$X}"),
            Radix::Binary => write!(out, "{sign}{magnitude:0width$b}"),
            Radix::Octal => write!(out, "{sign}{magnitude:0width$o}"),
        };
    }
}

/// Appends a value's usual text: integers in decimal, floats as short as they can be.
pub(super) fn write(value: &Value, out: &mut String) -> Result<(), EvalError> {
    // Writing to a String does not fail.
    let _ = match value {
        Value::Str(text) => out.write_str(text),
        Value::Int(n) => {
            write_int(*n, out);
            Ok(())
        }
        Value::Bool(b) => write!(out, "{b}"),
        Value::Float(x) if !x.is_finite() => {
            return Err(EvalError::new(
                Problem::Overflow,
                "a float that is not finite has no text form",
            ));
        }
        // Plain digits within the range in which JavaScript writes them, too.
        Value::Float(x) if *x == 0.0 || (1e-7..1e21).contains(&x.abs()) => write!(out, "{x}"),
        Value::Float(x) => write!(out, "{x:e}"),
        other => return Err(expected("a value with a text form", other)),
    };
    Ok(())
}

/// Appends an integer in decimal. Those that are on wires have few digits, and the general way of
/// formatting costs more than all of theirs.
pub(crate) fn write_int(n: i128, out: &mut String) {
    match u64::try_from(n) {
        Ok(n) => write_digits(n, out),
        // Writing to a String does not fail.
        Err(_) => drop(write!(out, "{n}")),
    }
}

/// At most 20 deep.
fn write_digits(n: u64, out: &mut String) {
    if n >= 10 {
        write_digits(n / 10, out);
    }
    out.extend(char::from_digit((n % 10) as u32, 10));
}
