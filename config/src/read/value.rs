//! Single values: numbers, sizes, durations, words.

use super::Problem;
use crate::diagnostic::codes;
use crate::keys::{Key, Kind};
use crate::suggest;
use crate::tree::{Node, Value};
use std::time::Duration;

/// The longest name of a listener, an upstream, a protocol or a route.
const LONGEST_NAME: usize = 64;

pub(super) fn count(key: &Key, node: &Node) -> Result<usize, Problem> {
    let Value::Integer(number) = node.value else {
        return Err(wrong_type(key, node));
    };
    in_range(key, number.and_then(|n| u64::try_from(n).ok()))
}

pub(super) fn size(key: &Key, node: &Node) -> Result<usize, Problem> {
    match &node.value {
        Value::Integer(number) => in_range(key, number.and_then(|n| u64::try_from(n).ok())),
        Value::Text(text) => in_range(key, Some(bytes(text)?)),
        _ => Err(wrong_type(key, node)),
    }
}

pub(super) fn duration(key: &Key, node: &Node) -> Result<Duration, Problem> {
    let text = match &node.value {
        Value::Text(text) => text,
        Value::Integer(Some(n)) => {
            return Err(
                wrong_type(key, node).help(format!("a duration has a unit: \"{n}s\" or \"{n}ms\""))
            );
        }
        _ => return Err(wrong_type(key, node)),
    };
    let duration = time(text)?;
    match &key.kind {
        Kind::Duration(range) if !range.contains(&duration) => Err(out_of_range(key)),
        _ => Ok(duration),
    }
}

/// Hundredths.
pub(super) fn share(key: &Key, node: &Node) -> Result<u32, Problem> {
    let Value::Text(text) = &node.value else {
        return Err(wrong_type(key, node));
    };
    let number = text
        .strip_suffix('%')
        .and_then(|n| n.trim_end().parse().ok());
    let number: u64 = number.ok_or_else(|| {
        Problem::new(
            codes::BAD_SHARE,
            format!("\"{}\" is not a share", text.escape_debug()),
        )
        .help("a whole number and a per cent sign, such as \"10%\"")
    })?;
    match &key.kind {
        Kind::Share(range) if !range.contains(&number) => Err(out_of_range(key)),
        _ => u32::try_from(number).map_err(|_| out_of_range(key)),
    }
}

pub(super) fn flag(key: &Key, node: &Node) -> Result<bool, Problem> {
    match node.value {
        Value::Flag(flag) => Ok(flag),
        _ => Err(wrong_type(key, node)),
    }
}

pub(crate) fn text(key: &Key, node: &Node) -> Result<String, Problem> {
    let Value::Text(text) = &node.value else {
        return Err(wrong_type(key, node));
    };
    if text.is_empty() {
        let empty = Problem::new(codes::EMPTY, format!("`{}` is empty", key.name()));
        return Err(empty.help(format!("it takes {}", key.kind.describe())));
    }
    match &key.kind {
        Kind::Choice(words) if !words.contains(&text.as_str()) => {
            let message = format!(
                "`{}` takes {}, not \"{text}\"",
                key.name(),
                key.kind.describe()
            );
            let near = suggest::nearest(text, words.iter().copied())
                .map(|word| format!("did you mean \"{word}\"?"));
            Err(Problem::new(codes::BAD_CHOICE, message).help_if(near))
        }
        _ => Ok(text.clone()),
    }
}

/// A name of the user's choice.
pub(crate) fn name(name: &str) -> Result<(), Problem> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !name.is_empty() && name.len() <= LONGEST_NAME && name.chars().all(fine) {
        return Ok(());
    }
    let help = format!("letters, digits, `-`, `_` and `.`, at most {LONGEST_NAME}");
    Err(Problem::new(
        codes::BAD_NAME,
        format!("`{}` cannot be a name", name.escape_debug()),
    )
    .help(help))
}

