//! The bench `latency`: from the pedal to a screen. A bike on a pseudo-terminal changes its cadence at all points of a
//! second; two pages in two browsers note when they have painted it: the rider's own as a cadence, another rider's as a
//! score that grows by another step.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alleycat_bench_report::{Goal, Report, quantile};
use alleycat_tests::{Browser, LineBike, Programs, free_port};
use anyhow::{Context, ensure};
use serde_json::Value;
use tokio::time::{Instant, interval_at, sleep_until};

use crate::chromium::Tab;
use crate::race::{Bench, OTHER};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many riders race besides.
    #[arg(long, default_value_t = 100)]
    riders: u32,
    /// How often the cadence changes: each time at another point of a second, once in 3.6 s.
    #[arg(long, default_value_t = 100)]
    steps: u32,
}

/// Both cadences, in rpm, between which the bike changes.
const CADENCES: [f64; 2] = [100.0, 120.0];
/// In per cent: enough to be the first of the race soon, and so on everybody's board.
const RESISTANCE: u8 = 100;
/// How often the bike says what it does.
const READING: Duration = Duration::from_millis(100);
/// From one change to the next, and a part of a second: with the golden ratio's part every point of a second has its turn.
const STEP: Duration = Duration::from_micros(3_618_034);
/// How long the bike may take to be on everybody's board: it came late.
const CATCH_UP: Duration = Duration::from_secs(300);
/// Until everybody rides in step.
const SETTLE: Duration = Duration::from_secs(10);

/// Notes each text of what is looked for, and the ms since the epoch when it was painted.
const NOTE: &str = "
    window.benchSeen = [];
    let before = null;
    new MutationObserver(() => {
        const text = document.querySelector('SELECTOR')?.textContent ?? '';
        if (text === before) return;
        before = text;
        requestAnimationFrame(() => {
            const painted = new MessageChannel();
            painted.port1.onmessage = () => {
                window.benchSeen.push([Number(text.replace(/[^0-9]/g, '')), performance.timeOrigin + performance.now()]);
            };
            painted.port2.postMessage(0);
        });
    }).observe(document, { childList: true, subtree: true, characterData: true });";

/// A number that a page has shown, by its digits alone, and since when, in ms since the epoch.
type Seen = (f64, f64);

/// A change of the cadence.
struct Step {
    to: usize,
    /// When the last byte of the line that told of it was written, in ms since the epoch.
    at: f64,
}

pub(crate) async fn measure(
    options: &Options,
    programs: &Programs,
    browser: &Browser,
) -> anyhow::Result<Report> {
    let mut report = Report::new("latency", "");
    let bench = Bench::start(programs, 3_600, options.riders).await?;
    let mut bike = LineBike::new()?;
    let port = free_port()?;
    let _bridge = programs.bridge(port, bench.hub_port, bike.path(), "line").await?;
    let other = bench.ride(browser, "other").await?;
    let riding = bench.ride_at(browser, "own", port, OTHER + 1);
    // The page that wants to ride asks for readings.
    let mut talk = tokio::time::interval(READING);
    tokio::pin!(riding);
    let own = loop {
        tokio::select! {
            tab = &mut riding => break tab?,
            _ = talk.tick() => bike.say(CADENCES[0], RESISTANCE)?,
        }
    };
    let row = format!("[data-racer=\"{}\"] .score", OTHER + 1);
    for (tab, selector) in [(&own, "[data-testid=cadence]"), (&other, row.as_str())] {
        tab.page().evaluate(&NOTE.replace("SELECTOR", selector)).await?;
    }
    println!("{} changes of the cadence, {} riders besides", options.steps, options.riders);
    catch_up(&mut bike, &other, &row).await?;
    let steps = ride(&mut bike, options.steps).await?;

    let to_own = own_screen(&steps, &seen(&own).await?);
    let to_other = other_board(&steps, &seen(&other).await?);
    own.close().await?;
    other.close().await?;
    for (screen, mut late, bound) in
        [("own screen", to_own, 50.0), ("another rider's board", to_other, 1_100.0)]
    {
        ensure!(!late.is_empty(), "nothing of it was seen on {screen}");
        late.sort_by(f64::total_cmp);
        let of = |q| quantile(&late, q);
        report.add(format!("pedal to {screen}, p50"), "ms", &[of(0.5)], &[], None);
        report.add(format!("pedal to {screen}, p99"), "ms", &[of(0.99)], &[], Some(Goal::Under(bound)));
        let missed = steps.len() - late.len();
        report.add(format!("changes not seen on {screen}"), "", &[missed as f64], &[], None);
    }
    Ok(report)
}

