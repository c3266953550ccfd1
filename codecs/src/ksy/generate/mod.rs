//! What can be made of a definition for other tools: documentation, dissectors, dictionaries.

pub mod dictionary;
pub mod docs;
mod extent;
pub mod wireshark;
