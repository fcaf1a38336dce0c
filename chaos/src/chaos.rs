//! A run: the plan, the races, the faults, the comparison.
#![expect(clippy::print_stdout, reason = "whoever runs this wants to see it happen")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::api::History;
use alleycat_shared::race::RaceClock;
use alleycat_shared::{ClassId, Millis, RaceId};
use alleycat_tests::{Bike, until};
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use nix::sys::signal::Signal;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::sync::watch;

use crate::actors::{self, Script};
use crate::clock::{self, sleep_until};
use crate::disk::Disk;
use crate::log::Log;
use crate::plan::{self, Fault, Kind, Subject};
use crate::referee::Evidence;
use crate::report::Report;
use crate::world::{Deployment, FIRST_ID, Field, World};
use crate::{boards, page, referee};

/// How long, how many, and what.
#[derive(Debug, Args)]
pub struct Options {
    /// How long riders race, all deployments together.
    #[arg(long, value_name = "MINUTES", default_value_t = 5.0)]
    minutes: f64,
    /// Any number: the same one breaks the same things at the same moments. Unless given, one is made up.
    #[arg(long)]
    seed: Option<u64>,
    /// How many simulated riders.
    #[arg(long, default_value_t = 1_000)]
    riders: u32,
    /// The length of a race.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    race_seconds: u16,
    /// How long messages count after a race.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    grace_seconds: u16,
    /// Whose broker: the hub's own, Mosquitto, or half of the time each.
    #[arg(long, default_value = "both")]
    broker: Brokers,
    /// Without Chromium.
    #[arg(long)]
    no_page: bool,
    /// Only print what would break, and when.
    #[arg(long, conflicts_with = "json")]
    plan: bool,
    /// Also write what happened and what was found to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Brokers {
    Embedded,
    Mosquitto,
    Both,
}

impl Options {
    /// The command line that does the same again.
    fn again(&self, seed: u64) -> String {
        let broker = self.broker.to_possible_value();
        format!(
            "--minutes {} --seed {seed} --riders {} --race-seconds {} --grace-seconds {} --broker {}{}",
            self.minutes,
            self.riders,
            self.race_seconds,
            self.grace_seconds,
            broker.as_ref().map_or("", |broker| broker.get_name()),
            if self.no_page { " --no-page" } else { "" },
        )
    }
}

/// Runs it, and tells whether everything held.
///
/// # Errors
/// When something that is not ours does not work, so that nothing can be said.
pub async fn run(options: &Options) -> anyhow::Result<bool> {
    let seed = options.seed.unwrap_or_else(clock::now);
    let deployments = match options.broker {
        Brokers::Embedded => &[Deployment::Embedded][..],
        Brokers::Mosquitto => &[Deployment::Mosquitto],
        Brokers::Both => &[Deployment::Embedded, Deployment::Mosquitto],
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes of a run")]
    let seconds = (options.minutes * 60.0) as u64 / deployments.len() as u64;
    let races = (seconds / u64::from(options.race_seconds)).max(1);
    println!("the same again: cargo xtask chaos {}", options.again(seed));
    if options.plan {
        let disk = Disk::new()?;
        for deployment in deployments {
            tell(*deployment, races, &faults(options, *deployment, &disk, seed, races));
        }
        return Ok(true);
    }
    let mut reports = Vec::new();
    for deployment in deployments {
        let report = act(options, *deployment, seed, races).await?;
        println!("\n{report}");
        reports.push(report);
    }
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_vec_pretty(&reports)?)
            .with_context(|| format!("{} can't be written", file.display()))?;
    }
    Ok(reports.iter().all(|report| report.findings.is_empty()))
}

