//! TLS with clients.

use super::TlsError;
use super::pem::{certificates, private_key, roots};
use gatewright_config::plan::{
    ClientAuth, ClientsPlan, IdentityPlan, ListenerPlan, ListenerTls, TlsVersion,
};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::sync::Arc;

/// How TLS is spoken to the clients of one listener. What it is by now is asked once a
/// connection.
#[derive(Clone, Debug)]
pub(crate) struct ServerTls(Arc<ServerConfig>);

impl ServerTls {
    /// What the next handshake goes by. Sessions that were begun under one of these are resumed
    /// under the same only: neither on another listener nor after a change of the authorities.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0)
    }
}

/// What a listener's clients are shown, and what is asked of them. `None` without TLS.
pub(super) fn server(listener: &ListenerPlan) -> Result<Option<ServerTls>, TlsError> {
    let Some(plan) = &listener.tls else {
        return Ok(None);
    };
    match config(plan) {
        Ok(config) => Ok(Some(ServerTls(Arc::new(config)))),
        Err(problem) => Err(TlsError::new("listener", &listener.name, problem)),
    }
}

fn config(plan: &ListenerTls) -> Result<ServerConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let identities: Result<Vec<_>, String> = (plan.certificates.iter())
        .map(|identity| certified(identity, &provider))
        .collect();
    let shown = Shown(identities?);
    let verifier = verifier(plan.clients.as_ref(), &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(plan.min_version))
        .map_err(|e| e.to_string())?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(shown));
    config.alpn_protocols = (plan.alpn.iter())
        .map(|name| name.as_bytes().to_vec())
        .collect();
    Ok(config)
}

const FROM_1_2: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
const FROM_1_3: &[&SupportedProtocolVersion] = &[&TLS13];

const fn versions(least: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    match least {
        TlsVersion::Tls12 => FROM_1_2,
        TlsVersion::Tls13 => FROM_1_3,
    }
}

/// A certificate with its key; an error if they do not belong together.
fn certified(
    identity: &IdentityPlan,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, String> {
    let IdentityPlan { cert, key } = identity;
    let (chain, private) = (certificates(cert)?, private_key(key)?);
    let certified = CertifiedKey::from_der(chain, private, provider);
    let certified =
        certified.map_err(|e| format!("{} and {}: {e}", cert.display(), key.display()))?;
    Ok(Arc::new(certified))
}

fn verifier(
    clients: Option<&ClientsPlan>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, String> {
    let Some(ClientsPlan { ca, auth }) = clients else {
        return Ok(WebPkiClientVerifier::no_client_auth());
    };
    let roots = Arc::new(roots(ca)?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    let builder = match auth {
        ClientAuth::Required => builder,
        ClientAuth::Optional => builder.allow_unauthenticated(),
    };
    builder
        .build()
        .map_err(|e| format!("{}: {e}", ca.display()))
}

/// The certificates of a listener, in the order of the configuration; never none.
#[derive(Debug)]
struct Shown(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let first = self.0.first();
        let Some(name) = hello.server_name().filter(|_| self.0.len() > 1) else {
            return first.cloned();
        };
        let named = self.0.iter().find(|shown| is_for(shown, name));
        named.or(first).cloned()
    }
}

/// Whether a certificate is for a name, by the rules that clients go by (RFC 6125).
fn is_for(shown: &CertifiedKey, name: &str) -> bool {
    let Ok(name) = ServerName::try_from(name) else {
        return false;
    };
    let certificate = shown.end_entity_cert();
    certificate
        .and_then(ParsedCertificate::try_from)
        .is_ok_and(|certificate| verify_server_name(&certificate, &name).is_ok())
}
