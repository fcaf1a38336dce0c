//! What the first race does without is loaded when it is wanted, and can be wanted again when it does not come.

use std::time::Duration;

use alleycat_tests::{Browser, Page, Programs, TABLET, free_port};
use anyhow::ensure;
use serde_json::json;

const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_part_that_does_not_come_says_so_and_comes_at_the_next_try() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let hub_port = free_port()?;
    let _hub = programs.hub(hub_port, &[]).await?;
    let browser = Browser::start().await?;
    let page = browser.open_with("parts", TABLET, &[]).await?;
    // What the service worker keeps would come all the same.
    page.devtools("Network.enable", &json!({})).await?;
    page.devtools("Network.setBypassServiceWorker", &json!({ "bypass": true })).await?;
    block(&page, &["*-rooms.wasm", "*-service.wasm"]).await?;
    page.go(&format!("http://127.0.0.1:{hub_port}/?racer=7&name=Ann&class=1")).await?;
    page.text_when("start", SOON, |text| text == "Start Race").await?;
    ensure!(parts(&page).await? == 0, "a first load has no parts");

    for (door, back) in [("results", "later-back"), ("results", "later-again")] {
        page.click(door).await?;
        page.attribute_when("later", "data-state", SOON, |state| state == "failed").await?;
        page.click(back).await?;
    }
    page.attribute_when("later", "data-state", SOON, |state| state == "failed").await?;
    block(&page, &["*-service.wasm"]).await?;
    page.click("later-again").await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "empty").await?;
    ensure!(parts(&page).await? > 0, "the rooms come in a part of their own");
    page.click("room-back").await?;

    // Once it is there, it is shown at once.
    block(&page, &["*.wasm"]).await?;
    page.click("results").await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "empty").await?;
    page.close().await
}

async fn block(page: &Page, urls: &[&str]) -> anyhow::Result<()> {
    page.devtools("Network.setBlockedURLs", &json!({ "urls": urls })).await.map(drop)
}

/// How many parts the page has asked for and got.
async fn parts(page: &Page) -> anyhow::Result<u64> {
    let script = "return performance.getEntriesByType('resource')\
        .filter((file) => file.responseStatus === 200 && /alleycat-app-[0-9a-f]+-.*\\.wasm$/.test(file.name)).length";
    Ok(page.evaluate(script).await?.as_u64().unwrap_or_default())
}
