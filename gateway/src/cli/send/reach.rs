//! A connection to whoever is spoken to, up to where bytes are carried.

use super::target::Target;
use crate::tls::client_config;
use crate::websocket::{Call, call};
use gatewright_config::plan::{IdentityPlan, PemFile};
use rustls::pki_types::ServerName;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Whatever carries the bytes. What was written leaves with a flush at the latest.
pub(super) trait Carrier: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Carrier for T {}

/// Where to send to, and how.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Reach {
    /// Where to send them: `tcp://127.0.0.1:7700`, `tls://`, or by WebSocket `ws://127.0.0.1:8081/pos` or `wss://`.
    #[arg(long = "to", value_name = "ADDRESS")]
    pub(super) target: Target,
    /// The authorities that a server of `tls://` or `wss://` is verified with, instead of the system's: a file in PEM.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The certificate that is shown to a server of `tls://` or `wss://`, with those that lead from it to an authority: a file in PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// Its private key: a file in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// The subprotocol that is offered to a server of WebSocket, which has to agree to it.
    #[arg(long, value_name = "NAME", value_parser = token)]
    subprotocol: Option<String>,
}

impl Reach {
    #[cfg(test)]
    pub(super) fn to(target: Target) -> Self {
        Self {
            target,
            ca: None,
            cert: None,
            key: None,
            subprotocol: None,
        }
    }

    /// What is asked for, but cannot be had from this address.
    pub(super) fn idle_option(&self) -> Option<&'static str> {
        if self.ca.is_some() && !self.target.tls {
            return Some("`--ca` is for tls:// and wss://");
        }
        if self.cert.is_some() && !self.target.tls {
            return Some("`--cert` is for tls:// and wss://");
        }
        (self.subprotocol.is_some() && self.target.websocket.is_none())
            .then_some("`--subprotocol` is for ws:// and wss://")
    }

    /// Connects.
    ///
    /// # Errors
    /// As the system, TLS or WebSocket says.
    pub(super) async fn connect(&self) -> io::Result<Box<dyn Carrier>> {
        let tcp = TcpStream::connect(&self.target.authority).await?;
        if self.target.tls {
            let name = ServerName::try_from(self.target.host.clone()).map_err(io::Error::other)?;
            let ca = self.ca.clone().map(PemFile::from);
            let config = client_config(ca.as_ref(), self.identity().as_ref());
            let config = config.map_err(|problem| io::Error::other(problem.to_string()))?;
            let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp);
            self.carried(Box::pin(tls).await?).await
        } else {
            self.carried(tcp).await
        }
    }

    fn identity(&self) -> Option<IdentityPlan> {
        Some(IdentityPlan {
            cert: self.cert.clone()?.into(),
            key: self.key.clone()?.into(),
        })
    }

    /// The connection as WebSocket carries it, where it does.
    async fn carried(&self, io: impl Carrier + 'static) -> io::Result<Box<dyn Carrier>> {
        let Some(target) = &self.target.websocket else {
            return Ok(Box::new(io));
        };
        let asked = Call {
            authority: &self.target.authority,
            target,
            subprotocol: self.subprotocol.as_deref(),
        };
        Ok(Box::new(call(io, asked).await?))
    }
}

/// RFC 6455, 4.1: the names of subprotocols are tokens (RFC 9110, 5.6.2).
fn token(text: &str) -> Result<String, &'static str> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if text.is_empty() || !text.bytes().all(is_token) {
        return Err("expected a token: letters, digits, `-`, `.`, `_` and the like");
    }
    Ok(text.to_owned())
}
