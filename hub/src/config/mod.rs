//! The command line, and what it must be to make sense.

mod command;
mod error;
mod stream;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use alleycat_shared::ClassId;
use alleycat_shared::config::{
    Auth, BRIDGE_PORT, MQTT_PATH, MQTT_URL_PATH, MqttConfig, PageConfig, SENSOR_PATH, SensorConfig, classes,
    content_policy,
};
use alleycat_shared::race::{DEFAULT_GRACE_SECONDS, DEFAULT_RACE_SECONDS, RaceClock};
use clap::Args;

pub use crate::archive::ArchiveFormat;
pub use crate::broker::external::{BrokerAddress, BrokerChoice, BrokerLimits};
pub use command::{Cli, Command};
pub use error::ConfigError;
pub use stream::{StreamChoice, StreamFrom};

use crate::broker::external::{EMBEDDED, Part, Way};
use crate::broker::origin::origin_of;
use crate::limits::{CLIENT, Rate};
use crate::tls::TlsFiles;
use stream::NO_STREAM;

/// How a hub runs.
#[derive(Clone, Debug, Args)]
#[command(args_override_self = true)]
pub struct Config {
    /// A TOML file with these options by their names, for example `race-seconds = 300`. What is given here
    /// on the command line comes before it, and so does the environment.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Address of page, API and MQTT over WebSocket; port 0 takes a free one.
    #[arg(long, default_value = "0.0.0.0:8080", env = "ALLEYCAT_HUB_LISTEN")]
    pub listen: SocketAddr,

    /// Folder of the built page. Without it the page that is in this program, if one was put in when it was compiled: a hub of
    /// `cargo xtask dist` has one.
    #[arg(long, value_name = "DIR", env = "ALLEYCAT_HUB_PAGE")]
    pub page: Option<PathBuf>,

    /// Length of a race.
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_RACE_SECONDS, env = "ALLEYCAT_HUB_RACE_SECONDS", value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub race_seconds: u16,

