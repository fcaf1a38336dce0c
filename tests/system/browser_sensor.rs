//! A rider without a bridge: the page, straight from the hub, reads a Bluetooth bike itself and races.

use std::time::Duration;

use alleycat_shared::api::{RaceResult, RaceState};
use alleycat_shared::{Cadence, Output, Resistance, Score};
use alleycat_tests::{Browser, Page, Programs, RadioBike, TABLET, free_port, until};
use anyhow::{Context, ensure};

const RACE_SECONDS: u16 = 30;
const RACER: u32 = 7;
/// 88 rpm at level 30 of 50.
const CADENCE: u8 = 88;
const LEVEL: u8 = 30;
const PERCENT: f64 = 60.0;
const WATTS: u8 = 150;

const SOON: Duration = Duration::from_secs(20);
const A_RACE: Duration = Duration::from_secs(2 * RACE_SECONDS as u64 + 20);

#[tokio::test]
async fn a_rider_without_a_bridge_races_on_a_bluetooth_bike() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let port = free_port()?;
    let seconds = RACE_SECONDS.to_string();
    let _hub = programs.hub(port, &["--race-seconds", &seconds, "--grace-seconds", "3"]).await?;
    let browser = Browser::start().await?;
    let url = format!("http://127.0.0.1:{port}/?racer={RACER}&name=Ann&class=1");
    let page = browser.open_with("rider", TABLET, &[RadioBike::ARGUMENT.to_owned()]).await?;
    page.go(&url).await?;
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "no-bridge").await?;
    ensure!(!loaded_reader(&page).await?, "what reads bikes is loaded before anybody wants it");

    let bike = RadioBike::new(&browser, "rider", &page).await?;
    bike.ride(CADENCE, LEVEL, WATTS);
    page.click("source").await?;
    page.pictures("source").await?;
    page.click("source-bluetooth").await?;
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;
    ensure!(loaded_reader(&page).await?, "what reads bikes was loaded");

    page.click("start").await?;
    // A race that is just beginning is joined without a question.
    until("a race, or the choice of one", SOON, async || {
        if page.text("next-race").await?.is_some() {
            page.click("next-race").await?;
            return Ok(Some(()));
        }
        Ok(page.text("cadence").await?.map(drop))
    })
    .await?;
    page.text_when("cadence", A_RACE, |text| text.starts_with(&CADENCE.to_string())).await?;
    page.text_when("resistance", SOON, |text| text.starts_with("60")).await?;
    page.pictures("race-bluetooth").await?;

    // The connection breaks off and comes back by itself; in between there is no reading.
    page.text_when("place", SOON, |text| text.starts_with('1')).await?;
    bike.break_off().await?;
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "no-port").await?;
    let cadence = page.text("cadence").await?.unwrap_or_default();
    ensure!(!cadence.contains('8') && !cadence.contains('0'), "no bike, and the page shows {cadence:?}");
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;

    page.text_when("finish-place", A_RACE, |text| text.starts_with('1')).await?;
    let row = until("the official result", SOON, async || official(port).await).await?;
    let counted = row.results.iter().find(|row| row.racer_id.get() == RACER).context("the rider's row")?;
    ensure!((8..=RACE_SECONDS).contains(&counted.seconds), "{} seconds counted", counted.seconds);
    let implied = implied(counted.seconds)?;
    ensure!(counted.score == implied, "{} is not {implied} of {} seconds", counted.score, counted.seconds);
    page.attribute_when("finish-score", "data-value", SOON, |score| score == implied.to_string()).await?;
    page.close().await
}

/// Whether the browser has fetched the module.
async fn loaded_reader(page: &Page) -> anyhow::Result<bool> {
    let script =
        "return performance.getEntriesByType('resource').some(e => e.name.includes('alleycat-bike'))";
    page.evaluate(script).await?.as_bool().context("yes or no")
}

/// The latest race in which anybody rode, once it is official.
async fn official(port: u16) -> anyhow::Result<Option<RaceResult>> {
    let races: serde_json::Value =
        reqwest::get(format!("http://127.0.0.1:{port}/api/races?classId=1&limit=5")).await?.json().await?;
    let listed = races["races"].as_array().into_iter().flatten();
    let Some(race) = listed.filter(|race| race["riders"] != 0).find_map(|race| race["raceId"].as_u64())
    else {
        return Ok(None);
    };
    let url = format!("http://127.0.0.1:{port}/api/races/{race}/classes/1");
    let result: RaceResult = reqwest::get(url).await?.error_for_status()?.json().await?;
    Ok((result.state == RaceState::Official).then_some(result))
}

/// What the readings imply for so many seconds.
fn implied(seconds: u16) -> anyhow::Result<Score> {
    let output = Output::of(Cadence::try_from(f64::from(CADENCE))?, Resistance::try_from(PERCENT)?);
    Ok((0..seconds).fold(Score::ZERO, |score, _| score + output))
}
