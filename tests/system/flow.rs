//! A kiosk's evening: at rest, a phone brings its rider, class, ready, three-two-one, race, finish, results, and at
//! rest again with the rider forgotten. Tablet and phone are two real browsers.

use std::time::Duration;

use alleycat_tests::{Bike, Browser, Page, Program, Programs, TABLET, free_port, race_now, until};
use anyhow::{Context, ensure};
use serde_json::{Value, json};

const RACE_SECONDS: u16 = 40;
const GUEST: u32 = 8;
const SOON: Duration = Duration::from_secs(20);
const A_RACE: Duration = Duration::from_secs(2 * RACE_SECONDS as u64 + 20);
/// A kiosk forgets after a minute.
const FORGETS: Duration = Duration::from_secs(80);
const PHONE: (u32, u32) = (390, 844);

/// Too late to be joined without a question, and early enough to walk through the steps before the next one.
async fn late_in_a_race() -> anyhow::Result<()> {
    until("a race that is 16 to 24 s old", A_RACE, async || {
        Ok((16_000..24_000).contains(&race_now(RACE_SECONDS).elapsed_ms).then_some(()))
    })
    .await
}

/// Types into a box as a rider does.
async fn type_into(page: &Page, id: &str, text: &str) -> anyhow::Result<()> {
    let script = format!(
        "const box = document.querySelector(\"[data-testid='{id}']\"); box.value = '{text}'; \
         box.dispatchEvent(new Event('input', {{ bubbles: true }}))"
    );
    page.evaluate(&script).await.map(drop)
}

async fn there(page: &Page, id: &str, limit: Duration) -> anyhow::Result<()> {
    page.text_when(id, limit, |_| true).await.map(drop)
}

/// Fits the screen: nothing is to be scrolled to. A pixel is what hidden words take.
async fn fits(page: &Page, what: &str) -> anyhow::Result<()> {
    for size in [TABLET, (1024, 600), (1920, 1080), PHONE] {
        page.resize(size).await?;
        let over = "const e = document.documentElement; \
                    return [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight, \
                      ...[...document.querySelectorAll('main button')].filter(b => b.offsetParent) \
                        .map(b => Math.ceil(b.getBoundingClientRect().bottom - innerHeight))]";
        let over = page.evaluate(over).await?;
        let fits =
            over.as_array().is_some_and(|over| over.iter().all(|by| by.as_i64().is_some_and(|by| by <= 1)));
        ensure!(fits, "{what} at {size:?} is too large by {over}");
    }
    page.resize(TABLET).await
}

#[tokio::test]
async fn a_kiosk_from_rest_to_rest() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let seconds = RACE_SECONDS.to_string();
    let _hub = programs.hub(hub_port, &["--race-seconds", &seconds, "--grace-seconds", "2"]).await?;
    // Faster than any simulated rider.
    let bike = Bike::new(120, 860)?;
    let _bridge = programs.bridge(bridge_port, hub_port, &bike.path(), "peloton").await?;
    let browser = Browser::start().await?;
    let url = format!("http://localhost:{bridge_port}/?kiosk");
    let tablet = browser.open("tablet", TABLET, &url).await?;
    let target = format!("ws://127.0.0.1:{hub_port}/mqtt");
    let args = ["--riders", "6", "--races", "6", "--classes", "3", "--target", &target];
    let mut riders = Program::start("the simulator", &mut programs.command("alleycat-sim", args))?;

    at_rest(&tablet).await?;
    who_rode_before(&tablet).await?;
    let phone = by_phone(&tablet, &browser).await?;
    race(&tablet).await?;

    // Nobody touches the tablet: it rests, and knows nothing of the rider.
    there(&tablet, "idle", FORGETS).await?;
    tablet.click("wake").await?;
    ensure!(tablet.text("racer-id").await?.as_deref() == Some(""), "the racer id is forgotten");
    ensure!(tablet.text("name").await?.as_deref() == Some(""), "the name is forgotten");
    let kept = "return JSON.stringify([{ ...localStorage }, { ...sessionStorage }])";
    let kept = tablet.evaluate(kept).await?;
    ensure!(!kept.as_str().unwrap_or_default().contains("Ben"), "the tablet keeps {kept}");
    let join = json!({ "racerId": GUEST, "name": "Cleo" });
    let again = reqwest::Client::new()
        .post(format!("http://127.0.0.1:{hub_port}/api/join"))
        .json(&join)
        .send()
        .await?;
    ensure!(again.status() == 200, "the racer id was not given back: {}", again.status());
    riders.kill().await?;
    phone.close().await?;
    tablet.close().await
}

/// At rest: the next race, and the board of the one class that rides.
async fn at_rest(tablet: &Page) -> anyhow::Result<()> {
    there(tablet, "idle", SOON).await?;
    tablet.text_when("next-race-in", SOON, |text| text.contains(':')).await?;
    until("the board of the class that rides", A_RACE, async || {
        let text = tablet.evaluate("return document.body.innerText").await?;
        Ok(text
            .as_str()
            .is_some_and(|text| text.contains("Hill Street Repeats") && text.contains("6 riders"))
            .then_some(()))
    })
    .await?;
    fits(tablet, "the view at rest").await?;
    tablet.pictures("idle").await
}

