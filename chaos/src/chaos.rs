//! A run: the plan, the races, the faults, the comparison.
#![expect(clippy::print_stdout, reason = "whoever runs this wants to see it happen")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::{Millis, RaceId};
use alleycat_tests::{Bike, until};
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use nix::sys::signal::Signal;
use serde_json::Value;
use tokio::sync::watch;

use crate::actors::{self, Script};
use crate::clock::{self, sleep_until};
use crate::log::Log;
use crate::plan::{self, Kind, Subject};
use crate::report::Report;
use crate::world::{Deployment, Field, World};
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
    #[arg(long)]
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
    let again = format!(
        "--minutes {} --seed {seed} --riders {} --race-seconds {} --grace-seconds {}",
        options.minutes, options.riders, options.race_seconds, options.grace_seconds
    );
    println!("the same again: cargo xtask chaos {again}");
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
    let length = races * u64::from(options.race_seconds) * 1_000;
    let world = World::new(deployment, (options.race_seconds, options.grace_seconds), log.clone()).await?;
    let faults = plan::draw(seed, length, &subjects(options, &world));
    println!("\n{deployment:?} broker, {races} races, {} faults:", faults.len());
    faults.iter().for_each(|fault| println!("  {fault}"));
    println!();
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
    if options.plan {
        return Ok(report);
    }
    let said = Said::catch(world.folder.path())?;
    let world = Arc::new(world);
    let hub = world.hub().await?;
    let bike = Bike::new(CADENCE, RAW)?;
    let bike_path = bike.path();
    let bridge = world.bridge(&bike_path).await?;
    let first = world.before_a_race().await;
    let (rides, receipts) =
        (world.folder.path().join("riders.json"), world.folder.path().join("receipts.csv"));
    let field = Field { riders: options.riders, races, seed, bad_day: true };
    let mut riders = world.riders(field, &rides, &receipts)?;
    let start = world.clock.start(first);
    log.tell(format!("{} riders wait for race {first}", options.riders));

    let script = Script::new(start, start + length, faults);
    let (stop, stopped) = watch::channel(false);
    let watcher = tokio::spawn(boards::watch(Arc::clone(&world), stopped));
    let page = async {
        match options.no_page {
            true => Ok(None),
            false => page::ride(&world, &script).await.map(Some),
        }
    };
    let (hub, bridge, bike, (), (), (), page) = tokio::try_join!(
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

    let grace = Millis::from(options.grace_seconds) * 1_000;
    sleep_until(start + length + grace + 1_000).await;
    let ridden: Vec<RaceId> =
        (first.get()..first.get() + races).map(RaceId::try_from).collect::<Result<_, _>>()?;
    all_official(&world, &ridden).await?;
    in_step(&world).await?;
    let api = world.api("");
    let results = referee::official(&api, &ridden, &log).await?;
    let traces = referee::traces(&api, &results, &log).await?;
    referee::leaders(&api, &results, &log).await?;
    stop.send_replace(true);
    let seen = watcher.await??;
    end(&world, hub).await?;

    let acknowledged = referee::acknowledged(&receipts)?;
    ensure!(!acknowledged.is_empty(), "nothing at all was acknowledged: nothing can be said");
    let archive = referee::archived(&world.disk.data().join("archive"))?;
    report.compared = referee::compare(&acknowledged, &archive, &results, &log);
    report.compared.traces = traces;
    report.boards = seen.boards;
    referee::boards(&seen, &results, &shaken(&report, &world, start), &log);
    if let Some(page) = &report.page {
        same_on_the_page(page, &results, &log);
    }
    verify(&world).await?;
    said.panics(&log)?;
    (report.findings, report.log) = (log.findings(), log.lines());
    Ok(report)
}

fn subjects(options: &Options, world: &World) -> Vec<Subject> {
    let possible = |subject: &Subject| match subject {
        Subject::Broker => world.broker.is_some(),
        Subject::Bridge | Subject::Bike | Subject::Page => !options.no_page,
        Subject::Disk => world.disk.can_be_full(),
        Subject::Hub | Subject::Links => true,
    };
    Subject::ALL.into_iter().filter(possible).collect()
}

/// Waits until the hub calls the last race official, where anybody rode it.
async fn all_official(world: &World, ridden: &[RaceId]) -> anyhow::Result<()> {
    let last = ridden.last().context("no race")?;
    let url = world.api(&format!("/api/races/{last}/classes/1"));
    let mut said = Value::Null;
    let official = until("the last result is official", Duration::from_secs(30), async || {
        said = reqwest::get(&url).await?.json().await?;
        Ok((said["state"] == "official").then_some(()))
    });
    if let Err(error) = official.await {
        let health = reqwest::get(world.api("/healthz")).await?.text().await?;
        let (state, detail) = (&said["state"], &said["detail"]);
        world.log.find(format!("{error:#}: race {last} is {state}, {detail}; the hub is {health}"));
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

/// The races in which the hub forgot what it had shown and not yet acknowledged.
fn shaken(report: &Report, world: &World, start: Millis) -> BTreeSet<RaceId> {
    let forgot = |kind| matches!(kind, Kind::Killed | Kind::Ended);
    let hub = report.faults.iter().filter(|fault| fault.subject == Subject::Hub && forgot(fault.kind));
    let grace = 30_000;
    hub.flat_map(|fault| {
        let at = start + fault.at;
        [at, at.saturating_sub(grace), at + fault.lasts].map(|at| world.clock.at(at).race_id)
    })
    .collect()
}

/// What the page called official is one of its rider's results.
fn same_on_the_page(page: &page::PageLife, results: &referee::Results, log: &Log) {
    let rows = results.values().flat_map(|result| &result.results);
    let own: BTreeSet<String> =
        rows.filter(|row| row.racer_id.get() == page::RACER).map(|row| row.score.to_string()).collect();
    for score in page.official.iter().filter(|score| !own.contains(*score)) {
        log.find(format!("the page calls {score} official, and its rider has {own:?}"));
    }
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

/// Of the rider at the page.
const CADENCE: u32 = 88;
const RAW: u32 = 860;
