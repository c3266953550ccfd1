//! `-gateway` nodes to what they say. What is faulty is reported and left out.

mod frame;
mod options;
mod top;
mod words;

pub(super) use options::{instance_options, options, traits};
pub(super) use top::top;