async fn act(options: &Options, deployment: Deployment, seed: u64, races: u64) -> anyhow::Result<Report> {
    let log = Log::new();
    let length = length(options, races);
    let world = World::new(deployment, (options.race_seconds, options.grace_seconds), log.clone()).await?;
    let faults = faults(options, deployment, &world.disk, seed, races);
    tell(deployment, races, &faults);
    let mut report = Report {
        seed,
        deployment,
        riders: options.riders,
        races,
        race_seconds: options.race_seconds,
        faults: faults.clone(),
        boards: 0,
        compared: referee::Compared::default(),
        riders_say: Value::Null,
        page: None,
        findings: Vec::new(),
        log: Vec::new(),
    };
    let said = Said::catch(world.folder.path())?;
    let world = Arc::new(world);
    let hub = world.hub().await?;
    let bike = Bike::new(CADENCE, RAW)?;
    let bike_path = bike.path();
    let bridge = world.bridge(&bike_path).await?;
    let first = world.before_a_race().await;
    let (rides, receipts) =
        (world.folder.path().join("riders.json"), world.folder.path().join("receipts.csv"));
    let field = Field { riders: options.riders, first_id: FIRST_ID, races, seed, bad_day: true };
    let mut riders = world.riders(field, &rides, &receipts)?;
    let start = world.clock.start(first);
    log.tell(format!("{} riders wait for race {first}", options.riders));

    let grace = Millis::from(options.grace_seconds) * 1_000;
    let script = Script::new(start, start + length, faults);
    let (stop, stopped) = watch::channel(false);
    let watcher = tokio::spawn(boards::watch(Arc::clone(&world), stopped));
    let page = async {
        match options.no_page {
            true => Ok(None),
            false => page::ride(&world, &script, grace).await.map(Some),
        }
    };
    let (hub, bridge, bike, forgotten, (), (), page) = tokio::try_join!(
        actors::hub(&world, &script, hub),
        actors::bridge(&world, &script, bike_path, bridge),
        actors::bike(&world, &script, bike),
        actors::broker(&world, &script),
        actors::links(&world, &script),
        actors::disk(&world, &script),
        page,
    )?;
    report.page = page;
    log.tell("all is calm; riders send what is left");
    riders.wait(Duration::from_secs(60)).await.context("the riders do not come home")?;
    report.riders_say = serde_json::from_slice(&std::fs::read(&rides)?)?;
    if let Some(map) = report.riders_say.as_object_mut() {
        map.remove("latencyUs");
    }
    // Nobody publishes any more.
    drop((bridge, bike));

    sleep_until(start + length + grace + 1_000).await;
    let ridden: Vec<RaceId> =
        (first.get()..first.get() + races).map(RaceId::try_from).collect::<Result<_, _>>()?;
    all_arrived(&world).await?;
    all_official(&world, &ridden).await?;
    in_step(&world).await?;
    let api = world.api("");
    let results = referee::official(&api, &ridden, &log).await?;
    let traces = referee::traces(&api, &results, &log).await?;
    referee::leaders(&api, &results, &log).await?;
    if let Some(page) = &report.page {
        same_on_the_page(&world, page).await?;
    }
    stop.send_replace(true);
    let seen = watcher.await??;
    end(&world, hub).await?;

    let evidence = Evidence {
        acknowledged: referee::acknowledged(&receipts)?,
        forgotten,
        archive: referee::archived(&world.disk.data().join("archive"))?,
        races: ridden.iter().copied().collect(),
    };
    ensure!(!evidence.acknowledged.is_empty(), "nothing at all was acknowledged: nothing can be said");
    ensure!(seen.boards > 0, "no board was seen at all: nothing can be said of them");
    report.compared = referee::compare(&evidence, &results, &log);
    report.compared.traces = traces;
    report.boards = seen.boards;
    referee::boards(&seen, &results, &shaken(&report.faults, world.clock, start, grace), &log);
    verify(&world).await?;
    said.panics(&log)?;
    (report.findings, report.log) = (log.findings(), log.lines());
    Ok(report)
}

/// For how long riders race at one deployment, ms.
fn length(options: &Options, races: u64) -> Millis {
    races * u64::from(options.race_seconds) * 1_000
}

/// What will break, of what there is to break.
fn faults(options: &Options, deployment: Deployment, disk: &Disk, seed: u64, races: u64) -> Vec<Fault> {
    let possible = |subject: &Subject| match subject {
        Subject::Broker => deployment == Deployment::Mosquitto,
        Subject::Bridge | Subject::Bike | Subject::Page => !options.no_page,
        Subject::Disk => disk.can_be_full(),
        Subject::Hub | Subject::Links => true,
    };
    let subjects: Vec<_> = Subject::ALL.into_iter().filter(possible).collect();
    plan::draw(seed, length(options, races), &subjects)
}

fn tell(deployment: Deployment, races: u64, faults: &[Fault]) {
    println!("\n{deployment:?} broker, {races} races, {} faults:", faults.len());
    faults.iter().for_each(|fault| println!("  {fault}"));
    println!();
}

/// Waits until the hub hears nothing any more, but not for ever: a broker may have acknowledged what it has not
/// delivered yet, and delivers again what it has.
async fn all_arrived(world: &World) -> anyhow::Result<()> {
    let (mut last, mut since) = (0, clock::now());
    let quiet = until("nothing comes any more", Duration::from_secs(60), async || {
        let text = reqwest::get(world.api("/metrics")).await?.text().await?;
        let counters = text.lines().filter(|line| line.starts_with("alleycat_messages_"));
        let heard: u64 = counters.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum();
        if heard != last {
            (last, since) = (heard, clock::now());
        }
        Ok((clock::now() - since >= QUIET).then_some(()))
    });
    if quiet.await.is_err() {
        world.log.tell("the broker is still delivering what riders sent long ago");
    }
    Ok(())
}

