//! The rooms beside the race: the full field, results, rides, records and history, as a rider walks through
//! them, and what they show when the hub is away.

use std::time::Duration;

use alleycat_tests::{Bike, Browser, Page, Program, Programs, TABLET, free_port, until};
use anyhow::ensure;

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
    let mut hub = programs.hub(hub_port, &args).await?;
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
    let args = ["--riders", &others, "--races", "3", "--target", &target];
    let mut riders = Program::start("the simulator", &mut programs.command("alleycat-sim", args))?;
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
    let drawn = "return document.querySelector(\"[data-testid='output-chart'] path.line\").getAttribute('d')";
    until("the own line of the chart", SOON, async || {
        let path = page.evaluate(drawn).await?;
        Ok(path.as_str().is_some_and(|path| path.matches('L').count() > 10).then_some(()))
    })
    .await?;
    page.pictures("result").await?;
    page.click("room-back").await?;

    // The own ride, its files and its picture for the phone.
    page.click("my-ride").await?;
    page.attribute_when("ride-score", "data-value", SOON, |score| score.len() > 4).await?;
    let file = page.attribute_when("fit", "href", SOON, |href| href.contains("key=")).await?;
    let fit = reqwest::get(format!("http://127.0.0.1:{bridge_port}{file}")).await?.error_for_status()?;
    ensure!(fit.bytes().await?.get(8..12) == Some(b".FIT"), "a FIT file");
    ensure!(page.attribute("qr", "class").await?.is_some(), "a picture of its address");
    page.pictures("ride").await?;
    page.click("all-rides").await?;
    rows(&page, 2).await?;
    page.pictures("history").await?;
    page.click("room-back").await?;
    page.click("room-back").await?;

    // Races and records, from the set-up.
    page.click("change").await?;
    page.click("results").await?;
    rows(&page, 3).await?;
    page.pictures("races").await?;
    page.click("door-leaders").await?;
    rows(&page, OTHERS + 1).await?;
    page.pictures("leaders").await?;

    // The hub goes away: what is there stays and says how old it is; what is not says so and can be tried
    // again.
    hub.kill().await?;
    page.attribute_when("listing", "data-state", Duration::from_secs(60), |state| state == "stale").await?;
    page.click("list-row").await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "failed").await?;
    page.pictures("failed").await?;
    let _hub = programs
        .hub(hub_port, &["--race-seconds", &seconds, "--grace-seconds", "2", "--data", &folder])
        .await?;
    page.click("retry").await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "ready").await?;
    page.close().await
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
        "return document.querySelector(\"[role='table'][aria-rowcount]\")?.getAttribute('aria-rowcount')";
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
