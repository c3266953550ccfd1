#![no_main]
//! Any JSON against every protocol: refused, or a message that goes both ways.

use gatewright_core::laws::check_json;
use gatewright_fuzz::PROTOCOLS;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(json) = serde_json::from_slice(data) {
        for (name, protocol) in PROTOCOLS.iter() {
            check_json(protocol, &json).unwrap_or_else(|violation| panic!("{name}: {violation}"));
        }
    }
});
