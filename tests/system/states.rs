//! Every state of the bike and of the link, each really caused, and what the page shows in it. The race goes on
//! in all of them: no false zero, no lost second that could be kept, and the clock on the wall.

use std::time::{Duration, Instant};

use alleycat_shared::RaceId;
use alleycat_shared::api::RideTrace;
use alleycat_tests::{Bike, Browser, Fate, Mood, Page, Programs, Proxy, TABLET, free_port, race_now, until};
use anyhow::{Context, ensure};
use serde_json::json;

/// Long enough for all of it.
const RACE_SECONDS: u16 = 600;
const RACER: u32 = 7;
const CADENCE: u32 = 90;
const SOON: Duration = Duration::from_secs(20);

/// Waits, if need be, for a race that will last long enough.
async fn in_time(needed: Duration) -> anyhow::Result<RaceId> {
    let limit = needed + SOON;
    until("a race with enough time left", limit, async || {
        let moment = race_now(RACE_SECONDS);
        Ok((Duration::from_millis(moment.left_ms) > needed).then_some(moment.race_id))
    })
    .await
}

async fn into_the_race(page: &Page) -> anyhow::Result<()> {
    until("the race", SOON, async || {
        // Over a slow line the hub's clock may not be known at the first try.
        if page.text("start").await?.is_some_and(|text| text == "Start Race") {
            page.click("start").await?;
        }
        if page.text("join-now").await?.is_some() {
            page.click("join-now").await?;
        }
        page.text("cadence").await
    })
    .await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "connected").await?;
    Ok(())
}

async fn bike(page: &Page, wanted: &str) -> anyhow::Result<()> {
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == wanted).await.map(drop)
}

/// The bike is live, and seconds count again: the bridge first asks it for its resistance.
async fn counts(page: &Page) -> anyhow::Result<()> {
    bike(page, "live").await?;
    let score = async || {
        let score = page.attribute("score", "data-value").await?;
        anyhow::Ok(score.and_then(|score| score.parse::<f64>().ok()).unwrap_or(0.0))
    };
    let before = score().await?;
    until("seconds that count", SOON, async || Ok((score().await? > before).then_some(()))).await
}

async fn trace(port: u16, race: RaceId) -> anyhow::Result<RideTrace> {
    let url = format!("http://127.0.0.1:{port}/api/races/{race}/classes/1/racers/{RACER}");
    Ok(reqwest::get(url).await?.error_for_status()?.json().await?)
}

/// Seconds left, as the page shows them.
async fn time_left(page: &Page) -> anyhow::Result<u64> {
    let text = page.text("time-left").await?.context("a time")?;
    let (minutes, seconds) = text.split_once(':').context("minutes and seconds")?;
    Ok(minutes.parse::<u64>()? * 60 + seconds.parse::<u64>()?)
}

/// The page's clock is the wall's, to the second.
async fn clock_is_true(page: &Page, when: &str) -> anyhow::Result<()> {
    let limit = Duration::from_secs(2);
    let found = until("the true second", limit, async || {
        let before = race_now(RACE_SECONDS).left_ms.div_ceil(1_000);
        let shown = time_left(page).await?;
        let after = race_now(RACE_SECONDS).left_ms.div_ceil(1_000);
        Ok((after.saturating_sub(1)..=before + 1).contains(&shown).then_some(()))
    })
    .await;
    let Err(error) = found else { return Ok(()) };
    let (shown, left) = (time_left(page).await, race_now(RACE_SECONDS).left_ms / 1_000);
    Err(error.context(format!("{when}: {shown:?} s left, not {left}")))
}

