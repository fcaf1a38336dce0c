//! A hub with TLS in a real browser: the riders' page by https rides over wss, with the bike's bridge on the
//! same machine, and the host's page lets the host in.

use std::time::Duration;

use alleycat_tests::{Bike, Browser, Program, Programs, free_port, until};
use anyhow::{Context, ensure};
use serde_json::json;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_page_that_came_by_https_rides_over_wss_with_the_bike_on_localhost() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let folder = tempfile::tempdir()?;
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert, certificate.cert.pem())?;
    std::fs::write(&key, certificate.signing_key.serialize_pem())?;
    let path = |path: &std::path::Path| path.to_str().map(str::to_owned).context("a plain path");

    let (listen, sensor) = (format!("127.0.0.1:{hub_port}"), format!("ws://localhost:{bridge_port}/sensor"));
    let (cert, key, page_folder) = (path(&cert)?, path(&key)?, path(&programs.page)?);
    let args =
        ["serve", "--listen", &listen, "--page", &page_folder, "--sensor-url", &sensor, "--host-key", "k"];
    let tls = ["--tls-cert", &cert, "--tls-key", &key];
    let mut command = programs.command("alleycat-hub", args.iter().chain(&tls));
    let _hub = Program::start("the hub", &mut command)?;

    let bike = Bike::new(90, 860)?;
    let (listen, origin) = (format!("127.0.0.1:{bridge_port}"), format!("https://localhost:{hub_port}"));
    let args =
        ["run", "--driver", "peloton", "--listen", &listen, "--allow-origin", &origin, "--hub", &origin];
    let mut command = programs.command("alleycat-bridge", args);
    let _bridge = Program::start("the bridge", command.arg("--port").arg(bike.path()))?;
    for port in [hub_port, bridge_port] {
        until("both listen", SOON, async || {
            Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(()))
        })
        .await?;
    }

    let browser = Browser::start().await?;
    let page = browser.open("tablet", (1280, 800), "about:blank").await?;
    // A tablet trusts its gym's certificate; this one is asked to trust a fresh one.
    page.devtools("Security.setIgnoreCertificateErrors", &json!({ "ignore": true })).await?;
    page.evaluate(&format!("location = '{origin}/?racer=7&name=Ann&class=1'")).await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "connected").await?;
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;
    let sockets = "return [location.protocol, isSecureContext].join()";
    ensure!(page.evaluate(sockets).await? == "https:,true", "all of it by TLS");

    page.evaluate(&format!("location = '{origin}/host'")).await?;
    page.attribute_when("state", "data-state", SOON, |state| state == "signed-out").await?;
    page.evaluate("document.getElementById('key').value = 'k'").await?;
    page.click("enter").await?;
    // Nothing is kept, and it says so.
    page.attribute_when("state", "data-state", SOON, |state| state == "warn").await?;
    page.text_when("health", SOON, |text| text.contains("Certificateworks")).await?;
    page.close().await?;
    Ok(())
}
