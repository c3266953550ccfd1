//! TLS on both sides: rustls with aws-lc-rs, passed explicitly.

mod client;
mod encrypted;
mod identity;
mod names;
mod pem;
mod server;

pub(crate) use client::{ClientTls, client_config};
pub(crate) use encrypted::Encrypted;
pub(crate) use names::Shown;
pub(crate) use server::ServerTls;

use gatewright_config::plan::{PemFile, Plan};
use gatewright_config::{Diagnostic, Loaded, codes};
use std::fmt;

/// What all parts of a plan speak TLS by.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    /// By listener; `None` where it is not spoken.
    pub(crate) listeners: Vec<Option<ServerTls>>,
    /// By upstream, in the same way.
    pub(crate) upstreams: Vec<Option<ClientTls>>,
}

impl Tls {
    /// Reads the files that a plan names.
    ///
    /// # Errors
    /// One for each part of the plan that cannot speak it.
    pub(crate) fn load(plan: &Plan) -> Result<Self, Vec<TlsError>> {
        let mut refused = Vec::new();
        let listeners = plan.listeners.iter().map(server::server);
        let listeners = kept(listeners, &mut refused);
        let upstreams = plan.upstreams.iter().map(client::client);
        let upstreams = kept(upstreams, &mut refused);
        if refused.is_empty() {
            return Ok(Self {
                listeners,
                upstreams,
            });
        }
        Err(refused)
    }
}

/// What was read; what was not goes to `refused`.
fn kept<T>(read: impl Iterator<Item = Result<T, TlsError>>, refused: &mut Vec<TlsError>) -> Vec<T> {
    read.filter_map(|read| read.map_err(|error| refused.push(error)).ok())
        .collect()
}

/// Why TLS cannot be spoken.
#[derive(Debug)]
pub struct TlsError {
    part: &'static str,
    name: String,
    problem: Problem,
}

/// What stops TLS.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A file, and what is wrong with it.
    File(Box<PemFile>, String),
    /// The system, or the library.
    System(String),
}

impl Problem {
    fn file(file: &PemFile, what: impl fmt::Display) -> Self {
        Self::File(Box::new(file.clone()), what.to_string())
    }

    fn system(what: impl fmt::Display) -> Self {
        Self::System(what.to_string())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file, what) => write!(f, "{}: {what}", file.shown),
            Self::System(what) => f.write_str(what),
        }
    }
}

impl TlsError {
    fn new(part: &'static str, name: &str, problem: Problem) -> Self {
        Self {
            part,
            name: name.to_owned(),
            problem,
        }
    }

    /// The finding in the configuration, if it is about a file.
    pub(crate) fn locate(&self, loaded: &Loaded) -> Option<Diagnostic> {
        match &self.problem {
            Problem::File(file, what) => Some(loaded.not_usable(file, what)),
            Problem::System(_) => None,
        }
    }

    /// The finding that it is for this system. Another one may be meant to run the configuration.
    pub(crate) fn of_this_system(&self) -> Diagnostic {
        Diagnostic::warning(codes::NO_TLS, format!("TLS cannot be spoken here: {self}"))
            .help("`tls.ca` names authorities to trust instead of the system's")
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`: {}", self.part, self.name, self.problem)
    }
}

impl std::error::Error for TlsError {}
