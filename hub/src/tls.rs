//! TLS for the hub's own ports: certificate and key from PEM files, read again when they change.
//!
//! A connection is served with the certificate that was good when it came, and keeps it. Files that have
//! changed into something unusable change nothing: the last good certificate stays, and everybody who asks
//! is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use alleycat_shared::Millis;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{Error as RustlsError, ServerConfig};
use tokio_rustls::server::TlsStream;
use x509_parser::parse_x509_certificate;

use crate::metrics;
use crate::time::{self, DAY_MS, day};

/// Where certificate and key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The certificate, then those between it and the root.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Why a certificate can't be used.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file can't be read.
    #[error("{} can't be read ({reason}): name PEM files with --tls-cert and --tls-key", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file without a certificate.
    #[error("there is no certificate in {}: it is to be PEM, with a line BEGIN CERTIFICATE", .0.display())]
    NoCertificate(PathBuf),
    /// A file without a key.
    #[error("there is no key in {}: it is to be PEM, not encrypted, with a line BEGIN PRIVATE KEY", .0.display())]
    NoKey(PathBuf),
    /// They do not belong together.
    #[error("the key in {} is not that of the certificate in {}: give the key it was made with", key.display(), certificate.display())]
    WrongKey {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// Something else is wrong with them.
    #[error("the certificate in {} can't be used: {reason}", certificate.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// A certificate and its key, ready to serve.
#[derive(Clone)]
pub(crate) struct Certificate {
    config: Arc<ServerConfig>,
    /// When it begins and ends to be good, epoch ms.
    valid: (Millis, Millis),
    /// Why its files, which have changed since, are of no use.
    failing: Option<String>,
}

/// TLS for connections that come in; clones share the certificate.
#[derive(Clone)]
pub(crate) struct Tls(watch::Receiver<Certificate>);

/// What came in at a port that speaks TLS.
pub(crate) enum Arrival {
    /// A client that does too.
    Secure(Box<TlsStream<TcpStream>>),
    /// One that does not. Nothing of what it said has been read.
    Plain(TcpStream),
}

impl Certificate {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// [`TlsError`] with what to do.
    pub(crate) fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let TlsFiles { certificate, key } = files;
        let text = read(certificate)?;
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().unwrap_or_default();
        let Some(own) = chain.first() else { return Err(TlsError::NoCertificate(certificate.clone())) };
        let unusable = |reason: String| TlsError::Unusable { certificate: certificate.clone(), reason };
        let (_, parsed) = parse_x509_certificate(own).map_err(|error| unusable(error.to_string()))?;
        let ms = |at: i64| Millis::try_from(at).unwrap_or(0).saturating_mul(1_000);
        let validity = parsed.validity();
        let valid = (ms(validity.not_before.timestamp()), ms(validity.not_after.timestamp()));
        let secret = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| TlsError::NoKey(key.clone()))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?
            .with_no_client_auth()
            .with_single_cert(chain, secret)
            .map_err(|error| match error {
                RustlsError::InconsistentKeys(_) => {
                    TlsError::WrongKey { certificate: certificate.clone(), key: key.clone() }
                }
                other => unusable(other.to_string()),
            })?;
        Ok(Self { config: Arc::new(config), valid, failing: None })
    }

    /// What its owner should know at `now`, if anything.
    pub(crate) fn warning(&self, now: Millis) -> Option<String> {
        let (begins, ends) = self.valid;
        if now < begins {
            return Some(format!(
                "the certificate is not valid before {}: mind the machine's clock",
                day(begins)
            ));
        }
        if now >= ends {
            return Some(format!(
                "the certificate expired on {}: browsers refuse it, get a new one",
                day(ends)
            ));
        }
        (ends - now < SOON_MS).then(|| format!("the certificate expires on {}: renew it", day(ends)))
    }
}

impl Tls {
    /// With this certificate, and the task that keeps it fresh, which its caller owns.
    pub(crate) fn new(files: TlsFiles, certificate: Certificate) -> (Self, impl Future<Output = ()> + Send) {
        metrics::certificate_expires(certificate.valid.1);
        if let Some(warning) = certificate.warning(time::now()) {
            tracing::warn!("{warning}");
        }
        let seen = look(&files);
        let (sender, certificate) = watch::channel(certificate);
        (Self(certificate), refresh(files, seen, sender))
    }

    /// What is wrong with the certificate or its files at `now`, if anything.
    pub(crate) fn trouble(&self, now: Millis) -> Option<String> {
        let certificate = self.0.borrow();
        certificate.failing.clone().or_else(|| certificate.warning(now))
    }

    /// Takes a connection in, for at most [`HANDSHAKE`]. What comes to nothing is counted.
    pub(crate) async fn accept(&self, stream: TcpStream) -> Option<Arrival> {
        let arrived = tokio::time::timeout(HANDSHAKE, self.shake_hands(stream)).await;
        match arrived {
            Ok(Ok(arrival)) => Some(arrival),
            Ok(Err(error)) => {
                metrics::turned_away("tls-handshake");
                tracing::debug!(%error, "no handshake");
                None
            }
            Err(_) => {
                metrics::turned_away("tls-timeout");
                None
            }
        }
    }

    async fn shake_hands(&self, stream: TcpStream) -> std::io::Result<Arrival> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if first[0] != HANDSHAKE_RECORD {
            metrics::turned_away("tls-missing");
            return Ok(Arrival::Plain(stream));
        }
        let config = Arc::clone(&self.0.borrow().config);
        Ok(Arrival::Secure(Box::new(TlsAcceptor::from(config).accept(stream).await?)))
    }
}

/// Reads the files again when they have changed, until nobody wants to know.
async fn refresh(files: TlsFiles, mut used: Seen, certificate: watch::Sender<Certificate>) {
    let mut before = used;
    while !certificate.is_closed() {
        tokio::time::sleep(LOOK).await;
        let these = files.clone();
        let looking = tokio::task::spawn_blocking(move || {
            let seen = look(&these);
            // Not in the middle of a change: certificate and key are written one after the other.
            let settled = seen == before && seen != used;
            (seen, settled.then(|| Certificate::load(&these)))
        });
        let Ok((seen, loaded)) = looking.await else { return };
        before = seen;
        match loaded {
            None => continue,
            Some(Ok(fresh)) => {
                tracing::info!(until = day(fresh.valid.1), "new connections get the new certificate");
                if let Some(warning) = fresh.warning(time::now()) {
                    tracing::warn!("{warning}");
                }
                metrics::certificate_expires(fresh.valid.1);
                metrics::certificate_failing(false);
                certificate.send_replace(fresh);
            }
            Some(Err(error)) => {
                tracing::error!(%error, "the new certificate is of no use, the old one stays");
                metrics::certificate_failing(true);
                let failing = Some(format!("the old certificate is still used, for {error}"));
                certificate.send_modify(|certificate| certificate.failing = failing);
            }
        }
        used = seen;
    }
}

/// What tells whether a file has changed: when it was written, and its size.
type Seen = [Option<(SystemTime, u64)>; 2];

fn look(files: &TlsFiles) -> Seen {
    [&files.certificate, &files.key].map(|file| {
        let metadata = fs::metadata(file).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|error| TlsError::File { file: file.to_owned(), reason: error.to_string() })
}

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// The first byte of whoever speaks TLS (RFC 8446, section 5.1).
const HANDSHAKE_RECORD: u8 = 22;
/// How often the files are looked at; they are read when they have rested for as long.
const LOOK: Duration = Duration::from_secs(1);
/// How long before its end a certificate is warned of: certbot renews 30 days before, so something is wrong.
const SOON_MS: Millis = 14 * DAY_MS;
