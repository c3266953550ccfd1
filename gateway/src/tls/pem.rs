//! Certificates and keys from PEM files.

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;

/// The authorities of a file.
pub(super) fn roots(file: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = store.add(certificate);
        added.map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(store)
}

/// The certificates of a file; never none.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
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

/// The first private key of a file.
pub(super) fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(file).map_err(|e| format!("{}: {e}", file.display()))
}
