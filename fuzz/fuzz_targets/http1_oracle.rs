#![no_main]
//! Heads beside httparse: read in the same way, or refused for a reason.

use gatewright_core::codec::Side;
use gatewright_proptests::oracle::compare;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for side in [Side::Server, Side::Client] {
        compare(side, data).unwrap();
    }
});
