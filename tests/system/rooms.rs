//! The rooms beside the race: the full field, results, rides, records and history, as a rider walks through
//! them, and what they show when the hub is away.

use std::time::Duration;

use alleycat_tests::{Bike, Browser, Page, Program, Programs, TABLET, free_port, until};
use anyhow::ensure;
use nix::sys::signal::Signal;

const RACE_SECONDS: u16 = 20;
const RACER: u32 = 7;
const OTHERS: usize = 60;
const SOON: Duration = Duration::from_secs(15);
const A_RACE: Duration = Duration::from_secs(3 * RACE_SECONDS as u64 + 20);

#[tokio::test]
async fn a_rider_walks_through_all_rooms() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let data = tempfile::tempdir()?;
    let folder = data.path().to_string_lossy().into_owned();
    let seconds = RACE_SECONDS.to_string();
    let args = ["--race-seconds", &seconds, "--grace-seconds", "2", "--data", &folder];
    let hub = programs.hub(hub_port, &args).await?;
    let bike = Bike::new(88, 860)?;
    let _bridge = programs.bridge(bridge_port, hub_port, &bike.path(), "peloton").await?;
    let browser = Browser::start().await?;
    let url = format!("http://localhost:{bridge_port}/?racer={RACER}&name=Ann&class=1");
    let page = browser.open("tablet", TABLET, &url).await?;
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;

    // Nobody has raced yet: rooms that are empty say so.
    page.click("results").await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "empty").await?;
    page.click("door-leaders").await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "empty").await?;
    page.click("room-back").await?;
    page.click("room-back").await?;

    // Two races with sixty others, who ride three; in the second one there are records to ride against.
    let others = OTHERS.to_string();
    let target = format!("ws://127.0.0.1:{hub_port}/mqtt");
    let riding = ["--riders", &others, "--races", "3", "--target", &target];
    let mut riders = Program::start("the simulator", &mut programs.command("alleycat-sim", riding))?;
    for again in [false, true] {
        page.click(if again { "again" } else { "start" }).await?;
        if !again {
            until("the choice, or the race", SOON, async || {
                let next = page.text("next-race").await?.is_some();
                let here = page.text("countdown").await?.or(page.text("place").await?);
                Ok((next || here.is_some()).then_some(()))
            })
            .await?;
            if page.text("next-race").await?.is_some() {
                page.click("next-race").await?;
            }
        }
        page.text_when("place", A_RACE, |text| text.parse().is_ok_and(|place: u32| place > 0)).await?;
        if again {
            in_the_race(&page).await?;
        }
        page.attribute_when("finish-score", "data-value", A_RACE, |score| score.len() > 4).await?;
    }
    ensure!(riders.wait(A_RACE).await?.success(), "the simulator failed");
    page.text_when("finish-state", SOON, |text| text == "Official result").await?;
    page.pictures("finish").await?;

    // The full result, with the own line and the field's scores.
    page.click("full-result").await?;
    rows(&page, OTHERS + 1).await?;
    page.click("to-own").await?;
    until("the own line", SOON, async || Ok((own_lines(&page).await? == 1).then_some(()))).await?;
    drawn(&page, "output-chart", "line").await?;
    drawn(&page, "output-chart", "winner").await?;
    drawn(&page, "places-chart", "line").await?;
    page.text_when("podium", SOON, |text| text.contains('1') && text.contains('3')).await?;
    let own_bar = "return document.querySelectorAll(\"[data-testid='score-bars'] .bar.own\").length";
    ensure!(page.evaluate(own_bar).await? == 1, "where in the field the rider is");
    // Each chart is a table too, for those who want numbers or listen.
    for chart in ["output-chart", "places-chart", "score-bars"] {
        let switch = format!("document.querySelector(\"[data-testid='{chart}'] .chart-switch\").click()");
        page.evaluate(&switch).await?;
        let rows = format!("return document.querySelectorAll(\"[data-testid='{chart}'] tbody tr\").length");
        until("the table of the chart", SOON, async || {
            Ok(page.evaluate(&rows).await?.as_u64().filter(|rows| *rows >= 5))
        })
        .await?;
        page.evaluate(&switch).await?;
    }
    page.pictures("result").await?;
    page.click("room-back").await?;

    // The own ride, its files and its picture for the phone.
    page.click("my-ride").await?;
    page.attribute_when("ride-score", "data-value", SOON, |score| score.len() > 4).await?;
    let file = page.attribute_when("fit", "href", SOON, |href| href.contains("key=")).await?;
    let fit = reqwest::get(format!("http://127.0.0.1:{bridge_port}{file}")).await?.error_for_status()?;
    ensure!(fit.bytes().await?.get(8..12) == Some(b".FIT"), "a FIT file");
    ensure!(page.attribute("qr", "class").await?.is_some(), "a picture of its address");
    drawn(&page, "places-chart", "line").await?;
    page.pictures("ride").await?;
    page.click("all-rides").await?;
    rows(&page, 2).await?;
    drawn(&page, "trend-chart", "line").await?;
    page.text_when("records", SOON, |text| text.contains("of 61")).await?;
    page.pictures("history").await?;
    own_data(&page, bridge_port).await?;
    page.click("room-back").await?;
    page.click("room-back").await?;

    // Races and records, from the set-up.
    page.click("change").await?;
    page.click("results").await?;
    rows(&page, 3).await?;
    page.pictures("races").await?;
    page.click("door-leaders").await?;
    rows(&page, OTHERS).await?;
    page.pictures("leaders").await?;

    states(&programs, &page, hub, hub_port, &args).await?;
    page.close().await
}

