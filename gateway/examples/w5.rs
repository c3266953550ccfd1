//! A protocol of one's own in about 50 lines (`w5/protocol.rs`), with every verb:
//! `cargo run --example w5 -- run -c FILE`, `… -- decode --protocol w5 …` and so on.

#[path = "w5/protocol.rs"]
mod protocol;

/// The allocator of the `gatewright` binary.
use mimalloc as _;

fn main() -> std::process::ExitCode {
    gatewright::cli().protocol("w5", protocol::W5::new()).run()
}

/// The laws that hold every codec, for this one; fuzz/fuzz_targets/w5.rs is its fuzz target.
#[cfg(test)]
mod tests {
    use super::protocol::W5;
    use gatewright_core::{codec::Protocol, laws::check_input};
    use std::sync::Arc;

    #[test]
    fn laws() {
        let w5: Arc<dyn Protocol> = Arc::new(W5::new());
        let frames = b"\0\0\0\x08\0\x05\0\0\0\x07hi\0\0\0\x06\0\x05\0\0\0\x08";
        (0..=frames.len()).for_each(|end| check_input(&w5, &frames[..end]).unwrap());
    }
}
