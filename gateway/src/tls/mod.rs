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

use gatewright_config::plan::Plan;
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
    pub(crate) fn load(plan: &Plan) -> Result<Self, TlsError> {
        let listeners: Result<_, _> = plan.listeners.iter().map(server::server).collect();
        let upstreams: Result<_, _> = plan.upstreams.iter().map(client::client).collect();
        Ok(Self {
            listeners: listeners?,
            upstreams: upstreams?,
        })
    }
}

/// Why TLS cannot be spoken.
#[derive(Debug)]
pub struct TlsError {
    part: &'static str,
    name: String,
    problem: String,
}

impl TlsError {
    fn new(part: &'static str, name: &str, problem: String) -> Self {
        Self {
            part,
            name: name.to_owned(),
            problem,
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`: {}", self.part, self.name, self.problem)
    }
}

impl std::error::Error for TlsError {}
