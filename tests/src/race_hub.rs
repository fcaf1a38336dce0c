//! A hub in the midst of one long race, and what it says of that race.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::RaceId;
use alleycat_shared::api::{Joined, RaceResult, ResultRow};
use anyhow::{Context, ensure};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde::de::DeserializeOwned;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::{Program, Programs, free_port, race_now, until};

/// The hub's own program on free ports of this machine; it ends with this value.
#[derive(Debug)]
pub struct RaceHub {
    _program: Program,
    /// The port of page, API and MQTT in a WebSocket.
    pub web: u16,
    /// The port of MQTT over bare TCP, or over TLS if this hub speaks that.
    pub tcp: u16,
    race: RaceId,
    tls: Option<Tls>,
}

struct Tls {
    folder: TempDir,
    connector: TlsConnector,
}

/// A race that hardly ever ends in the midst of a test, and a grace that then lets it count all the same.
const RACE_SECONDS: u16 = 3_600;
const GRACE_SECONDS: &str = "600";
/// For whatever the hub is asked.
const LIMIT: Duration = Duration::from_secs(20);

impl RaceHub {
    /// A hub whose race is at least three seconds old, so that messages of three seconds can count.
    ///
    /// # Errors
    /// When it can't be started or does not answer.
    pub async fn start() -> anyhow::Result<Self> {
        Self::run(None).await
    }

    /// The same with a certificate for `localhost` on all its ports.
    ///
    /// # Errors
    /// When it can't be started or does not answer.
    pub async fn with_tls() -> anyhow::Result<Self> {
        Self::run(Some(Tls::new()?)).await
    }

    /// The file of the certificate to trust, if this hub has one.
    pub fn certificate(&self) -> Option<PathBuf> {
        self.tls.as_ref().map(Tls::certificate)
    }

    /// Joins as a racer; returns the token.
    ///
    /// # Errors
    /// When the id is taken.
    pub async fn join(&self, racer: u32) -> anyhow::Result<String> {
        let body = json!({ "racerId": racer, "name": "Ann" }).to_string();
        let joined: Option<Joined> = self.ask("POST", "/api/join", &body).await?;
        Ok(joined.context("the racer id is taken")?.token)
    }

    /// How many seconds of a racer count in this race.
    ///
    /// # Errors
    /// When the hub does not answer.
    pub async fn seconds(&self, racer: u32) -> anyhow::Result<u32> {
        let mut rows = self.results().await?.into_iter();
        Ok(rows.find(|row| row.racer_id.get() == racer).map_or(0, |row| row.seconds.into()))
    }

    /// What counts of everybody in this race.
    ///
    /// # Errors
    /// When the hub does not answer.
    pub async fn results(&self) -> anyhow::Result<Vec<ResultRow>> {
        let path = format!("/api/races/{}/classes/1", self.race);
        let result: Option<RaceResult> = self.ask("GET", &path, "").await?;
        Ok(result.map_or(Vec::new(), |result| result.results))
    }

    /// What a metric without labels has come to.
    ///
    /// # Errors
    /// When the hub does not answer.
    pub async fn counted(&self, metric: &str) -> anyhow::Result<u64> {
        let (_, text) = self.request("GET", "/metrics", "").await?;
        let value = text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' ')?.parse().ok());
        Ok(value.unwrap_or(0))
    }

    /// A valid message of a past second of this race.
    pub fn message(&self, racer: u32, second: u16) -> String {
        let message = json!({
            "uuid": format!("00000000-0000-4000-8000-{racer:08}{second:04}"), "event": "update",
            "deviceTimestamp": 0, "second": second, "raceId": self.race, "name": "Ann",
            "racerId": racer, "classId": 1, "cadence": 65.0, "resistance": 35.0,
        });
        message.to_string()
    }

    async fn run(tls: Option<Tls>) -> anyhow::Result<Self> {
        let (web, tcp) = (free_port()?, free_port()?);
        let [listen, mqtt] = [web, tcp].map(|port| format!("127.0.0.1:{port}"));
        let seconds = RACE_SECONDS.to_string();
        let args =
            ["serve", "--listen", &listen, "--race-seconds", &seconds, "--grace-seconds", GRACE_SECONDS];
        let mut command = Programs::from_env()?.command("alleycat-hub", args);
        match &tls {
            Some(tls) => {
                command.arg("--tls-cert").arg(tls.certificate()).arg("--tls-key").arg(tls.key());
                command.args(["--mqtt-tls", &mqtt])
            }
            None => command.args(["--mqtt-tcp", &mqtt]),
        };
        let program = Program::start("the hub", &mut command)?;
        let race = until("a race that is three seconds old", LIMIT, async || {
            let moment = race_now(RACE_SECONDS);
            Ok((moment.second.get() > 3).then_some(moment.race_id))
        })
        .await?;
        let hub = Self { _program: program, web, tcp, race, tls };
        until("the hub answers", LIMIT, async || Ok(hub.request("GET", "/healthz", "").await.ok())).await?;
        Ok(hub)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> anyhow::Result<Option<T>> {
        let (status, text) = self.request(method, path, body).await?;
        if status == 404 {
            return Ok(None);
        }
        ensure!(status == 200, "{method} {path} is answered by {status}: {text}");
        Ok(Some(serde_json::from_str(&text)?))
    }

    /// Asks over the very port that MQTT clients use, with TLS or without.
    async fn request(&self, method: &str, path: &str, body: &str) -> anyhow::Result<(u16, String)> {
        let stream = TcpStream::connect(("127.0.0.1", self.web)).await?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = match &self.tls {
            Some(tls) => exchange(tls.connector.connect("localhost".try_into()?, stream).await?, &request),
            None => return parse(&exchange(stream, &request).await?),
        };
        parse(&answer.await?)
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> anyhow::Result<String> {
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(LIMIT, stream.read_to_end(&mut answer)).await.context("no answer")??;
    Ok(String::from_utf8(answer)?)
}

fn parse(answer: &str) -> anyhow::Result<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok((status, body.to_owned()))
}

impl Tls {
    fn new() -> anyhow::Result<Self> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()])?;
        let folder = tempfile::tempdir()?;
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone())?;
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let tls = Self { folder, connector: Arc::new(config).into() };
        std::fs::write(tls.certificate(), cert.pem())?;
        std::fs::write(tls.key(), signing_key.serialize_pem())?;
        Ok(tls)
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("folder", &self.folder).finish_non_exhaustive()
    }
}