fn wrong_type(key: &Key, node: &Node) -> Problem {
    Problem::wrong_type(key.name(), &key.kind.describe(), node)
}

fn in_range(key: &Key, number: Option<u64>) -> Result<usize, Problem> {
    let allowed = |n: &u64| match &key.kind {
        Kind::Count(range) | Kind::Size(range) => range.contains(n),
        _ => true,
    };
    number
        .filter(allowed)
        .and_then(|n| usize::try_from(n).ok())
        .ok_or_else(|| out_of_range(key))
}

fn out_of_range(key: &Key) -> Problem {
    Problem::new(
        codes::OUT_OF_RANGE,
        format!("`{}` is out of range", key.name()),
    )
    .help(format!("it takes {}", key.kind.describe()))
}

/// Splits `64KiB` into the number and the unit, with blanks between them allowed.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    Some((number.parse().ok()?, unit.trim_start()))
}

fn bytes(text: &str) -> Result<u64, Problem> {
    const UNITS: [(&str, u64); 4] = [
        ("B", 1),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
    ];
    let bad = || {
        Problem::new(
            codes::BAD_SIZE,
            format!("\"{}\" is not a size", text.escape_debug()),
        )
    };
    let (number, unit) = number_and_unit(text)
        .ok_or_else(|| bad().help("a number and a unit, such as \"64KiB\" or \"1MiB\""))?;
    let factor = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor)
        .ok_or_else(|| {
            let meant = UNITS.iter().find(|(name, _)| same_letters(name, unit));
            bad().help(match meant {
                Some((name, _)) => format!("did you mean \"{number}{name}\"?"),
                None => "the units are B, KiB, MiB and GiB".to_owned(),
            })
        })?;
    Ok(number.saturating_mul(factor))
}

/// Whether `KB`, `kb`, `K` or `kib` was typed for `KiB`.
fn same_letters(name: &str, typed: &str) -> bool {
    let bare = |unit: &str| unit.to_ascii_lowercase().replace(['i', 'b'], "");
    !bare(name).is_empty() && bare(name) == bare(typed)
}

pub(super) fn time(text: &str) -> Result<Duration, Problem> {
    const UNITS: [(&str, u64); 6] = [
        ("us", 1),
        ("ms", 1000),
        ("s", 1_000_000),
        ("m", 60_000_000),
        ("h", 3_600_000_000),
        ("d", 86_400_000_000),
    ];
    let bad = || {
        Problem::new(
            codes::BAD_DURATION,
            format!("\"{}\" is not a duration", text.escape_debug()),
        )
        .help("a whole number and one of us, ms, s, m, h, d, such as \"800ms\" or \"5m\"")
    };
    let (number, unit) = number_and_unit(text).ok_or_else(bad)?;
    let micros = UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, micros)| *micros)
        .ok_or_else(bad)?;
    Ok(Duration::from_micros(number.saturating_mul(micros)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let read = |text| bytes(text).ok();
        assert_eq!(read("64KiB"), Some(65536));
        assert_eq!(read("1 MiB"), Some(1 << 20));
        assert_eq!(read("7B"), Some(7));
        assert_eq!(read("99999999999GiB"), Some(u64::MAX));
        for bad in [
            "",
            "KiB",
            "64",
            "64KB",
            "64kib",
            "-1B",
            "1.5MiB",
            "18446744073709551616B",
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations() {
        let read = |text| time(text).ok();
        assert_eq!(read("800ms"), Some(Duration::from_millis(800)));
        assert_eq!(read("5m"), Some(Duration::from_secs(300)));
        assert_eq!(read("2h"), Some(Duration::from_secs(7200)));
        assert_eq!(read("1d"), Some(Duration::from_secs(86_400)));
        for bad in ["", "5", "m", "5 minutes", "1.5s", "-1s", "1m30s"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn names() {
        assert!(name("pos-tls_2.x").is_ok());
        for bad in ["", "a b", "ü", "a\nb", &"x".repeat(65)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }
}
