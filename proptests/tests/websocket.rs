//! Frames of WebSocket from hostile clients: whatever comes, and however it is cut.

use gatewright_proptests::check_websocket;
use proptest::collection::vec;
use proptest::prelude::*;

/// What a client may send: frames of all kinds, most of them good, and noise.
fn sent() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => Just(0x82_u8),
        2 => Just(0x02),
        2 => Just(0x80),
        2 => Just(0x89),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let frame =
        (first, any::<[u8; 4]>(), vec(any::<u8>(), 0..200)).prop_map(|(first, mask, payload)| {
            let length = u8::try_from(payload.len()).expect("a length");
            let mut frame = match length {
                0..=125 => vec![first, 0x80 | length],
                long => vec![first, 0xFE, 0, long],
            };
            frame.extend(mask);
            frame.extend(payload);
            frame
        });
    let part = prop_oneof![9 => frame, 1 => vec(any::<u8>(), 0..20)];
    vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn cuts_change_nothing(bytes in sent(), cuts in vec(1_usize..40, 1..10)) {
        check_websocket(&bytes, &cuts);
    }
}
