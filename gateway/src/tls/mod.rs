//! TLS towards upstreams: rustls with aws-lc-rs, passed explicitly.

use gatewright_config::plan::{EndpointKind, IdentityPlan, UpstreamPlan};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Why TLS cannot be spoken to an upstream.
#[derive(Debug)]
pub struct TlsError {
    upstream: Arc<str>,
    problem: String,
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream `{}`: {}", self.upstream, self.problem)
    }
}

impl std::error::Error for TlsError {}

/// How TLS is spoken to the endpoints of one upstream.
#[derive(Clone, Debug)]
pub(crate) struct ClientTls {
    pub(crate) config: Arc<ClientConfig>,
    /// The name to verify instead of the endpoint's host.
    pub(crate) server_name: Option<Arc<str>>,
}

/// What the TLS endpoints of an upstream are verified with, and what is shown to them.
pub(crate) fn client(upstream: &UpstreamPlan) -> Result<ClientTls, TlsError> {
    let config = config(upstream).map_err(|problem| TlsError {
        upstream: Arc::clone(&upstream.name),
        problem,
    })?;
    Ok(ClientTls {
        config: Arc::new(config),
        server_name: upstream.tls.server_name.clone(),
    })
}

fn config(upstream: &UpstreamPlan) -> Result<ClientConfig, String> {
    let plan = &upstream.tls;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    let builder = match &plan.ca {
        Some(file) => builder.with_root_certificates(roots(file)?),
        None => builder
            .with_platform_verifier()
            .map_err(|e| e.to_string())?,
    };
    let mut config = match &plan.identity {
        Some(IdentityPlan { cert, key }) => builder
            .with_client_auth_cert(certificates(cert)?, private_key(key)?)
            .map_err(|e| format!("{} and {}: {e}", cert.display(), key.display()))?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn(upstream);
    Ok(config)
}

/// What is said, or what the endpoints need.
fn alpn(upstream: &UpstreamPlan) -> Vec<Vec<u8>> {
    let said = &upstream.tls.alpn;
    let http = |kind| matches!(kind, EndpointKind::Http);
    if said.is_empty() && upstream.endpoints.iter().any(|e| http(e.kind())) {
        return vec![b"h2".to_vec()];
    }
    said.iter().map(|name| name.as_bytes().to_vec()).collect()
}

fn roots(file: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = store.add(certificate);
        added.map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(store)
}

/// The certificates of a PEM file; never none.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = file.display();
    let read =
        CertificateDer::pem_file_iter(file).map_err(|e| format!("cannot read {name}: {e}"))?;
    let certificates: Result<Vec<_>, _> = read.collect();
    let certificates = certificates.map_err(|e| format!("{name}: {e}"))?;
    if certificates.is_empty() {
        return Err(format!("{name} holds no certificate"));
    }
    Ok(certificates)
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(file).map_err(|e| format!("{}: {e}", file.display()))
}
