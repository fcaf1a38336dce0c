//! What the page knows of the bike: the bridge's word, checked against the age of the latest reading.
//!
//! Driven by [`crate::net`] with what came over `/sensor`. "No reading" is its own case: never 0, never
//! the last value.

use std::collections::VecDeque;

use alleycat_shared::message::{LOST_AFTER_MS, STALE_AFTER_MS, SensorMessage, SensorReading, SensorState};
use alleycat_shared::{Cadence, Millis, Resistance};

use crate::words::Lang;

/// The bike's sensor as the page knows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sensor {
    /// The bridge's latest word; `None` while there is no bridge.
    state: Option<SensorState>,
    driver: String,
    port: String,
    hint: String,
    latest: Option<Latest>,
    /// When the readings of the last ten seconds came.
    arrivals: VecDeque<Millis>,
    /// Attempts to reach the bridge since it was last there.
    attempts: u32,
    refused: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Latest {
    reading: SensorReading,
    /// When its bytes arrived, on the page's clock.
    at: Millis,
}

/// What is shown of the sensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The bridge is not there.
    NoBridge,
    /// The bridge's word as it is, or worse where its readings are too old for it.
    Bridge(SensorState),
}

impl Sensor {
    /// The bridge is there; its state follows as the first message.
    pub fn bridge_opened(&mut self) {
        self.state = Some(SensorState::Waiting);
        self.attempts = 0;
    }

    /// The bridge is gone, or could not be reached.
    pub fn bridge_closed(&mut self) {
        self.state = None;
        self.hint.clear();
        (self.driver, self.port) = (String::new(), String::new());
        self.latest = None;
        self.attempts = self.attempts.saturating_add(1);
    }

    /// A message from the bridge.
    pub fn heard(&mut self, now: Millis, message: SensorMessage) {
        match message {
            SensorMessage::State { state, driver, port, hint } => {
                self.state = Some(state);
                (self.driver, self.port, self.hint) = (driver, port, hint);
            }
            SensorMessage::Reading(reading) => {
                while self.arrivals.len() >= MOST_ARRIVALS
                    || self.arrivals.front().is_some_and(|at| at + ARRIVALS_MS <= now)
                {
                    self.arrivals.pop_front();
                }
                self.arrivals.push_back(now);
                let at = now.saturating_sub(u64::from(reading.age_ms));
                self.latest = Some(Latest { reading, at });
            }
        }
    }

    /// A frame that is not in the protocol.
    pub fn heard_nonsense(&mut self) {
        self.refused = self.refused.saturating_add(1);
    }

    /// How many frames were not in the protocol.
    pub fn refused(&self) -> u32 {
        self.refused
    }

    /// How often the bridge was asked for in vain since it was last there.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What reads the bike's bytes, or empty.
    pub fn driver(&self) -> &str {
        &self.driver
    }

    /// Where the bike is plugged in, or empty.
    pub fn port(&self) -> &str {
        &self.port
    }

    /// How many readings came in the last ten seconds.
    pub fn readings_per_ten_seconds(&self, now: Millis) -> u64 {
        let latest = |at: &&Millis| **at + ARRIVALS_MS > now;
        u64::try_from(self.arrivals.iter().rev().take_while(latest).count()).unwrap_or(u64::MAX)
    }

    /// What the bridge says one should do, or empty; of a bike that the browser reads, which way it is connected.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// What to show at `now`.
    pub fn shown(&self, now: Millis) -> Shown {
        let Some(state) = self.state else { return Shown::NoBridge };
        if !matches!(state, SensorState::Live | SensorState::Stale | SensorState::Lost) {
            return Shown::Bridge(state);
        }
        let by_age = match self.age(now) {
            None if state == SensorState::Live => SensorState::Waiting,
            None => state,
            Some(age) if age < STALE_AFTER_MS => SensorState::Live,
            Some(age) if age < LOST_AFTER_MS => SensorState::Stale,
            Some(_) => SensorState::Lost,
        };
        let worse = if badness(state) > badness(by_age) { state } else { by_age };
        Shown::Bridge(worse)
    }

