//! A day of races in a few minutes: riders come and go, results are read, and nothing may grow but what is kept.
#![expect(clippy::print_stdout, reason = "whoever runs this wants to see it happen")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use alleycat_tests::{Bike, Program};
use anyhow::{Context, ensure};
use clap::Args;
use serde::Serialize;
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::chaos::Said;
use crate::clock::{self, sleep_until};
use crate::log::Log;
use crate::trend::Trend;
use crate::world::{Deployment, FIRST_ID, Field, World};

/// How many races, and how short.
#[derive(Debug, Args)]
pub struct Options {
    /// How many races: a day has 288.
    #[arg(long, default_value_t = 288)]
    races: u64,
    /// The length of a race.
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    race_seconds: u16,
    /// How many simulated riders.
    #[arg(long, default_value_t = 100)]
    riders: u32,
    /// Also write the measurements to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is measured once a race.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Sample {
    hub_memory_mib: f64,
    hub_files: f64,
    bridge_memory_mib: f64,
    bridge_files: f64,
    disk_mib: f64,
    /// How late the boards of this race were on average.
    board_late_ms: f64,
    /// How long an acknowledgement waited for the disk on average.
    puback_wait_ms: f64,
}

/// Something that may not grow, and by how much it may seem to.
struct Flat {
    what: &'static str,
    unit: &'static str,
    of: fn(&Sample) -> f64,
    /// A part of the mean, and a little more.
    bound: (f64, f64),
}

/// Runs it, and tells whether everything stayed flat.
///
/// # Errors
/// When something that is not ours does not work, so that nothing can be said.
pub async fn run(options: &Options) -> anyhow::Result<bool> {
    ensure!(options.races >= 16, "fewer than 16 races tell nothing: give --races 16 or more");
    let log = Log::new();
    let world = World::new(Deployment::Embedded, (options.race_seconds, GRACE_SECONDS), log.clone()).await?;
    let said = Said::catch(world.folder.path())?;
    let mut hub = world.hub().await?;
    let bike = Bike::new(88, 860)?;
    let mut bridge = world.bridge(&bike.path()).await?;
    let window = world.clock.window_ms();
    let mut samples: Vec<Sample> = Vec::new();
    let mut counters = Counters::read(&world).await?;
    let mut next = world.before_a_race().await;
    let mut riders: Option<Program> = None;
    for race in 0..options.races {
        // Riders stay for an hour's races, and then others come.
        if race % AN_HOUR == 0 {
            if let Some(mut riders) = riders.take() {
                let status = riders.wait(Duration::from_secs(30)).await?;
                ensure!(status.success(), "the riders of an hour lost something: {status}");
            }
            next = world.before_a_race().await;
            let field = Field {
                riders: options.riders,
                first_id: first_id(race, options.riders),
                races: AN_HOUR.min(options.races - race),
                seed: race,
                bad_day: false,
            };
            let file = |name: &str| world.folder.path().join(name);
            riders = Some(world.riders(field, &file("riders.json"), &file("receipts.csv"))?);
        }
        sleep_until(world.clock.end(next)).await;
        visit(&world, next.get().saturating_sub(2)).await?;
        let now = Counters::read(&world).await?;
        let sample = Sample {
            hub_memory_mib: memory_mib(&hub)?,
            hub_files: files(&hub)?,
            bridge_memory_mib: memory_mib(&bridge)?,
            bridge_files: files(&bridge)?,
            disk_mib: size_mib(&world.disk.data())?,
            board_late_ms: now.board_late.since(counters.board_late),
            puback_wait_ms: now.puback_wait.since(counters.puback_wait),
        };
        counters = now;
        samples.push(sample);
        if race % AN_HOUR == AN_HOUR - 1 {
            log.tell(format!("{} races: {}", race + 1, serde_json::to_string(&sample)?));
        }
        for (name, program) in [("hub", &mut hub), ("bridge", &mut bridge)] {
            if let Some(status) = program.ended()? {
                log.find(format!("the {name} ended by itself with {status}"));
            }
        }
        next = world.clock.next(next);
        ensure!(
            clock::now() < world.clock.start(next) + window,
            "this machine is too slow for races this short"
        );
    }
    drop(riders);
    said.panics(&log)?;
    judge(&samples, &log);
    let findings = log.findings();
    if let Some(file) = &options.json {
        let report = json!({ "races": options.races, "raceSeconds": options.race_seconds, "riders": options.riders,
            "findings": findings, "samples": samples });
        std::fs::write(file, serde_json::to_vec_pretty(&report)?)
            .with_context(|| format!("{} can't be written", file.display()))?;
    }
    println!("{}", if findings.is_empty() { "everything stayed flat" } else { "something grew" });
    Ok(findings.is_empty())
}

