//! Exit codes: those of sysexits.h where it has one.

use std::process::ExitCode;

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// Well.
    Good,
    /// As asked, with findings: something is not as it should be.
    Findings,
    /// The command line makes no sense.
    BadUsage,
    /// The system refused: an address, a permission, a limit.
    Refused,
    /// The configuration is invalid.
    BadConfig,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Good => Self::SUCCESS,
            Exit::Findings => Self::FAILURE,
            Exit::BadUsage => Self::from(2),
            Exit::Refused => Self::from(71),
            Exit::BadConfig => Self::from(78),
        }
    }
}
