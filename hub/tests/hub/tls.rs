//! TLS on the hub's own ports: what clients see, what happens when the certificate's files change, and what
//! comes of those who do not shake hands.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::rig::{CONNACK, Mqtt, TestHub, connect, free_address};

const LIMIT: Duration = Duration::from_secs(20);

/// A certificate and its key, for one name, in a folder.
struct Pair {
    certificate: CertificateDer<'static>,
    pem: (String, String),
}

impl Pair {
    fn new() -> Self {
        Self::of(CertificateParams::new(["localhost".to_owned()]).unwrap())
    }

    fn of(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: (certificate.pem(), key.serialize_pem()), certificate: certificate.der().clone() }
    }

    fn write(&self, folder: &Path) {
        std::fs::write(folder.join("cert.pem"), &self.pem.0).unwrap();
        std::fs::write(folder.join("key.pem"), &self.pem.1).unwrap();
    }
}

/// A folder with the files of a pair, and the options that name them.
fn files(pair: &Pair) -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    pair.write(folder.path());
    let path = |name| folder.path().join(name).to_str().unwrap().to_owned();
    let options = vec!["--tls-cert".into(), path("cert.pem"), "--tls-key".into(), path("key.pem")];
    (folder, options)
}

async fn hub(options: &[String], more: &[&str]) -> TestHub {
    let options: Vec<_> = options.iter().map(String::as_str).chain(more.iter().copied()).collect();
    TestHub::start(&options).await
}

