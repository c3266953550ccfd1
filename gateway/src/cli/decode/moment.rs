//! A point in time, as people write it.

use std::fmt;

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400;

/// Nanoseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) u64);

/// A day of the Gregorian calendar.
struct Date {
    year: u64,
    month: u64,
    day: u64,
}

/// The date so many days after 1970-01-01. Years begin in March here, so that the day that some
/// of them have more is their last; 400 of them have 146,097 days, four 1,461.
fn date(days: u64) -> Date {
    let since_0000_03_01 = days + 719_468;
    let era = since_0000_03_01 / 146_097;
    let of_era = since_0000_03_01 % 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let is_next_year = month >= 10;
    Date {
        year: era * 400 + year + u64::from(is_next_year),
        month: if is_next_year { month - 9 } else { month + 3 },
        day: of_year - (153 * month + 2) / 5 + 1,
    }
}

/// RFC 3339, with microseconds.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / SECOND;
        let Date { year, month, day } = date(seconds / DAY);
        let (hour, minute) = (seconds % DAY / 3_600, seconds % 3_600 / 60);
        let second = seconds % 60;
        let micros = self.0 % SECOND / 1_000;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (
                951_782_399 * SECOND + 999_999_999,
                "2000-02-28T23:59:59.999999Z",
            ),
            (951_782_400 * SECOND, "2000-02-29T00:00:00.000000Z"),
            (1_709_251_199 * SECOND, "2024-02-29T23:59:59.000000Z"),
            (
                1_735_689_600 * SECOND + 1_000,
                "2025-01-01T00:00:00.000001Z",
            ),
            (u64::MAX, "2554-07-21T23:34:33.709551Z"),
        ];
        for (nanoseconds, expected) in cases {
            assert_eq!(Moment(nanoseconds).to_string(), expected);
        }
    }
}
