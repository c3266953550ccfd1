#![no_main]
//! Any sequence of operations on a session or a pool, beside its model. The first byte says
//! which, the second how much of everything there is, each three after them are one operation.

use gatewright_proptests::models::{operations, pool, session};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match data {
        [0..0x80, setting, rest @ ..] => session::run((*setting).into(), &operations(rest)),
        [_, setting, rest @ ..] => pool::run((*setting).into(), &operations(rest)),
        _ => {}
    }
});