    /// How long after a race late messages count, before its result is official.
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_GRACE_SECONDS, env = "ALLEYCAT_HUB_GRACE_SECONDS")]
    pub grace_seconds: u16,

    /// Folder in which races, results and tokens are kept; `none` keeps them in memory until the hub ends.
    #[arg(long, value_name = "DIR", default_value = NO_DATA, env = "ALLEYCAT_HUB_DATA")]
    pub data: PathBuf,

    /// How long results and rides are kept; the rides of records are kept for ever.
    #[arg(long, value_name = "DAYS", default_value_t = 400, env = "ALLEYCAT_HUB_KEEP_DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_days: u32,

    /// How long the messages themselves are kept, from which results can be worked out again.
    #[arg(long, value_name = "DAYS", default_value_t = 30, env = "ALLEYCAT_HUB_KEEP_JOURNAL_DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_journal_days: u32,

    /// Also copy every message, with its output, into files for other programs, in the folder `archive` of
    /// --data. Unless given, json with --data and none without.
    #[arg(long, value_name = "FORMAT", env = "ALLEYCAT_HUB_ARCHIVE")]
    pub archive: Option<ArchiveFormat>,

    /// How long a message waits for its file of the archive, at most. A file ends earlier when it is large.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, env = "ALLEYCAT_HUB_ARCHIVE_SECONDS", value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub archive_seconds: u16,

    /// How long the files of the archive are kept.
    #[arg(long, value_name = "DAYS", default_value_t = 90, env = "ALLEYCAT_HUB_KEEP_ARCHIVE_DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    pub keep_archive_days: u32,

    /// Let anybody ride as anybody, without joining. For demonstrations only.
    #[arg(long, env = "ALLEYCAT_HUB_OPEN")]
    pub open: bool,

    /// Show a ride's seconds and files to its rider, to the host, and to whoever has a link that one of them
    /// made. Boards and results stay public.
    #[arg(long, env = "ALLEYCAT_HUB_PRIVATE_RIDES")]
    pub private_rides: bool,

    /// Also offer MQTT over plain TCP at this address.
    #[arg(long, value_name = "ADDRESS", env = "ALLEYCAT_HUB_MQTT_TCP")]
    pub mqtt_tcp: Option<SocketAddr>,

    /// Speak TLS on all ports but that of --mqtt-tcp, with the certificate in this PEM file: https:// and
    /// wss://. When the file changes, new connections get the new one.
    #[arg(long, value_name = "FILE", env = "ALLEYCAT_HUB_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The certificate's key, PEM.
    #[arg(long, value_name = "FILE", env = "ALLEYCAT_HUB_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Also offer MQTT over TCP with TLS at this address, with the same certificate.
    #[arg(long, value_name = "ADDRESS", env = "ALLEYCAT_HUB_MQTT_TLS", requires = "tls_cert")]
    pub mqtt_tls: Option<SocketAddr>,

    /// Another origin whose pages may speak MQTT to this hub, for example http://localhost:8081. Those of the hub
    /// itself and of bridges on the tablets need no word.
    #[arg(
        long = "allow-origin",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = origin_of,
        env = "ALLEYCAT_HUB_ALLOW_ORIGIN"
    )]
    pub allow_origins: Vec<String>,

    /// Where phones find this hub: what its QR codes lead to, when it is behind a proxy or has a name that tablets do not
    /// use. Unless given, the address by which the tablet found it.
    #[arg(long, value_name = "URL", value_parser = public_url, env = "ALLEYCAT_HUB_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// The key for `/api/host`; unless given, it is in the file `host.key` of the folder of --data.
    #[arg(long, value_name = "KEY", env = "ALLEYCAT_HUB_HOST_KEY", hide_env_values = true)]
    pub host_key: Option<String>,

    /// What one client may send in the long run, in KiB a second; 0 sets no limit on clients and addresses.
    /// Unless given, 32, and none on an open hub.
    #[arg(long, value_name = "KIB", env = "ALLEYCAT_HUB_CLIENT_RATE")]
    pub client_rate: Option<u16>,

    /// Send riders to AWS IoT Core at this endpoint of an account, by addresses that this hub signs with the
    /// credentials in AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
    #[arg(long, value_name = "HOST", env = "ALLEYCAT_HUB_AWS_IOT_ENDPOINT")]
    pub aws_iot_endpoint: Option<String>,

    /// Which broker carries messages and boards: `embedded`, or one outside: mqtt://user:password@host:1883,
    /// mqtts://, ws:// or wss://, or aws-iot:// with the endpoint of an AWS account, to which the hub logs in as
    /// it lets riders do (--aws-iot-endpoint).
    #[arg(long, value_name = "BROKER", default_value = EMBEDDED, env = "ALLEYCAT_HUB_BROKER", hide_env_values = true)]
    pub broker: BrokerChoice,

    /// Where riders' pages find the external broker: its WebSocket, for example wss://broker.example/mqtt.
    #[arg(long, value_name = "URL", env = "ALLEYCAT_HUB_BROKER_URL_FOR_PAGES")]
    pub broker_url_for_pages: Option<String>,

    /// What the external broker does not stand for; one of AWS has `aws-iot-core`. Boards then go over as many
    /// connections as its publishes a second and connection ask for.
    #[arg(long, value_name = "LIMITS", default_value = "none", env = "ALLEYCAT_HUB_BROKER_LIMITS")]
    pub broker_limits: BrokerLimits,

    /// The most connections for boards to an external broker with limits.
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 50, env = "ALLEYCAT_HUB_BROKER_CONNECTIONS", value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub broker_connections: u16,

    /// The classes that this hub runs, where several hubs have one external broker; unless given, all.
    #[arg(long, value_name = "CLASS", value_delimiter = ',', env = "ALLEYCAT_HUB_CLASSES")]
    pub classes: Vec<ClassId>,

    /// Share the messages of an external broker with all hubs that say the same name: each takes a part of
    /// them, and passes on what is of another hub's classes.
    #[arg(long, value_name = "NAME", env = "ALLEYCAT_HUB_SHARE")]
    pub share: Option<String>,

    /// What else is to be done about riders' messages: a file of rules as in AWS IoT Core, which put them
    /// into streams, publish them again, or write them into files. The hub reads it again on SIGHUP. See
    /// docs/rules.md.
    #[arg(long, value_name = "FILE", env = "ALLEYCAT_HUB_RULES")]
    pub rules: Option<PathBuf>,

    /// The most that may wait for the targets of rules, in MiB; beyond, riders' messages wait with the riders.
    #[arg(long, value_name = "MIB", default_value_t = 1_024, env = "ALLEYCAT_HUB_OUTBOX_MIB", value_parser = clap::value_parser!(u32).range(1..))]
    pub outbox_mib: u32,

    /// What feeds the races: `none` for what riders publish here, or `kinesis:NAME` for a stream, which gets
    /// their messages by rules or from elsewhere.
    #[arg(long, value_name = "STREAM", default_value = NO_STREAM, env = "ALLEYCAT_HUB_STREAM")]
    pub stream: StreamChoice,

    /// Where a stream is begun that this hub has never read.
    #[arg(long, value_name = "WHERE", default_value = "race", env = "ALLEYCAT_HUB_STREAM_FROM")]
    pub stream_from: StreamFrom,

    /// The address of the Kinesis API, if it is not AWS's own: an emulator, or a private endpoint. Region and
    /// credentials come from where AWS's own tools take them, for example AWS_REGION.
    #[arg(long, value_name = "URL", env = "ALLEYCAT_HUB_KINESIS_ENDPOINT")]
    pub kinesis_endpoint: Option<String>,

    /// How long a record waits for others before it is put into a stream.
    #[arg(long, value_name = "MS", default_value_t = 50, env = "ALLEYCAT_HUB_KINESIS_LINGER_MS", value_parser = clap::value_parser!(u16).range(..=60_000))]
    pub kinesis_linger_ms: u16,

    /// The most records of one PutRecords.
    #[arg(long, value_name = "RECORDS", default_value_t = 500, env = "ALLEYCAT_HUB_KINESIS_BATCH", value_parser = clap::value_parser!(u16).range(1..=500))]
    pub kinesis_batch: u16,

    /// The largest record that the stream takes, in KiB, data and partition key.
    #[arg(long, value_name = "KIB", default_value_t = 1_024, env = "ALLEYCAT_HUB_KINESIS_RECORD_KIB", value_parser = clap::value_parser!(u16).range(1..=10_240))]
    pub kinesis_record_kib: u16,

    /// Where a page loaded from the hub finds the bike's bridge: as seen from the rider's browser.
    #[arg(long, value_name = "URL", default_value_t = sensor_url(), env = "ALLEYCAT_HUB_SENSOR_URL")]
    pub sensor_url: String,
}

