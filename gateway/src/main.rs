//! The `gatewright` binary: the library's command line over the built-in protocols.

use std::process::ExitCode;

/// Takes the place of the system's allocator, for C as well: a call through the interface of Rust's is half as
/// many instructions again.
#[cfg(feature = "mimalloc")]
use mimalloc as _;

fn main() -> ExitCode {
    gatewright::cli().run()
}
