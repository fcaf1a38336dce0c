//! A rider at the page in Chromium: clicks what there is to click, and notes when the page does not fit the time.

use std::collections::BTreeSet;
use std::time::Duration;

use alleycat_shared::race::RaceClock;
use alleycat_shared::{Millis, Score};
use alleycat_tests::{Browser, Page, TABLET};
use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::actors::Script;
use crate::clock::{self, sleep_until};
use crate::log::Log;
use crate::plan::{Fault, Kind, Subject};
use crate::world::World;

/// The racer id of the rider at the page.
pub(crate) const RACER: u32 = 7;

/// How it went.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageLife {
    /// How often somebody looked.
    looks: u64,
    /// In how many of these a race was on.
    racing: u64,
    /// The longest time for which the page did not fit the clock, ms, faults of its own not counted.
    longest_misfit_ms: Millis,
    /// Scores that it called official, to the digit.
    pub(crate) official: Vec<String>,
}

/// What is on the page.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Look {
    left: Option<String>,
    count: Option<String>,
    /// The buttons that a rider would press, in this order.
    buttons: Vec<String>,
    state: Option<String>,
    score: Option<String>,
    link: Option<String>,
    kept: bool,
    text: String,
}

/// Whether what is there fits the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It does.
    Fits,
    /// It waits for the hub, which may be away.
    WaitsForHub,
    /// It waits for a result to become official.
    WaitsForGrace,
    /// It does not, whatever the hub does.
    Misfit,
}

struct Rider<'a> {
    world: &'a World,
    script: &'a Script,
    browser: Browser,
    page: Option<Page>,
    life: PageLife,
    /// Since when it does not fit.
    misfit: Option<Millis>,
    told: bool,
    /// Where the rider was when somebody looked last, and since when.
    room: &'static str,
    came: Millis,
    /// How long a race's result stays provisional.
    grace: Millis,
}

impl PageLife {
    /// Holds what it called official to its rider's results, as the hub has them.
    pub(crate) fn judge(&self, results: impl Iterator<Item = Score>, log: &Log) {
        let own: BTreeSet<String> = results.map(|score| score.to_string()).collect();
        for score in self.official.iter().filter(|score| !own.contains(*score)) {
            log.find(format!("the page calls {score} official, and its rider has {own:?}"));
        }
        if self.official.is_empty() {
            log.find("the page has called nothing official");
        }
    }
}

/// Rides at the page until the script is over, then until it has called a result official to which nothing happens
/// any more, and has nothing left to send.
pub(crate) async fn ride(world: &World, script: &Script, grace: Millis) -> anyhow::Result<PageLife> {
    let browser = Browser::start().await?;
    let mut rider = Rider {
        world,
        script,
        browser,
        page: None,
        life: PageLife::default(),
        misfit: None,
        told: false,
        room: "",
        came: 0,
        grace,
    };
    rider.open().await;
    for (fault, at, until) in rider.script.of(Subject::Page) {
        rider.look_until(at).await;
        rider.suffer(fault, until).await;
    }
    rider.look_until(rider.script.end()).await;
    // Whoever was too late for the last race rides the one after it.
    let before = rider.life.official.len();
    let deadline = rider.script.end() + world.clock.window_ms() + grace + BACKOFF;
    while rider.life.official.len() == before && clock::now() < deadline {
        rider.look_until(clock::now() + A_LOOK).await;
    }
    rider.settle().await;
    if let Some(page) = rider.page.take() {
        _ = page.close().await;
    }
    Ok(rider.life)
}

