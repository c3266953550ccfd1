#![no_main]
//! Any text as an expression, a condition and a template, in a world with a field of every type:
//! refused at its place, or it runs.

use gatewright_proptests::world::{World, check_any_text};

libfuzzer_sys::fuzz_target!(|text: &str| check_any_text(text, &mut World::full()));
