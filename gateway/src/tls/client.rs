//! TLS towards upstreams.

use super::pem::{certificates, private_key, roots, unfit};
use super::{Problem, TlsError};
use gatewright_config::plan::{Endpoint, EndpointKind, IdentityPlan, PemFile, UpstreamPlan};
use rustls::client::WantsClientCert;
use rustls::{ClientConfig, ConfigBuilder};
use rustls_platform_verifier::BuilderVerifierExt;
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

fn config(upstream: &UpstreamPlan) -> Result<ClientConfig, Problem> {
    let plan = &upstream.tls;
    let mut config = client_config(plan.ca.as_ref(), plan.identity.as_ref())?;
    config.alpn_protocols = alpn(upstream);
    Ok(config)
}

/// What servers are verified with, the authorities of a file or the system's, and who they are told that
/// we are.
///
/// # Errors
/// What is wrong with the files.
pub(crate) fn client_config(
    ca: Option<&PemFile>,
    identity: Option<&IdentityPlan>,
) -> Result<ClientConfig, Problem> {
    let builder = verifying(ca)?;
    let Some(identity) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let (cert, key) = (certificates(&identity.cert)?, private_key(&identity.key)?);
    (builder.with_client_auth_cert(cert, key)).map_err(|e| unfit(identity, &e))
}

fn verifying(
    ca: Option<&PemFile>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, Problem> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Problem::system)?;
    Ok(match ca {
        Some(file) => builder.with_root_certificates(roots(file)?),
        None => builder.with_platform_verifier().map_err(Problem::system)?,
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
