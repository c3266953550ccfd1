//! YAML as a tree that keeps what was written: the text and the style of each scalar, and the place
//! of everything.
//!
//! A scalar gets a meaning only when it is asked for one ([`Node::as_int`] and its like): `0x81`,
//! `yes` and 18446744073709551615 stay the texts that they are. Where tools disagree about what a
//! text means, such as `0777`, the answer is an error.
//!
//! What a definition has no use for is refused: other tags than those of the core schema, such as
//! `!include`, merge keys, several documents in a file, a key that stands twice.

mod build;
mod lookahead;
mod node;
mod places;
mod read;
mod scalar;
mod size;
#[cfg(test)]
mod tests;

pub use node::{Entry, Kind, Node};
pub use read::{Tree, read};
pub use scalar::{Scalar, Style};
pub(crate) use scalar::{integer, shortened};

/// The longest file, in bytes: 1 MiB.
pub const MAX_FILE: usize = 1 << 20;
/// How deep mappings and lists may stand within each other, aliases included: what walks a tree
/// recurses no deeper.
pub const MAX_DEPTH: usize = 64;
/// How far the parser may read before it knows what it has, in characters: the longest text, and the
/// longest list or map in brackets, which may turn out to be a key. It keeps some 200 bytes a
/// character meanwhile, so 25 MB.
pub const MAX_LOOKAHEAD: usize = 128 << 10;

/// What trees may still cost: one budget serves all files of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Mappings, lists and scalars, each alias counted as what it stands for and each anchor's
    /// content twice. By default 50,000, which is at most 8 MB of tree.
    pub nodes: usize,
    /// The bytes of the scalars with all aliases expanded. By default 2 MiB.
    pub text: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            nodes: 50_000,
            text: 2 << 20,
        }
    }
}
