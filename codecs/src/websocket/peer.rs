//! Who sent a frame.

use super::Violation;

/// The side whose frames are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Peer {
    /// All frames are masked.
    #[default]
    Client,
    /// None is.
    Server,
}

impl Peer {
    /// RFC 6455, 5.1: what comes from clients is masked, and nothing else is.
    pub(super) const fn may_mask(self, is_masked: bool) -> Result<(), Violation> {
        match (self, is_masked) {
            (Self::Client, true) | (Self::Server, false) => Ok(()),
            (Self::Client, false) => Err(Violation::Unmasked),
            (Self::Server, true) => Err(Violation::Masked),
        }
    }
}