/// Rides until the other page shows the bike's racer.
async fn catch_up(bike: &mut LineBike, other: &Tab, row: &str) -> anyhow::Result<()> {
    let mut talk = interval_at(Instant::now(), READING);
    let late = Instant::now() + CATCH_UP;
    loop {
        talk.tick().await;
        bike.say(CADENCES[0], RESISTANCE)?;
        if other.page().evaluate(&format!("return !!document.querySelector('{row}')")).await? == true {
            return Ok(());
        }
        ensure!(Instant::now() < late, "the bike is not among the first after {CATCH_UP:?}");
    }
}

/// Rides on, with so many changes.
async fn ride(bike: &mut LineBike, count: u32) -> anyhow::Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut left = count;
    let mut to = 0;
    let mut next = Instant::now() + SETTLE;
    let mut talk = interval_at(Instant::now(), READING);
    let end = next + STEP * count;
    while Instant::now() < end {
        tokio::select! {
            () = sleep_until(next), if left > 0 => {
                left -= 1;
                next += STEP;
                to = 1 - to;
                bike.say(CADENCES[to], RESISTANCE)?;
                let at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1e3;
                steps.push(Step { to, at });
            }
            _ = talk.tick() => bike.say(CADENCES[to], RESISTANCE)?,
        }
    }
    Ok(steps)
}

async fn seen(tab: &Tab) -> anyhow::Result<Vec<Seen>> {
    let seen = tab.page().evaluate("return window.benchSeen").await?;
    let pair = |pair: &Value| Some((pair[0].as_f64()?, pair[1].as_f64()?));
    seen.as_array().context("what was seen")?.iter().map(|seen| pair(seen).context("a pair")).collect()
}

/// How long after each step the cadence, which has tenths, was on the rider's own screen, in ms.
fn own_screen(steps: &[Step], seen: &[Seen]) -> Vec<f64> {
    first_after(steps, seen, |step, (cadence, _)| (cadence / 10.0 - CADENCES[step.to]).abs() < 0.5)
}

/// How long after each step the score on another rider's board grew by something else than before, in ms.
fn other_board(steps: &[Step], seen: &[Seen]) -> Vec<f64> {
    let output = |to: usize| (CADENCES[to] + 35.0) * (f64::from(RESISTANCE) + 65.0) / 100.0;
    let mean = (output(0) + output(1)) / 2.0;
    let grown: Vec<_> = seen.windows(2).map(|pair| (pair[1].0 - pair[0].0, pair[1].1)).collect();
    first_after(steps, &grown, |step, (grown, _)| {
        // A board may show several seconds at once.
        let seconds = (grown / mean).round().max(1.0);
        (grown - seconds * output(1 - step.to)).abs() > (output(1) - output(0)) / 2.0
    })
}

/// Ms from each step to the first of `seen` after it, and before the next, that shows it.
fn first_after(steps: &[Step], seen: &[Seen], shows: impl Fn(&Step, Seen) -> bool) -> Vec<f64> {
    let until = |index: usize| steps.get(index + 1).map_or(f64::INFINITY, |next| next.at);
    let late = |(index, step): (usize, &Step)| {
        let within = |(_, at): &&Seen| *at >= step.at && *at < until(index);
        seen.iter().filter(within).find(|seen| shows(step, **seen)).map(|(_, at)| at - step.at)
    };
    steps.iter().enumerate().filter_map(late).collect()
}
