//! A tab, and what the DevTools protocol tells of it.

use std::time::Duration;

use alleycat_tests::{Browser, Page, until};
use anyhow::Context;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, sleep};

/// A tab that is measured.
pub(crate) struct Tab(Page);

/// What a page holds, after the browser has collected its garbage. MB are of 1,000,000 bytes.
pub(crate) struct Held {
    pub(crate) nodes: f64,
    pub(crate) heap: f64,
    pub(crate) wasm: f64,
}

/// Milliseconds of the main thread.
#[derive(Default)]
pub(crate) struct Watched {
    /// Of each board: its message read, the document changed and laid out.
    pub(crate) updates: Vec<f64>,
    /// Of each second, all that happened in it, by [`SPENT`].
    pub(crate) spent: [Vec<f64>; SPENT.len()],
}

/// Chromium's sums of time, and what they are of.
pub(crate) const SPENT: [(&str, &str); 4] = [
    ("TaskDuration", "all of it"),
    ("ScriptDuration", "script"),
    ("RecalcStyleDuration", "style"),
    ("LayoutDuration", "layout"),
];

/// A line, as DevTools has them.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    /// Bytes a second.
    down: u32,
    up: u32,
    /// Milliseconds.
    latency: f64,
}

pub(crate) const LINES: [Line; 2] = [
    Line { name: "fast 3G", down: 180_000, up: 84_375, latency: 562.5 },
    Line { name: "10 Mbit/s", down: 1_250_000, up: 1_250_000, latency: 40.0 },
];

/// Notes the wasm module's memory, when something that was waited for came, and what each board costs: the main
/// thread's time from its message until all that it changes is in the document and laid out, without what was to be
/// laid out before. A board may come in two messages, the class's and the rider's own: they count as one. Ours and
/// Vue change the document in microtasks of the message's own task; so many turns are more than either takes.
const WATCH: &str = "
    window.benchUpdates = [];
    window.benchBegin = () => {
        document.documentElement.offsetHeight;
        return performance.now();
    };
    window.benchUpdate = (begun) => {
        let turns = 100;
        const turn = () => {
            if (turns--) return queueMicrotask(turn);
            document.documentElement.offsetHeight;
            const took = performance.now() - begun;
            const last = window.benchUpdates.at(-1);
            if (last && begun - last.begun < 500) last.took += took;
            else window.benchUpdates.push({ begun, took });
        };
        turn();
    };
    window.WebSocket = class extends WebSocket {
        set onmessage(hear) {
            super.onmessage = hear && ((event) => {
                // A board, and not an acknowledgement or a reading.
                const isBoard = event.data.byteLength > 400;
                const begun = isBoard && window.benchBegin();
                hear(event);
                if (isBoard) window.benchUpdate(begun);
            });
        }
    };
    addEventListener('TrunkApplicationStarted', (event) => { window.benchWasm = event.detail.wasm; });
    new MutationObserver((_, observer) => {
        if (!(READY)) return;
        window.benchReady = performance.now();
        observer.disconnect();
    }).observe(document, { childList: true, subtree: true });";
/// About as long as a board.
const LOOP: &str = "
    const turns = () => {
        const begun = performance.now();
        let number = 1;
        for (let turn = 0; turn < 250000; turn++) number = Math.imul(number, 1103515245) + 12345;
        return [performance.now() - begun, number];
    };
    for (let turn = 0; turn < 50; turn++) turns();
    window.benchLoops = [];
    window.benchEach = setInterval(() => window.benchLoops.push(turns()[0]), 1000);";
const LIMIT: Duration = Duration::from_secs(60);

impl Tab {
    pub(crate) async fn open(browser: &Browser, name: &str) -> anyhow::Result<Self> {
        let page = browser.open(name, (1280, 800), "about:blank").await?;
        page.devtools("Performance.enable", &json!({})).await?;
        Ok(Self(page))
    }

    pub(crate) fn page(&self) -> &Page {
        &self.0
    }

    /// Goes to an address and waits until this expression holds. Milliseconds until it did.
    pub(crate) async fn go(&self, url: &str, ready: &str) -> anyhow::Result<f64> {
        let source = WATCH.replace("READY", ready);
        self.0.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": source })).await?;
        self.0.devtools("Page.navigate", &json!({ "url": url })).await?;
        until("the page is ready", LIMIT, async || {
            Ok(self.0.evaluate("return window.benchReady ?? null").await?.as_f64())
        })
        .await
    }

    pub(crate) async fn slow_down(&self, slower: u32) -> anyhow::Result<()> {
        self.0.devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": slower })).await.map(drop)
    }

    /// Nothing is left of an earlier visit: no cache, no service worker.
    pub(crate) async fn forget(&self, url: &str) -> anyhow::Result<()> {
        let origin = url.trim_end_matches('/');
        let all = json!({ "origin": origin, "storageTypes": "all" });
        self.0.devtools("Storage.clearDataForOrigin", &all).await.map(drop)
    }

