//! A certificate authority of our own, and certificates from it.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::{self, RootCertStore, SupportedProtocolVersion};

/// An authority that exists for one test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        // Issuers are looked for by their names: no two have the same.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("authority {}", COUNT.fetch_add(1, Ordering::Relaxed));
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("an authority"))
    }

    /// What those who trust it are given.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).expect("an authority");
        roots
    }

    /// A certificate for `names`, with its key.
    pub(crate) fn issue(&self, names: &[&str]) -> Identity {
        self.sign(named(names))
    }

    /// The same for who is called so: parts of a subject, the most general first.
    pub(crate) fn issue_to(&self, subject: &[(DnType, &str)], names: &[&str]) -> Identity {
        let mut params = named(names);
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in subject {
            params.distinguished_name.push(kind.clone(), *value);
        }
        self.sign(params)
    }

    /// The same, but its time is over.
    pub(crate) fn issue_expired(&self, names: &[&str]) -> Identity {
        let mut params = named(names);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 1, 1);
        self.sign(params)
    }

    fn sign(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        Identity {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key,
        }
    }

    /// A client that trusts this authority only and speaks HTTP/2.
    pub(crate) fn client(&self) -> Arc<rustls::ClientConfig> {
        let mut config = self.bare_client(rustls::DEFAULT_VERSIONS, None);
        config.alpn_protocols = vec![b"h2".to_vec()];
        Arc::new(config)
    }

    /// One that speaks these versions, shows this certificate, and says nothing of protocols.
    pub(crate) fn bare_client(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        identity: Option<&Identity>,
    ) -> rustls::ClientConfig {
        let builder = rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .expect("versions")
            .with_root_certificates(self.roots());
        match identity {
            Some(identity) => builder
                .with_client_auth_cert(vec![identity.certificate.clone()], identity.key_der())
                .expect("an identity"),
            None => builder.with_no_client_auth(),
        }
    }
}

fn named(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).expect("names")
}

/// A certificate and its key.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    certificate_pem: String,
    key: KeyPair,
}

impl Identity {
    /// The certificate and the key as a server's files hold them.
    pub(crate) fn pem(&self) -> (&str, String) {
        (&self.certificate_pem, self.key.serialize_pem())
    }

    /// The certificate as it is shown.
    pub(crate) const fn der(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    fn key_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()))
    }

    /// A server that offers `alpn` and nothing else.
    pub(crate) fn server(&self, alpn: &[u8]) -> Arc<rustls::ServerConfig> {
        self.serve(WebPkiClientVerifier::no_client_auth(), alpn)
    }

    /// The same, but its clients must have a certificate of this authority.
    pub(crate) fn server_for(&self, clients: &Authority, alpn: &[u8]) -> Arc<rustls::ServerConfig> {
        let roots = Arc::new(clients.roots());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider()).build();
        self.serve(verifier.expect("an authority"), alpn)
    }

    fn serve(
        &self,
        clients: Arc<dyn ClientCertVerifier>,
        alpn: &[u8],
    ) -> Arc<rustls::ServerConfig> {
        let key = self.key_der();
        let mut config = rustls::ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![self.certificate.clone()], key)
            .expect("an identity");
        config.alpn_protocols = vec![alpn.to_vec()];
        Arc::new(config)
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}
