//! The first load: nothing cached, a slow processor, a slow line.

use alleycat_bench_report::{Goal, Report};
use alleycat_tests::{Browser, Programs};

use crate::boards::Options;
use crate::chromium::{LINES, Line, Tab};
use crate::race::Bench;

const SLOWER: u32 = 4;
/// Bytes that a first load may have: as much as MQTT.js alone.
const GOAL: f64 = 105_472.0;

/// Bytes, first paint and readiness of several loads.
#[derive(Default)]
struct Loads {
    bytes: Vec<f64>,
    painted: Vec<f64>,
    ready: Vec<f64>,
}

impl Loads {
    async fn add(&mut self, browser: &Browser, line: Line, url: &str, ready: &str) -> anyhow::Result<()> {
        let tab = Tab::open(browser, "load").await?;
        tab.forget(url).await?;
        tab.slow_line(line).await?;
        tab.slow_down(SLOWER).await?;
        self.ready.push(tab.go(url, ready).await?);
        let (bytes, painted) = tab.loaded().await?;
        self.bytes.push(bytes);
        self.painted.push(painted);
        tab.close().await
    }
}

/// Ours is ready when a rider can press Start Race, the peer when its table is there.
pub(crate) async fn measure(
    cli: &Options,
    programs: &Programs,
    browser: &Browser,
    peer_url: &str,
    report: &mut Report,
) -> anyhow::Result<()> {
    let bench = Bench::start(programs, 300, 1).await?;
    let url = format!("http://127.0.0.1:{}/", bench.hub_port);
    for line in LINES {
        println!("first load, {}", line.name);
        let (mut ours, mut peer) = (Loads::default(), Loads::default());
        for _ in 0..cli.loads {
            ours.add(browser, line, &url, "document.querySelector('[data-testid=start]')").await?;
            peer.add(browser, line, peer_url, "document.querySelector('tbody tr')").await?;
        }
        let name = line.name;
        report.add(
            format!("first paint, {SLOWER}x slower, {name}"),
            "ms",
            &ours.painted,
            &peer.painted,
            None,
        );
        report.add(format!("ready, {SLOWER}x slower, {name}"), "ms", &ours.ready, &peer.ready, None);
        if name == LINES[0].name {
            report.add(
                "first load as served, headers too",
                "bytes",
                &ours.bytes,
                &peer.bytes,
                Some(Goal::Under(GOAL)),
            );
        }
    }
    Ok(())
}