/// Waits until nothing in the last race is provisional. A class in which the hub has nobody has no result.
async fn all_official(world: &World, ridden: &[RaceId]) -> anyhow::Result<()> {
    let last = ridden.last().context("no race")?;
    let mut open = BTreeMap::new();
    let official = until("the last results are official", Duration::from_secs(30), async || {
        open.clear();
        for class in ClassId::all() {
            let answer = reqwest::get(world.api(&format!("/api/races/{last}/classes/{class}"))).await?;
            if answer.status() == StatusCode::NOT_FOUND {
                continue;
            }
            let said: Value = answer.json().await?;
            if said["state"] != "official" {
                open.insert(class.get(), said);
            }
        }
        Ok(open.is_empty().then_some(()))
    });
    if let Err(error) = official.await {
        let health = reqwest::get(world.api("/healthz")).await?.text().await?;
        let states: BTreeMap<_, _> =
            open.iter().map(|(class, said)| (class, [&said["state"], &said["detail"]])).collect();
        world.log.find(format!("{error:#}: race {last} is in its classes {states:?}; the hub is {health}"));
    }
    Ok(())
}

/// The hub's clock is this machine's.
async fn in_step(world: &World) -> anyhow::Result<()> {
    let before = clock::now();
    let clock: Value = reqwest::get(world.api("/api/clock")).await?.json().await?;
    let (told, after) = (clock["now"].as_u64().context("no clock")?, clock::now());
    if !(before..=after).contains(&told) {
        world.log.find(format!("the hub's clock says {told} between {before} and {after}"));
    }
    Ok(())
}

/// The races in which the hub forgot what it had shown and not yet acknowledged: all that still counted when it ended,
/// or ran while it was away.
fn shaken(faults: &[Fault], clock: RaceClock, start: Millis, grace: Millis) -> BTreeSet<RaceId> {
    let forgot = |kind| matches!(kind, Kind::Killed | Kind::Ended);
    let hub = faults.iter().filter(|fault| fault.subject == Subject::Hub && forgot(fault.kind));
    hub.flat_map(|fault| {
        let at = start + fault.at;
        let [first, last] = [at.saturating_sub(grace), at + fault.lasts].map(|at| clock.at(at).race_id);
        std::iter::successors(Some(first), move |race| Some(clock.next(*race)))
            .take_while(move |race| *race <= last)
    })
    .collect()
}

/// What the page called official is one of its rider's results, and it has called something official.
async fn same_on_the_page(world: &World, page: &page::PageLife) -> anyhow::Result<()> {
    let url = world.api(&format!("/api/racers/{}/rides?limit=100", page::RACER));
    let history: History = reqwest::get(url).await?.error_for_status()?.json().await?;
    page.judge(history.rides.iter().map(|ride| ride.score), &world.log);
    Ok(())
}

/// Asks the hub to end and write what is left.
async fn end(world: &World, mut hub: alleycat_tests::Program) -> anyhow::Result<()> {
    hub.signal(Signal::SIGTERM)?;
    let status = hub.wait(Duration::from_secs(60)).await?;
    if !status.success() {
        world.log.find(format!("the hub ended with {status}"));
    }
    Ok(())
}

/// The hub's own check of its store.
async fn verify(world: &World) -> anyhow::Result<()> {
    let mut command = world.programs.command("alleycat-hub", ["verify", "--data"]);
    let output = command.arg(world.disk.data()).output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        world.log.tell(format!("verify: {}", said.trim()));
    } else {
        let why = String::from_utf8_lossy(&output.stderr);
        world.log.find(format!("the hub's verify fails: {} {}", said.trim(), why.trim()));
    }
    Ok(())
}

/// What programs say on their standard error, which is this program's own.
pub(crate) struct Said(PathBuf);

impl Said {
    pub(crate) fn catch(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("stderr.log");
        nix::unistd::dup2_stderr(File::create(&path)?)?;
        Ok(Self(path))
    }

    /// No program may have panicked, whatever it went through.
    pub(crate) fn panics(&self, log: &Log) -> anyhow::Result<()> {
        let mut text = Vec::new();
        File::open(&self.0)?.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        for line in text.lines().filter(|line| line.contains("panicked at")) {
            log.find(line.to_owned());
        }
        Ok(())
    }
}

/// A broker that has something to deliver does not pause for as long, ms.
const QUIET: Millis = 3_000;
/// Of the rider at the page.
const CADENCE: u32 = 88;
const RAW: u32 = 860;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_that_ends_shakes_every_race_from_its_grace_until_it_is_back() {
        let clock = RaceClock::new(5).unwrap();
        let start = clock.start(RaceId::try_from(1_000).unwrap());
        let fault = |subject, kind| Fault { subject, kind, at: 32_000, lasts: 7_000 };
        let shaken = |subject, kind| -> Vec<u64> {
            let races = shaken(&[fault(subject, kind)], clock, start, 12_000);
            races.into_iter().map(RaceId::get).collect()
        };
        assert_eq!(shaken(Subject::Hub, Kind::Killed), [1_004, 1_005, 1_006, 1_007]);
        assert!(shaken(Subject::Hub, Kind::Stopped).is_empty(), "it forgets nothing");
        assert!(shaken(Subject::Links, Kind::Cut).is_empty());
    }
}
