#![no_main]
//! Anything from a WebSocket client behind the length of the pieces in which it comes: the same bytes are
//! carried as if it had come at once.

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((cut, sent)) = data.split_first() {
        gatewright_proptests::check_websocket(sent, &[usize::from(*cut)]);
    }
});
