//! Sections 5.1 to 5.4, and of section 6 the frames that tell of streams: states, numbers, data, resets, priorities.

use super::Outcome::{Answer, Connection, Nothing, Stream};
use super::{
    CONTINUATION, PADDED, PRIORITISED, PRIORITY, PUSH_PROMISE, UNREADABLE, frames, hold, last_data,
    post, reset, situation,
};
use crate::support::http2_wire::{
    DATA, END_HEADERS, END_STREAM, GET, HEADERS, RST_STREAM, WINDOW_UPDATE, block, frame, get,
};
use h2::Reason;

const ERR: Reason = Reason::PROTOCOL_ERROR;
const WHOLE: u8 = END_STREAM | END_HEADERS;

fn window(stream: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &[0, 0, 0, 1])
}

fn priority(stream: u32, on: u8) -> Vec<u8> {
    frame(PRIORITY, 0, stream, &[0, 0, 0, on, 16])
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn streams_have_states() {
    hold(vec![
        situation("5.1", "data of a stream that nobody began", frame(DATA, 0, 1, b"x"), Connection(ERR)),
        situation("5.1", "a reset of a stream that nobody began", reset(1), Connection(ERR)),
        situation("5.1", "a window of a stream that nobody began", window(1), Connection(ERR)),
        situation("5.1", "the rest of a head that nobody began", frame(CONTINUATION, END_HEADERS, 1, &[]), Connection(ERR)),
        situation("5.1", "a priority of a stream that nobody began", frames([priority(5, 1), get(7, &[])]), Answer(7, "200")),
        situation("5.1", "data after the end", frames([get(1, &[]), frame(DATA, 0, 1, b"x")]), UNREADABLE),
        situation("5.1", "a head after the end", frames([get(1, &[]), get(1, &[])]), UNREADABLE),
        situation("5.1", "the rest of a head after the end", frames([get(1, &[]), frame(CONTINUATION, END_HEADERS, 1, &[])]), Connection(ERR)),
        situation("5.1", "a window after the end", frames([get(1, &[]), window(1)]), Answer(1, "200")),
        situation("5.1", "a priority after the end", frames([get(1, &[]), priority(1, 0)]), Answer(1, "200")),
        situation("5.1", "a reset after the end", frames([get(1, &[]), reset(1)]), Nothing),
        situation("5.1", "data after a reset", frames([post(1, &[]), reset(1), frame(DATA, 0, 1, b"x")]), Stream(1, Reason::STREAM_CLOSED)),
        situation("5.1", "a head after a reset", frames([post(1, &[]), reset(1), get(1, &[])]), UNREADABLE),
        situation("5.1", "a window after a reset", frames([post(1, &[]), reset(1), window(1)]), Nothing),
        situation("5.1", "a second reset", frames([post(1, &[]), reset(1), reset(1)]), Nothing),
        situation("5.1", "a priority after a reset", frames([post(1, &[]), reset(1), priority(1, 0)]), Nothing),
        situation("5.1.1", "a stream of the server's", get(2, &[]), Connection(ERR)),
        situation("5.1.1", "a stream below the last", frames([get(5, &[]), get(3, &[])]), Connection(ERR)),
        situation("5.1.1", "a stream far above the last", frames([post(1, &[]), get(0x7fff_ffff, &[])]), Answer(0x7fff_ffff, "200")),
        situation("5.1.1", "a head of the connection", get(0, &[]), Connection(ERR)),
        situation("5.1.2", "as many streams as may be", (0..10).flat_map(|n| post(2 * n + 1, &[])).chain(last_data(1, b"x")).collect::<Vec<_>>(), Answer(1, "200")),
        situation("5.1.2", "more streams than may be", (0..11).flat_map(|n| post(2 * n + 1, &[])).collect::<Vec<_>>(), Stream(21, Reason::REFUSED_STREAM)),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn data_belongs_to_a_stream_and_has_its_padding() {
    let whole = |what, flags: u8, payload: &[u8], outcome| {
        situation(
            "6.1",
            what,
            frames([post(1, &[]), frame(DATA, flags, 1, payload)]),
            outcome,
        )
    };
    hold(vec![
        situation("6.1", "data of the connection", frames([post(1, &[]), frame(DATA, 1, 0, b"x")]), Connection(ERR)),
        whole("data without any", 1, b"", Answer(1, "200")),
        whole("padding", 1 | PADDED, &[2, b'x', 0, 0], Answer(1, "200")),
        whole("nothing but padding", 1 | PADDED, &[3, 0, 0, 0], Answer(1, "200")),
        whole("padding of length 0", 1 | PADDED, &[0, b'x'], Answer(1, "200")),
        whole("padding as long as the frame", 1 | PADDED, &[2, 0], Connection(ERR)),
        whole("padding longer than the frame", 1 | PADDED, &[200, b'x', 0], Connection(ERR)),
        whole("padding without its length", 1 | PADDED, &[], Connection(ERR)),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn heads_have_padding_and_priorities() {
    let head = |what, flags: u8, before: &[u8], after: &[u8], outcome| {
        let payload = [before, &block(&GET), after].concat();
        situation(
            "6.2",
            what,
            frame(HEADERS, WHOLE | flags, 1, &payload),
            outcome,
        )
    };
    hold(vec![
        head("padding", PADDED, &[3], &[0, 0, 0], Answer(1, "200")),
        head("padding longer than the frame", PADDED, &[250], &[0], Connection(ERR)),
        head("a priority", PRIORITISED, &[0, 0, 0, 0, 16], &[], Answer(1, "200")),
        head("an exclusive priority", PRIORITISED, &[0x80, 0, 0, 7, 255], &[], Answer(1, "200")),
        head("a priority and padding", PRIORITISED | PADDED, &[1, 0, 0, 0, 0, 16], &[0], Answer(1, "200")),
        head("a stream that waits for itself", PRIORITISED, &[0, 0, 0, 1, 16], &[], Stream(1, ERR)),
        situation("6.2", "a priority that is cut off", frame(HEADERS, WHOLE | PRIORITISED, 1, &[0, 0, 0]), Connection(ERR)),
        situation("6.2", "a padding's length that is missing", frame(HEADERS, WHOLE | PADDED, 1, &[]), Connection(ERR)),
        situation("6.2", "a head without fields", frame(HEADERS, WHOLE, 1, &[]), Stream(1, ERR)),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn priorities_and_resets_have_a_size_and_a_stream() {
    hold(vec![
        situation("6.3", "a priority of the connection", priority(0, 1), Connection(ERR)),
        situation("6.3", "a priority that is too short", frames([post(1, &[]), frame(PRIORITY, 0, 1, &[0, 0, 0, 0])]), UNREADABLE),
        situation("6.3", "a priority that is too long", frames([post(1, &[]), frame(PRIORITY, 0, 1, &[0; 6])]), UNREADABLE),
        situation("5.3.1", "a stream that waits for itself", frames([post(1, &[]), priority(1, 1)]), Nothing),
        situation("6.4", "a reset of the connection", reset(0), Connection(ERR)),
        situation("6.4", "a reset that is too short", frames([post(1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 8])]), UNREADABLE),
        situation("6.4", "a reset that is too long", frames([post(1, &[]), frame(RST_STREAM, 0, 1, &[0; 5])]), UNREADABLE),
        situation("6.4", "a reset for an unknown reason", frames([post(1, &[]), frame(RST_STREAM, 0, 1, &[0xff; 4])]), Nothing),
        situation("6.6", "a promise of a client's", frames([post(1, &[]), frame(PUSH_PROMISE, END_HEADERS, 1, &[&[0, 0, 0, 2][..], &block(&GET)].concat())]), Connection(ERR)),
        situation("8.4", "a promise of the connection", frame(PUSH_PROMISE, END_HEADERS, 0, &[0, 0, 0, 2]), Connection(ERR)),
    ])
    .await;
}
