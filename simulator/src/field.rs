//! The whole field: reads the hub's configuration, joins everybody, lets them ride, reports.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use alleycat_shared::config::Auth;
use alleycat_shared::race::RaceClock;
use alleycat_shared::time::ClockOffset;
use alleycat_shared::{Millis, RaceId, RacerId};
use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

#[cfg(not(feature = "kinesis"))]
use crate::config::ConfigError;
use crate::config::{Config, Target};
use crate::hub::{Hub, own_time};
use crate::processes;
use crate::receipts::Receipts;
use crate::report::{Counters, Report};
use crate::rider::{Course, Rider};

/// Runs the whole simulation; ends with the last race or when `shutdown` is done.
///
/// # Errors
/// When the hub can't be reached, refuses the riders, or this machine may not open enough files.
pub async fn run(config: Config, shutdown: impl Future<Output = ()>) -> anyhow::Result<Report> {
    config.check()?;
    let shares = processes::shares(&config)?;
    if shares.len() > 1 {
        return processes::run(shares, shutdown).await;
    }
    match config.target.clone() {
        Target::Broker(broker) => ride(config, broker, shutdown).await,
        #[cfg(feature = "kinesis")]
        Target::Kinesis(stream) => crate::stream::run(&config, &stream, shutdown).await,
        #[cfg(not(feature = "kinesis"))]
        Target::Kinesis(_) => Err(ConfigError::NoKinesis.into()),
    }
}

/// Rides at a broker.
async fn ride(config: Config, broker: Url, shutdown: impl Future<Output = ()>) -> anyhow::Result<Report> {
    let started = Instant::now();
    let ids = racer_ids(&config)?;
    raise_open_files(config.riders)?;
    let hub = Hub::new(config.hub_url(&broker)).context("no HTTP client")?;
    let page = hub.config().await?;
    let clock = RaceClock::new(page.race_seconds).context("the hub's race length makes no sense")?;
    let offset = hub.clock().await?;
    let (stop_sender, stop) = watch::channel(false);
    let (offset_sender, offset_receiver) = watch::channel(offset);
    let moment = clock.at(offset.hub_time(own_time()));
    let first = if config.wait { clock.next(moment.race_id) } else { moment.race_id };
    let end = (config.races > 0).then(|| (first.get() + config.races).try_into()).transpose()?;
    let course = Arc::new(Course {
        hub: hub.clone(),
        target: broker.to_string(),
        habits: config.habits(),
        auth: page.auth,
        clock,
        offset: offset_receiver,
        seed: config.seed,
        first,
        end,
        counters: Counters::new(),
        receipts: config.acknowledged.as_deref().map(Receipts::open).transpose()?,
        stop,
    });
    let tokens = join_all(&course, &ids).await?;

    let mut riders = JoinSet::new();
    for (index, (racer_id, token)) in ids.iter().copied().zip(tokens).enumerate() {
        let class_id = config.class_of(racer_id);
        let phase = phase(index, ids.len());
        riders.spawn(Rider { racer_id, class_id, course: Arc::clone(&course), token, phase }.ride());
    }
    let bar = progress(course.end.map(|end| left(&course, end)), config.riders);
    let mut keep_clock = tokio::spawn(keep_clock(hub, offset_sender));
    let mut tick = tokio::time::interval(Duration::from_millis(500));
    let mut failed = 0_usize;
    tokio::pin!(shutdown);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = riders.join_next() => match ended {
                Some(Ok(())) => {}
                Some(Err(_)) => failed += 1,
                None => break,
            },
            _ = tick.tick() => {
                let (end, length) = (course.end, bar.length().unwrap_or(0));
                let done = end.map_or(0, |end| length.saturating_sub(left(&course, end)));
                show(&bar, &course.counters, done);
            }
            () = &mut shutdown, if !stopping => {
                stopping = true;
                _ = stop_sender.send(true);
            }
        }
    }
    keep_clock.abort();
    _ = (&mut keep_clock).await;
    bar.finish_and_clear();
    if failed > 0 {
        bail!("{failed} riders fell over: please report this with the log");
    }
    Ok(course.counters.report(config.riders, started.elapsed()))
}

