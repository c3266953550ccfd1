#![no_main]
//! Anything as a capture: what comes of it is never more than there was.
use gatewright_codecs::capture::{Packets, conversations};
libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(mut packets) = Packets::new(data.to_vec().into()) else {
        return;
    };
    let all = conversations(packets.by_ref());
    let streams: usize = all.flows.iter().map(|flow| flow.bytes.len()).sum();
    let datagrams: usize = all.datagrams.iter().map(|said| said.payload.len()).sum();
    assert!(streams + datagrams <= data.len());
    for flow in &all.flows {
        assert!(flow.times.is_sorted());
        assert_eq!(
            flow.times.last().map_or(0, |(end, _)| *end),
            flow.bytes.len()
        );
    }
});
