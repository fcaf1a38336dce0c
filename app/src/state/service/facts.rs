//! What is known of sensor, link, page and browser, as lines: on the screen, and as text for who helps.

use alleycat_shared::Millis;

use super::super::format::{minutes, tenths};
use super::super::screen::NOTHING;
use super::super::{Link, Page};
use super::{Delivery, Logged};
use crate::words::Lang;

/// What lines belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The bike.
    Sensor,
    /// Broker, hub and clock.
    Link,
    /// The page.
    Page,
    /// The browser.
    Browser,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Where it belongs.
    pub group: Group,
    /// What it is.
    pub label: &'static str,
    /// What is known of it, or a dash.
    pub value: String,
}

impl Page {
    /// What is known of sensor and link.
    pub fn diagnostics(&self) -> Vec<Fact> {
        self.diagnostics_in(self.words())
    }

    /// What is known of page and browser.
    pub fn build_facts(&self) -> Vec<Fact> {
        self.build_facts_in(self.words())
    }

    /// All of it as text, in English: for a mail to who helps. Nothing secret is in it.
    pub fn service_text(&self) -> String {
        let mut text = ["Alleycat", "\n"].concat();
        let mut group = None;
        for fact in self.build_facts_in(Lang::En).into_iter().chain(self.diagnostics_in(Lang::En)) {
            if group.replace(fact.group) != Some(fact.group) {
                text.push('\n');
            }
            push(&mut text, &[fact.label, ": ", &fact.value]);
        }
        let inspection = self.service.inspection().cloned().unwrap_or_default();
        for (title, body) in [("/config.json", inspection.config), ("/status", inspection.bridge)] {
            push(&mut text, &["\n", title, "\n", &body.unwrap_or_else(nothing)]);
        }
        push(&mut text, &["\nid,race,class,racer,second,device_timestamp,resistance,cadence,status,ms"]);
        self.service.messages().iter().for_each(|row| push(&mut text, &[&line(row)]));
        text
    }

    fn diagnostics_in(&self, words: Lang) -> Vec<Fact> {
        let mut facts = self.sensor_facts(words);
        facts.extend(self.link_facts(words));
        facts
    }

    fn build_facts_in(&self, words: Lang) -> Vec<Fact> {
        let inspection = self.service.inspection().cloned().unwrap_or_default();
        let upkeep = &self.service.upkeep;
        let yes = |yes: bool| (if yes { words.answer_yes() } else { words.answer_no() }).to_owned();
        let storage =
            inspection.storage.map(|(used, most)| words.storage_of(&kilobytes(used), &kilobytes(most)));
        let page = [
            (words.fact_version(), env!("CARGO_PKG_VERSION").to_owned()),
            (words.fact_commit(), inspection.commit.unwrap_or_else(nothing)),
            (words.fact_worker(), inspection.worker.unwrap_or_else(nothing)),
            (words.fact_newer(), yes(upkeep.waits())),
            (words.fact_age(), minutes(upkeep.age(self.now) / 1_000)),
            (words.fact_memory(), kilobytes(inspection.memory)),
        ];
        let browser = [
            (words.fact_browser(), inspection.browser),
            (words.fact_languages(), inspection.languages),
            (words.fact_screen(), inspection.screen),
            (words.fact_full_screen(), yes(inspection.full_screen)),
            (words.fact_awake(), yes(inspection.awake)),
            (words.fact_storage(), storage.unwrap_or_else(nothing)),
        ];
        of(Group::Page, page).chain(of(Group::Browser, browser)).collect()
    }

    fn sensor_facts(&self, words: Lang) -> Vec<Fact> {
        let sensor = &self.sensor;
        let readings = sensor.readings_per_ten_seconds(self.now);
        let mark = words.decimal_mark();
        let facts = [
            (words.fact_state(), sensor.shown(self.now).name().to_owned()),
            (words.fact_driver(), sensor.driver().to_owned()),
            (words.fact_port(), sensor.port().to_owned()),
            (
                words.fact_readings(),
                [&(readings / 10).to_string(), mark, &(readings % 10).to_string()].concat(),
            ),
            (words.fact_last_reading(), sensor.age(self.now).map_or_else(nothing, milliseconds)),
            (words.fact_refused_readings(), sensor.refused().to_string()),
            (words.fact_bridge_attempts(), sensor.attempts().to_string()),
            (words.fact_advice(), self.bike_advice()),
        ];
        of(Group::Sensor, facts).collect()
    }

