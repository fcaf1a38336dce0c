//! The full field of 40,000 riders: as many lines, and no more elements than fit on a screen.

use std::ops::RangeInclusive;
use std::time::Duration;

use alleycat_shared::race::RaceClock;
use alleycat_tests::{Browser, Page, Programs, TABLET, free_port, until};
use anyhow::{Context, ensure};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use serde_json::json;

const RIDERS: u32 = 40_000;
const SOON: Duration = Duration::from_secs(20);
/// A hub built for tests needs a while for so many, beside all else that runs.
const LONG: Duration = Duration::from_secs(240);
const RACE_SECONDS: u16 = 3_600;
/// These ride first, and slowly.
const SLOW: u32 = 20_000;
/// These before the rider scrolls.
const EARLY: u32 = 39_000;
const OWN: u32 = 20_000;
/// The first row that is whole on the screen.
const TOP_ROW: &str = "const top = document.querySelector('.long').getBoundingClientRect().top - 1; \
    const rows = [...document.querySelectorAll('.long-row:not(.absent)')]; \
    return Number(rows.find((row) => row.getBoundingClientRect().top >= top)?.ariaRowIndex ?? 0)";

#[tokio::test]
async fn forty_thousand_riders_are_scrolled_searched_and_walked_with_keys() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let (hub_port, mqtt_port) = (free_port()?, free_port()?);
    let (seconds, mqtt) = (RACE_SECONDS.to_string(), format!("127.0.0.1:{mqtt_port}"));
    let args = ["--open", "--data", "none", "--race-seconds", &seconds, "--mqtt-tcp", &mqtt];
    let _hub = programs.hub(hub_port, &args).await?;
    let clock = RaceClock::new(RACE_SECONDS).context("a race has a length")?;
    let now = async || {
        let answer = reqwest::get(format!("http://127.0.0.1:{hub_port}/api/clock")).await?;
        anyhow::Ok(answer.json::<alleycat_shared::api::Clock>().await?.now)
    };
    // In a race that does not end meanwhile.
    let left = clock.at(now().await?).left_ms;
    if left < 600_000 {
        tokio::time::sleep(Duration::from_millis(left + 1_500)).await;
    }
    let moment = clock.at(now().await?);
    let ride = async |racers| ride(mqtt_port, moment.race_id.get(), moment.second.get(), racers).await;
    ride(1..=SLOW).await?;

    let browser = Browser::start().await?;
    let url = format!("http://127.0.0.1:{hub_port}/?racer={OWN}&class=1");
    let page = browser.open("tablet", TABLET, &url).await?;
    page.click("everybody").await?;
    rows(&page, SLOW).await?;
    // Who opens the list finds the own line at once.
    own_line(&page, 1..=SLOW).await?;
    // The others ride faster: the own line is far down now, and the list has gone with it.
    ride(SLOW + 1..=EARLY).await?;
    rows(&page, EARLY).await?;
    own_line(&page, EARLY - SLOW + 1..=EARLY).await?;
    page.pictures("field-40000").await?;
    // Who scrolls by hand is left alone, wherever the own line goes.
    let to = "const list = document.querySelector('.long'); list.scrollTop = 5600; return list.scrollTop";
    ensure!(number(&page, to).await? == 5_600.0, "the list is long enough to be scrolled");
    until("rows of there", SOON, async || Ok((number(&page, TOP_ROW).await? == 101.0).then_some(()))).await?;
    ride(EARLY + 1..=RIDERS).await?;
    rows(&page, RIDERS).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(number(&page, TOP_ROW).await? == 101.0, "the list has moved by itself");
    // A tap, and it follows again.
    page.click("to-own").await?;
    own_line(&page, RIDERS - SLOW + 1..=RIDERS).await?;
    let elements = number(&page, "return document.querySelectorAll('*').length").await?;
    ensure!(elements < 1_500.0, "{elements} elements");
    let frames = scrolled(&page).await?;
    println!(
        "40,000 lines: {elements} elements; a frame of a scroll takes {frames:.1} ms at the 95th percentile"
    );

    // The keyboard goes to both ends, and a tap brings one back.
    for (key, row) in [("End", RIDERS), ("Home", 1), ("ArrowDown", 2), ("PageDown", 0)] {
        press(&page, key).await?;
        let chosen = until(&format!("the line that {key} chooses"), SOON, async || {
            let script =
                "return Number(document.querySelector('.long-row.chosen:not(.absent)')?.ariaRowIndex ?? 0)";
            Ok(Some(number(&page, script).await?)
                .filter(|at| *at > 0.0 && (row == 0 || *at == f64::from(row))))
        })
        .await?;
        ensure!(row > 0 || chosen > 5.0, "a page down goes to {chosen}");
        let inside = "const row = document.querySelector('.long-row.chosen').getBoundingClientRect(); \
                      const list = document.querySelector('.long').getBoundingClientRect(); \
                      return Number(row.top >= list.top - 1 && row.bottom <= list.bottom + 1)";
        ensure!(number(&page, inside).await? == 1.0, "the line that {key} chooses is on the screen");
    }
    page.click("to-own").await?;
    own_line(&page, RIDERS - SLOW + 1..=RIDERS).await?;

    // A name is found without its marks and capitals, and keeps its place.
    search(&page, "zofie angs").await?;
    page.attribute_when("long-list", "aria-rowcount", SOON, |count| count == "1").await?;
    page.text_when("list-row", SOON, |text| text.contains("Žofie Ångström")).await?;
    search(&page, "#39999").await?;
    page.attribute_when("long-list", "aria-rowcount", SOON, |count| count == "1").await?;
    search(&page, "nobody is called so").await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "empty").await?;
    page.close().await
}

