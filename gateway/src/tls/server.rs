//! TLS with clients.

use super::names::{Names, Shown};
use super::pem::{certificates, private_key, roots, unfit};
use super::{Problem, TlsError};
use gatewright_config::plan::{
    ClientAuth, ClientsPlan, IdentityPlan, ListenerPlan, ListenerTls, TlsVersion,
};
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::sync::Arc;

/// How TLS is spoken to the clients of one listener. What it is by now is asked once a
/// connection.
#[derive(Clone, Debug)]
pub(crate) struct ServerTls {
    config: Arc<ServerConfig>,
    names: Arc<Names>,
}

impl ServerTls {
    /// What the next handshake goes by. Sessions that were begun under one of these are resumed
    /// under the same only: neither on another listener nor after a change of the authorities.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// What a client was shown that asked for this name, or none; nothing if there is but one certificate.
    pub(super) fn shown_to(&self, asked: Option<&str>) -> Option<Shown> {
        Shown::to(&self.names, asked)
    }
}

/// What a listener's clients are shown, and what is asked of them. `None` without TLS.
pub(super) fn server(listener: &ListenerPlan) -> Result<Option<ServerTls>, TlsError> {
    let Some(plan) = &listener.tls else {
        return Ok(None);
    };
    match of_plan(plan) {
        Ok(tls) => Ok(Some(tls)),
        Err(problem) => Err(TlsError::new("listener", &listener.name, problem)),
    }
}

fn of_plan(plan: &ListenerTls) -> Result<ServerTls, Problem> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let identities: Result<Vec<_>, Problem> = (plan.certificates.iter())
        .map(|identity| certified(identity, &provider))
        .collect();
    let all = identities?;
    let first = all.iter().filter_map(|certified| certified.cert.first());
    let names = Arc::new(Names::of(first));
    let certificates = Certificates {
        all,
        names: Arc::clone(&names),
    };
    let verifier = verifier(plan.clients.as_ref(), &provider)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(plan.min_version))
        .map_err(Problem::system)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(certificates));
    config.alpn_protocols = (plan.alpn.iter())
        .map(|name| name.as_bytes().to_vec())
        .collect();
    Ok(ServerTls {
        config: Arc::new(config),
        names,
    })
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
) -> Result<Arc<CertifiedKey>, Problem> {
    let IdentityPlan { cert, key } = identity;
    let (chain, private) = (certificates(cert)?, private_key(key)?);
    let certified = CertifiedKey::from_der(chain, private, provider);
    let certified = certified.map_err(|e| unfit(identity, &e))?;
    Ok(Arc::new(certified))
}

fn verifier(
    clients: Option<&ClientsPlan>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Problem> {
    let Some(ClientsPlan { ca, auth }) = clients else {
        return Ok(WebPkiClientVerifier::no_client_auth());
    };
    let roots = Arc::new(roots(ca)?);
    let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
    let builder = match auth {
        ClientAuth::Required => builder,
        ClientAuth::Optional => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|e| Problem::file(ca, e))
}

/// The certificates of a listener, in the order of the configuration; never none.
#[derive(Debug)]
struct Certificates {
    all: Vec<Arc<CertifiedKey>>,
    names: Arc<Names>,
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let place = hello.server_name().and_then(|name| self.names.find(name));
        self.all.get(place.unwrap_or_default()).cloned()
    }
}