/// Notes every cadence that was on the screen.
const WATCH: &str = "window.cadences = new Set();
    new MutationObserver(() => {
        const figure = document.querySelector(\"[data-testid='cadence']\");
        if (figure) window.cadences.add(figure.textContent.trim());
    }).observe(document.body, { childList: true, subtree: true, characterData: true })";

#[tokio::test]
async fn each_state_of_the_bike_is_told_and_none_of_them_stops_the_race() -> anyhow::Result<()> {
    let race = in_time(Duration::from_secs(200)).await?;
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let (seconds, sensor) = (RACE_SECONDS.to_string(), format!("ws://localhost:{bridge_port}/sensor"));
    let args = ["--open", "--race-seconds", &seconds, "--sensor-url", &sensor];
    let _hub = programs.hub(hub_port, &args).await?;
    let mut cable = Bike::new(CADENCE, 860)?;
    cable.unplug();
    let browser = Browser::start().await?;
    let url = format!("http://localhost:{hub_port}/?racer={RACER}&name=Ann&class=1");
    let page = browser.open("states", TABLET, &url).await?;
    let start = async || programs.bridge(bridge_port, hub_port, &cable.path(), "peloton").await;

    // Before the race: no bridge, no port, a bike that is silent, a bike that is ridden.
    bike(&page, "no-bridge").await?;
    page.text_when("sensor-state", SOON, |text| text == "Bike not connected").await?;
    let mut bridge = start().await?;
    bike(&page, "no-port").await?;
    page.text_when("sensor-state", SOON, |text| text == "No bike sensor").await?;
    cable.feels(Mood::Silent);
    cable.plug()?;
    bike(&page, "waiting").await?;
    page.text_when("sensor-state", SOON, |text| text == "Start pedalling…").await?;
    cable.feels(Mood::Well);
    bike(&page, "live").await?;
    into_the_race(&page).await?;
    page.text_when("cadence", SOON, |text| text == "90.0").await?;
    counts(&page).await?;
    page.evaluate(WATCH).await?;

    // The bike falls silent: the last value, dimmed; then none, and a banner.
    let silent = Instant::now();
    cable.feels(Mood::Silent);
    bike(&page, "stale").await?;
    ensure!(silent.elapsed() > Duration::from_millis(1_500), "quiet after {:?}", silent.elapsed());
    ensure!(page.text("cadence").await?.as_deref() == Some("90.0"), "the last value stays while it is stale");
    bike(&page, "lost").await?;
    ensure!(silent.elapsed() > Duration::from_millis(4_500), "lost after {:?}", silent.elapsed());
    page.text_when("cadence", SOON, |text| text == "--").await?;
    told(&page, "Bike signal lost").await?;
    page.pictures("sensor-lost").await?;
    clock_is_true(&page, "while the bike is lost").await?;
    let silence = silent.elapsed();
    cable.feels(Mood::Well);
    counts(&page).await?;

    // Bytes that make no sense.
    cable.feels(Mood::Garbled);
    bike(&page, "garbage").await?;
    page.text_when("cadence", SOON, |text| text == "--").await?;
    told(&page, "Bad sensor data").await?;
    page.pictures("sensor-garbage").await?;
    cable.feels(Mood::Well);
    counts(&page).await?;

    // The cable is pulled, then the bridge itself is gone. All comes back by itself.
    cable.unplug();
    bike(&page, "no-port").await?;
    page.text_when("cadence", SOON, |text| text == "--").await?;
    cable.plug()?;
    counts(&page).await?;
    bridge.kill().await?;
    bike(&page, "no-bridge").await?;
    page.text_when("cadence", SOON, |text| text == "--").await?;
    told(&page, "Bike not connected").await?;
    let _bridge = programs.bridge(bridge_port, hub_port, &cable.path(), "peloton").await?;
    counts(&page).await?;
    page.text_when("cadence", SOON, |text| text == "90.0").await?;
    clock_is_true(&page, "after all of it").await?;

    // Nothing but the truth was shown, and nothing else was counted.
    let shown = page.evaluate("return [...window.cadences].sort()").await?;
    ensure!(shown == json!(["--", "90.0"]), "the page showed {shown}");
    let counted = trace(hub_port, race).await?;
    ensure!(counted.seconds.iter().all(|second| second.cadence == f64::from(CADENCE)), "{counted:?}");
    let (first, last) = (counted.seconds.first().context("one")?, counted.seconds.last().context("one")?);
    let all = usize::from(last.second - first.second) + 1;
    // A reading counts for two seconds, and the silence need not begin with a second.
    let missing = usize::try_from(silence.as_secs())?.saturating_sub(3).max(2);
    ensure!(all - counted.seconds.len() >= missing, "seconds without a reading do not count: {counted:?}");
    ensure!(counted.seconds.len() >= 5, "the race went on between: {counted:?}");
    page.close().await
}

/// A banner says this.
async fn told(page: &Page, words: &str) -> anyhow::Result<()> {
    until(&format!("a banner with {words:?}"), SOON, async || {
        let script =
            "return [...document.querySelectorAll('.banner')].map(banner => banner.innerText).join('\\n')";
        Ok(page.evaluate(script).await?.as_str().is_some_and(|text| text.contains(words)).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_race_goes_on_without_its_hub_on_a_slow_line_and_on_a_slow_tablet() -> anyhow::Result<()> {
    let race = in_time(Duration::from_secs(220)).await?;
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let data = tempfile::tempdir()?;
    let seconds = RACE_SECONDS.to_string();
    let folder = data.path().to_str().context("a folder with a plain name")?;
    // A quarter of a second to the hub and as much back, for broker and API; the page comes from the tablet itself.
    let line =
        Proxy::start(hub_port, std::iter::repeat_n(Fate::Slow(Duration::from_millis(250)), 1_000)).await?;
    let args = ["--open", "--race-seconds", &seconds, "--data", folder];
    let mut hub = programs.hub(hub_port, &args).await?;
    let cable = Bike::new(CADENCE, 860)?;
    let _bridge = programs.bridge(bridge_port, line.port, &cable.path(), "peloton").await?;
    let browser = Browser::start().await?;
    let url = format!("http://localhost:{bridge_port}/?racer={RACER}&name=Ann&class=1");
    let page = browser.open("links", TABLET, &url).await?;
    bike(&page, "live").await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "connected").await?;
    into_the_race(&page).await?;
    clock_is_true(&page, "over a slow line").await?;
    let begun = until("a second that counts", SOON, async || {
        let counted = trace(hub_port, race).await.ok();
        Ok(counted.and_then(|counted| counted.seconds.first().map(|second| second.second)))
    })
    .await?;

    // Twenty seconds without a hub: a banner with the age of what is shown, the wall's clock, seconds that are kept.
    hub.kill().await?;
    let gone = race_now(RACE_SECONDS).second.get();
    page.attribute_when("link-state", "data-state", SOON, |state| state == "offline").await?;
    told(&page, "Hub offline").await?;
    let as_of = "return document.querySelector('.banners').innerText.match(/Standings as of (\\d+):(\\d\\d)/)?.slice(1).map(Number) ?? null";
    let as_of = page.evaluate(as_of).await?;
    let as_of =
        as_of[0].as_u64().context("as of which minute")? * 60 + as_of[1].as_u64().context("second")?;
    ensure!(
        u64::from(gone).abs_diff(as_of) <= 4,
        "standings as of {as_of}, and the hub died in second {gone}"
    );
    tokio::time::sleep(Duration::from_secs(20)).await;
    clock_is_true(&page, "after 20 s without a hub").await?;
    page.text_when("cadence", SOON, |text| text == "90.0").await?;
    page.pictures("link-offline").await?;
    let _hub = programs.hub(hub_port, &args).await?;
    page.attribute_when("link-state", "data-state", Duration::from_secs(40), |state| state == "connected")
        .await?;

    // A tablet that is eight times slower, and one on which another page is in front.
    page.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": 8 })).await?;
    tokio::time::sleep(Duration::from_secs(6)).await;
    clock_is_true(&page, "eight times slower").await?;
    page.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": 1 })).await?;
    let front = page.devtools("Target.createTarget", &json!({ "url": "about:blank" })).await?;
    tokio::time::sleep(Duration::from_secs(6)).await;
    page.devtools("Target.closeTarget", &json!({ "targetId": front["targetId"] })).await?;
    let behind = race_now(RACE_SECONDS).second.get();
    clock_is_true(&page, "after another page was in front").await?;

    // Up to here nothing is missing: as if nothing had happened.
    let counted = until("every second is there", Duration::from_secs(40), async || {
        let counted = trace(hub_port, race).await?;
        let there = counted.seconds.iter().filter(|second| second.second <= behind).count();
        Ok((there == usize::from(behind - begun) + 1).then_some(counted))
    })
    .await;
    if counted.is_err() {
        let counted = trace(hub_port, race).await?.seconds;
        let missing = (begun..=behind).filter(|second| !counted.iter().any(|there| there.second == *second));
        anyhow::bail!("of {begun} to {behind} these are missing: {:?}", missing.collect::<Vec<_>>());
    }

    // Frozen, it can't ride; thawed, it is at once where the race is.
    page.freeze(true).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    page.freeze(false).await?;
    clock_is_true(&page, "thawed").await?;
    page.text_when("cadence", SOON, |text| text == "90.0").await?;

    // What the page adds up is what the hub has counted.
    until("the same score on both sides", SOON, async || {
        let shown = page.attribute("score", "data-value").await?;
        Ok((shown == Some(trace(hub_port, race).await?.score.to_string())).then_some(()))
    })
    .await?;
    page.close().await
}