    /// The reading that counts for a race second at `now`: from a live sensor, under two seconds old, with
    /// a resistance.
    pub fn counts(&self, now: Millis) -> Option<(Cadence, Resistance)> {
        let reading = self.live(now)?;
        Some((reading.cadence, reading.resistance?))
    }

    /// The reading of a live sensor.
    pub fn live(&self, now: Millis) -> Option<SensorReading> {
        let live = self.shown(now) == Shown::Bridge(SensorState::Live);
        self.latest.filter(|_| live).map(|latest| latest.reading)
    }

    /// The reading to show: of a live sensor, or the last one while it is only stale.
    pub fn readable(&self, now: Millis) -> Option<SensorReading> {
        let shown = self.shown(now);
        let readable = matches!(shown, Shown::Bridge(SensorState::Live | SensorState::Stale));
        self.latest.filter(|_| readable).map(|latest| latest.reading)
    }

    /// When what is shown changes by itself.
    pub fn next_change(&self, now: Millis) -> Option<Millis> {
        let at = self.latest?.at;
        [at + STALE_AFTER_MS, at + LOST_AFTER_MS].into_iter().find(|change| *change > now)
    }

    /// How old the latest reading is.
    pub fn age(&self, now: Millis) -> Option<Millis> {
        self.latest.map(|latest| now.saturating_sub(latest.at))
    }
}

impl Shown {
    /// The name in `data-state` and for style.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoBridge => "no-bridge",
            Self::Bridge(SensorState::NoPort) => "no-port",
            Self::Bridge(SensorState::Refused) => "refused",
            Self::Bridge(SensorState::Busy) => "busy",
            Self::Bridge(SensorState::Waiting) => "waiting",
            Self::Bridge(SensorState::Live) => "live",
            Self::Bridge(SensorState::Stale) => "stale",
            Self::Bridge(SensorState::Lost) => "lost",
            Self::Bridge(SensorState::Garbage) => "garbage",
        }
    }

    /// The word on the chip.
    pub fn word(self, words: Lang) -> &'static str {
        match self {
            Self::NoBridge => words.bike_no_bridge(),
            Self::Bridge(SensorState::NoPort) => words.bike_no_port(),
            Self::Bridge(SensorState::Refused) => words.bike_refused(),
            Self::Bridge(SensorState::Busy) => words.bike_busy(),
            Self::Bridge(SensorState::Waiting) => words.bike_waiting(),
            Self::Bridge(SensorState::Live) => words.bike_live(),
            Self::Bridge(SensorState::Stale) => words.bike_stale(),
            Self::Bridge(SensorState::Lost) => words.bike_lost(),
            Self::Bridge(SensorState::Garbage) => words.bike_garbage(),
        }
    }

    /// What to do about it; empty where nothing is wrong.
    pub fn advice(self, words: Lang) -> &'static str {
        match self {
            Self::NoBridge => words.advice_no_bridge(),
            Self::Bridge(SensorState::NoPort) => words.advice_no_port(),
            Self::Bridge(SensorState::Refused) => words.advice_refused(),
            Self::Bridge(SensorState::Busy) => words.advice_busy(),
            Self::Bridge(SensorState::Waiting) => words.advice_waiting(),
            Self::Bridge(SensorState::Live | SensorState::Stale) => "",
            Self::Bridge(SensorState::Lost) => words.advice_lost(),
            Self::Bridge(SensorState::Garbage) => words.advice_garbage(),
        }
    }

    /// Whether seconds are being lost: worth a banner in a race.
    pub const fn is_lost(self) -> bool {
        !matches!(self, Self::Bridge(SensorState::Live | SensorState::Stale | SensorState::Waiting))
    }
}

/// Readings are counted over so long.
const ARRIVALS_MS: Millis = 10_000;
/// More than any sensor says in that time.
const MOST_ARRIVALS: usize = 1_000;

