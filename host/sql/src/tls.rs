//! TLS to servers: rustls with the system's roots, or with the roots that a connection names.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use stepwell_engine::system::{MAX_CERTIFICATES, read_file, why};

/// Returns the trusted certificates.
pub(crate) fn roots(ca: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    match ca {
        Some(path) => {
            let text = read_file(path, MAX_CERTIFICATES)
                .map_err(|error| format!("{}: {}", path.display(), why(&error)))?;
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
            match found {
                Ok(found) if !found.is_empty() => Ok(found),
                _ => Err(format!("{}: no certificates in PEM", path.display())),
            }
        }
        None => Ok(rustls_native_certs::load_native_certs().certs),
    }
}

/// Returns the trusted certificates as a store.
pub(crate) fn store(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots(ca)?);
    Ok(store)
}

/// Returns a configuration that checks the server's certificate and its name.
pub(crate) fn client(ca: Option<&Path>) -> Result<ClientConfig, String> {
    let store = store(ca)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|error| error.to_string())?.with_root_certificates(store).with_no_client_auth())
}

/// Sets the cryptography provider for drivers that do not accept one as an argument: `ring`, like everywhere
/// else in Stepwell. A program that has already chosen a provider keeps its choice.
pub(crate) fn install_provider() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
