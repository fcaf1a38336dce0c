//! Hubs with and without a stream, and riders' clients.

use std::path::Path;
use std::time::Duration;

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Event, Options, Publish, Qos};
use alleycat_shared::api::RaceResult;
use alleycat_shared::message::RaceMessage;
use alleycat_tests::{Kinesis, Program, Programs, free_port, until};
use anyhow::Context;
use tokio::task::JoinSet;

use crate::rides::{CLASS, Rides, Row};
use crate::rig::{STREAM, limit, same};

/// What takes all that riders publish to the stream.
const RULES: &str = r#"
[[rule]]
name = "ingest"
sql = "SELECT * FROM 'alleycat-publish/#'"
[[rule.action]]
kinesis = { stream = "alleycat", partition-key = "racer" }
[rule.error-action]
file = { path = "errors.jsonl" }
"#;

/// What a hub has to do with the stream.
#[derive(Clone, Copy)]
pub(crate) enum Role<'k> {
    /// Nothing.
    Direct,
    /// What riders publish goes into the stream, and to its own races without it.
    Puts(&'k Kinesis),
    /// Its races are fed by the stream alone.
    Gets(&'k Kinesis),
    /// What riders publish reaches its own races only through the stream.
    Both(&'k Kinesis),
}

/// A hub that keeps what it knows, and can be killed.
pub(crate) struct Hub {
    programs: Programs,
    program: Program,
    port: u16,
    args: Vec<String>,
    folder: tempfile::TempDir,
}

impl Hub {
    /// An open hub of races of this length.
    pub(crate) async fn start(rides: Rides, grace: u16, role: Role<'_>) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_str().context("a folder with a plain name")?;
        let (seconds, grace) = (rides.clock.seconds().to_string(), grace.to_string());
        let mut args = vec!["--open", "--race-seconds", &seconds, "--grace-seconds", &grace, "--data", path];
        let (puts, gets) = match role {
            Role::Direct => (None, None),
            Role::Puts(kinesis) => (Some(kinesis), None),
            Role::Gets(kinesis) => (None, Some(kinesis)),
            Role::Both(kinesis) => (Some(kinesis), Some(kinesis)),
        };
        let rules = folder.path().join("rules.toml");
        let (url, stream) = (puts.or(gets).map(Kinesis::url), format!("kinesis:{STREAM}"));
        if let Some(url) = &url {
            args.extend(["--kinesis-endpoint", url]);
        }
        if puts.is_some() {
            std::fs::write(&rules, RULES)?;
            args.extend(["--rules", rules.to_str().context("a file with a plain name")?]);
        }
        if gets.is_some() {
            args.extend(["--stream", &stream]);
        }
        let args: Vec<_> = args.into_iter().map(str::to_owned).collect();
        let (programs, port) = (Programs::from_env()?, free_port()?);
        let program = programs.hub(port, &borrowed(&args)).await?;
        Ok(Self { programs, program, port, args, folder })
    }

    /// Its address for MQTT clients.
    pub(crate) fn mqtt(&self) -> String {
        format!("ws://127.0.0.1:{}/mqtt", self.port)
    }

    /// Where it keeps what it knows.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a counter without labels has come to.
    pub(crate) async fn metric(&self, name: &str) -> anyhow::Result<u64> {
        Ok(self.told(name).await?.map_or(Ok(0), |value| value.parse())?)
    }

    /// What a metric stands at, by its name and its labels as they are told.
    pub(crate) async fn value(&self, name: &str) -> anyhow::Result<Option<f64>> {
        Ok(self.told(name).await?.map(|value| value.parse()).transpose()?)
    }

    async fn told(&self, name: &str) -> anyhow::Result<Option<String>> {
        let text = reqwest::get(format!("http://127.0.0.1:{}/metrics", self.port)).await?.text().await?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(value.map(str::to_owned))
    }

    /// Ends it with SIGKILL and starts it again.
    pub(crate) async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.program.kill().await?;
        self.program = self.programs.hub(self.port, &borrowed(&self.args)).await?;
        Ok(())
    }

    /// Its result of a race, if it has heard of it.
    pub(crate) async fn result(&self, rides: Rides) -> anyhow::Result<Option<RaceResult>> {
        let url = format!("http://127.0.0.1:{}/api/races/{}/classes/{CLASS}", self.port, rides.race);
        let answer = reqwest::get(url).await?;
        if answer.status().as_u16() == 404 {
            return Ok(None);
        }
        Ok(Some(answer.error_for_status()?.json().await?))
    }

    /// How many seconds of all riders count.
    pub(crate) async fn counted(&self, rides: Rides) -> anyhow::Result<usize> {
        let result = self.result(rides).await?;
        let rows = result.iter().flat_map(|result| &result.results);
        Ok(rows.map(|row| usize::from(row.seconds)).sum())
    }

    /// Waits until so many seconds count.
    pub(crate) async fn counts(&self, rides: Rides, seconds: usize) -> anyhow::Result<()> {
        until("the hub counts", limit(), async || Ok((self.counted(rides).await? >= seconds).then_some(())))
            .await
    }

    /// Waits until all seconds of all riders count, and checks that this is their result.
    pub(crate) async fn comes_to(&self, rides: Rides, expected: &[Row]) -> anyhow::Result<()> {
        let all = usize::from(rides.riders) * usize::from(rides.clock.seconds());
        self.counts(rides, all).await?;
        let result = self.result(rides).await?.context("a race that counted is gone")?;
        same(&rows(&result), expected)
    }

    /// Publishes messages as riders do, QoS 1, and waits until the hub has all of them. Each rider's messages
    /// go over one connection, in order.
    pub(crate) async fn publish(&self, messages: &[RaceMessage]) -> anyhow::Result<()> {
        let mut shares = vec![Vec::new(); CONNECTIONS];
        for message in messages {
            let racer = message.racer_id.get();
            let publish = Publish::new(
                format!("alleycat-publish/{racer}"),
                serde_json::to_vec(message)?,
                Qos::AtLeastOnce,
            );
            shares[usize::try_from(racer)? % CONNECTIONS].push(publish);
        }
        let mut clients = JoinSet::new();
        for share in shares {
            clients.spawn(publish_all(self.mqtt(), share));
        }
        while let Some(done) = tokio::time::timeout(limit(), clients.join_next()).await? {
            done??;
        }
        Ok(())
    }
}

/// A hub's result in the same form.
pub(crate) fn rows(result: &RaceResult) -> Vec<Row> {
    let rows = result.results.iter();
    rows.map(|row| (row.rank, row.racer_id.get(), row.score.to_string(), row.best.to_string(), row.seconds))
        .collect()
}

async fn publish_all(url: String, messages: Vec<Publish>) -> anyhow::Result<()> {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut client = Client::new(url, Options::new(format!("riders-{number}")), number.into())?;
    let (count, mut acknowledged) = (messages.len(), 0);
    let mut messages = messages.into_iter().peekable();
    while acknowledged < count {
        while client.queued() < QUEUED
            && let Some(message) = messages.next()
        {
            client.publish(message)?;
        }
        if let Event::Acknowledged { .. } = client.event().await {
            acknowledged += 1;
        }
    }
    client.finish(Duration::from_secs(5)).await;
    Ok(())
}

fn borrowed(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

/// Over which riders' messages come: many riders share one, for there may be a thousand.
const CONNECTIONS: usize = 8;
/// Messages of one connection that are not acknowledged yet.
const QUEUED: usize = 200;