/// The first rider of an hour. The hub keeps a place for a while for who has left, so each hour has other riders than
/// those before it, until the first ones come again.
fn first_id(race: u64, riders: u32) -> u32 {
    let set = u32::try_from(race / AN_HOUR % SETS).expect("a few sets");
    FIRST_ID + set * riders
}

/// What people do beside racing: look at results, join, leave, and go away in mid-sentence.
async fn visit(world: &World, race: u64) -> anyhow::Result<()> {
    let client = reqwest::Client::new();
    for path in [
        format!("/api/races/{race}/classes/1"),
        format!("/api/races/{race}/classes/1/results.csv"),
        "/api/races?classId=1&limit=20".to_owned(),
        "/api/leaderboard?classId=1&limit=100".to_owned(),
        "/healthz".to_owned(),
    ] {
        client.get(world.api(&path)).send().await?.bytes().await?;
    }
    let joined = client
        .post(world.api("/api/join"))
        .json(&json!({ "racerId": 9_000, "name": "Guest" }))
        .send()
        .await?;
    let joined: serde_json::Value = joined.error_for_status()?.json().await?;
    let leave = json!({ "racerId": 9_000, "token": joined["token"] });
    client.post(world.api("/api/leave")).json(&leave).send().await?.error_for_status()?;
    // Half a request, and gone.
    for port in [world.hub_port, world.bridge_port] {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHo").await?;
    }
    Ok(())
}

fn judge(samples: &[Sample], log: &Log) {
    // What is filled once, caches and pools, is filled in the first third.
    let settled = &samples[samples.len() / 3..];
    println!("\n{:<26} {:>10} {:>10} {:>10}", "after the first third", "mean", "rise", "may rise");
    for Flat { what, unit, of, bound: (part, more) } in FLAT {
        let Some(trend) = Trend::of(&settled.iter().map(of).collect::<Vec<_>>()) else { continue };
        let bound = trend.mean * part + more;
        println!("{:<26} {:>10.2} {:>10.2} {bound:>10.2}", format!("{what}, {unit}"), trend.mean, trend.rise);
        if trend.rise > bound {
            log.find(format!("{what} rises by {:.2} {unit} where {bound:.2} may be noise", trend.rise));
        }
    }
    // What is kept takes room: as much for each race, however many there have been.
    let halves = settled.split_at(settled.len() / 2);
    let slope = |part: &[Sample]| Trend::of(&part.iter().map(|sample| sample.disk_mib).collect::<Vec<_>>());
    if let (Some(first), Some(second)) = (slope(halves.0), slope(halves.1)) {
        println!("{:<26} {:>10.3} then {:.3}", "disk, MiB a race", first.slope, second.slope);
        if second.slope > first.slope * 1.25 + 0.02 {
            log.find(format!(
                "a race takes {:.3} MiB of the disk and later {:.3}",
                first.slope, second.slope
            ));
        }
    }
}

/// Sums and counts of the hub's own histograms.
#[derive(Clone, Copy)]
struct Counters {
    board_late: Sum,
    puback_wait: Sum,
}

#[derive(Clone, Copy)]
struct Sum {
    seconds: f64,
    count: f64,
}