const MQTT_TCP: &str = "--mqtt-tcp";
pub(crate) const MQTT_TLS: &str = "--mqtt-tls";
/// The folder that means: none.
const NO_DATA: &str = "none";

impl Config {
    /// Checks what the command line alone can't.
    ///
    /// # Errors
    /// [`ConfigError`] with one sentence on what is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        if RaceClock::new(self.race_seconds).is_none() {
            return Err(ConfigError::RaceSeconds(self.race_seconds));
        }
        if self.folder().is_none() && self.archive() != ArchiveFormat::None {
            return Err(ConfigError::ArchiveOfNothing);
        }
        if self.stream != StreamChoice::None && !cfg!(feature = "kinesis") {
            return Err(ConfigError::NoKinesis);
        }
        self.check_broker()?;
        match &self.page {
            Some(page) if !page.join("index.html").is_file() => Err(ConfigError::NoPage(page.clone())),
            _ => Ok(()),
        }
    }

    fn check_broker(&self) -> Result<(), ConfigError> {
        let BrokerChoice::External(_) = self.broker else {
            let given = [
                (self.broker_url_for_pages.is_some(), "--broker-url-for-pages"),
                (!self.classes.is_empty(), "--classes"),
                (self.share.is_some(), "--share"),
            ];
            let option = given.into_iter().find_map(|(given, option)| given.then_some(option));
            return option.map_or(Ok(()), |option| Err(ConfigError::WithoutBroker(option)));
        };
        if let Some((option, _)) = self.mqtt_ports().next() {
            return Err(ConfigError::TwoBrokers(option));
        }
        if self.share.as_ref().is_some_and(|share| share.is_empty() || share.contains(['/', '+', '#', '\0']))
        {
            return Err(ConfigError::ShareName);
        }
        match &self.broker_url_for_pages {
            None if self.aws_iot_endpoint.is_some() => Ok(()),
            Some(url) if url.parse().is_ok_and(|url: BrokerAddress| url.is_for_pages()) => {
                let secure = self.tls_cert.is_none() || url.starts_with("wss://");
                if secure { Ok(()) } else { Err(ConfigError::NotSecure) }
            }
            _ => Err(ConfigError::NoUrlForPages),
        }
    }

    /// What of an external broker's messages is this hub's.
    pub(crate) fn part(&self) -> Part {
        let all = ClassId::all().filter(|class| self.classes.is_empty() || self.classes.contains(class));
        let listens = self.stream == StreamChoice::None || self.rules.is_some();
        Part { classes: all.collect(), share: self.share.clone(), listens }
    }

    /// The way to an external broker; `None` if it is AWS's and there is nothing to sign with.
    pub(crate) fn way(&self, address: &BrokerAddress) -> Option<Way> {
        Way::new(address, self.broker_limits, self.broker_connections, &self.part())
    }

    /// The race clock.
    ///
    /// # Panics
    /// On a configuration that [`Config::check`] refuses.
    pub fn clock(&self) -> RaceClock {
        RaceClock::new(self.race_seconds).expect("checked before")
    }

    /// The folder of the store; `None` keeps everything in memory.
    pub fn folder(&self) -> Option<&Path> {
        (self.data != Path::new(NO_DATA)).then_some(self.data.as_path())
    }

    /// The certificate and its key, if the hub is to speak TLS.
    pub(crate) fn tls_files(&self) -> Option<TlsFiles> {
        let (certificate, key) = (self.tls_cert.clone()?, self.tls_key.clone()?);
        Some(TlsFiles { certificate, key })
    }

    /// The ports for MQTT over TCP, by the options that ask for them.
    pub(crate) fn mqtt_ports(&self) -> impl Iterator<Item = (&'static str, SocketAddr)> {
        let ports = [(MQTT_TCP, self.mqtt_tcp), (MQTT_TLS, self.mqtt_tls)];
        ports.into_iter().filter_map(|(option, address)| Some((option, address?)))
    }

    /// What the archive's files are.
    pub(crate) fn archive(&self) -> ArchiveFormat {
        let usual = if self.folder().is_some() { ArchiveFormat::Json } else { ArchiveFormat::None };
        self.archive.unwrap_or(usual)
    }

    /// What one client may send; `None` without a limit.
    pub(crate) fn client_rate(&self) -> Option<Rate> {
        match self.client_rate {
            Some(0) => None,
            Some(kib) => Some(Rate { per_second: f64::from(kib) * 1024.0, ..CLIENT }),
            None => (!self.open).then_some(CLIENT),
        }
    }

    /// What `/config.json` tells the page.
    pub fn page_config(&self) -> PageConfig {
        PageConfig {
            mqtt: MqttConfig {
                url_from: self.aws_iot_endpoint.as_ref().map(|_| MQTT_URL_PATH.to_owned()),
                url: self.broker_url_for_pages.clone().unwrap_or_else(|| MQTT_PATH.to_owned()),
                ..MqttConfig::default()
            },
            sensor: SensorConfig { url: self.sensor_url.clone() },
            classes: classes(),
            race_seconds: self.race_seconds,
            grace_seconds: self.grace_seconds,
            auth: if self.open { Auth::Open } else { Auth::Token },
        }
    }

    /// Whom the page may ask, as a `Content-Security-Policy`.
    pub(crate) fn content_policy(&self) -> String {
        let signed = self.aws_iot_endpoint.as_ref().map(|host| format!("wss://{host}"));
        content_policy(self.page_config().sockets().chain(signed.as_deref()))
    }
}