    fn link_facts(&self, words: Lang) -> Vec<Fact> {
        let service = &self.service;
        let name = self.link.name();
        let state = match self.link {
            Link::Offline { retry_at: Some(at) } => {
                words.fact_retry_in(name, &milliseconds(at.saturating_sub(self.now)))
            }
            _ => name.to_owned(),
        };
        let took = service.messages().took();
        let took = took.map(|(median, longest)| {
            words.took_median_longest(&milliseconds(median), &milliseconds(longest))
        });
        let heard = self.standings.heard_at().map(|at| milliseconds(self.now.saturating_sub(at)));
        let facts = [
            (words.fact_state(), state),
            (words.fact_since(), minutes(self.now.saturating_sub(self.link_since) / 1_000)),
            (words.fact_attempts(), service.attempts.to_string()),
            (words.fact_losses(), service.losses.to_string()),
            (words.fact_loss(), service.loss.clone()),
            (words.fact_unsent(), self.unsent.to_string()),
            (words.fact_took(), took.unwrap_or_else(nothing)),
            (words.fact_last_word(), heard.unwrap_or_else(nothing)),
            (words.fact_nonsense(), self.nonsense().to_string()),
            (words.fact_clock(), self.clock_line(words)),
        ];
        of(Group::Link, facts).collect()
    }

    /// How far the hub's clock is from the device's, and how surely.
    fn clock_line(&self, words: Lang) -> String {
        let Some(clock) = self.clock.value else { return nothing() };
        let Some(sure) = clock.uncertainty().map(milliseconds) else { return nothing() };
        let hub = clock.hub_time(self.now);
        let offset = milliseconds(hub.abs_diff(self.now));
        if hub < self.now { words.clock_behind(&offset, &sure) } else { words.clock_ahead(&offset, &sure) }
    }
}

/// Lines of one group; what is not known is a dash.
fn of<const N: usize>(group: Group, lines: [(&'static str, String); N]) -> impl Iterator<Item = Fact> {
    let or_nothing = |value: String| if value.is_empty() { nothing() } else { value };
    lines.into_iter().map(move |(label, value)| Fact { group, label, value: or_nothing(value) })
}

fn push(text: &mut String, parts: &[&str]) {
    parts.iter().for_each(|part| text.push_str(part));
    text.push('\n');
}

fn line(row: &Logged) -> String {
    [
        row.id.to_string(),
        row.race.to_string(),
        row.class.to_string(),
        row.racer.to_string(),
        row.second.get().to_string(),
        row.device_timestamp.to_string(),
        tenths(row.resistance.get()),
        tenths(row.cadence.get()),
        row.delivery.name().to_owned(),
        row.took.map(|took| took.to_string()).unwrap_or_default(),
    ]
    .join(",")
}

impl Delivery {
    /// The word in the table.
    pub fn word(self, words: Lang) -> &'static str {
        match self {
            Self::Queued => words.delivery_queued(),
            Self::Sent => words.delivery_sent(),
            Self::Acknowledged => words.delivery_acknowledged(),
            Self::Refused => words.delivery_refused(),
            Self::Failed => words.delivery_failed(),
        }
    }
}

fn nothing() -> String {
    NOTHING.to_owned()
}

fn milliseconds(ms: Millis) -> String {
    if ms < 10_000 { [&ms.to_string(), " ms"].concat() } else { [&(ms / 1_000).to_string(), " s"].concat() }
}

fn kilobytes(bytes: u64) -> String {
    match bytes {
        0 => nothing(),
        bytes if bytes < 10_000_000 => [&(bytes / 1_000).to_string(), " KB"].concat(),
        bytes => [&(bytes / 1_000_000).to_string(), " MB"].concat(),
    }
}
