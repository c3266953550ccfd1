//! Sections 6.5 and 6.9: settings, windows.

use super::Outcome::{Answer, Connection, Nothing, Stream};
use super::{UNREADABLE, frames, hold, last_data, post, situation};
use crate::support::http2_wire::{ACK, SETTINGS, WINDOW_UPDATE, frame, get};
use h2::Reason;

const ERR: Reason = Reason::PROTOCOL_ERROR;
const FLOW: Reason = Reason::FLOW_CONTROL_ERROR;
const HEADER_TABLE_SIZE: u16 = 1;
const ENABLE_PUSH: u16 = 2;
const INITIAL_WINDOW_SIZE: u16 = 4;
const MAX_FRAME_SIZE: u16 = 5;
const ENABLE_CONNECT_PROTOCOL: u16 = 8;

fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let one = |(name, value): &(u16, u32)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat();
    let payload: Vec<u8> = values.iter().flat_map(one).collect();
    frame(SETTINGS, 0, 0, &payload)
}

fn window(stream: u32, increment: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn settings_have_ranges() {
    let set = |what, name, value, outcome| {
        situation(
            "6.5.2",
            what,
            frames([settings(&[(name, value)]), get(1, &[])]),
            outcome,
        )
    };
    hold(vec![
        situation("6.5", "settings of a stream", frames([post(1, &[]), frame(SETTINGS, 0, 1, &[])]), Connection(ERR)),
        situation("6.5", "an acknowledgement with settings", frame(SETTINGS, ACK, 0, &[0; 6]), UNREADABLE),
        situation("6.5", "settings that are cut off", frame(SETTINGS, 0, 0, &[0, 3, 0]), UNREADABLE),
        situation("6.5", "an acknowledgement of nothing", frames([frame(SETTINGS, ACK, 0, &[]), frame(SETTINGS, ACK, 0, &[])]), Connection(ERR)),
        situation("6.5", "no settings at all", settings(&[]), Nothing),
        situation("6.5.3", "one setting, twice", settings(&[(INITIAL_WINDOW_SIZE, 0), (INITIAL_WINDOW_SIZE, 100)]), Nothing),
        set("an unknown one", 0xf0f0, 7, Answer(1, "200")),
        set("no table", HEADER_TABLE_SIZE, 0, Answer(1, "200")),
        set("the largest table", HEADER_TABLE_SIZE, u32::MAX, Answer(1, "200")),
        set("no promises", ENABLE_PUSH, 0, Answer(1, "200")),
        set("promises that are neither", ENABLE_PUSH, 2, Connection(ERR)),
        set("the largest window", INITIAL_WINDOW_SIZE, 0x7fff_ffff, Answer(1, "200")),
        set("a window beyond the largest", INITIAL_WINDOW_SIZE, 0x8000_0000, UNREADABLE),
        set("the smallest frames", MAX_FRAME_SIZE, 0x4000, Answer(1, "200")),
        set("frames below the smallest", MAX_FRAME_SIZE, 0x3fff, Connection(ERR)),
        set("the largest frames", MAX_FRAME_SIZE, 0xff_ffff, Answer(1, "200")),
        set("frames above the largest", MAX_FRAME_SIZE, 0x100_0000, Connection(ERR)),
        set("CONNECT that is neither", ENABLE_CONNECT_PROTOCOL, 2, Connection(ERR)),
    ])
    .await;
}

#[rustfmt::skip] // A situation a line.
#[tokio::test]
async fn windows_only_open_and_have_an_end() {
    hold(vec![
        situation("6.9", "nothing for the connection", window(0, 0), Connection(ERR)),
        situation("6.9", "nothing for a stream", frames([post(1, &[]), window(1, 0)]), UNREADABLE),
        situation("6.9", "the reserved bit", frames([post(1, &[]), window(1, 0x8000_0001), last_data(1, b"x")]), Answer(1, "200")),
        situation("6.9", "a frame that is too short", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 1]), UNREADABLE),
        situation("6.9", "a frame that is too long", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1, 0]), UNREADABLE),
        situation("6.9.1", "more than the largest for the connection", frames([window(0, 0x7fff_ffff), window(0, 0x7fff_ffff)]), Connection(FLOW)),
        situation("6.9.1", "more than the largest for a stream", frames([post(1, &[]), window(1, 0x7fff_ffff), window(1, 0x7fff_ffff)]), Stream(1, FLOW)),
        situation("6.9.1", "up to the largest for the connection", frames([window(0, 0x7fff_0000), get(1, &[])]), Answer(1, "200")),
        situation("6.9.2", "more than the largest by a setting", frames([post(1, &[]), window(1, 0x7fff_0000), settings(&[(INITIAL_WINDOW_SIZE, 0x7fff_ffff)])]), Connection(FLOW)),
        situation("6.9.2", "a window below nothing", frames([post(1, &[]), settings(&[(INITIAL_WINDOW_SIZE, 0)]), settings(&[(INITIAL_WINDOW_SIZE, 65_535)]), last_data(1, b"x")]), Answer(1, "200")),
    ])
    .await;
}