impl Rider<'_> {
    async fn open(&mut self) {
        let url = format!("http://localhost:{}/?racer={RACER}&name=Ann&class=1", self.world.bridge_port);
        // Whatever is left of the one before.
        self.browser.kill(NAME);
        match self.browser.open(NAME, TABLET, &url).await {
            Ok(page) => self.page = Some(page),
            Err(error) => self.world.log.tell(format!("the page does not open: {error:#}")),
        }
        self.misfit = None;
    }

    async fn look_until(&mut self, until: Millis) {
        while clock::now() < until {
            let look = match &self.page {
                Some(page) => {
                    tokio::time::timeout(ANSWER, look(page)).await.context("no answer").and_then(|l| l)
                }
                None => Err(anyhow::anyhow!("there is no page")),
            };
            match look {
                Ok(look) => self.judge(look).await,
                Err(_) => self.open().await,
            }
            tokio::time::sleep(Duration::from_millis(A_LOOK)).await;
        }
    }

    async fn judge(&mut self, look: Look) {
        let now = clock::now();
        self.life.looks += 1;
        self.life.racing += u64::from(look.left.is_some());
        if look.room() != self.room {
            (self.room, self.came) = (look.room(), now);
            self.world.log.tell(format!(
                "page: {}, {:?}",
                self.room,
                look.link.as_deref().unwrap_or("no link")
            ));
        }
        if look.state.as_deref() == Some(OFFICIAL)
            && let Some(score) = &look.score
            && self.life.official.last() != Some(score)
        {
            self.life.official.push(score.clone());
        }
        let is_hub_away = self.script.way_is_whole_since().is_none_or(|since| now < since + BACKOFF);
        let fits = match look.fit(self.world.clock, now) {
            Fit::Fits => true,
            Fit::WaitsForHub => is_hub_away,
            Fit::WaitsForGrace => is_hub_away || now < self.came + self.grace + BACKOFF,
            Fit::Misfit => false,
        };
        if fits {
            (self.misfit, self.told) = (None, false);
        } else {
            let since = *self.misfit.get_or_insert(now);
            self.life.longest_misfit_ms = self.life.longest_misfit_ms.max(now - since);
            if now - since > STUCK && !self.told {
                self.told = true;
                self.world.log.find(format!("the page is stuck: {look:?}"));
            }
        }
        let Some(page) = &self.page else { return };
        if let Some(button) = look.button() {
            let click = format!("document.querySelector(\"[data-testid='{button}']\")?.click()");
            _ = page.evaluate(&click).await;
        } else if look.is_blank() {
            // What the kiosk's supervisor does when its bridge is back.
            _ = page.evaluate("location.reload()").await;
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }

    async fn suffer(&mut self, fault: Fault, until: Millis) {
        self.world.log.tell(format!(
            "page {} for {:.1} s",
            fault.kind,
            Duration::from_millis(fault.lasts).as_secs_f64()
        ));
        let page = self.page.clone();
        match (fault.kind, page) {
            (Kind::Frozen, Some(page)) => {
                _ = page.freeze(true).await;
                sleep_until(until).await;
                _ = page.freeze(false).await;
            }
            (Kind::Reloaded, Some(page)) => _ = page.evaluate("location.reload()").await,
            _ => {
                self.browser.kill(NAME);
                self.page = None;
                sleep_until(until).await;
                self.open().await;
            }
        }
        (self.misfit, self.told) = (None, false);
        self.world.log.tell(format!("page is well again after it was {}", fault.kind));
    }

    /// After all of it: connected, and nothing kept back.
    async fn settle(&mut self) {
        let deadline = clock::now() + SETTLED;
        let mut last = None;
        while clock::now() < deadline {
            if let Some(page) = &self.page
                && let Ok(look) = look(page).await
            {
                if look.is_settled() {
                    return;
                }
                last = Some(look);
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        self.world.log.find(format!("the page has not settled: {last:?}"));
    }
}

async fn look(page: &Page) -> anyhow::Result<Look> {
    Ok(serde_json::from_value(page.evaluate(SCRIPT).await?)?)
}

impl Look {
    fn fit(&self, clock: RaceClock, now: Millis) -> Fit {
        let shown = self.left.as_deref().or(self.count.as_deref());
        match shown {
            Some(shown) => match seconds(shown) {
                Some(shown) if near(shown, clock.at(now).left_ms.div_ceil(1_000), clock.seconds().into()) => {
                    Fit::Fits
                }
                _ => Fit::Misfit,
            },
            None if self.is_provisional() => Fit::WaitsForGrace,
            // Joining takes a hub.
            None => Fit::WaitsForHub,
        }
    }

    /// Where the rider is.
    fn room(&self) -> &'static str {
        match (&self.left, &self.count, &self.state) {
            (Some(_), ..) => "in the race",
            (_, Some(_), _) => "before the race",
            (.., Some(_)) => "after the race",
            _ if self.is_blank() => "nothing there",
            _ => "setting up",
        }
    }

    /// The button that a rider presses.
    fn button(&self) -> Option<&str> {
        let waits = self.is_provisional();
        self.buttons.iter().map(String::as_str).find(|button| !(waits && *button == "again"))
    }

    fn is_provisional(&self) -> bool {
        self.state.as_deref().is_some_and(|state| state != OFFICIAL)
    }

    fn is_blank(&self) -> bool {
        let nothing = self.left.is_none() && self.count.is_none() && self.state.is_none();
        nothing && self.buttons.is_empty() && self.link.is_none()
    }

    fn is_settled(&self) -> bool {
        self.link.as_deref() == Some("connected") && !self.kept
    }
}

/// Seconds from `12` or `1:02`.
fn seconds(text: &str) -> Option<u64> {
    let (minutes, seconds) = text.split_once(':').unwrap_or(("0", text));
    Some(minutes.trim().parse::<u64>().ok()? * 60 + seconds.trim().parse::<u64>().ok()?)
}

/// Whether two readings of a clock that goes round are as good as the same.
fn near(one: u64, other: u64, round: u64) -> bool {
    let apart = one.abs_diff(other) % round.max(1);
    apart.min(round - apart) <= IN_STEP
}

const NAME: &str = "tablet";
/// How often somebody looks.
const A_LOOK: Millis = 500;
const OFFICIAL: &str = "Official result";
/// How far a page's clock may be from the hub's while somebody asks and a machine is busy, s.
const IN_STEP: u64 = 2;
/// A page that does not fit the clock for longer is stuck.
const STUCK: Millis = 10_000;
/// The longest that a client waits before it tries the hub again, and a moment for what then happens.
const BACKOFF: Millis = 20_000;
const SETTLED: Millis = 40_000;
/// A browser that does not answer for as long has hung.
const ANSWER: Duration = Duration::from_secs(15);
const SCRIPT: &str = "
    const all = id => document.querySelector(`[data-testid='${id}']`);
    const text = id => all(id)?.textContent.trim() ?? null;
    const there = id => { const e = all(id); return e && !e.disabled; };
    return {
        left: text('time-left'), count: text('countdown'), state: text('finish-state'),
        buttons: ['join-now', 'start', 'again'].filter(there),
        score: all('finish-score')?.getAttribute('data-value') ?? null,
        link: all('link-state')?.getAttribute('data-state') ?? null,
        kept: document.body.innerText.includes(' kept'),
        text: document.body.innerText.slice(0, 160),
    };";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_late_is_a_misfit_and_one_at_the_turn_is_none() {
        let clock = RaceClock::new(30).unwrap();
        let look = |left: &str| Look { left: Some(left.to_owned()), ..Look::default() };
        // Ten seconds of a race are left.
        let now = 30_000 * 1_000 - 10_000;
        assert_eq!(look("0:10").fit(clock, now), Fit::Fits);
        assert_eq!(look("0:12").fit(clock, now), Fit::Fits);
        assert_eq!(look("0:14").fit(clock, now), Fit::Misfit);
        assert_eq!(look("–").fit(clock, now), Fit::Misfit);
        assert_eq!(look("0:01").fit(clock, now + 10_000), Fit::Fits, "the next race began just now");
        let count = Look { count: Some("9".to_owned()), ..Look::default() };
        assert_eq!(count.fit(clock, now), Fit::Fits);
    }

    #[test]
    fn what_is_official_is_read_and_is_what_the_hub_has() {
        let found = |official: &[&str]| {
            let log = Log::new();
            let official = official.iter().map(|score| (*score).to_owned()).collect();
            let results = [15_000, 2_000_000].map(Score::from_ten_thousandths);
            PageLife { official, ..PageLife::default() }.judge(results.into_iter(), &log);
            log.findings()
        };
        assert_eq!(found(&["1.5000", "200.0000"]), [""; 0]);
        assert!(found(&["1.5001"])[0].contains("calls 1.5001 official"));
        assert!(found(&[])[0].contains("nothing official"));
    }

    #[test]
    fn a_rider_waits_for_the_official_result() {
        let look = |state: &str| Look {
            state: Some(state.to_owned()),
            buttons: vec!["again".to_owned()],
            ..Look::default()
        };
        assert_eq!(look("Waiting for the result").button(), None);
        assert_eq!(look(OFFICIAL).button(), Some("again"));
        assert_eq!((seconds("1:02"), seconds("7"), seconds("–")), (Some(62), Some(7), None));
    }
}