fn public_url(text: &str) -> Result<String, &'static str> {
    let url = origin_of(text).ok().filter(|url| url.starts_with("http://") || url.starts_with("https://"));
    url.ok_or("it is http:// or https:// with a host and perhaps a port, as in https://race.example")
}

fn sensor_url() -> String {
    format!("ws://localhost:{BRIDGE_PORT}{SENSOR_PATH}")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn parse(file: &str, more: &[&str]) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.toml");
        std::fs::write(&path, file).unwrap();
        let path = path.into_os_string();
        let head = ["alleycat-hub", "serve", "--config"].map(OsString::from).into_iter().chain([path]);
        let args = head.chain(more.iter().map(OsString::from));
        match alleycat_shared::program::parse(args).map_err(|error| error.to_string())? {
            Cli { command: Command::Serve(config) } => Ok(config),
            _ => unreachable!(),
        }
    }

    #[test]
    fn a_file_gives_options_and_the_command_line_comes_first() {
        let file = "listen = \"127.0.0.1:9000\"\nrace-seconds = 60\nopen = true\ndata = \"races\"";
        let config = parse(file, &["--race-seconds", "120"]).unwrap();
        assert_eq!((config.listen.port(), config.race_seconds, config.open), (9000, 120, true));
        assert_eq!(config.folder(), Some(Path::new("races")));
    }

    #[test]
    fn what_a_file_can_not_say_is_said_in_a_sentence() {
        for (file, sentence) in [
            ("no-such-option = 1", "--no-such-option"),
            ("race-seconds = 0", "0 is not in 1..=3600"),
            ("public-url = \"race.example\"", "https://race.example"),
            ("public-url = \"https://race.example/page\"", "https://race.example"),
        ] {
            assert!(parse(file, &[]).unwrap_err().contains(sentence), "{file}");
        }
    }

    #[test]
    fn an_external_broker_needs_an_address_for_pages_and_is_the_only_one() {
        let sentence = |more: &[&str]| parse("", more).unwrap().check().err().map(|error| error.to_string());
        let outside = ["--broker", "mqtt://hub:secret@broker"];
        let with = |more: &[&str]| sentence(&[&outside[..], more].concat());
        let pages = "--broker-url-for-pages";
        assert_eq!(with(&[pages, "wss://broker/mqtt", "--classes", "1,3", "--share", "hall"]), None);
        for (said, word) in [
            (with(&[]), pages),
            (with(&[pages, "mqtt://broker"]), "ws://"),
            (with(&[pages, "wss://hub:secret@broker"]), "without a user's name"),
            (with(&[pages, "ws://b", "--tls-cert", "c.pem", "--tls-key", "k.pem"]), "wss://"),
            (with(&[pages, "ws://b", "--mqtt-tcp", "127.0.0.1:1883"]), "--mqtt-tcp"),
            (with(&[pages, "ws://b", "--share", "a/b"]), "--share"),
            (sentence(&["--classes", "1"]), "--broker"),
        ] {
            assert!(said.as_ref().is_some_and(|said| said.contains(word)), "{said:?} says {word}");
        }
        assert!(parse("", &["--broker", "http://broker"]).unwrap_err().contains("mqtts://"));
    }
}
