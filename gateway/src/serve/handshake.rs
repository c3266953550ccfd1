//! TLS's handshake with a client, before anything else.

use super::parting::Parting;
use crate::clock;
use crate::lifecycle::Worker;
use crate::listen::ClientStream;
use crate::observe::ListenerMetrics;
use crate::tls::{Encrypted, ServerTls};
use rustls::{CertificateError, Error};
use std::fmt::Display;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// What a handshake needs to know of its listener.
#[derive(Debug)]
pub(crate) struct Handshake<'a> {
    pub(crate) tls: &'a ServerTls,
    pub(crate) limit: Duration,
    pub(crate) listener: &'a str,
    pub(crate) metrics: &'a ListenerMetrics,
    pub(crate) peer: SocketAddr,
}

impl Handshake<'_> {
    /// The encrypted connection; nothing if there is none, which is counted by its cause.
    pub(crate) async fn run(self, io: TcpStream, worker: &Worker) -> Option<ClientStream> {
        let accept = TlsAcceptor::from(self.tls.config()).accept(io);
        let accept = Box::pin(accept.into_fallible());
        match tokio::time::timeout(self.limit, accept).await {
            Ok(Ok(stream)) => Some(ClientStream::Tls(Box::new(Encrypted::new(
                stream, self.tls,
            )))),
            Ok(Err((error, io))) => {
                self.note(cause(&error), &error);
                part(io, worker).await;
                None
            }
            Err(late) => {
                self.note("time", &late);
                None
            }
        }
    }

    fn note(&self, cause: &'static str, error: &dyn Display) {
        self.metrics.handshake_failed(cause);
        tracing::info!(peer = %self.peer, listener = self.listener, cause, %error, "no TLS");
    }
}

/// Lets the last word arrive that says why. An error on the way means that nobody is there to read it.
pub(super) async fn part(mut io: impl AsyncRead + AsyncWrite + Unpin, worker: &Worker) {
    let mut parting = Parting::new(clock::now());
    let said = poll_fn(|cx| parting.poll(&mut io, &mut worker.scratch(), clock::now(), cx));
    let _ = tokio::time::timeout(Parting::LINGER, said).await;
}

/// Why a handshake failed, as a closed set of words.
fn cause(error: &io::Error) -> &'static str {
    let tls = (error.get_ref()).and_then(|inner| inner.downcast_ref::<Error>());
    match tls {
        Some(Error::InvalidMessage(_)) => "not-tls",
        Some(Error::PeerIncompatible(_)) => "incompatible",
        Some(Error::NoCertificatesPresented) => "no-certificate",
        Some(Error::InvalidCertificate(error)) => certificate_cause(error),
        Some(Error::AlertReceived(_)) => "refused-by-client",
        Some(Error::NoApplicationProtocol) => "alpn",
        Some(_) => "protocol",
        None if error.kind() == io::ErrorKind::UnexpectedEof => "peer",
        None => "reset",
    }
}

fn certificate_cause(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate-expired"
        }
        CertificateError::UnknownIssuer => "certificate-unknown-issuer",
        _ => "certificate",
    }
}
