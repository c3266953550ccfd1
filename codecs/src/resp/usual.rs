//! Frames in the form that nearly all have, of which all is there: one look tells where they end. Of
//! anything else the [walk](super::delimit::Walk) tells, which allows the same and more.

use super::text::{self, Counted};

/// A command.
pub(super) struct Command<'b> {
    pub(super) length: usize,
    pub(super) name: &'b [u8],
}

/// An array of bulk strings.
#[inline]
pub(super) fn command(buf: &[u8]) -> Option<Command<'_>> {
    let (count, rest) = counted(b'*', buf)?;
    if !(1..=MOST).contains(&count) {
        return None;
    }
    let (name, mut rest) = bulk(rest)?;
    for _ in 1..count {
        (_, rest) = bulk(rest)?;
    }
    let length = buf.len().saturating_sub(rest.len());
    Some(Command { length, name })
}

/// Elements of a command; longer ones gain little.
const MOST: usize = 64;

/// The length of a reply that says no more than that all is well, or is a string, or that there is none.
#[inline]
pub(super) fn reply(buf: &[u8]) -> Option<usize> {
    match buf {
        [b'+', b'O', b'K', b'\r', b'\n', ..] | [b'$', b'-', b'1', b'\r', b'\n', ..] => Some(5),
        [b':', b'0'..=b'9', b'\r', b'\n', ..] => Some(4),
        [b'$', ..] => bulk(buf).map(|(_, rest)| buf.len().saturating_sub(rest.len())),
        _ => None,
    }
}

/// The data of a bulk string, and what is behind it.
#[inline]
fn bulk(buf: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = counted(b'$', buf)?;
    let (data, rest) = rest.split_at_checked(length)?;
    match rest {
        [b'\r', b'\n', rest @ ..] => Some((data, rest)),
        _ => None,
    }
}

/// The length behind a type byte, and what is behind its line.
#[inline]
fn counted(kind: u8, buf: &[u8]) -> Option<(usize, &[u8])> {
    match buf {
        [first, ..] if *first != kind => None,
        [_, ones @ b'0'..=b'9', b'\r', b'\n', rest @ ..] => Some((digit(*ones), rest)),
        [
            _,
            tens @ b'1'..=b'9',
            ones @ b'0'..=b'9',
            b'\r',
            b'\n',
            rest @ ..,
        ] => {
            let tens = digit(*tens).wrapping_mul(10);
            Some((tens.wrapping_add(digit(*ones)), rest))
        }
        [_, input @ ..] => long(input),
        [] => None,
    }
}

const fn digit(byte: u8) -> usize {
    (byte & 0x0f) as usize
}

#[cold]
fn long(input: &[u8]) -> Option<(usize, &[u8])> {
    match text::length(input) {
        Counted::Is { value, line } => Some((value, input.get(line..)?)),
        Counted::Short | Counted::Wrong { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::delimit::Walk;
    use super::{command, reply};
    use gatewright_core::codec::{Delimited, Side};

    fn walked(side: Side, bytes: &[u8]) -> Option<usize> {
        match Walk::new(side, 1 << 20).advance(bytes) {
            Ok(Delimited::Frame(length)) => Some(length.get()),
            Ok(Delimited::Need(_)) | Err(_) => None,
        }
    }

    #[test]
    fn one_look_says_what_the_walk_says_or_nothing() {
        let long = format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1200\r\n{:1200}\r\n", "");
        let mut many = "*64\r\n".to_owned();
        many.push_str(&"$1\r\na\r\n".repeat(64));
        let commands = [
            "*1\r\n$4\r\nPING\r\n",
            "*2\r\n$3\r\nGET\r\n$0\r\n\r\n",
            &long,
            &many,
        ];
        let replies = [
            "+OK\r\n",
            "$-1\r\n",
            ":7\r\n",
            "$3\r\n\r\n\0\r\n",
            "$0\r\n\r\n",
        ];
        for usual in commands {
            let found = command(usual.as_bytes()).map(|found| found.length);
            assert_eq!(found, Some(usual.len()));
        }
        for usual in replies {
            assert_eq!(reply(usual.as_bytes()), Some(usual.len()));
        }
        // Any other byte at any place, and any end.
        for usual in commands
            .iter()
            .chain(&replies)
            .filter(|frame| frame.len() < 40)
        {
            for place in 0..usual.len() {
                assert!(command(&usual.as_bytes()[..place]).is_none());
                assert!(reply(&usual.as_bytes()[..place]).is_none());
                for byte in 0..=u8::MAX {
                    let mut bytes = usual.as_bytes().to_vec();
                    bytes[place] = byte;
                    if let Some(found) = command(&bytes) {
                        assert_eq!(
                            walked(Side::Server, &bytes),
                            Some(found.length),
                            "{bytes:?}"
                        );
                    }
                    if let Some(length) = reply(&bytes) {
                        assert_eq!(walked(Side::Client, &bytes), Some(length), "{bytes:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_claims_more_than_there_is_is_not_usual() {
        for claim in [
            "$99999999999999999999\r\n",
            "$4\r\nabc\r\n",
            "$18446744073709551615\r\n\r\n",
        ] {
            assert_eq!(reply(claim.as_bytes()), None);
            assert!(command(format!("*1\r\n{claim}").as_bytes()).is_none());
        }
        for empty in ["*0\r\n", "*-1\r\n", "*65\r\n", "PING\r\n", ""] {
            assert!(command(empty.as_bytes()).is_none());
        }
    }
}
