//! A certificate authority for one run.

use quinn::TransportConfig;
use quinn::crypto::rustls::QuicServerConfig;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use std::error::Error;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// Streams of QUIC that one connection may have at a time.
const STREAMS: u32 = 1_000;

/// What servers show and clients trust.
pub(crate) struct Authority {
    /// The authority itself, for those who trust it.
    pub(crate) pem: String,
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
        Ok(Self {
            certificate: params.signed_by(&key, &issuer)?,
            pem: issuer.pem(),
            key,
        })
    }

    /// A server that offers this protocol by ALPN, if any.
    pub(crate) fn server(&self, alpn: Option<&str>) -> Result<TlsAcceptor, Box<dyn Error>> {
        Ok(TlsAcceptor::from(Arc::new(self.config(alpn)?)))
    }

    /// The same over QUIC.
    pub(crate) fn quic_server(&self, alpn: &str) -> Result<quinn::ServerConfig, Box<dyn Error>> {
        let crypto = QuicServerConfig::try_from(self.config(Some(alpn))?)?;
        let mut config = quinn::ServerConfig::with_crypto(Arc::new(crypto));
        let mut transport = TransportConfig::default();
        transport.max_concurrent_bidi_streams(STREAMS.into());
        config.transport_config(Arc::new(transport));
        Ok(config)
    }

    fn config(&self, alpn: Option<&str>) -> Result<ServerConfig, Box<dyn Error>> {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()?
                .with_no_client_auth()
                .with_single_cert(vec![self.certificate.der().clone()], key)?;
        config.alpn_protocols = alpn
            .map(|name| name.as_bytes().to_vec())
            .into_iter()
            .collect();
        Ok(config)
    }
}
