#![no_main]
//! Anything as the first bytes of a TLS client: a server's name, none, or refused.

libfuzzer_sys::fuzz_target!(|sent: &[u8]| gatewright_proptests::check_hello(sent));
