//! What a page goes through: frozen, without a hub, killed. The race goes on, and no second is lost.

use std::time::{Duration, Instant};

use alleycat_shared::RaceId;
use alleycat_shared::api::RideTrace;
use alleycat_tests::{Bike, Browser, Page, Programs, TABLET, free_port, race_now, until};
use anyhow::{Context, ensure};

const RACE_SECONDS: u16 = 90;
const RACER: u32 = 7;
const SOON: Duration = Duration::from_secs(20);
const A_RACE: Duration = Duration::from_secs(2 * RACE_SECONDS as u64 + 20);

async fn riding(page: &Page) -> anyhow::Result<()> {
    page.text_when("cadence", SOON, |text| text.starts_with("90")).await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "connected").await?;
    Ok(())
}

/// The seconds that counted so far.
async fn counted(port: u16, race: RaceId) -> anyhow::Result<Vec<u16>> {
    let url = format!("http://127.0.0.1:{port}/api/races/{race}/classes/1/racers/{RACER}");
    let trace: RideTrace = reqwest::get(url).await?.error_for_status()?.json().await?;
    Ok(trace.seconds.iter().map(|second| second.second).collect())
}

#[tokio::test]
async fn no_second_is_lost_by_a_page_that_freezes_or_is_killed() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let data = tempfile::tempdir()?;
    let seconds = RACE_SECONDS.to_string();
    let folder = data.path().to_str().context("a folder with a plain name")?;
    let args = ["--race-seconds", &seconds, "--grace-seconds", "10", "--data", folder];
    let mut hub = programs.hub(hub_port, &args).await?;
    let bike = Bike::new(90, 860)?;
    let _bridge = programs.bridge(bridge_port, hub_port, &bike.path(), "peloton").await?;
    let browser = Browser::start().await?;
    let url = format!("http://localhost:{bridge_port}/?racer={RACER}&name=Ann&class=1");
    let page = browser.open("tablet", TABLET, &url).await?;
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;

    // A race that is young enough to be joined without a question and to go through all this.
    let just_begun = async || Ok((race_now(RACE_SECONDS).elapsed_ms < 8_000).then_some(()));
    until("a race that has just begun", A_RACE, just_begun).await?;
    let race = race_now(RACE_SECONDS).race_id;
    page.click("start").await?;
    riding(&page).await?;

    // Frozen while its hub dies and comes back: the socket's end falls into the sleep.
    page.freeze(true).await?;
    hub.kill().await?;
    hub = programs.hub(hub_port, &args).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    page.freeze(false).await?;
    let thawed = Instant::now();
    riding(&page).await?;
    println!("connected {:.1} s after the thaw", thawed.elapsed().as_secs_f64());

    // Without a hub it rides on and keeps its seconds; then the browser is killed too.
    hub.kill().await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "offline").await?;
    until("five seconds are kept", SOON, async || {
        let text = page.evaluate("return document.body.innerText").await?;
        Ok(text.as_str().is_some_and(|text| text.contains("5 seconds are kept")).then_some(()))
    })
    .await?;
    let kept = page.evaluate("return JSON.parse(localStorage.getItem('alleycat.ride')).last").await?;
    let kept = u16::try_from(kept.as_u64().context("the ride's last second")?)?;
    // The browser writes a second to its disk within a moment of riding it.
    tokio::time::sleep(Duration::from_millis(500)).await;
    browser.kill("tablet");
    hub = programs.hub(hub_port, &args).await?;
    let before = counted(hub_port, race).await?;
    ensure!(!before.contains(&kept), "second {kept} can't be there yet: {before:?}");

    let page = browser.open("tablet", TABLET, &url).await?;
    riding(&page).await?;
    let after = until("what was kept is sent", SOON, async || {
        let seconds = counted(hub_port, race).await?;
        Ok((seconds.contains(&kept) && seconds.last() > Some(&(kept + 2))).then_some(seconds))
    })
    .await?;
    let offline: Vec<u16> = (kept - 4..=kept).filter(|second| !after.contains(second)).collect();
    ensure!(offline.is_empty(), "seconds {offline:?} were ridden without a hub and are lost: {after:?}");
    page.close().await?;
    drop(hub);
    Ok(())
}