fn badness(state: SensorState) -> u8 {
    match state {
        SensorState::Live => 0,
        SensorState::Waiting => 1,
        SensorState::Stale => 2,
        _ => 3,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use alleycat_shared::message::Origin;

    use super::*;

    pub(crate) fn state(state: SensorState) -> SensorMessage {
        SensorMessage::State { state, driver: "line".into(), port: "p".into(), hint: String::new() }
    }

    pub(crate) fn reading(cadence: f64, resistance: Option<f64>) -> SensorMessage {
        SensorMessage::Reading(SensorReading {
            cadence: cadence.try_into().unwrap(),
            resistance: resistance.map(|value| value.try_into().unwrap()),
            origin: Origin::Measured,
            power: None,
            heart_rate: None,
            age_ms: 0,
        })
    }

    fn live_at(now: Millis) -> Sensor {
        let mut sensor = Sensor::default();
        sensor.bridge_opened();
        sensor.heard(now, state(SensorState::Live));
        sensor.heard(now, reading(88.0, Some(59.8)));
        sensor
    }

    #[test]
    fn readings_age_even_if_the_bridge_says_live() {
        let sensor = live_at(10_000);
        let name = |now| sensor.shown(now).name();
        assert_eq!(
            [10_000, 11_999, 12_000, 14_999, 15_000].map(name),
            ["live", "live", "stale", "stale", "lost"]
        );
        assert_eq!(sensor.next_change(10_000), Some(12_000));
        assert_eq!(sensor.next_change(12_000), Some(15_000));
        assert_eq!(sensor.next_change(15_000), None);
    }

    #[test]
    fn only_a_fresh_reading_counts() {
        let sensor = live_at(10_000);
        assert!(sensor.counts(11_999).is_some());
        assert!(sensor.counts(12_000).is_none());
        assert!(sensor.readable(12_000).is_some());
        assert!(sensor.readable(15_000).is_none());
    }

    #[test]
    fn a_reading_without_resistance_is_shown_and_does_not_count() {
        let mut sensor = live_at(0);
        sensor.heard(500, reading(90.0, None));
        assert!(sensor.live(600).is_some());
        assert!(sensor.counts(600).is_none());
    }

    #[test]
    fn the_bridges_bad_news_is_believed_at_once() {
        let mut sensor = live_at(0);
        sensor.heard(100, state(SensorState::Lost));
        assert_eq!(sensor.shown(100).name(), "lost");
        assert!(sensor.counts(100).is_none());
        sensor.heard(200, state(SensorState::NoPort));
        assert_eq!(sensor.shown(200).name(), "no-port");
    }

    #[test]
    fn live_without_a_reading_is_waiting() {
        let mut sensor = Sensor::default();
        assert_eq!(sensor.shown(0).name(), "no-bridge");
        sensor.bridge_opened();
        sensor.heard(0, state(SensorState::Live));
        assert_eq!(sensor.shown(0).name(), "waiting");
    }

    #[test]
    fn a_bridge_that_came_back_starts_without_the_old_reading() {
        let mut sensor = live_at(0);
        sensor.bridge_closed();
        assert_eq!((sensor.shown(100).name(), sensor.attempts()), ("no-bridge", 1));
        sensor.bridge_opened();
        assert_eq!(sensor.attempts(), 0);
        assert!(sensor.readable(100).is_none());
    }

    #[test]
    fn readings_are_counted_over_ten_seconds_and_forgotten_after() {
        let mut sensor = Sensor::default();
        sensor.bridge_opened();
        (0..200).for_each(|tenth| sensor.heard(tenth * 100, reading(88.0, None)));
        assert_eq!(sensor.readings_per_ten_seconds(19_900), 100);
        assert_eq!(sensor.readings_per_ten_seconds(24_900), 50);
        assert_eq!(sensor.readings_per_ten_seconds(60_000), 0);
        assert!(sensor.arrivals.len() <= 101);
        sensor.heard(0, state(SensorState::Live));
        assert_eq!((sensor.driver(), sensor.port()), ("line", "p"));
    }

    #[test]
    fn a_standstill_is_a_reading() {
        let mut sensor = live_at(0);
        sensor.heard(10, reading(0.0, Some(40.0)));
        assert_eq!(sensor.counts(20).map(|(cadence, _)| cadence.get()), Some(0.0));
    }
}
