//! What the gateway makes of a definition: the `-gateway` keys.

pub mod checksum;
