//! A race to be in: hub, riders, a bridge with a virtual bike.

use std::time::Duration;

use alleycat_tests::{Browser, Program, Programs, free_port, until};
use anyhow::Context;
use tempfile::TempDir;

use crate::chromium::Tab;

/// Everything that runs, ended when dropped.
pub(crate) struct Bench {
    _data: TempDir,
    _programs: [Program; 3],
    bridge_port: u16,
    pub(crate) hub_port: u16,
    riders: u32,
}

/// An id that no simulated rider has, nor the next one.
pub(crate) const OTHER: u32 = 39_998;
const LIMIT: Duration = Duration::from_secs(60);
/// Races that are ridden before memory is looked at for the first time.
const WARM_UP: usize = 3;
/// The length of a short race, in seconds.
const SHORT: u16 = 10;

impl Bench {
    pub(crate) async fn start(programs: &Programs, race_seconds: u16, riders: u32) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let (hub_port, bridge_port) = (free_port()?, free_port()?);
        let folder = data.path().to_str().context("a folder with a plain name")?;
        let seconds = race_seconds.to_string();
        let more = ["--open", "--data", folder, "--race-seconds", &seconds, "--grace-seconds", "2"];
        let hub = programs.hub(hub_port, &more).await?;
        let bridge = programs.virtual_bike(bridge_port, hub_port).await?;
        let count = riders.to_string();
        let target = format!("ws://127.0.0.1:{hub_port}/mqtt");
        let args = ["--races", "0", "--riders", &count, "--target", &target];
        let simulator = Program::start("the simulator", &mut programs.command("alleycat-sim", args))?;
        Ok(Self { _data: data, _programs: [hub, bridge, simulator], bridge_port, hub_port, riders })
    }

    /// Takes a tab into the race, with a field that is complete.
    pub(crate) async fn ride(&self, browser: &Browser, name: &str) -> anyhow::Result<Tab> {
        self.ride_at(browser, name, self.bridge_port, OTHER).await
    }

    /// The same at a bridge of one's own, as this racer.
    pub(crate) async fn ride_at(
        &self,
        browser: &Browser,
        name: &str,
        bridge_port: u16,
        racer: u32,
    ) -> anyhow::Result<Tab> {
        let tab = Tab::open(browser, name).await?;
        let url = format!("http://localhost:{bridge_port}/?racer={racer}&name=Bench&class=1");
        tab.go(&url, "document.querySelector('[data-testid=start]')").await?;
        let racing = "return document.querySelector('[data-testid=place]')?.textContent ?? ''";
        until("the tab races", LIMIT, async || {
            tab.click_any(&["start", "join-now", "again"]).await?;
            tokio::time::sleep(Duration::from_millis(500)).await;
            let place = tab.page().evaluate(racing).await?;
            Ok(place.as_str().is_some_and(|place| place.parse::<u32>().is_ok()).then_some(()))
        })
        .await?;
        let field =
            "return document.querySelector('[data-testid=everybody]').textContent.replace(/[^0-9 ]/g, '')";
        until("the field is complete", LIMIT, async || {
            let text = tab.page().evaluate(field).await?;
            let numbers = text.as_str().unwrap_or_default().split(' ').filter_map(|word| word.parse().ok());
            Ok(numbers.max().filter(|riders: &u32| *riders >= self.riders))
        })
        .await?;
        Ok(tab)
    }
}

/// Rides short races back to back. MB of JS heap and wasm memory that were held more at the end than after
/// the first few.
pub(crate) async fn grown(programs: &Programs, browser: &Browser, races: usize) -> anyhow::Result<f64> {
    let bench = Bench::start(programs, SHORT, 50).await?;
    let tab = bench.ride(browser, "short").await?;
    let mut first = None;
    let mut last = 0.0;
    for race in 1..=WARM_UP + races {
        let finished = "return !!document.querySelector('[data-testid=finish-place]')";
        until("the race's end", LIMIT, async || {
            tokio::time::sleep(Duration::from_millis(200)).await;
            tab.click_any(&["start", "join-now"]).await?;
            Ok((tab.page().evaluate(finished).await? == true).then_some(()))
        })
        .await?;
        let held = tab.held().await?;
        last = held.heap + held.wasm;
        println!("after race {race}: {last:.2} MB, {} nodes", held.nodes);
        if race > WARM_UP {
            first.get_or_insert(last);
        }
        tab.click_any(&["again"]).await?;
    }
    tab.close().await?;
    Ok(last - first.unwrap_or(last))
}
