//! Whole routes, against a toy protocol.

mod injection;
mod load;
mod reply;
mod request;
pub(crate) mod toy;