/// In the own room: the name on all-time boards, and the end of all rides.
async fn own_data(page: &Page, bridge_port: u16) -> anyhow::Result<()> {
    let name = async || {
        let url = format!("http://127.0.0.1:{bridge_port}/api/leaderboard?classId=1");
        let board = reqwest::get(url).await?.json::<serde_json::Value>().await?;
        let mut entries = board["entries"].as_array().into_iter().flatten();
        let own = entries.find(|entry| entry["racerId"] == RACER);
        anyhow::Ok(own.and_then(|own| own["name"].as_str().map(str::to_owned)))
    };
    ensure!(name().await?.as_deref() == Some("Rider 7"), "nobody is named who has not asked for it");
    page.click("named").await?;
    page.attribute_when("named", "aria-checked", SOON, |checked| checked == "true").await?;
    ensure!(name().await?.as_deref() == Some("Ann"), "{:?}", name().await?);
    // A tap deletes nothing; a hand that stays does.
    page.click("delete-rides").await?;
    let hold = "document.querySelector(\"[data-testid='delete-rides']\").dispatchEvent(new PointerEvent('pointerdown'))";
    ensure!(name().await?.is_some(), "a tap has deleted all rides");
    page.evaluate(hold).await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "empty").await?;
    page.pictures("deleted").await?;
    ensure!(name().await?.is_none(), "the record is gone");
    Ok(())
}

/// What each room shows while the hub thinks, when it is away, and when it is back.
async fn states(
    programs: &Programs,
    page: &Page,
    mut hub: Program,
    port: u16,
    args: &[&str],
) -> anyhow::Result<()> {
    let state = async |wanted: &str, limit| {
        page.attribute_when("listing", "data-state", limit, |state| state == wanted).await
    };
    // Each way into a room from the one before; the last is a racer's, by way of a ride.
    let ways = ["door-races", "door-leaders", "list-row", "all-rides"];
    page.click("room-back").await?;
    page.click("room-back").await?;
    for way in ways {
        hub.signal(Signal::SIGSTOP)?;
        page.click(if way == "door-races" { "results" } else { way }).await?;
        let loading = state("loading", SOON).await;
        hub.signal(Signal::SIGCONT)?;
        loading?;
        state("ready", Duration::from_secs(30)).await?;
    }
    // Away: the lists of all rooms on the way back are old, and say so.
    hub.kill().await?;
    let minute = Duration::from_secs(90);
    state("stale", minute).await?;
    page.pictures("stale").await?;
    for _ in &ways[1..] {
        page.click("room-back").await?;
    }
    state("stale", minute).await?;
    // What was not there before can't be had.
    page.click("list-row").await?;
    state("failed", SOON).await?;
    page.pictures("failed").await?;
    page.click("retry").await?;
    state("failed", SOON).await?;
    let _hub = programs.hub(port, args).await?;
    page.click("retry").await?;
    state("ready", minute).await?;
    page.click("room-back").await?;
    state("ready", minute).await?;
    Ok(())
}

/// Waits until a chart has a line of more than some seconds.
async fn drawn(page: &Page, chart: &str, line: &str) -> anyhow::Result<()> {
    let path = format!(
        "return document.querySelector(\"[data-testid='{chart}'] path.{line}\")?.getAttribute('d') ?? ''"
    );
    until(&format!("{line} of {chart}"), SOON, async || {
        let path = page.evaluate(&path).await?;
        Ok(path.as_str().is_some_and(|path| path.matches('L').count() > 0).then_some(()))
    })
    .await
}

/// The field and the records, while the race goes on behind them.
async fn in_the_race(page: &Page) -> anyhow::Result<()> {
    page.text_when("record", SOON, |text| text.contains("your best")).await?;
    page.click("all-time").await?;
    page.text_when("everybody", SOON, |text| text.contains("would be")).await?;
    page.pictures("race-all-time").await?;
    page.click("here-now").await?;
    page.click("everybody").await?;
    rows(page, OTHERS + 1).await?;
    page.pictures("field").await?;
    let search = "const box = document.querySelector(\"[data-testid='search']\"); box.value = '#7'; \
                  box.dispatchEvent(new Event('input', { bubbles: true }))";
    page.evaluate(search).await?;
    rows(page, 1).await?;
    ensure!(own_lines(page).await? == 1, "who searches for the own id finds the own line");
    page.click("room-back").await?;
    page.text_when("place", SOON, |text| text.parse::<u32>().is_ok()).await?;
    Ok(())
}

/// Waits until the list has so many lines, of which only some have elements.
async fn rows(page: &Page, count: usize) -> anyhow::Result<()> {
    let script =
        "return document.querySelector(\"[role='grid'][aria-rowcount]\")?.getAttribute('aria-rowcount')";
    until(&format!("{count} lines in the list"), SOON, async || {
        Ok((page.evaluate(script).await?.as_str() == Some(&count.to_string())).then_some(()))
    })
    .await?;
    let shown = "return document.querySelectorAll(\"[data-testid='list-row']\").length";
    let shown = page.evaluate(shown).await?.as_u64().unwrap_or(0);
    ensure!(shown > 0 && shown <= 24, "{shown} elements for {count} lines");
    Ok(())
}

async fn own_lines(page: &Page) -> anyhow::Result<u64> {
    let script = "return document.querySelectorAll('.long-row.own:not(.absent)').length";
    Ok(page.evaluate(script).await?.as_u64().unwrap_or(0))
}
