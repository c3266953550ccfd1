//! Where in the frame each member was found, for people.

use super::{IoId, ObjectId};

/// One element of a member, and its place.
#[derive(Clone, Copy, Debug)]
pub struct Traced {
    /// The structure.
    pub object: ObjectId,
    /// The member.
    pub slot: usize,
    /// Which element, if it is repeated.
    pub index: Option<usize>,
    /// What it was read from.
    pub io: IoId,
    /// Where it begins in the stream's buffer.
    pub start: usize,
    /// How many bits of the byte before that it begins with, if it is a bit field.
    pub unread_bits: u8,
    /// Where it ends there, once that is known.
    pub end: Option<usize>,
}
