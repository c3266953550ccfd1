#![no_main]
//! Any text as a definition: refused with its faults, or a plan that reads what follows the
//! first zero byte, writes it, and reads it again.

use gatewright_codecs::ksy::{Definition, Refused, protocol};
use gatewright_core::codec::Side;
use gatewright_core::laws::Reading;
use gatewright_proptests::definitions::{InMemory, check_findings, check_message};
use std::path::Path;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let end = data.iter().position(|byte| *byte == 0);
    let (text, message) = data.split_at(end.unwrap_or(data.len()));
    let message = message.get(1..).unwrap_or_default();
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let (path, sources) = (Path::new(InMemory::PATH), InMemory(text));
    match Definition::load(path, &sources, &[]) {
        Ok(definition) => {
            check_findings(&definition.files, &definition.findings);
            check_message(&definition, message);
        }
        Err(Refused::Faulty { files, findings }) => {
            assert!(findings.errors() > 0);
            check_findings(&files, &findings);
            return;
        }
        Err(Refused::Unreadable(_)) => return,
    }
    if let Ok(loaded) = protocol::load(path, &sources, &[]) {
        for side in [Side::Server, Side::Client] {
            Reading::of(&loaded.protocol, side, [message]).unwrap();
        }
    }
});
