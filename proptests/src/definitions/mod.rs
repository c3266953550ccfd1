//! What holds for a definition, whatever it says.

mod laws;

pub use laws::{InMemory, Told, check_findings, check_message};
