//! Numbers as values of header fields.

use http::header::HeaderValue;

/// A number as text. The conversion of `http` allocates twice, and what most requests need is
/// known beforehand.
pub(crate) fn decimal(n: usize) -> HeaderValue {
    let digits = n.checked_ilog10().map_or(1, |log| log as usize + 1);
    let end = n.saturating_mul(3).saturating_add(3);
    match SHORT_NUMBERS.get(end.saturating_sub(digits)..end) {
        Some(known) => HeaderValue::from_static(known),
        None => HeaderValue::from(n),
    }
}

/// The numbers below a thousand, three digits each.
const SHORT_NUMBERS: &str = match std::str::from_utf8(&short_numbers()) {
    Ok(text) => text,
    Err(_) => "",
};

const fn short_numbers() -> [u8; 3000] {
    let mut text = [b'0'; 3000];
    let mut n = 0;
    while n < 1000 {
        text[3 * n] += (n / 100) as u8;
        text[3 * n + 1] += (n / 10 % 10) as u8;
        text[3 * n + 2] += (n % 10) as u8;
        n += 1;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_the_digits_that_it_needs() {
        for n in (0..1100).chain([4096, usize::MAX]) {
            assert_eq!(decimal(n), n.to_string());
        }
    }
}
