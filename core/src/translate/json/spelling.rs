//! How the numbers of a document are spelt, where what they became does not tell.

/// Whether a valid document has an integer, which is a number of digits alone, that 64 bits do not.
pub(super) fn has_wide_integer(mut json: &str) -> bool {
    while let Some(at) = json.find(|c: char| c == '"' || is_of_number(c)) {
        let (_, token) = json.split_at(at);
        json = match token.strip_prefix('"') {
            Some(text) => after_text(text),
            None => {
                let end = token.find(|c| !is_of_number(c)).unwrap_or(token.len());
                let (number, rest) = token.split_at(end);
                if is_wide(number) {
                    return true;
                }
                rest
            }
        };
    }
    false
}

/// Letters, too: so literals are passed over at once, and a number's exponent is a part of it.
const fn is_of_number(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

fn is_wide(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    digits.bytes().all(|byte| byte.is_ascii_digit())
        && number.parse::<i64>().is_err()
        && number.parse::<u64>().is_err()
}

/// What follows a text's closing quote.
fn after_text(mut text: &str) -> &str {
    while let Some(at) = text.find(['"', '\\']) {
        let mut rest = text.split_at(at).1.chars();
        if rest.next() == Some('"') {
            return rest.as_str();
        }
        // What is escaped may be a quote.
        rest.next();
        text = rest.as_str();
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_64_bits_are_told_by_their_digits() {
        for wide in [
            "18446744073709551616",
            "-9223372036854775809",
            r#"["\\",1234567890123456789012]"#,
            r#"{"a\"b":[true, -99999999999999999999 ]}"#,
        ] {
            assert!(has_wide_integer(wide), "{wide}");
        }
        for other in [
            "18446744073709551615",
            "-9223372036854775808",
            "99999999999999999999.0",
            "[99999999999999999999E3,null]",
            "-1e+22",
            r#"{"99999999999999999999":"\"99999999999999999999\\"}"#,
        ] {
            assert!(!has_wide_integer(other), "{other}");
        }
    }
}
