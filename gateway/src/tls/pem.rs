//! Certificates and keys from PEM files.

use super::Problem;
use gatewright_config::plan::{IdentityPlan, PemFile};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The authorities of a file.
pub(super) fn roots(file: &PemFile) -> Result<RootCertStore, Problem> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = store.add(certificate);
        added.map_err(|e| Problem::file(file, e))?;
    }
    Ok(store)
}

/// The certificates of a file; never none.
pub(super) fn certificates(file: &PemFile) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let read = CertificateDer::pem_file_iter(&file.path).map_err(|e| Problem::file(file, e))?;
    let certificates: Result<Vec<_>, _> = read.collect();
    let certificates = certificates.map_err(|e| Problem::file(file, e))?;
    if certificates.is_empty() {
        return Err(Problem::file(file, "it holds no certificate"));
    }
    Ok(certificates)
}

/// The first private key of a file.
pub(super) fn private_key(file: &PemFile) -> Result<PrivateKeyDer<'static>, Problem> {
    PrivateKeyDer::from_pem_file(&file.path).map_err(|e| Problem::file(file, e))
}

/// A certificate and a key that cannot be used together.
pub(super) fn unfit(identity: &IdentityPlan, why: &rustls::Error) -> Problem {
    let cert = &identity.cert.shown;
    Problem::file(&identity.key, format!("beside {cert}: {why}"))
}
