//! Protocols as data: definitions in the Kaitai Struct language, with a `-gateway` section.
//!
//! The way of a definition, so far: [`load`](load::load) reads files through a
//! [`Sources`](load::Sources), follows their imports, and makes of each text a tree with places
//! ([`yaml`]) and of the tree a [`ClassSpec`](spec::ClassSpec): what the file says, before it is
//! known what its names mean. What is wrong with it becomes [`Findings`](finding::Findings).
//!
//! Whoever writes a definition may be hostile, too: size, depth, nodes, aliases, files and findings
//! are bounded where they are defined ([`yaml::MAX_FILE`] and its neighbours,
//! [`load::MAX_FILES`], [`finding::MAX_FINDINGS`]).

pub mod check;
pub mod codes;
mod definition;
pub mod files;
pub mod finding;
pub mod generate;
pub mod load;
pub mod model;
pub mod plan;
pub mod protocol;
pub mod read;
pub mod section;
pub mod spec;
pub mod view;
pub mod write;
pub mod yaml;

pub use definition::{Definition, Refused};
