//! What is behind the service menu: the messages, what is known of sensor and link, what is built and
//! configured; and when the page may load itself again.
//!
//! For whoever keeps the bikes: nothing here is needed to race, and nothing here changes a race.

mod facts;
mod log;
mod upkeep;

pub use facts::{Fact, Group};
pub use log::{Delivery, Logged, MOST, Messages};
pub use upkeep::Upkeep;

use alleycat_shared::Millis;
use alleycat_shared::message::RaceMessage;
use uuid::Uuid;

use super::asked::Asked;
use super::rooms::Question;
use super::{Effect, Flow, Page};

/// The menu and what it tells of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Service {
    open: Option<Sheet>,
    pub(super) messages: Messages,
    pub(super) inspection: Asked<Inspection>,
    /// When to ask the hub what it counts.
    count_at: Millis,
    /// Connections that ended, attempts included, since the page began.
    pub(super) losses: u32,
    /// The same since there was a connection last.
    pub(super) attempts: u32,
    /// Why the latest one ended.
    pub(super) loss: String,
    pub(super) upkeep: Upkeep,
}

/// A page of the menu.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sheet {
    /// The messages.
    #[default]
    Messages,
    /// Sensor and link.
    Diagnostics,
    /// What is built, configured and kept.
    Build,
}

/// What concerns the menu only.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// The menu is wanted.
    Open,
    /// It is done with.
    Close,
    /// Another page of it.
    Show(Sheet),
    /// A message was handed to the link.
    Published(Box<RaceMessage>, Delivery),
    /// News of messages.
    Delivered(Vec<(Uuid, Delivery)>),
    /// A connection to the broker ended, or did not come to be.
    Lost(String),
    /// The answer to [`Effect::Inspect`].
    Inspected(Box<Inspection>),
    /// A newer page is kept and waits.
    NewerPage,
    /// Somebody touched the screen or a key, or turned a wheel.
    Touched,
}

/// What only the browser can tell, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inspection {
    /// `/config.json` as it is.
    pub config: Option<String>,
    /// What the bridge says of itself, where the page comes from one.
    pub bridge: Option<String>,
    /// Which commit the page was built from, if that was noted.
    pub commit: Option<String>,
    /// The name that the browser gives itself.
    pub browser: String,
    /// Its languages.
    pub languages: String,
    /// Width, height and pixels per CSS pixel.
    pub screen: String,
    /// What is kept by the browser, and what may be, in bytes.
    pub storage: Option<(u64, u64)>,
    /// The version of the page that the service worker keeps, if one does.
    pub worker: Option<String>,
    /// The wasm module's memory in bytes.
    pub memory: u64,
    /// Whether the page has the whole screen.
    pub full_screen: bool,
    /// Whether the screen is being kept on.
    pub awake: bool,
}

impl Service {
    /// The page of the menu that is on the screen, if it is open.
    pub fn sheet(&self) -> Option<Sheet> {
        self.open
    }

    /// The messages.
    pub fn messages(&self) -> &Messages {
        &self.messages
    }

    /// What the browser told last.
    pub fn inspection(&self) -> Option<&Inspection> {
        self.inspection.value.as_ref()
    }

    pub(super) fn hear(&mut self, now: Millis, word: Word) {
        match word {
            Word::Open => {
                self.open.get_or_insert_default();
                (self.inspection.ask_at, self.count_at) = (Some(now), now);
                self.upkeep.touched(now);
            }
            Word::Close => {
                self.open = None;
                self.inspection.ask_at = None;
                self.upkeep.touched(now);
            }
            Word::Show(sheet) => self.open = self.open.map(|_| sheet),
            Word::Published(message, delivery) => self.messages.published(now, &message, delivery),
            Word::Delivered(news) => {
                news.into_iter().for_each(|(id, delivery)| self.messages.delivered(now, id, delivery));
            }
            Word::Lost(reason) => {
                self.losses = self.losses.saturating_add(1);
                self.attempts = self.attempts.saturating_add(1);
                self.loss = reason;
            }
            Word::Inspected(inspection) => {
                self.inspection.answered(*inspection);
                self.inspection.ask_at = self.open.map(|_| now + INSPECT_EVERY_MS);
            }
            Word::NewerPage => self.upkeep.newer(),
            Word::Touched => self.upkeep.touched(now),
        }
    }
}

impl Page {
    /// The service menu.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Asks for what the open menu shows, closes one that is forgotten, and has an idle page loaded again.
    pub(super) fn serve(&mut self, effects: &mut Vec<Effect>) {
        let now = self.now;
        let service = &mut self.service;
        if service.open.is_some() {
            if service.upkeep.untouched(now) >= PATIENCE_MS {
                service.hear(now, Word::Close);
            }
            if service.inspection.asks(now) {
                effects.push(Effect::Inspect);
            }
            if now >= service.count_at
                && let Some((race, class, racer)) = service.messages.unknown()
            {
                service.count_at = now + COUNT_EVERY_MS;
                let token = self.entry.token(racer);
                effects.push(Effect::Ask(Question::Trace(race, class, racer), token));
            }
        }
        let idle = matches!(self.flow, Flow::Idle | Flow::Setup)
            && self.rooms.here().is_none()
            && self.service.open.is_none()
            && self.unsent == 0;
        if self.service.upkeep.is_due(now, idle) {
            effects.push(Effect::Reload);
        }
    }

    /// When the menu wants to be woken.
    pub(super) fn serve_at(&self) -> Option<Millis> {
        self.service.inspection.ask_at.filter(|_| self.service.open.is_some())
    }
}

/// How often the browser is asked while the menu is open.
const INSPECT_EVERY_MS: Millis = 5_000;
/// How often the hub is asked what it counts.
const COUNT_EVERY_MS: Millis = 5_000;
/// How long the menu stays open when nobody touches anything.
const PATIENCE_MS: Millis = 300_000;

#[cfg(test)]
mod tests;
