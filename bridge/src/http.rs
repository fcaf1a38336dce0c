//! Asking over HTTP, where it matters who answers: bounded in time and size, no redirects, no proxy.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::header::HeaderMap;
use axum::http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use thiserror::Error;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};
use url::Url;

/// Asks one host or another; clones share their connections.
#[derive(Clone, Debug)]
pub(crate) struct Client(legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// Why there is no answer.
#[derive(Debug, Error)]
pub(crate) enum HttpError {
    /// Nobody is there, or who is there is not believed.
    #[error("nobody is reached")]
    Connect(#[from] legacy::Error),
    /// The answer breaks off.
    #[error("the answer breaks off")]
    Body(#[from] hyper::Error),
    /// It takes too long.
    #[error("it takes too long")]
    Late(#[from] tokio::time::error::Elapsed),
    /// It is too large.
    #[error("the answer is too large")]
    TooLarge,
    /// The address can't be asked.
    #[error("the address can't be asked")]
    Address(#[from] axum::http::Error),
}

/// Why nobody can be asked.
#[derive(Debug, Error)]
pub(crate) enum TlsError {
    /// No file, or not in PEM.
    #[error("the certificates in {} can't be read: --hub-ca is to be a PEM file", .0.display())]
    Read(PathBuf, #[source] pem::Error),
    /// Nothing in it.
    #[error("{} holds no certificate: --hub-ca is to be a PEM file", .0.display())]
    Empty(PathBuf),
    /// A certificate that is none.
    #[error("TLS can't be set up")]
    Rustls(#[from] rustls::Error),
}

impl Client {
    /// Believes in this machine's certificate authorities, and in those of a PEM file.
    ///
    /// # Errors
    /// [`TlsError`] if the file is of no use.
    pub(crate) fn new(authorities: Option<&Path>) -> Result<Self, TlsError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let https = HttpsConnectorBuilder::new().with_tls_config(tls(authorities)?);
        let https = https.https_or_http().enable_http1().wrap_connector(http);
        Ok(Self(legacy::Client::builder(TokioExecutor::new()).pool_max_idle_per_host(4).build(https)))
    }

    /// Asks, and waits for the head of the answer.
    ///
    /// # Errors
    /// [`HttpError`] if there is none in time.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, HttpError> {
        let mut request = Request::builder().method(method).uri(url.as_str()).body(Full::new(body))?;
        *request.headers_mut() = headers;
        Ok(tokio::time::timeout(TIMEOUT, self.0.request(request)).await??)
    }

    /// Gets a page.
    ///
    /// # Errors
    /// [`HttpError`] if there is none in time.
    pub(crate) async fn get(&self, url: &Url) -> Result<Response<Incoming>, HttpError> {
        self.send(Method::GET, url, HeaderMap::new(), Bytes::new()).await
    }
}

/// The next piece of an answer's body, or `None` at its end.
///
/// # Errors
/// [`HttpError`] if it does not come in time.
pub(crate) async fn piece(answer: &mut Response<Incoming>) -> Result<Option<Bytes>, HttpError> {
    loop {
        let Some(frame) = tokio::time::timeout(TIMEOUT, answer.body_mut().frame()).await? else {
            return Ok(None);
        };
        if let Ok(piece) = frame?.into_data() {
            return Ok(Some(piece));
        }
    }
}

/// A whole body of at most `most` bytes.
///
/// # Errors
/// [`HttpError`] if it does not come, or is larger.
pub(crate) async fn read(mut answer: Response<Incoming>, most: usize) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(piece) = piece(&mut answer).await? {
        if body.len() + piece.len() > most {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

fn tls(authorities: Option<&Path>) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = authorities {
        let failed = |error| TlsError::Read(file.to_owned(), error);
        let before = roots.len();
        for certificate in CertificateDer::pem_file_iter(file).map_err(failed)? {
            roots.add(certificate.map_err(failed)?)?;
        }
        if roots.len() == before {
            return Err(TlsError::Empty(file.to_owned()));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        Self::other(error)
    }
}

/// How long the head of an answer, or its next piece, may take.
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
