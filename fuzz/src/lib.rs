//! What the targets share: the protocols, built once.

use gatewright_codecs::BUILTIN;
use gatewright_core::codec::Protocol;
use gatewright_core::laws;
use std::sync::{Arc, LazyLock};

/// All protocols by their names.
pub static PROTOCOLS: LazyLock<Vec<(&str, Arc<dyn Protocol>)>> = LazyLock::new(|| {
    let rows = BUILTIN.iter();
    rows.map(|row| (row.name, (row.protocol)())).collect()
});

/// Holds the codec of that name to every law that bytes can be held to.
///
/// # Panics
/// If it breaks one, or if there is no such codec.
pub fn check_input(name: &str, data: &[u8]) {
    let row = PROTOCOLS.iter().find(|(row, _)| *row == name);
    let (_, protocol) = row.unwrap_or_else(|| panic!("no codec is called {name}"));
    laws::check_input(protocol, data).unwrap();
}
