//! Sizes and times, as the configuration writes them, and other scalars of the section.

use super::spec::Scale;
use crate::ksy::codes;
use crate::ksy::yaml::{Node, shortened};
use gatewright_core::expr::RuleError;
use std::num::NonZeroUsize;
use std::time::Duration;

const SIZES: [(&str, u64); 4] = [
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];
/// In microseconds.
const TIMES: [(&str, u64); 6] = [
    ("us", 1),
    ("ms", 1000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];
/// The most decimals of a scale: with them, 64 bits still have a digit in front.
/// So that no field of 64 bits has more digits than numbers of 128 bits.
const MAX_MANTISSA: u64 = 1_000_000_000_000_000_000;
const MAX_DECIMALS: usize = 18;

/// A number of bytes above zero: `260` or `64KiB`.
pub(super) fn size(node: &Node) -> Result<NonZeroUsize, RuleError> {
    let bad = || {
        node.mismatch("a size above zero")
            .help("a number of bytes, or one with B, KiB, MiB or GiB, such as `64KiB`")
    };
    let bytes = match node.as_int() {
        Ok(bytes) => usize::try_from(bytes).ok(),
        Err(_) => with_unit(node, &SIZES).and_then(|bytes| usize::try_from(bytes).ok()),
    };
    bytes.and_then(NonZeroUsize::new).ok_or_else(bad)
}

/// A time above zero: `30s`.
pub(super) fn time(node: &Node) -> Result<Duration, RuleError> {
    let time = with_unit(node, &TIMES).map(Duration::from_micros);
    time.filter(|time| !time.is_zero()).ok_or_else(|| {
        node.mismatch("a time above zero")
            .help("a whole number and one of us, ms, s, m, h, d, such as `800ms` or `5m`")
    })
}

fn with_unit(node: &Node, units: &[(&str, u64)]) -> Option<u64> {
    let text = node.as_str().ok()?;
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim_start();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// A decimal factor: `100`, `0.01`.
pub(super) fn scale(node: &Node) -> Result<Scale, RuleError> {
    let bad = || node.mismatch("a decimal number above zero, such as `0.01`");
    let text = node.as_str()?;
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = [whole, decimals].concat();
    let plain = !whole.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || decimals.len() > MAX_DECIMALS {
        return Err(bad());
    }
    match digits.parse() {
        Ok(mantissa @ 1..=MAX_MANTISSA) => Ok(Scale {
            mantissa,
            decimals: u8::try_from(decimals.len()).map_err(|_| bad())?,
        }),
        _ => Err(bad()),
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(node: &Node, words: &[(&str, T)]) -> Result<T, RuleError> {
    let text = node.as_str()?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let message = format!("`{}` is none of {}", shortened(text), known.join(", "));
    let mut error = RuleError::new(codes::BAD_CHOICE, node.span.clone(), message);
    error.help = gatewright_core::expr::suggest::did_you_mean(text, known);
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ksy::yaml;

    fn node(text: &str) -> Node {
        yaml::read(text, &mut yaml::Budget::default()).root.unwrap()
    }

    #[test]
    fn sizes() {
        let read = |text| size(&node(text)).ok().map(NonZeroUsize::get);
        assert_eq!(read("260"), Some(260));
        assert_eq!(read("0x10"), Some(16));
        assert_eq!(read("64KiB"), Some(65_536));
        assert_eq!(read("1 MiB"), Some(1 << 20));
        for bad in [
            "0",
            "0KiB",
            "-1",
            "64KB",
            "KiB",
            "1.5MiB",
            "[]",
            "99999999999999GiB",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn times() {
        let read = |text| time(&node(text)).ok();
        assert_eq!(read("800ms"), Some(Duration::from_millis(800)));
        assert_eq!(read("5m"), Some(Duration::from_secs(300)));
        for bad in ["5", "0s", "m", "1.5s", "-1s", "1m30s", "{}"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn scales() {
        let read = |text| scale(&node(text)).ok().map(|s| (s.mantissa, s.decimals));
        assert_eq!(read("0.01"), Some((1, 2)));
        assert_eq!(read("100"), Some((100, 0)));
        assert_eq!(read("2.50"), Some((250, 2)));
        for bad in [
            "0",
            "0.0",
            "-1",
            "1e3",
            ".5",
            "x",
            "0.0000000000000000001",
            "1000000000000000001",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
