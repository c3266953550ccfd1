//! TLS towards upstreams.

use super::TlsError;
use super::pem::{certificates, private_key, roots};
use gatewright_config::plan::{Endpoint, EndpointKind, IdentityPlan, UpstreamPlan};
use rustls::client::WantsClientCert;
use rustls::{ClientConfig, ConfigBuilder};
use rustls_platform_verifier::BuilderVerifierExt;
use std::path::Path;
use std::sync::Arc;

/// How TLS is spoken to the endpoints of one upstream.
#[derive(Clone, Debug)]
pub(crate) struct ClientTls {
    pub(crate) config: Arc<ClientConfig>,
    /// The name to verify instead of the endpoint's host.
    pub(crate) server_name: Option<Arc<str>>,
}

/// What the TLS endpoints of an upstream are verified with, and what is shown to them. `None`
/// without such endpoints.
pub(super) fn client(upstream: &UpstreamPlan) -> Result<Option<ClientTls>, TlsError> {
    if !upstream.endpoints.iter().any(Endpoint::is_tls) {
        return Ok(None);
    }
    match config(upstream) {
        Ok(config) => Ok(Some(ClientTls {
            config: Arc::new(config),
            server_name: upstream.tls.server_name.clone(),
        })),
        Err(problem) => Err(TlsError::new("upstream", &upstream.name, problem)),
    }
}

fn config(upstream: &UpstreamPlan) -> Result<ClientConfig, String> {
    let plan = &upstream.tls;
    let mut config = client_config(plan.ca.as_deref(), plan.identity.as_ref())?;
    config.alpn_protocols = alpn(upstream);
    Ok(config)
}

/// What servers are verified with, the authorities of a file or the system's, and who they are told that
/// we are.
///
/// # Errors
/// What is wrong with the files.
pub(crate) fn client_config(
    ca: Option<&Path>,
    identity: Option<&IdentityPlan>,
) -> Result<ClientConfig, String> {
    let builder = verifying(ca)?;
    let Some(IdentityPlan { cert, key }) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    builder
        .with_client_auth_cert(certificates(cert)?, private_key(key)?)
        .map_err(|e| format!("{} and {}: {e}", cert.display(), key.display()))
}

fn verifying(ca: Option<&Path>) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    Ok(match ca {
        Some(file) => builder.with_root_certificates(roots(file)?),
        None => builder
            .with_platform_verifier()
            .map_err(|e| e.to_string())?,
    })
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
