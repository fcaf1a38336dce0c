//! The host's page in a real browser: let in by the key and by nothing else, figures of a race that is ridden, a
//! refusal with what to do, seats, results to download, and a hub that is gone.

use std::path::Path;
use std::time::Duration;

use alleycat_tests::{Browser, Page, Program, Programs, free_port, until};
use anyhow::{Context, ensure};
use serde_json::json;

const RACE_SECONDS: &str = "20";
const RIDERS: usize = 12;
const SOON: Duration = Duration::from_secs(20);
/// To a race's official result, from the beginning of another one.
const A_RACE: Duration = Duration::from_secs(70);
const DESK: (u32, u32) = (1280, 800);
/// The last ones are as high as the whole page.
const SIZES: [(u32, u32); 6] = [DESK, (1024, 600), (1920, 1080), (390, 844), (1280, 2200), (390, 4200)];

async fn show_key(page: &Page, key: &str) -> anyhow::Result<()> {
    page.evaluate(&format!("document.getElementById('key').value = '{key}'")).await?;
    page.click("enter").await
}

async fn pictures(page: &Page, name: &str) -> anyhow::Result<()> {
    page.evaluate("scrollTo(0, 0)").await?;
    for size in SIZES {
        page.picture(name, size).await?;
        let wide = page.evaluate("return document.documentElement.scrollWidth - innerWidth").await?;
        ensure!(wide.as_i64() <= Some(0), "`{name}` is {wide} px too wide at {size:?}");
    }
    page.resize(DESK).await
}

/// The text of a part of the page, when it is good.
async fn part(page: &Page, id: &str, good: impl Fn(&str) -> bool) -> anyhow::Result<String> {
    page.text_when(id, SOON, good).await
}

/// An official race in which most of a class rode; the first one may be over when the second rider joins.
const FULL: &str = "[...document.querySelectorAll('.race[data-state=official]')]\
    .find(race => parseInt(race.querySelector('.riders').textContent) >= 6)";

/// Downloads an official result by its link, as a person does.
async fn download(page: &Page, folder: &Path) -> anyhow::Result<String> {
    let allow = json!({ "behavior": "allow", "downloadPath": folder });
    page.devtools("Browser.setDownloadBehavior", &allow).await?;
    until("an official result is listed", A_RACE, async || {
        let official = format!("return {FULL} !== undefined");
        Ok(page.evaluate(&official).await?.as_bool().filter(|there| *there))
    })
    .await?;
    page.evaluate(&format!("{FULL}.querySelector('a[download]').click()")).await?;
    until("the result is downloaded", SOON, async || {
        let files = std::fs::read_dir(folder)?.flatten().map(|file| file.path());
        let mut tables = files.filter(|path| path.extension().is_some_and(|kind| kind == "csv"));
        Ok(tables.next().map(std::fs::read_to_string).transpose()?)
    })
    .await
}

fn riders(programs: &Programs, port: u16) -> anyhow::Result<Program> {
    let (target, riders) = (format!("ws://127.0.0.1:{port}/mqtt"), RIDERS.to_string());
    let args = ["--riders", &riders, "--classes", "1,2", "--races", "0", "--target", &target];
    Program::start("the simulator", &mut programs.command("alleycat-sim", args))
}

#[tokio::test]
async fn a_host_sees_the_race_the_refusals_and_the_seats_and_takes_the_results_home() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let port = free_port()?;
    let data = tempfile::tempdir()?;
    let folder = data.path().to_str().context("a folder with a plain name")?;
    let args = ["--race-seconds", RACE_SECONDS, "--grace-seconds", "3", "--data", folder];
    let mut hub = programs.hub(port, &args).await?;
    let browser = Browser::start().await?;
    let page = browser.open("host", DESK, &format!("http://127.0.0.1:{port}/host")).await?;
    page.attribute_when("state", "data-state", SOON, |state| state == "signed-out").await?;
    ensure!(page.evaluate("return document.activeElement.id").await? == "key", "the keyboard is on the key");
    pictures(&page, "host-door").await?;

    show_key(&page, "not-the-key").await?;
    part(&page, "key-error", |text| text.contains("not the host's key") && !text.contains("Bearer")).await?;
    page.attribute_when("state", "data-state", SOON, |state| state == "refused").await?;
    pictures(&page, "host-wrong-key").await?;

    show_key(&page, std::fs::read_to_string(data.path().join("host.key"))?.trim()).await?;
    page.attribute_when("state", "data-state", SOON, |state| state == "good").await?;
    part(&page, "seats", str::is_empty).await?;
    pictures(&page, "host-empty").await?;

    let _riders = riders(&programs, port)?;
    part(&page, "riding", |text| text == RIDERS.to_string()).await?;
    part(&page, "mqtt", |text| text == RIDERS.to_string()).await?;
    part(&page, "rate", |text| text.parse::<f64>().is_ok_and(|rate| rate > 1.0)).await?;
    let url = format!("http://127.0.0.1:{port}/api/join");
    reqwest::Client::new().post(url).json(&json!({ "racerId": 50_000, "name": "Ann" })).send().await?;
    let refusals = part(&page, "refusals", |text| text.contains("join-malformed")).await?;
    ensure!(refusals.contains("Ids are 0 to 40000") && refusals.contains("host-key"), "{refusals}");

    // The seats: one rider gets another name, one loses the seat.
    part(&page, "seats", |text| text.contains("101") && text.contains("112")).await?;
    page.evaluate("document.querySelector('[aria-label=\"Rename racer 101\"]').click()").await?;
    page.evaluate(
        "const field = document.querySelector('.rename input'); field.value = 'Quick Ann'; field.form.requestSubmit()",
    )
    .await?;
    part(&page, "seats", |text| text.contains("Quick Ann")).await?;
    for _ in 0..2 {
        page.evaluate("document.querySelector('[aria-label=\"Free seat 112\"]').click()").await?;
    }
    part(&page, "refusals", |text| text.contains("not-joined")).await?;

    let table = download(&page, data.path()).await?;
    ensure!(table.lines().count() > RIDERS / 2, "{table}");
    page.evaluate(&format!("{FULL}.querySelector('summary').click()")).await?;
    until("the race opens to its rides", SOON, async || {
        let rides =
            page.evaluate("return document.querySelectorAll('.rides a[href$=\".fit\"]').length").await?;
        Ok(rides.as_u64().filter(|rides| *rides >= 5))
    })
    .await?;
    part(&page, "records", |text| text.contains("FIT")).await?;
    pictures(&page, "host-race").await?;

    hub.kill().await?;
    page.attribute_when("state", "data-state", SOON, |state| state == "offline").await?;
    part(&page, "offline", |text| text.contains("has not answered since")).await?;
    pictures(&page, "host-offline").await?;
    hub = programs.hub(port, &args).await?;
    page.attribute_when("state", "data-state", SOON, |state| state == "good").await?;

    page.click("sign-out").await?;
    page.attribute_when("state", "data-state", SOON, |state| state == "signed-out").await?;
    let kept = page.evaluate("return sessionStorage.length + localStorage.length").await?;
    ensure!(kept == 0, "the key is forgotten");
    page.close().await?;
    drop(hub);
    Ok(())
}
