//! Gatewright's configuration: what was typed, what is valid, what changed.
//!
//! [`load`] reads a TOML file in three steps: a tree of values that know their places, the
//! configuration as typed, and the [`Plan`](plan::Plan), which is valid as a whole. Each step goes
//! on after an error, so that one run finds all of them.
//!
//! ```
//! use gatewright_config::{Colour, Protocols, load_str};
//!
//! let text = "[log]\nformat = \"jsno\"\n";
//! let found = load_str("gatewright.toml", text, &Protocols::new()).unwrap_err();
//! let shown: Vec<String> = found.iter().map(|finding| finding.render(Colour::Plain)).collect();
//! assert!(shown.iter().any(|finding| finding.contains("did you mean \"json\"?")));
//! ```

mod connections;
mod definitions;
mod diagnostic;
mod explain;
mod keys;
mod knock_on;
mod load;
mod memory;
mod merge;
pub mod plan;
mod protocols;
mod read;
mod source;
mod suggest;
mod tree;
mod typed;
mod valid;

pub use definitions::{Defined, Definitions};
pub use diagnostic::{Colour, Diagnostic, Place, Severity, codes};
pub use explain::{explain, explain_with, nearest_to_explain};
pub use load::{Loaded, load, load_str, load_str_with, load_with};
pub use memory::{Largest, Lever, Memory, MemoryLine};
pub use protocols::Protocols;
pub use source::{LineColumn, SourceFile};
