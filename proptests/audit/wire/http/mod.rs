//! HTTP/1.1 as clients and servers here write it, in three dialects. What HTTP/2 carries is the same.

mod headed;
mod json;
mod message;
mod payment;
mod streamed;
#[cfg(test)]
mod tests;
mod whole;

pub(crate) use headed::Headed;
pub(crate) use json::{Json, answer_in_json, told};
pub(crate) use payment::nonce_of_target as nonce_of_payment;
pub(crate) use streamed::{Asked, request_of, response_in};
pub(crate) use whole::{SERVER, Whole, expected, nonce_of_target};
