//! The date, as answers tell it.

use crate::clock;
use bytestring::ByteString;
use std::cell::RefCell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One worker's, written once a second however many answers tell it.
#[derive(Debug, Default)]
pub(super) struct Date(RefCell<Option<Written>>);

#[derive(Debug)]
struct Written {
    text: ByteString,
    /// When the next second begins.
    until: Instant,
}

impl Date {
    /// The date now, in the form of RFC 9110, section 5.6.7.
    pub(super) fn at(&self, now: Instant) -> ByteString {
        self.told(now, clock::date)
    }

    fn told(&self, now: Instant, date: impl FnOnce() -> SystemTime) -> ByteString {
        let mut written = self.0.borrow_mut();
        if let Some(written) = written.as_ref().filter(|written| now < written.until) {
            return written.text.clone();
        }
        let date = date();
        let text = ByteString::from(httpdate::fmt_http_date(date));
        *written = Some(Written {
            text: text.clone(),
            until: now + left_of_second(date),
        });
        text
    }
}

fn left_of_second(date: SystemTime) -> Duration {
    let gone = date.duration_since(UNIX_EPOCH).unwrap_or_default();
    let gone = Duration::from_nanos(gone.subsec_nanos().into());
    Duration::from_secs(1).saturating_sub(gone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_once_a_second() {
        let second = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let (date, start) = (Date::default(), clock::now());
        let millis = Duration::from_millis;
        let told = date.told(start, || second + millis(700));
        assert_eq!(told, "Sun, 06 Nov 1994 08:49:37 GMT");
        for after in [0, 1, 299] {
            let again = date.told(start + millis(after), || unreachable!("it is known"));
            assert_eq!(again, told);
        }
        let told = date.told(start + millis(300), || second + millis(1000));
        assert_eq!(told, "Sun, 06 Nov 1994 08:49:38 GMT");
        date.told(start + millis(1299), || unreachable!("it is known"));
        // Whoever sets the clock back is followed.
        let told = date.told(start + millis(1300), || second);
        assert_eq!(told, "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