impl Counters {
    async fn read(world: &World) -> anyhow::Result<Self> {
        let text = reqwest::get(world.api("/metrics")).await?.text().await?;
        let sum =
            |name: &str| Sum { seconds: value(&text, name, "_sum"), count: value(&text, name, "_count") };
        Ok(Self {
            board_late: sum("alleycat_board_late_seconds"),
            puback_wait: sum("alleycat_puback_wait_seconds"),
        })
    }
}

impl Sum {
    /// The mean of what came since, in ms.
    fn since(self, before: Self) -> f64 {
        let count = self.count - before.count;
        if count > 0.0 { (self.seconds - before.seconds) / count * 1_000.0 } else { 0.0 }
    }
}

fn value(text: &str, name: &str, end: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(end)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok()).unwrap_or(0.0)
}

fn memory_mib(program: &Program) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.id()?))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1_024.0)
}

#[expect(clippy::cast_precision_loss, reason = "a count of open files")]
fn files(program: &Program) -> anyhow::Result<f64> {
    Ok(std::fs::read_dir(format!("/proc/{}/fd", program.id()?))?.count() as f64)
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files")]
fn size_mib(folder: &Path) -> anyhow::Result<f64> {
    let mut sum = 0.0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        // A file of the archive may get its name just now.
        let Ok(about) = entry.metadata() else { continue };
        sum += if about.is_dir() { size_mib(&entry.path())? } else { about.len() as f64 / 1_048_576.0 };
    }
    Ok(sum)
}

const FLAT: &[Flat] = &[
    Flat { what: "memory of the hub", unit: "MiB", of: |sample| sample.hub_memory_mib, bound: (0.08, 1.0) },
    Flat { what: "open files of the hub", unit: "", of: |sample| sample.hub_files, bound: (0.02, 3.0) },
    Flat {
        what: "memory of the bridge",
        unit: "MiB",
        of: |sample| sample.bridge_memory_mib,
        bound: (0.05, 0.5),
    },
    Flat { what: "open files of the bridge", unit: "", of: |sample| sample.bridge_files, bound: (0.0, 2.0) },
    Flat { what: "lateness of boards", unit: "ms", of: |sample| sample.board_late_ms, bound: (0.5, 2.0) },
    Flat { what: "wait for the disk", unit: "ms", of: |sample| sample.puback_wait_ms, bound: (0.5, 2.0) },
];
/// Races of riders who then go home.
const AN_HOUR: u64 = 12;
/// How many sets of riders take turns: when one comes again, nobody keeps its places any more.
const SETS: u64 = 4;
const GRACE_SECONDS: u16 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn day(leak: f64) -> Vec<Sample> {
        let sample = |race: u32| Sample {
            // Caches fill in the beginning.
            hub_memory_mib: 20.0 + f64::from(race.min(80)) / 20.0 + f64::from(race) * leak,
            hub_files: 120.0 + f64::from(race % 3),
            bridge_memory_mib: 6.0,
            bridge_files: 14.0,
            disk_mib: f64::from(race) * 0.2,
            board_late_ms: 3.0 + f64::from(race % 2),
            puback_wait_ms: 4.0,
        };
        (0..288).map(sample).collect()
    }

    #[test]
    fn riders_of_an_hour_are_not_those_of_the_hours_before() {
        let firsts: Vec<_> = (0..6).map(|hour| first_id(hour * AN_HOUR + 5, 100)).collect();
        assert_eq!(firsts, [101, 201, 301, 401, 101, 201]);
    }

    #[test]
    fn a_leak_is_found_and_a_warm_up_is_none() {
        let log = Log::new();
        judge(&day(0.0), &log);
        assert_eq!(log.findings(), [""; 0]);
        judge(&day(0.05), &log);
        assert!(
            matches!(&log.findings()[..], [only] if only.contains("memory of the hub")),
            "{:?}",
            log.findings()
        );
    }
}
