//! A page that keeps itself: starts without the network, waits with a newer page until nobody rides, speaks to no
//! other host, keeps the screen on, has a service menu, and is started again when it hangs.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use alleycat_tests::{Browser, Page, Programs, TABLET, free_port, until};
use anyhow::{Context, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

const RACE_SECONDS: &str = "600";
const SOON: Duration = Duration::from_secs(20);

/// Clicks into the running race.
async fn into_the_race(page: &Page) -> anyhow::Result<()> {
    page.click("start").await?;
    until("the race", SOON, async || {
        if page.text("join-now").await?.is_some() {
            page.click("join-now").await?;
        }
        page.text("cadence").await
    })
    .await?;
    page.text_when("score", SOON, |score| score.parse::<u32>().is_ok_and(|score| score > 0)).await?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let path = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &path)?;
        } else {
            std::fs::copy(entry.path(), path)?;
        }
    }
    Ok(())
}

/// Waits until the page is kept, and controlled by its worker.
async fn kept(page: &Page) -> anyhow::Result<()> {
    until("the page is kept", SOON, async || {
        let script = "return !!navigator.serviceWorker.controller";
        Ok((page.evaluate(script).await? == true).then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_page_from_the_hub_starts_without_it_and_a_newer_one_never_comes_into_a_race() -> anyhow::Result<()>
{
    let mut programs = Programs::from_env()?;
    let (hub_port, folder) = (free_port()?, tempfile::tempdir()?);
    copy(&programs.page, folder.path())?;
    ensure!(
        folder.path().join("worker.js").is_file(),
        "the page was not finished: `cargo xtask page --finish`"
    );
    folder.path().clone_into(&mut programs.page);
    let bridge_port = free_port()?;
    let sensor = format!("ws://localhost:{bridge_port}/sensor");
    let args = ["--open", "--race-seconds", RACE_SECONDS, "--sensor-url", &sensor];
    let mut hub = programs.hub(hub_port, &args).await?;
    let bridge = programs.virtual_bike(bridge_port, hub_port).await?;
    let browser = Browser::start().await?;
    let url = format!("http://localhost:{hub_port}/?racer=7&name=Ann&class=1");
    let page = browser.open("kept", TABLET, &url).await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "connected").await?;
    kept(&page).await?;

    // Without a network: the whole page, down to its face for figures, its pictures and its icons.
    hub.kill().await?;
    page.go(&url).await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "offline").await?;
    let text = page.evaluate("return document.body.innerText").await?;
    ensure!(text.as_str().is_some_and(|text| text.contains("Start Race")), "{text}");
    let missing = "
        const names = [...document.querySelectorAll('link[href^=\"/\"], script[src]')].map((e) => e.href ?? e.src);
        const icons = (await (await fetch('/manifest.webmanifest')).json()).icons.map((icon) => icon.src);
        const asked = await Promise.all([...names, ...icons].map(async (name) => [name, (await fetch(name)).ok]));
        await document.fonts.ready;
        return [asked.length, asked.filter(([, ok]) => !ok).map(([name]) => name)
            .concat([...document.fonts].filter((face) => face.status === 'error').map((face) => face.family))];";
    let missing = page.evaluate(missing).await?;
    ensure!(
        missing[0].as_u64() > Some(10) && missing[1] == json!([]),
        "not there without a network: {missing}"
    );
    let avatar = page.evaluate("return document.querySelectorAll('svg.avatar > *').length").await?;
    ensure!(avatar.as_u64() > Some(0), "the rider has a picture");
    page.pictures("kept-offline").await?;

    // The hub is back, with a newer page. Somebody races: the page stays.
    let worker = folder.path().join("worker.js");
    let newer = std::fs::read_to_string(&worker)?.replacen("alleycat-page-", "alleycat-page-newer-", 1);
    std::fs::write(&worker, newer)?;
    // What lies beside it packed is the older one, and would be served in its place.
    for packed in ["worker.js.br", "worker.js.gz"] {
        std::fs::remove_file(folder.path().join(packed))?;
    }
    let _hub = programs.hub(hub_port, &args).await?;
    page.attribute_when("link-state", "data-state", SOON, |state| state == "connected").await?;
    into_the_race(&page).await?;
    page.evaluate(
        "window.same = true; return navigator.serviceWorker.ready.then((r) => r.update()).then(() => 1)",
    )
    .await?;
    until("the newer page waits", SOON, async || {
        let script = "return navigator.serviceWorker.ready.then((registration) => !!registration.waiting)";
        Ok((page.evaluate(script).await? == true).then_some(()))
    })
    .await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    ensure!(
        page.evaluate("return window.same === true").await? == true,
        "the page was loaded again in a race"
    );

    // Whoever keeps the bikes has it loaded now: the newer page, and the race goes on with its score.
    let score = page.text("score").await?.and_then(|score| score.parse::<u32>().ok()).context("a score")?;
    open_service(&page).await?;
    page.click("service-build").await?;
    page.click("service-reload").await?;
    until("the newer page", SOON, async || {
        let script = "return window.same === undefined && caches.keys()";
        Ok(page.evaluate(script).await?.to_string().contains("newer").then_some(()))
    })
    .await?;
    let caches = page.evaluate("return caches.keys()").await?;
    let pages = caches
        .as_array()
        .map_or(0, |names| names.iter().filter(|name| name.to_string().contains("page")).count());
    ensure!(pages == 1, "the older page is forgotten: {caches}");
    page.text_when("score", SOON, |now| now.parse::<u32>().is_ok_and(|now| now >= score)).await?;
    drop(bridge);
    page.close().await
}

/// With the keyboard.
async fn open_service(page: &Page) -> anyhow::Result<()> {
    let press = "dispatchEvent(new KeyboardEvent('keydown', { code: 'KeyS', key: 's', ctrlKey: true, altKey: true }))";
    page.evaluate(press).await?;
    page.attribute_when("service", "class", SOON, |class| class.contains("service")).await.map(drop)
}

/// The statuses in the table, the latest message first.
async fn statuses(page: &Page) -> anyhow::Result<Vec<String>> {
    let script =
        "return [...document.querySelectorAll(\"[data-testid='message']\")].map((row) => row.dataset.state)";
    Ok(serde_json::from_value(page.evaluate(script).await?)?)
}

/// A lock on the screen that can be watched, lost and refused.
const LOCKS: &str = "
    window.locks = { asked: 0, released: 0, refuse: false, held: null };
    Object.defineProperty(navigator, 'wakeLock', { value: { request: async () => {
        window.locks.asked++;
        if (window.locks.refuse) throw new DOMException('no', 'NotAllowedError');
        return window.locks.held = { released: false, release: async () => { window.locks.released++; } };
    } } });";

#[tokio::test]
async fn a_whole_race_asks_no_other_host_and_keeps_the_screen_on() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let folder = tempfile::tempdir()?;
    let log = folder.path().join("network.json");
    let data = folder.path().join("data").to_string_lossy().into_owned();
    // The race may end while the hub is away: what was ridden counts when it is back.
    let args = ["--race-seconds", "60", "--grace-seconds", "30", "--data", &data];
    let mut hub = programs.hub(hub_port, &args).await?;
    let _bridge = programs.virtual_bike(bridge_port, hub_port).await?;
    let browser = Browser::start().await?;
    let record = [format!("--log-net-log={}", log.display()), "--net-log-capture-mode=Default".to_owned()];
    let page = browser.open_with("race", TABLET, &record).await?;
    page.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": LOCKS })).await?;
    page.go(&format!("http://localhost:{bridge_port}/?racer=7&name=Ann&class=1")).await?;
    page.attribute_when("sensor-state", "data-state", SOON, |state| state == "live").await?;

    // What browsers make of a hand on the screen, and shall not.
    let refused = "const asked = (name) => !document.querySelector('h1').dispatchEvent(
            new Event(name, { bubbles: true, cancelable: true }));
        const style = getComputedStyle(document.body);
        return [asked('contextmenu'), asked('dragstart'), style.userSelect, style.overscrollBehaviorY,
            style.touchAction, document.querySelector('meta[name=viewport]').content.includes('user-scalable')]";
    let refused = page.evaluate(refused).await?;
    ensure!(refused == json!([true, true, "none", "none", "pan-x pan-y", false]), "{refused}");

    // A long press on the mark opens the service menu, a short one does not.
    let mark = page.evaluate("const box = document.querySelector('.logo').getBoundingClientRect(); return [box.x + 20, box.y + 20]").await?;
    let mouse =
        |kind: &str| json!({ "type": kind, "x": mark[0], "y": mark[1], "button": "left", "clickCount": 1 });
    page.devtools("Input.dispatchMouseEvent", &mouse("mousePressed")).await?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    page.devtools("Input.dispatchMouseEvent", &mouse("mouseReleased")).await?;
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    ensure!(page.text("service").await?.is_none(), "a short press opens nothing");
    let pressed = Instant::now();
    page.devtools("Input.dispatchMouseEvent", &mouse("mousePressed")).await?;
    page.attribute_when("service", "class", SOON, |class| class.contains("service")).await?;
    ensure!(pressed.elapsed() > Duration::from_millis(2_800), "after {:?}", pressed.elapsed());
    page.devtools("Input.dispatchMouseEvent", &mouse("mouseReleased")).await?;
    page.click("service-close").await?;

    // From the countdown to the finish the screen is kept on; lost, the lock is taken again; refused, nothing breaks.
    ensure!(page.evaluate("return window.locks.asked").await? == 0, "nobody races yet");
    into_the_next_race(&page).await?;
    ensure!(page.evaluate("return window.locks.asked").await? == 1, "the screen is kept on");
    page.evaluate("window.locks.held.released = true; document.dispatchEvent(new Event('visibilitychange'))")
        .await?;
    until("the lock is taken again", SOON, async || {
        Ok((page.evaluate("return window.locks.asked").await? == 2).then_some(()))
    })
    .await?;
    page.evaluate("window.locks.refuse = true; document.dispatchEvent(new Event('visibilitychange'))")
        .await?;
    page.text_when("score", SOON, |score| score.parse::<u32>().is_ok_and(|score| score > 0)).await?;

    // The messages: acknowledged; kept while the hub is away; acknowledged when it is back.
    open_service(&page).await?;
    until("acknowledged messages", SOON, async || {
        let statuses = statuses(&page).await?;
        Ok((statuses.len() >= 3 && statuses[1..].iter().all(|status| status == "acknowledged")).then_some(()))
    })
    .await?;
    page.pictures("service-messages").await?;
    hub.kill().await?;
    until("messages that are kept", SOON, async || {
        Ok((statuses(&page).await?.iter().filter(|status| *status == "queued").count() >= 3).then_some(()))
    })
    .await?;
    page.pictures("service-queued").await?;
    page.click("service-diagnostics").await?;
    let fact = async |name: &str| {
        let script = format!("return document.querySelector(\"dd[data-fact='{name}']\")?.textContent ?? ''");
        anyhow::Ok(page.evaluate(&script).await?.as_str().unwrap_or_default().to_owned())
    };
    ensure!(
        fact("Driver").await? == "virtual" && fact("Readings a second").await?.parse::<f64>()? > 1.0,
        "the bike"
    );
    ensure!(
        fact("Why it was lost").await? != "--" && fact("Not yet acknowledged").await?.parse::<u32>()? >= 3,
        "the link"
    );
    let hub = programs.hub(hub_port, &args).await?;
    page.click("service-messages").await?;
    until("all of them acknowledged", Duration::from_secs(40), async || {
        Ok(statuses(&page).await?[1..].iter().all(|status| status == "acknowledged").then_some(()))
    })
    .await?;
    page.click("service-close").await?;
    page.attribute_when("finish-score", "data-value", Duration::from_secs(80), |score| score.len() > 4)
        .await?;
    page.click("full-result").await?;
    page.attribute_when("listing", "data-state", SOON, |state| state == "ready").await?;
    page.close().await?;
    drop(hub);

    let (asked, all) = hosts(&log).await?;
    ensure!(
        asked.iter().any(|host| host.ends_with(&bridge_port.to_string())),
        "the page itself is in the log: {asked:?}"
    );
    let others: Vec<_> = asked.iter().filter(|host| !is_local(host)).collect();
    ensure!(others.is_empty(), "the page asked {others:?}");
    println!("{} requests, to {all:?}", all.len());
    Ok(())
}

