//! Which replies speak against the endpoint that gave them.

use crate::codec::Grade;

/// Which of the replies that their protocol calls errors speak against an endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ErrorReplies {
    /// None: an answer is an answer.
    #[default]
    None,
    /// Those by which a server says that it cannot do its part.
    Failures,
    /// All.
    All,
}

impl ErrorReplies {
    /// Whether a reply of this grade does.
    #[must_use]
    pub const fn blame(self, grade: Grade) -> bool {
        match (self, grade) {
            (Self::None, _) | (_, Grade::Fine) | (Self::Failures, Grade::Refused) => false,
            (Self::Failures | Self::All, Grade::Failed) | (Self::All, Grade::Refused) => true,
        }
    }

    /// Whether replies have to be looked at.
    #[must_use]
    pub const fn matter(self) -> bool {
        !matches!(self, Self::None)
    }
}
