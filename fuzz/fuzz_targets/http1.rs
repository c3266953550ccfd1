#![no_main]
use gatewright_fuzz::check_input;
libfuzzer_sys::fuzz_target!(|data: &[u8]| check_input("http", data));