async fn into_the_next_race(page: &Page) -> anyhow::Result<()> {
    page.click("start").await?;
    until("the countdown, or the race", SOON, async || {
        for button in ["join-now", "next-race"] {
            if page.text(button).await?.is_some() {
                page.click(button).await?;
            }
        }
        Ok(page.text("countdown").await?.or(page.text("cadence").await?))
    })
    .await?;
    page.text_when("cadence", Duration::from_secs(70), |text| text.parse::<f64>().is_ok()).await?;
    Ok(())
}

/// Whom the page asked, and whom the whole browser did, by Chromium's own log.
async fn hosts(log: &Path) -> anyhow::Result<(BTreeSet<String>, BTreeSet<String>)> {
    let text = until("the log is written", SOON, async || {
        Ok(std::fs::read_to_string(log).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok()))
    })
    .await?;
    let kind =
        text["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"].as_i64().context("a kind of event")?;
    let (mut asked, mut all) = (BTreeSet::new(), BTreeSet::new());
    for event in text["events"].as_array().context("events")? {
        if event["type"].as_i64() != Some(kind) {
            continue;
        }
        let (params, host) = (&event["params"], host(event["params"]["url"].as_str().unwrap_or_default()));
        all.insert(host.clone());
        // What the browser wants for itself is not an origin's wish.
        if params["initiator"].as_str().is_some_and(|initiator| initiator.starts_with("http")) {
            asked.insert(host);
        }
    }
    if all.is_empty() {
        bail!("Chromium's log has no request at all");
    }
    Ok((asked, all))
}

