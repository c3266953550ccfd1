//! Why a message that hyper reads is refused: in its head for the reasons that stand beside httparse, in its
//! body for those here.

use gatewright_core::codec::Side;
use gatewright_proptests::oracle::{Verdict, compare};

/// The first reason that holds for the message at the start of the bytes.
pub(crate) fn of(side: Side, bytes: &[u8]) -> Option<&'static str> {
    match compare(side, bytes) {
        Ok(Verdict::Stricter(reason)) => Some(reason),
        Ok(Verdict::Read) => of_chunks(after(bytes, b"\r\n\r\n")?),
        Ok(Verdict::Unread) | Err(_) => None,
    }
}

fn after<'b>(bytes: &'b [u8], mark: &[u8]) -> Option<&'b [u8]> {
    let at = bytes.windows(mark.len()).position(|part| part == mark)?;
    Some(&bytes[at + mark.len()..])
}

/// Walks over chunks as leniently as can be, up to what is odd.
fn of_chunks(mut rest: &[u8]) -> Option<&'static str> {
    loop {
        let line = rest.split(|byte| *byte == b'\n').next()?;
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let (size, extension) = line.split_at(digits.count());
        if let Some(reason) = of_size(size, extension) {
            return Some(reason);
        }
        let size = std::str::from_utf8(size).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = after(rest, b"\n")?;
        if size == 0 {
            return of_trailers(rest);
        }
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

fn of_size(size: &[u8], extension: &[u8]) -> Option<&'static str> {
    if size.len() > 15 {
        return Some("the size of a chunk has too many digits");
    }
    let Some(extension) = extension.strip_suffix(b"\r") else {
        return Some("the size of a chunk ends in LF alone (RFC 9112, 7.1)");
    };
    match extension {
        [] => None,
        [b' ' | b'\t', ..] => Some("white space stands behind a size (RFC 9112, 7.1)"),
        [b';', text @ ..] => (text.iter().any(u8::is_ascii_control))
            .then_some("an extension has control characters (RFC 9112, 7.1.1)")
            .or_else(|| (!text.is_ascii()).then_some("an extension is not UTF-8")),
        [..] => None,
    }
}

fn of_trailers(mut rest: &[u8]) -> Option<&'static str> {
    const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "host"];
    while !rest.starts_with(b"\r\n") {
        let line = rest.split(|byte| *byte == b'\n').next()?;
        let name = line.split(|byte| *byte == b':').next()?;
        let name = String::from_utf8_lossy(name).to_lowercase();
        if FRAMING.contains(&name.as_str()) {
            return Some("a trailer would frame the message (RFC 9110, 6.5.1)");
        }
        if !line.ends_with(b"\r") {
            return Some("a line ends in LF alone (RFC 9112, 2.2)");
        }
        if std::str::from_utf8(line).is_err() {
            return Some("a trailer is not UTF-8");
        }
        rest = after(rest, b"\n")?;
    }
    None
}
