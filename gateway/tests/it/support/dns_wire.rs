//! The bytes of DNS over TCP, RFC 1035 section 4, written by hand.

use super::backend::{Action, Answer, Asked};

const FLAGS: std::ops::Range<usize> = 2..4;
/// After the header and the question of [`query`].
const QUESTION_END: usize = 12 + 1 + 3 + 1 + 4 + 1 + 4;
const TYPE_NULL: [u8; 2] = [0, 10];

/// A query for the NULL record of `big.test`, with the length that TCP adds.
pub(crate) fn query(id: u16) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
    message.extend(b"\x03big\x04test\x00");
    message.extend(TYPE_NULL);
    message.extend([0, 1]);
    [
        &u16::try_from(message.len())
            .expect("a short query")
            .to_be_bytes()[..],
        &message,
    ]
    .concat()
}

/// The answer to such a query, as it stands in an HTTP body, with so many bytes in its record.
pub(crate) fn answer(query: &[u8], bytes: u16) -> Vec<u8> {
    let mut message = query[..QUESTION_END.min(query.len())].to_vec();
    message[FLAGS].copy_from_slice(&[0x85, 0x00]);
    message[7] = 1;
    message.extend([0xc0, 0x0c]);
    message.extend(TYPE_NULL);
    message.extend([0, 1, 0, 0, 0, 60]);
    message.extend(bytes.to_be_bytes());
    message.resize(message.len() + usize::from(bytes), 0x5a);
    message
}

/// DNS over HTTP that answers at great length.
pub(crate) fn at_length(asked: &Asked) -> Action {
    let answer = answer(&asked.body, 60_000);
    let typed = Answer::status(200).header("content-type", "application/dns-message");
    Action::Answer(typed.body(answer))
}
