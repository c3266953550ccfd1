//! Whole routes, against a toy protocol.

mod amend;
mod injection;
mod load;
mod conversion;
mod question;
mod reply;
mod request;
mod rest;
mod tally;
pub(crate) mod toy;
pub(crate) mod web;