/// Somebody joins and leaves; then one touch takes the rider again, and another one is forgotten.
async fn who_rode_before(tablet: &Page) -> anyhow::Result<()> {
    late_in_a_race().await?;
    tablet.click("wake").await?;
    for racer in ["7", "9"] {
        type_into(tablet, "racer-id", racer).await?;
        tablet.click("start").await?;
        tablet.click("back").await?;
    }
    tablet.click("way-recent").await?;
    let names = "return [...document.querySelectorAll(\"[data-testid='recent']\")].map(e => e.dataset.racer)";
    ensure!(tablet.evaluate(names).await? == json!(["9", "7"]), "latest first");
    fits(tablet, "who rode before").await?;
    tablet.pictures("recent").await?;
    let touch = "document.querySelector(\"[data-testid='recent'][data-racer='7']\").click()";
    tablet.evaluate(touch).await?;
    tablet.text_when("racer-id", SOON, |text| text == "7").await?;
    tablet.click("recent-off").await?;
    until("one is forgotten", SOON, async || {
        Ok((tablet.evaluate(names).await? == json!(["7"])).then_some(()))
    })
    .await?;
    let kept = tablet.evaluate("return localStorage.getItem('alleycat.recent')").await?;
    ensure!(!kept.as_str().unwrap_or_default().contains("\"racer\":9"), "kept: {kept}");
    Ok(())
}

/// A phone reads the code and brings Ben.
async fn by_phone(tablet: &Page, browser: &Browser) -> anyhow::Result<Page> {
    tablet.click("way-phone").await?;
    let code = tablet.attribute_when("pair-code", "data-url", SOON, |url| url.contains("?pair=")).await?;
    fits(tablet, "the code").await?;
    tablet.pictures("code").await?;
    let phone = browser.open("phone", PHONE, &code).await?;
    there(&phone, "pair", SOON).await?;
    type_into(&phone, "racer-id", &GUEST.to_string()).await?;
    type_into(&phone, "name", "Ben").await?;
    phone.picture("phone", PHONE).await?;
    phone.click("hand-over").await?;
    phone.text_when("handed", SOON, |text| text.contains("Ben")).await?;
    phone.picture("phone-handed", PHONE).await?;
    tablet.text_when("racer-id", SOON, |text| text == GUEST.to_string()).await?;
    ensure!(tablet.text("name").await?.as_deref() == Some("Ben"), "the name came along");
    let secret = phone.evaluate("return document.body.innerHTML + location.href").await?;
    ensure!(
        secret.as_str().is_some_and(|text| !text.contains("secret")),
        "the phone sees the public half only"
    );
    Ok(phone)
}

/// Class, ready, three-two-one, race, finish, results.
async fn race(tablet: &Page) -> anyhow::Result<()> {
    tablet.click("class-3").await?;
    late_in_a_race().await?;
    tablet.click("start").await?;
    there(tablet, "join-now", SOON).await?;
    fits(tablet, "the choice").await?;
    tablet.pictures("choosing").await?;
    tablet.click("next-race").await?;
    for check in ["check-bike", "check-hub", "check-clock"] {
        tablet.attribute_when(check, "data-state", SOON, |state| state == "good").await?;
    }
    ensure!(tablet.text("ready").await?.as_deref() == Some("All set."), "all is well");
    fits(tablet, "the countdown").await?;
    tablet.pictures("ready").await?;
    tablet.text_when("countdown", A_RACE, |text| text == "3").await?;
    let size = "return document.querySelector(\"[data-testid='countdown']\").getBoundingClientRect().height / innerHeight";
    ensure!(tablet.evaluate(size).await?.as_f64().is_some_and(|part| part > 0.5), "three fills the screen");
    tablet.text_when("place", A_RACE, |text| text.parse::<u32>().is_ok()).await?;
    let race = race_now(RACE_SECONDS).race_id;
    tablet.text_when("race-number", SOON, |text| text.contains(&race.to_string())).await?;
    ensure!(tablet.text("late").await?.as_deref() == Some(""), "nobody is late");

    // What the score is, for who asks; the race goes on behind.
    tablet.click("score-help").await?;
    let open = async || {
        let open = tablet.evaluate("return document.querySelector('dialog.help').open").await?;
        anyhow::Ok(open == Value::Bool(true))
    };
    ensure!(open().await?, "the words are open");
    tablet.pictures("score-help").await?;
    tablet.click("score-help-close").await?;
    ensure!(!open().await?, "and closed");

    there(tablet, "finish-place", A_RACE).await?;
    tablet.text_when("finish-state", SOON, |text| text == "Official result").await?;
    tablet.text_when("finish-place", SOON, |text| text == "1").await?;
    tablet.text_when("finish-gap", SOON, |text| text.contains("ahead of")).await?;
    tablet.text_when("finish-record", SOON, |text| text.contains("first result")).await?;
    there(tablet, "confetti", SOON).await?;
    let line = "return document.querySelector(\"[data-testid='finish-chart'] path.line\").getAttribute('d')";
    let line = tablet.evaluate(line).await?;
    ensure!(line.as_str().is_some_and(|line| line.matches('L').count() > 20), "the chart: {line}");
    fits(tablet, "the finish").await?;
    tablet.pictures("finish-kiosk").await?;
    let still = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
    tablet.devtools("Emulation.setEmulatedMedia", &still).await?;
    let shown = "return getComputedStyle(document.querySelector(\"[data-testid='confetti']\")).display";
    ensure!(tablet.evaluate(shown).await? == "none", "no confetti for who wants no motion");
    tablet.devtools("Emulation.setEmulatedMedia", &json!({ "features": [] })).await?;

    tablet.click("full-result").await?;
    tablet.attribute_when("listing", "data-state", SOON, |state| state == "ready").await?;
    tablet.click("room-back").await.context("back to the finish")
}