    /// Loads everything anew, over this line.
    pub(crate) async fn slow_line(&self, line: Line) -> anyhow::Result<()> {
        self.0.devtools("Network.enable", &json!({})).await?;
        self.0.devtools("Network.setCacheDisabled", &json!({ "cacheDisabled": true })).await?;
        let conditions = json!({
            "offline": false, "latency": line.latency,
            "downloadThroughput": line.down, "uploadThroughput": line.up,
        });
        self.0.devtools("Network.emulateNetworkConditions", &conditions).await.map(drop)
    }

    /// Lets so many seconds go by on a slower processor, and tells what they took.
    pub(crate) async fn watch(&self, slower: u32, seconds: u32) -> anyhow::Result<Watched> {
        self.slow_down(slower).await?;
        sleep(Duration::from_secs(3)).await;
        self.0.evaluate("window.benchUpdates = []").await?;
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watched = Watched::default();
        let mut before = None;
        for _ in 0..=seconds {
            ticks.tick().await;
            let now = self.spent().await?;
            if let Some(before) = before.replace(now) {
                for (index, list) in watched.spent.iter_mut().enumerate() {
                    list.push((now[index] - before[index]) * 1e3);
                }
            }
        }
        let updates = self.0.evaluate("return window.benchUpdates.map((update) => update.took)").await?;
        watched.updates = numbers(&updates);
        self.slow_down(1).await?;
        Ok(watched)
    }

    /// What a loop takes that always does the same, once a second, in a tab with nothing else in it: how much slower
    /// this machine is when it is told to be, and how it wavers.
    pub(crate) async fn loops(&self, slower: u32, seconds: u32) -> anyhow::Result<Vec<f64>> {
        self.slow_down(slower).await?;
        self.0.evaluate(LOOP).await?;
        sleep(Duration::from_secs(seconds.into())).await;
        let took = self.0.evaluate("clearInterval(window.benchEach); return window.benchLoops").await?;
        self.slow_down(1).await?;
        Ok(numbers(&took))
    }

    async fn spent(&self) -> anyhow::Result<[f64; SPENT.len()]> {
        let metrics = self.metrics().await?;
        let mut spent = [0.0; SPENT.len()];
        for (spent, (name, _)) in spent.iter_mut().zip(SPENT) {
            *spent = metric(&metrics, name)?;
        }
        Ok(spent)
    }

    pub(crate) async fn held(&self) -> anyhow::Result<Held> {
        self.0.devtools("HeapProfiler.collectGarbage", &json!({})).await?;
        let metrics = self.metrics().await?;
        let wasm = "return window.benchWasm?.memory?.buffer.byteLength ?? 0";
        Ok(Held {
            nodes: metric(&metrics, "Nodes")?,
            heap: metric(&metrics, "JSHeapUsedSize")? / 1e6,
            wasm: self.0.evaluate(wasm).await?.as_f64().context("a size")? / 1e6,
        })
    }

    /// Of the load that is done: bytes on the wire, and milliseconds until something was to be seen.
    pub(crate) async fn loaded(&self) -> anyhow::Result<(f64, f64)> {
        // Painting is noted a little after it is done.
        sleep(Duration::from_millis(500)).await;
        let script = "
            const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
            const files = all.filter((entry) => !/\\/(api|board|config)/.test(new URL(entry.name).pathname));
            return [files.reduce((sum, entry) => sum + entry.transferSize, 0),
                performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null];";
        let answer = self.0.evaluate(script).await?;
        Ok((answer[0].as_f64().context("bytes")?, answer[1].as_f64().context("no paint was noted")?))
    }

    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.0.close().await
    }

    async fn metrics(&self) -> anyhow::Result<Value> {
        Ok(self.0.devtools("Performance.getMetrics", &json!({})).await?["metrics"].take())
    }

    /// Clicks the first of these that is there.
    pub(crate) async fn click_any(&self, ids: &[&str]) -> anyhow::Result<bool> {
        let list = ids.iter().map(|id| format!("[data-testid={id}]")).collect::<Vec<_>>().join(",");
        let script =
            format!("const found = document.querySelector('{list}'); found?.click(); return !!found");
        Ok(self.0.evaluate(&script).await? == Value::Bool(true))
    }
}

fn numbers(list: &Value) -> Vec<f64> {
    list.as_array().into_iter().flatten().filter_map(Value::as_f64).collect()
}

fn metric(metrics: &Value, name: &str) -> anyhow::Result<f64> {
    let metric = metrics.as_array().into_iter().flatten().find(|metric| metric["name"] == name);
    metric.and_then(|metric| metric["value"].as_f64()).with_context(|| format!("the metric {name}"))
}
