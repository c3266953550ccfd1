#![no_main]
//! Anything as a client's frames of WebSocket, cut at two lengths by turns.

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let [one, two, sent @ ..] = input {
        gatewright_proptests::check_websocket(sent, &[usize::from(*one), usize::from(*two)]);
    }
});
