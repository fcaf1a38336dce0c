//! TLS for `mqtts://` and `wss://`, where the crate is built with it.

#[cfg(feature = "tls")]
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpStream;

use super::link::Stream;

/// How to speak TLS: by the machine's own trusted roots unless the caller says otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Tls {
    #[cfg(feature = "tls")]
    pub(super) config: Option<Arc<tokio_rustls::rustls::ClientConfig>>,
}

/// Why TLS could not be had.
#[derive(Debug, Error)]
pub(super) enum TlsError {
    #[cfg(not(feature = "tls"))]
    #[error("built without TLS: use the feature `tls`")]
    NotBuilt,
    #[cfg(feature = "tls")]
    #[error("the host's name can't be verified")]
    Name(#[from] tokio_rustls::rustls::pki_types::InvalidDnsNameError),
    #[cfg(feature = "tls")]
    #[error("this machine has no trusted root certificates")]
    NoRoots,
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Config(#[from] tokio_rustls::rustls::Error),
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Handshake(#[from] std::io::Error),
}

#[cfg(not(feature = "tls"))]
impl Tls {
    #[expect(clippy::unused_async, reason = "the same shape as with TLS")]
    pub(super) async fn wrap(&self, _host: &str, _tcp: TcpStream) -> Result<Box<dyn Stream>, TlsError> {
        Err(TlsError::NotBuilt)
    }
}

#[cfg(feature = "tls")]
impl Tls {
    pub(super) async fn wrap(self, host: &str, tcp: TcpStream) -> Result<Box<dyn Stream>, TlsError> {
        use tokio_rustls::TlsConnector;
        use tokio_rustls::rustls::pki_types::ServerName;

        let name = ServerName::try_from(host.to_owned())?;
        let config = match self.config {
            Some(config) => config,
            None => machine_roots()?,
        };
        Ok(Box::new(TlsConnector::from(config).connect(name, tcp).await?))
    }
}

#[cfg(feature = "tls")]
fn machine_roots() -> Result<Arc<tokio_rustls::rustls::ClientConfig>, TlsError> {
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(TlsError::NoRoots);
    }
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