/// These ride one second, sent by one client.
async fn ride(port: u16, race: u64, second: u16, racers: RangeInclusive<u32>) -> anyhow::Result<()> {
    let riders = racers.clone().count();
    let mut options = MqttOptions::new("everybody", "127.0.0.1", port);
    options.set_inflight(200);
    let (client, mut events) = AsyncClient::new(options, 200);
    let sender = tokio::spawn(async move {
        for racer in racers {
            let name =
                if racer == 31_111 { "Žofie Ångström".to_owned() } else { format!("Rider {racer}") };
            // Neighbouring ids ride unlike; the slow ones all slower than the others.
            let least = if racer <= SLOW { 50.0 } else { 120.0 };
            let cadence = least + f64::from(racer.wrapping_mul(2_654_435_769) >> 16) / 1_000.0;
            let message = json!({
                "uuid": "6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d", "event": "update", "deviceTimestamp": 1,
                "second": second, "raceId": race, "name": name, "racerId": racer, "classId": 1,
                "cadence": cadence, "resistance": 50,
            });
            client.publish("alleycat-publish", QoS::AtLeastOnce, false, message.to_string()).await?;
        }
        anyhow::Ok(())
    });
    let mut taken = 0;
    let all = async {
        while taken < riders {
            if let Event::Incoming(Packet::PubAck(_)) = events.poll().await? {
                taken += 1;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(LONG, all).await.context("the hub takes very long")??;
    sender.await?
}

/// The list has so many rows.
async fn rows(page: &Page, rows: u32) -> anyhow::Result<()> {
    page.attribute_when("long-list", "aria-rowcount", LONG, |count| count == rows.to_string()).await.map(drop)
}

/// The own line is on the screen, and the row of one of these places.
async fn own_line(page: &Page, places: RangeInclusive<u32>) -> anyhow::Result<()> {
    let own = "const row = document.querySelector('.long-row.own:not(.absent)'); \
               const list = document.querySelector('.long').getBoundingClientRect(); \
               const box = row?.getBoundingClientRect(); \
               return box?.top >= list.top - 1 && box.bottom <= list.bottom + 1 ? Number(row.ariaRowIndex) : 0";
    let places = f64::from(*places.start())..=f64::from(*places.end());
    until("the own line", SOON, async || Ok(places.contains(&number(page, own).await?).then_some(()))).await
}

/// Scrolls through the whole list in a hundred frames; returns what a frame costs the page, in ms.
async fn scrolled(page: &Page) -> anyhow::Result<f64> {
    let begin = "const list = document.querySelector('.long'); window.costs = []; let at = 0; \
                 const step = () => { \
                   const began = performance.now(); \
                   list.scrollTop = at * list.scrollHeight / 100; \
                   list.dispatchEvent(new Event('scroll')); \
                   queueMicrotask(() => queueMicrotask(() => { \
                     document.body.getBoundingClientRect(); window.costs.push(performance.now() - began); })); \
                   at += 1; if (at <= 100) requestAnimationFrame(step); }; \
                 requestAnimationFrame(step)";
    page.evaluate(begin).await?;
    until("the scroll", LONG, async || {
        Ok((number(page, "return window.costs.length").await? > 100.0).then_some(()))
    })
    .await?;
    number(page, "return window.costs.sort((a, b) => a - b)[95]").await
}

async fn press(page: &Page, key: &str) -> anyhow::Result<()> {
    let script = format!(
        "document.querySelector('.long').dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}))"
    );
    page.evaluate(&script).await.map(drop)
}

async fn search(page: &Page, text: &str) -> anyhow::Result<()> {
    let script = format!(
        "const box = document.querySelector(\"[data-testid='search']\"); box.value = '{text}'; \
         box.dispatchEvent(new Event('input', {{ bubbles: true }}))"
    );
    page.evaluate(&script).await.map(drop)
}

async fn number(page: &Page, script: &str) -> anyhow::Result<f64> {
    page.evaluate(script).await?.as_f64().context("a number")
}
