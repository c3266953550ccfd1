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
/// The most mappings, lists and scalars of a file, each alias counted as what it stands for and
/// each anchor's content twice. At most 26 MB of memory.
pub const MAX_NODES: usize = 200_000;
/// The most bytes that the scalars of a file may have with all aliases expanded: 4 MiB.
pub const MAX_TEXT: usize = 4 << 20;
