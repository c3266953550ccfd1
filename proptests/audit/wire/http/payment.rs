//! A payment's nonce in a target: `/merchant/pan`, a half each.

use crate::request::Nonce;
use crate::wire::pos::{parse_nonce, write_half};

const HALF: usize = 13;

/// Both halves of a nonce.
pub(super) fn halves(nonce: Nonce) -> [String; 2] {
    [(nonce >> 64) as u64, nonce as u64].map(|half| {
        let mut digits = Vec::new();
        write_half(half, HALF, &mut digits);
        String::from_utf8(digits).expect("digits")
    })
}

pub(super) fn target(nonce: Nonce) -> String {
    let [merchant, pan] = halves(nonce);
    format!("/{merchant}/{pan}")
}

/// The request that a target names.
pub(crate) fn nonce_of_target(target: &str) -> Option<Nonce> {
    let (merchant, pan) = target.strip_prefix('/')?.split_once('/')?;
    parse_nonce(merchant.as_bytes(), pan.as_bytes())
}
