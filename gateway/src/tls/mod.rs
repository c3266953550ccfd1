//! TLS towards upstreams: rustls with aws-lc-rs, passed explicitly.

use gatewright_config::plan::UpstreamTls;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Why an upstream's certificates could not be verified.
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

/// What an upstream's `https` endpoints are verified with: its own authorities or the system's.
pub(crate) fn client(name: &Arc<str>, plan: &UpstreamTls) -> Result<Arc<ClientConfig>, TlsError> {
    let error = |problem: String| TlsError {
        upstream: Arc::clone(name),
        problem,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| error(e.to_string()))?;
    let mut config = match &plan.ca {
        Some(file) => builder.with_root_certificates(roots(file).map_err(error)?),
        None => builder
            .with_platform_verifier()
            .map_err(|e| error(e.to_string()))?,
    }
    .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

fn roots(file: &Path) -> Result<RootCertStore, String> {
    let name = file.display();
    let mut store = RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(file).map_err(|e| format!("cannot read {name}: {e}"))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|e| format!("{name}: {e}"))?;
        store.add(certificate).map_err(|e| format!("{name}: {e}"))?;
    }
    if store.is_empty() {
        return Err(format!("{name} holds no certificate"));
    }
    Ok(store)
}