pub(crate) fn racer_ids(config: &Config) -> anyhow::Result<Vec<RacerId>> {
    let first = u64::from(config.first_id.get());
    let ids: Result<Vec<_>, _> = (first..first + u64::from(config.riders)).map(RacerId::try_from).collect();
    ids.with_context(|| format!("{} riders from id {first} on are too many", config.riders))
}

/// How many riders one process has files for.
pub(crate) fn riders_at_most() -> anyhow::Result<u64> {
    let limit = rlimit::increase_nofile_limit(u64::MAX).context("the limit of open files can't be read")?;
    Ok(limit.saturating_sub(SPARE_FILES).max(1))
}

fn raise_open_files(riders: u32) -> anyhow::Result<()> {
    let wanted = u64::from(riders) + SPARE_FILES;
    let limit = rlimit::increase_nofile_limit(u64::MAX).context("the limit of open files can't be read")?;
    if wanted > limit {
        bail!(
            "{riders} riders need {wanted} open files and this process may have {limit}: \
             raise it with `ulimit -n`, or split the field with --first-id"
        );
    }
    Ok(())
}

/// Tokens for all riders in order, or none for an open hub.
async fn join_all(course: &Arc<Course>, ids: &[RacerId]) -> anyhow::Result<Vec<Option<String>>> {
    if course.auth == Auth::Open {
        return Ok(vec![None; ids.len()]);
    }
    let bar = ProgressBar::new(ids.len() as u64).with_style(style("joining {wide_bar} {pos}/{len}"));
    let mut tokens = vec![None; ids.len()];
    let mut joining = JoinSet::new();
    let mut waiting = ids.iter().copied().enumerate();
    loop {
        while joining.len() < JOINS_AT_ONCE {
            let Some((index, racer)) = waiting.next() else { break };
            let course = Arc::clone(course);
            joining
                .spawn(async move { course.hub.join(racer, None).await.map(|joined| (index, joined.token)) });
        }
        let Some(joined) = joining.join_next().await else { break };
        let (index, token) = joined.context("a rider fell over while joining")??;
        tokens[index] = Some(token);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(tokens)
}

/// Measures the hub's clock again and again: machines drift and sleep.
async fn keep_clock(hub: Hub, offset: watch::Sender<ClockOffset>) {
    loop {
        tokio::time::sleep(CLOCK_EVERY).await;
        match hub.clock().await {
            Ok(measured) => _ = offset.send(measured),
            Err(error) => tracing::warn!(%error, "the hub's clock could not be measured"),
        }
    }
}

/// When in each second a rider sends, ms: as it begins, as pages do, each by a clock that is a little off.
pub(crate) fn phase(index: usize, riders: usize) -> Millis {
    LATEST_PHASE * index as Millis / riders.max(1) as Millis
}

/// Seconds until the end of the last race.
fn left(course: &Course, end: RaceId) -> u64 {
    course.clock.start(end).saturating_sub(course.now()) / 1_000
}

/// A bar of so many seconds, or without an end.
pub(crate) fn progress(seconds: Option<u64>, riders: u32) -> ProgressBar {
    let (bar, template) = match seconds {
        Some(seconds) => (ProgressBar::new(seconds), "{prefix} {wide_bar} {eta} left, {msg}"),
        None => (ProgressBar::new_spinner(), "{prefix} {spinner} {elapsed}, {msg}"),
    };
    bar.with_style(style(template)).with_prefix(format!("{riders} riders"))
}

pub(crate) fn show(bar: &ProgressBar, counters: &Counters, seconds: u64) {
    let (sent, acknowledged) =
        (counters.sent.load(Ordering::Relaxed), counters.acknowledged.load(Ordering::Relaxed));
    bar.set_message(format!("{sent} sent, {acknowledged} acknowledged"));
    bar.set_position(seconds.min(bar.length().unwrap_or(seconds)));
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is fixed")
}

/// The latest point in a second at which a rider sends, in ms.
const LATEST_PHASE: Millis = 50;
const JOINS_AT_ONCE: usize = 16;
const SPARE_FILES: u64 = 64;
const CLOCK_EVERY: Duration = Duration::from_secs(30);
