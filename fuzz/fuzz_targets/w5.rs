#![no_main]
//! The example's own protocol: what an outside author writes.

use gatewright_core::{codec::Protocol, laws::check_input};
use std::sync::{Arc, LazyLock};

#[path = "../../gateway/examples/w5/protocol.rs"]
mod protocol;

static W5: LazyLock<Arc<dyn Protocol>> = LazyLock::new(|| Arc::new(protocol::W5::new()));
libfuzzer_sys::fuzz_target!(|data: &[u8]| check_input(&W5, data).unwrap());
