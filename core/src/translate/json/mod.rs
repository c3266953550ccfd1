//! JSON in both directions: a document streamed out with its values escaped, and the few
//! values that rules want picked out of an answer without building the rest.

mod escape;
mod extract;
mod flat;
mod paths;
mod spelling;
mod write;

pub(super) use extract::{NotJson, Picked, extract};
pub(crate) use paths::Paths;
pub(super) use write::Document;
