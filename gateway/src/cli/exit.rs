//! Exit codes: those of sysexits.h where it has one.

use std::process::ExitCode;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Well.
    Good,
    /// It found something: a failed test, bytes that are not what they should be, no reply.
    Findings,
    /// The command line makes no sense.
    BadUsage,
    /// The system refused: an address, a permission, a limit.
    Refused,
    /// The configuration is invalid.
    BadConfig,
}

/// The result of a verb or a part of it. What went wrong was told already; the error is only how
/// to exit.
pub(super) type Outcome<T = ()> = Result<T, Exit>;

impl Exit {
    /// How to exit once this verdict was printed. A reader who left does not change it.
    pub(super) const fn once_told(self, printed: Outcome) -> Self {
        match printed {
            Ok(()) | Err(Self::Good) => self,
            Err(exit) => exit,
        }
    }
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        outcome.err().unwrap_or(Self::Good)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Good => Self::SUCCESS,
            Exit::Findings => Self::from(1),
            Exit::BadUsage => Self::from(2),
            Exit::Refused => Self::from(71),
            Exit::BadConfig => Self::from(78),
        }
    }
}