/// Connects as a client that trusts these certificates and no others.
async fn secure(address: std::net::SocketAddr, trusted: &[&Pair]) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for pair in trusted {
        roots.add(pair.certificate.clone()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

/// Sends a request for a path; returns the answer's text.
async fn ask(stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, path: &str) -> String {
    let mut stream = stream;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost:8443\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Without a TLS goodbye at the end, which is the server's affair.
    _ = timeout(LIMIT, stream.read_to_end(&mut answer)).await.expect("an answer");
    String::from_utf8(answer).unwrap()
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn page_api_and_mqtt_are_all_behind_one_certificate() {
    let (pair, other) = (Pair::new(), Pair::new());
    let (_folder, options) = files(&pair);
    let raw = free_address();
    let hub = hub(&options, &["--mqtt-tls", &raw.to_string()]).await;

    let health = ask(secure(hub.address(), &[&pair]).await.unwrap(), "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200") && body(&health)["tls"] == "ok", "{health}");
    let config = ask(secure(hub.address(), &[&pair]).await.unwrap(), "/config.json").await;
    assert_eq!(body(&config)["mqtt"]["url"], "/mqtt", "a path, which is wss on a page that came by https");
    assert!(secure(hub.address(), &[&other]).await.is_err(), "it shows its own certificate");

    let mut mqtt = Mqtt::over(secure(hub.address(), &[&pair]).await.unwrap()).await.unwrap();
    mqtt.send(&connect("secure", None)).await;
    assert_eq!(mqtt.packet().await, CONNACK);
    let mut tcp = secure(raw, &[&pair]).await.unwrap();
    tcp.write_all(&connect("raw", None)).await.unwrap();
    let mut connack = [0; 4];
    timeout(LIMIT, tcp.read_exact(&mut connack)).await.expect("an answer").unwrap();
    assert_eq!(connack, CONNACK);

    // Who forgets the s: a browser is sent on, a program is told.
    let sent_on = ask(TcpStream::connect(hub.address()).await.unwrap(), "/host?a=1").await;
    assert!(sent_on.starts_with("HTTP/1.1 307") && sent_on.contains("use https://"), "{sent_on}");
    assert!(sent_on.to_lowercase().contains("location: https://localhost:8443/host?a=1\r\n"), "{sent_on}");
    let refused = Mqtt::over(TcpStream::connect(hub.address()).await.unwrap()).await;
    assert!(
        matches!(&refused, Err(tokio_tungstenite::tungstenite::Error::Http(answer)) if answer.status() == 426)
    );
    let mut plain = TcpStream::connect(raw).await.unwrap();
    plain.write_all(&connect("plain", None)).await.unwrap();
    assert_eq!(timeout(LIMIT, plain.read(&mut connack)).await.expect("an end").unwrap_or(0), 0);
    hub.shutdown().await;
}

#[tokio::test]
async fn a_new_certificate_is_served_without_a_restart_and_a_broken_one_is_not() {
    let (old, new) = (Pair::new(), Pair::new());
    let (folder, options) = files(&old);
    let hub = hub(&options, &[]).await;
    let trouble = async || {
        let health = body(&ask(secure(hub.address(), &[&old, &new]).await.unwrap(), "/healthz").await);
        health["tls"].as_str().unwrap().to_owned()
    };
    let until = async |what: &str, good: &dyn Fn(&str) -> bool| {
        let waiting = async {
            loop {
                let trouble = trouble().await;
                if good(&trouble) {
                    return trouble;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LIMIT, waiting).await.expect(what)
    };
    let mut mqtt = Mqtt::over(secure(hub.address(), &[&old]).await.unwrap()).await.unwrap();
    mqtt.send(&connect("before", None)).await;
    assert_eq!(mqtt.packet().await, CONNACK);

    // The key of another certificate: the old pair stays, and it is said.
    std::fs::write(folder.path().join("key.pem"), &new.pem.1).unwrap();
    let said =
        until("the broken pair is shown", &|said| said.contains("old certificate is still used")).await;
    assert!(said.contains("is not that of the certificate"), "{said}");
    assert!(secure(hub.address(), &[&old]).await.is_ok() && secure(hub.address(), &[&new]).await.is_err());

    new.write(folder.path());
    until("all is well again", &|said| said == "ok").await;
    assert!(secure(hub.address(), &[&new]).await.is_ok() && secure(hub.address(), &[&old]).await.is_err());
    mqtt.send(&[0xc0, 0]).await;
    assert_eq!(mqtt.packet().await, [0xd0, 0], "the connection from before lives on");
    hub.shutdown().await;
}

#[tokio::test]
async fn who_does_not_shake_hands_is_cut_and_holds_up_nobody() {
    let pair = Pair::new();
    let (_folder, options) = files(&pair);
    let hub = hub(&options, &[]).await;
    // One that never says a word, one that begins a handshake and stops, one that talks nonsense.
    let silent = TcpStream::connect(hub.address()).await.unwrap();
    let mut begun = TcpStream::connect(hub.address()).await.unwrap();
    begun.write_all(&[22, 3, 1, 2, 0, 1, 0, 1, 252]).await.unwrap();
    let mut nonsense = TcpStream::connect(hub.address()).await.unwrap();
    nonsense.write_all(&[[22, 3, 1, 0, 64].as_slice(), &[0xff; 64]].concat()).await.unwrap();
    let health = ask(secure(hub.address(), &[&pair]).await.unwrap(), "/healthz").await;
    assert!(health.starts_with("HTTP/1.1 200"), "others are served meanwhile");
    for mut cut in [silent, begun, nonsense] {
        let mut rest = Vec::new();
        _ = timeout(LIMIT, cut.read_to_end(&mut rest)).await.expect("the hub hangs up");
    }
    let metrics = ask(secure(hub.address(), &[&pair]).await.unwrap(), "/metrics").await;
    for reason in ["tls-timeout", "tls-handshake"] {
        assert!(metrics.contains(&format!("alleycat_turned_away_total{{reason=\"{reason}\"}}")), "{metrics}");
    }
    hub.shutdown().await;
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_at_the_start() {
    let (pair, other) = (Pair::new(), Pair::new());
    let (folder, _) = files(&pair);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let (empty, foreign) = (file("empty.pem", ""), file("foreign.pem", &other.pem.1));
    let nowhere = PathBuf::from("/nowhere/cert.pem");
    let run = |command: &str, certificate: &Path, key: &Path| {
        let mut hub = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"));
        hub.args([command, "--listen", "127.0.0.1:0", "--tls-cert"])
            .arg(certificate)
            .arg("--tls-key")
            .arg(key);
        let output = hub.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!text.contains("panicked"), "{text}");
        (output.status.success(), text)
    };
    for (certificate, key, sentence) in [
        (&nowhere, &key, "/nowhere/cert.pem can't be read"),
        (&empty, &key, "there is no certificate in"),
        (&key, &key, "there is no certificate in"),
        (&certificate, &empty, "there is no key in"),
        (&certificate, &foreign, "is not that of the certificate"),
    ] {
        for command in ["serve", "doctor"] {
            let (well, text) = run(command, certificate, key);
            assert!(!well && text.contains(sentence), "{command}: {text}");
        }
    }
    let (well, text) = run("doctor", &certificate, &key);
    assert!(well && text.contains("the certificate and its key can be used"), "{text}");
    for (from, to, sentence) in
        [(2000, 2001, "expired on 2001-01-01"), (4000, 4001, "not valid before 4000-01-01")]
    {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from, 1, 1);
        params.not_after = rcgen::date_time_ymd(to, 1, 1);
        Pair::of(params).write(folder.path());
        let (well, text) = run("doctor", &certificate, &key);
        assert!(well && text.contains("odd ") && text.contains(sentence), "{text}");
    }
    let alone = Command::new(env!("CARGO_BIN_EXE_alleycat-hub"))
        .args(["serve", "--listen", "127.0.0.1:0", "--tls-cert"])
        .arg(&certificate)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&alone.stderr).contains("--tls-key"));
}
