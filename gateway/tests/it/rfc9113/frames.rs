//! Sections 3, 4 and 5.5: the preface, frames of any kind, extensions.

use super::Outcome::{Answer, Connection, Nothing};
use super::{
    CONTINUATION, PRIORITY, Situation, UNREADABLE, frames, hold, last_data, post, situation,
};
use crate::support::http2_wire::{
    DATA, END_HEADERS, END_STREAM, GET, HEADERS, PING, WINDOW_UPDATE, block, frame, get,
};
use h2::Reason;

/// The first of two frames that make one head.
fn beginning(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_STREAM, stream, &block(&GET))
}

fn end(stream: u32) -> Vec<u8> {
    frame(CONTINUATION, END_HEADERS, stream, &block(&[("x", "y")]))
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn frames_have_sizes_and_what_is_unknown_is_ignored() {
    let size = 16_384;
    hold(vec![
        situation("3.4", "a second preface", *b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Connection(Reason::FRAME_SIZE_ERROR)),
        situation("4.1", "a kind that nobody knows", frame(0x16, 0, 0, &[0; 8]), Nothing),
        situation("4.1", "flags that nobody knows", frames([frame(PING, 0x16, 0, b"12345678"), get(1, &[])]), Answer(1, "200")),
        situation("4.1", "the reserved bit of a stream", get(0x8000_0001, &[]), Answer(1, "200")),
        situation("4.2", "as much data as a frame may have", frames([post(1, &[]), last_data(1, &vec![7; size])]), Answer(1, "200")),
        situation("4.2", "more data than a frame may have", frames([post(1, &[]), last_data(1, &vec![7; size + 1])]), Connection(Reason::FRAME_SIZE_ERROR)),
        situation("4.2", "more of a head than a frame may have", frame(HEADERS, END_STREAM | END_HEADERS, 1, &vec![0; size + 1]), Connection(Reason::FRAME_SIZE_ERROR)),
        situation("4.2", "more than a frame may have, of an unknown kind", frame(0x16, 0, 0, &vec![0; size + 1]), Connection(Reason::FRAME_SIZE_ERROR)),
        situation("5.5", "an unknown kind beside a request", frames([post(1, &[]), frame(0x16, 0, 1, b"x"), last_data(1, b"y")]), Answer(1, "200")),
        situation("5.5", "an unknown kind within a head", frames([beginning(1), frame(0x16, 0, 0, b"x"), end(1)]), Connection(Reason::PROTOCOL_ERROR)),
    ])
    .await;
}

fn compressed(what: &'static str, block: &[u8]) -> Situation {
    let sent = frame(HEADERS, END_STREAM | END_HEADERS, 1, block);
    situation("4.3", what, sent, UNREADABLE)
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn blocks_of_fields_are_of_one_piece_and_can_be_decompressed() {
    let update = |stream| frame(WINDOW_UPDATE, 0, stream, &[0, 0, 0, 1]);
    let within = |what, between| {
        let sent = frames([beginning(1), between, end(1)]);
        situation("4.3", what, sent, Connection(Reason::PROTOCOL_ERROR))
    };
    hold(vec![
        compressed("index 0", &[0x80]),
        compressed("an index that no table has", &[0xff, 0x80, 0x01]),
        compressed("an integer without end", &[0xff; 20]),
        compressed("a name that is cut off", &[0x00, 0x05, b'a']),
        compressed("a value that is cut off", &[0x00, 0x01, b'a', 0x05, b'b']),
        compressed("Huffman's padding of zeros", &[0x00, 0x81, 0x18, 0x01, b'b']),
        compressed("Huffman's end of string", &[0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, b'b']),
        compressed("a table larger than allowed", &[0x3f, 0xe1, 0xff, 0x03, 0x82]),
        compressed("a table's size after a field", &[0x82, 0x20]),
        situation("4.3", "a head in two frames", frames([beginning(1), end(1)]), Answer(1, "200")),
        situation("4.3", "a head in many frames", frames([beginning(1), frame(CONTINUATION, 0, 1, &[]).repeat(3), end(1)]), Answer(1, "200")),
        within("data within a head", frame(DATA, 0, 1, b"x")),
        within("a priority within a head", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])),
        within("a ping within a head", frame(PING, 0, 0, b"12345678")),
        within("a window within a head", update(0)),
        within("another head within a head", get(3, &[])),
        within("another stream's rest of a head", end(3)),
        situation("4.3", "a size of the table at a head's beginning", frame(HEADERS, END_STREAM | END_HEADERS, 1, &[&[0x20][..], &block(&GET)].concat()), Answer(1, "200")),
        situation("6.10", "the rest of nothing", end(1), Connection(Reason::PROTOCOL_ERROR)),
        situation("6.10", "the rest of a head that has ended", frames([post(1, &[]), end(1)]), Connection(Reason::PROTOCOL_ERROR)),
        situation("6.10", "the rest of a head, of the connection", frames([beginning(1), end(0)]), Connection(Reason::PROTOCOL_ERROR)),
        situation("6.10", "the rest of a head after data", frames([post(1, &[]), frame(DATA, 0, 1, b"x"), end(1)]), Connection(Reason::PROTOCOL_ERROR)),
        situation("8.2.1", "a name in capitals in the rest of a head", frames([beginning(1), frame(CONTINUATION, END_HEADERS, 1, &block(&[("x y", "z")]))]), UNREADABLE),
    ])
    .await;
}
