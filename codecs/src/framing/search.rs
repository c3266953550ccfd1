//! Finding bytes in a buffer that grows, each byte looked at once.

/// Where `wanted` begins in `buf` at `from` or later. If it is not there yet, how far the buffer
/// has been searched: what is before that place will never be its beginning.
pub(super) fn find(buf: &[u8], from: usize, wanted: &[u8]) -> Result<usize, usize> {
    let rest = buf.get(from..).unwrap_or_default();
    let found = match wanted {
        [] => Some(0),
        [byte] => rest.iter().position(|other| other == byte),
        _ => rest
            .windows(wanted.len())
            .position(|window| window == wanted),
    };
    match found {
        Some(at) => Ok(from.saturating_add(at)),
        None => {
            let begun = wanted.len().saturating_sub(1);
            Err(buf.len().saturating_sub(begun).max(from))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_begun_is_looked_at_again() {
        assert_eq!(find(b"a\r\nb", 0, b"\r\n"), Ok(1));
        assert_eq!(find(b"a\r", 0, b"\r\n"), Err(1));
        assert_eq!(find(b"a\r\n", 1, b"\r\n"), Ok(1));
        assert_eq!(find(b"a\r\n", 2, b"\r\n"), Err(2));
        assert_eq!(find(b"abc", 0, b"c"), Ok(2));
        assert_eq!(find(b"abc", 0, b"d"), Err(3));
        assert_eq!(find(b"", 0, b"dd"), Err(0));
    }
}