fn host(url: &str) -> String {
    url.split("://").nth(1).unwrap_or(url).split(['/', '?']).next().unwrap_or_default().to_owned()
}

fn is_local(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[tokio::test]
async fn a_kiosk_whose_page_hangs_is_started_again() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let (hub_port, bridge_port) = (free_port()?, free_port()?);
    let _hub = programs.hub(hub_port, &[]).await?;
    let _bridge = programs.virtual_bike(bridge_port, hub_port).await?;
    let folder = tempfile::tempdir()?;
    let profile = folder.path().join("profile");
    let url = format!("http://localhost:{bridge_port}/");
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".to_owned());
    let mut command = programs
        .command("alleycat-bridge", ["kiosk", "--url", &url, "--patience", "12", "--browser", &chromium]);
    command
        .arg("--profile")
        .arg(&profile)
        .args(["--browser-arg=--headless=new", "--browser-arg=--no-sandbox"]);
    let mut kiosk = alleycat_tests::Program::start("the kiosk", &mut command)?;

    let status = async || {
        let url = format!("http://127.0.0.1:{bridge_port}/status");
        anyhow::Ok(reqwest::get(url).await?.json::<Value>().await?)
    };
    let alive = async |limit| {
        until("a page that says that it is alive", limit, async || {
            let status = status().await?;
            let fresh = status["heartbeatAgeMs"].as_u64().is_some_and(|age| age < 6_000);
            Ok((fresh && status["pages"].as_u64() > Some(0)).then_some(()))
        })
        .await
    };
    alive(Duration::from_secs(60)).await?;
    let first = renderers(&profile);
    ensure!(!first.is_empty(), "the page has a process");
    for renderer in &first {
        kill(*renderer, Signal::SIGSTOP)?;
    }
    let hung = Instant::now();
    until("another browser", Duration::from_secs(90), async || {
        let now = renderers(&profile);
        Ok((!now.is_empty() && now.iter().all(|renderer| !first.contains(renderer))).then_some(()))
    })
    .await?;
    println!("a hung page had another browser after {:.1} s", hung.elapsed().as_secs_f64());
    ensure!(hung.elapsed() > Duration::from_secs(5), "it was given its time");
    alive(Duration::from_secs(60)).await?;
    kiosk.signal(Signal::SIGTERM)?;
    kiosk.wait(SOON).await?;
    Ok(())
}

/// Chromium's processes that draw pages, of this profile.
fn renderers(profile: &Path) -> Vec<Pid> {
    let text = |pid: &str| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let has = |line: &[u8], part: &[u8]| line.windows(part.len()).any(|found| found == part);
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let browser: Vec<&String> = pids
        .iter()
        .filter(|pid| {
            let line = text(pid);
            has(&line, profile.as_os_str().as_encoded_bytes())
                && !has(&line, b"--type=")
                && has(&line, b"--app=")
        })
        .collect();
    let parent = |pid: &str| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let rest = stat.rsplit_once(')').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        rest.split_whitespace().nth(1).unwrap_or_default().to_owned()
    };
    let descends = |pid: &str| {
        let ancestors =
            std::iter::successors(Some(parent(pid)), |pid| Some(parent(pid)).filter(|pid| pid.len() > 1));
        ancestors.take(8).any(|ancestor| browser.iter().any(|browser| **browser == ancestor))
    };
    let drawing = pids.iter().filter(|pid| has(&text(pid), b"--type=renderer") && descends(pid));
    drawing.filter_map(|pid| pid.parse().ok().map(Pid::from_raw)).collect()
}
