//! The house that is going to be shaken: what stands where, and how it is started.

use std::path::Path;
use std::time::Duration;

use alleycat_shared::race::RaceClock;
use alleycat_shared::{Millis, RaceId};
use alleycat_tests::{Broker, Program, Programs, address, free_port};
use anyhow::Context;
use clap::ValueEnum;
use serde::Serialize;
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::clock;
use crate::disk::Disk;
use crate::link::Link;
use crate::log::Log;

/// Whose broker the riders are at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deployment {
    /// The hub's own.
    Embedded,
    /// Mosquitto, with the hub as a client of it.
    Mosquitto,
}

/// Programs, ports and folders of one run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) programs: Programs,
    pub(crate) clock: RaceClock,
    pub(crate) hub_port: u16,
    pub(crate) bridge_port: u16,
    pub(crate) link: Link,
    pub(crate) disk: Disk,
    pub(crate) broker: Option<Mutex<Broker>>,
    /// The broker's own address for a client that nothing happens to, as long as the broker is well.
    pub(crate) broker_url: String,
    pub(crate) log: Log,
    /// For reports and receipts.
    pub(crate) folder: TempDir,
    hub_args: Vec<String>,
    /// Where riders find the hub's API.
    api: u16,
}

/// What rides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) riders: u32,
    /// The racer id of the first one; the others follow.
    pub(crate) first_id: u32,
    pub(crate) races: u64,
    pub(crate) seed: u64,
    /// With latecomers, dropouts, and messages that come twice or late.
    pub(crate) bad_day: bool,
}

impl World {
    pub(crate) async fn new(
        deployment: Deployment,
        (race_seconds, grace_seconds): (u16, u16),
        log: Log,
    ) -> anyhow::Result<Self> {
        let clock = RaceClock::new(race_seconds).context("a race can't have as many seconds")?;
        let (hub_port, bridge_port) = (free_port()?, free_port()?);
        let disk = Disk::new()?;
        let broker = match deployment {
            Deployment::Embedded => None,
            Deployment::Mosquitto => Some(Broker::mosquitto_for_many().await?),
        };
        let link = Link::start(broker.as_ref().map_or(hub_port, |broker| broker.other_port)).await?;
        let (race, grace) = (race_seconds.to_string(), grace_seconds.to_string());
        let data = disk.data();
        let data = data.to_str().context("a folder with a plain name")?;
        let mut hub_args =
            ["--race-seconds", &race, "--grace-seconds", &grace, "--data", data].map(str::to_owned).to_vec();
        // Archived soon, so that a kill may hit it at work.
        hub_args.extend(["--archive-seconds", "2"].map(str::to_owned));
        if let Some(broker) = &broker {
            hub_args.extend(["--broker".to_owned(), broker.url()]);
            hub_args.extend(["--broker-url-for-pages".to_owned(), address(true, link.port)]);
        }
        // At an external broker the API is on another way than the messages.
        let api = if broker.is_some() { hub_port } else { link.port };
        let broker_url = address(true, broker.as_ref().map_or(hub_port, |broker| broker.other_port));
        let (programs, broker) = (Programs::from_env()?, broker.map(Mutex::new));
        let folder = tempfile::tempdir()?;
        Ok(Self {
            programs,
            clock,
            hub_port,
            bridge_port,
            link,
            disk,
            broker,
            broker_url,
            log,
            folder,
            hub_args,
            api,
        })
    }

    /// Starts the hub, again and again as systemd would if it does not come up.
    pub(crate) async fn hub(&self) -> anyhow::Result<Program> {
        let args: Vec<&str> = self.hub_args.iter().map(String::as_str).collect();
        let deadline = clock::now() + HUB_WITHIN;
        loop {
            match self.programs.hub(self.hub_port, &args).await {
                Ok(hub) => return Ok(hub),
                Err(error) if clock::now() > deadline => return Err(error),
                Err(error) => self.log.tell(format!("the hub does not come up: {error:#}")),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    /// Starts the bridge at this bike.
    pub(crate) async fn bridge(&self, bike: &Path) -> anyhow::Result<Program> {
        self.programs.bridge(self.bridge_port, self.api, bike, "peloton").await
    }

    /// Riders from the next race on.
    pub(crate) fn riders(&self, field: Field, report: &Path, receipts: &Path) -> anyhow::Result<Program> {
        let (target, hub) = (address(true, self.link.port), format!("http://127.0.0.1:{}", self.api));
        let [riders, races, seed] =
            [field.riders.to_string(), field.races.to_string(), field.seed.to_string()];
        let first = field.first_id.to_string();
        let args = [
            "--riders",
            &riders,
            "--first-id",
            &first,
            "--races",
            &races,
            "--seed",
            &seed,
            "--classes",
            "1,2,3",
            "--wait",
        ];
        let mut command = self.programs.command("alleycat-sim", args);
        command.args(["--target", &target, "--hub", &hub, "--json"]).arg(report);
        command.arg("--acknowledged").arg(receipts).stdout(std::process::Stdio::null());
        if field.bad_day {
            command.args(["--late", "0.1", "--dropouts", "0.1", "--duplicates", "0.02", "--reorder", "0.05"]);
        }
        Program::start("the simulator", &mut command)
    }

    /// An address of the hub's API.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.hub_port)
    }

    /// The next race that a field which starts now will ride from its start, with time to join before.
    pub(crate) async fn before_a_race(&self) -> RaceId {
        loop {
            let moment = self.clock.at(clock::now());
            if moment.left_ms >= JOINING.min(self.clock.window_ms() / 2) {
                return self.clock.next(moment.race_id);
            }
            tokio::time::sleep(Duration::from_millis(moment.left_ms)).await;
        }
    }
}

/// The racer id of the first simulated rider.
pub(crate) const FIRST_ID: u32 = 101;
const HUB_WITHIN: Millis = 60_000;
/// What a field takes to join.
const JOINING: Millis = 8_000;
