//! A tablet that starts while the hub is away.

use std::time::Duration;

use alleycat_tests::{Bike, Browser, Programs, free_port, until};
use anyhow::ensure;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_page_from_the_bridge_opens_with_a_live_bike_and_says_that_the_hub_is_away() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let mut hub = programs.hub(hub_port, &[]).await?;
    let bike = Bike::new(88, 860)?;
    let state = tempfile::tempdir()?;
    let device = bike.path();
    let start = || programs.tablet(bridge_port, hub_port, &device, state.path());
    let status = async || {
        let url = format!("http://127.0.0.1:{bridge_port}/status");
        anyhow::Ok(reqwest::get(url).await?.json::<Value>().await?)
    };
    // The first day: the bridge finds its bike, and fetches the page and the configuration.
    let mut bridge = start().await?;
    until("the bike is found", SOON, async || Ok((status().await?["sensor"] == "live").then_some(())))
        .await?;
    ensure!(status().await?["driver"] == "peloton", "{}", status().await?);
    reqwest::get(format!("http://127.0.0.1:{bridge_port}/config.json")).await?.error_for_status()?;
    until("the page is kept", SOON, async || {
        Ok(state.path().join("page/index.html").is_file().then_some(()))
    })
    .await?;
    bridge.kill().await?;
    hub.kill().await?;

    // The next one: no hub anywhere, and a bridge and a browser that start anew.
    let _bridge = start().await?;
    let browser = Browser::start().await?;
    let page = browser.open("tablet", (1280, 800), &format!("http://localhost:{bridge_port}/")).await?;
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "offline").await?;
    ensure!(status().await?["hubHere"] == false, "{}", status().await?);
    let text = page.evaluate("return document.body.innerText").await?;
    let text = text.as_str().unwrap_or_default();
    for words in ["Bike live", "Hub offline", "Choose your racer", "Start Race"] {
        ensure!(text.contains(words), "{words}: {text}");
    }
    page.close().await?;

    // The hub is back, and nobody has touched the tablet.
    let _hub = programs.hub(hub_port, &[]).await?;
    let page = browser.open("tablet", (1280, 800), &format!("http://localhost:{bridge_port}/")).await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "connected").await?;
    page.close().await?;
    Ok(())
}
