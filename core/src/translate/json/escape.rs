//! Text in quotes, with the escapes of RFC 8259, section 7.

/// Appends what `write` writes as a JSON string. Most text needs no escapes (base64, numbers,
/// names): it is written to its place and only looked over. After an error `out` holds a part.
pub(super) fn quoted<E>(
    out: &mut String,
    write: impl FnOnce(&mut String) -> Result<(), E>,
) -> Result<(), E> {
    out.push('"');
    let start = out.len();
    write(out)?;
    let special = next_special(out.as_bytes().get(start..).unwrap_or_default());
    if special.is_some() {
        let plain = out.split_off(start);
        push_escaped(&plain, out);
    }
    out.push('"');
    Ok(())
}

/// Appends text as a JSON string.
pub(super) fn write_text(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('"');
    push_escaped(text, out);
    out.push('"');
}

fn push_escaped(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = next_special(rest.as_bytes()) {
        let Some((plain, special)) = rest.split_at_checked(at) else {
            break;
        };
        let mut chars = special.chars();
        out.push_str(plain);
        chars.next().into_iter().for_each(|c| push_escape(c, out));
        rest = chars.as_str();
    }
    out.push_str(rest);
}

/// Where the first character stands that needs an escape. All of these are ASCII, so that no
/// other character has a byte like theirs.
fn next_special(text: &[u8]) -> Option<usize> {
    find(text, special_marks, is_special)
}

/// Where the first byte stands that needs an escape or is not ASCII.
pub(super) fn next_unusual(text: &[u8]) -> Option<usize> {
    let marks = |word| special_marks(word) | word & HIGH;
    find(text, marks, |byte| is_special(byte) || !byte.is_ascii())
}

/// Where the first byte of a kind stands: looked for in words first, then one by one.
fn find(text: &[u8], marks: impl Fn(u64) -> u64, is_one: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = text.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(index * size_of::<u64>() + marks.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| is_one(*byte))?;
    Some(text.len() - rest.len() + at)
}

const EACH: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = u64::from_le_bytes([0x80; 8]);

/// The highest bit of each byte that is special; above the first of these perhaps of others, too: a
/// borrow goes upwards.
const fn special_marks(word: u64) -> u64 {
    let quote = word ^ (b'"' as u64 * EACH);
    let backslash = word ^ (b'\\' as u64 * EACH);
    let controls = word.wrapping_sub(0x20 * EACH) & !word;
    let quotes = quote.wrapping_sub(EACH) & !quote;
    let backslashes = backslash.wrapping_sub(EACH) & !backslash;
    (controls | quotes | backslashes) & HIGH
}

const fn is_special(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

fn push_escape(c: char, out: &mut String) {
    let short = match c {
        '"' | '\\' => c,
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        _ => {
            let digit = |n| char::from_digit(n, 16).unwrap_or('0');
            let code = u32::from(c);
            return out.extend(['\\', 'u', '0', '0', digit(code >> 4), digit(code & 15)]);
        }
    };
    out.extend(['\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = String::new();
        write_text(text, &mut out);
        let mut in_place = String::from("[");
        let done: Result<(), ()> = quoted(&mut in_place, |out| {
            out.push_str(text);
            Ok(())
        });
        assert_eq!((done, in_place), (Ok(()), format!("[{out}")));
        out
    }

    #[test]
    fn every_character_comes_back() {
        for before in [0, 1, 31, 32, 33, 70] {
            for code in (0..0x300).chain([0x2028, 0x2029, 0xfffd, 0x1f600]) {
                let c = char::from_u32(code).expect("no surrogate");
                let text = format!("{}{c}\"{c}", "x".repeat(before));
                let back: String = serde_json::from_str(&written(&text)).expect("JSON");
                assert_eq!(back, text);
            }
        }
    }
}
