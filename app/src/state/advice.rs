//! What to do about the bike, in one sentence.

use alleycat_shared::message::SensorState;

use super::{Page, Shown};
use crate::words::Lang;

impl Page {
    /// What to do about the bike; empty where nothing is wrong.
    pub fn bike_advice(&self) -> String {
        let (shown, words, hint) = (self.bike(), self.words(), self.sensor.hint());
        let is_local = self.sources.chosen.is_local();
        match shown {
            Shown::NoBridge if self.sensor.attempts() < 2 => String::new(),
            Shown::NoBridge if is_local => words.reader_not_loaded().to_owned(),
            Shown::NoBridge => [shown.advice(words), " (", &self.sensor.attempts().to_string(), ")"].concat(),
            Shown::Bridge(state) if is_local => read_here(words, state, hint).to_owned(),
            // The bridge says it in English, and knows more than the state alone.
            _ if shown.is_lost() && !hint.is_empty() && words == Lang::En => hint.to_owned(),
            _ => shown.advice(words).to_owned(),
        }
    }
}

/// What to do about a bike that the browser reads. In place of a hint its reader says which way it is connected
/// (`app/bike/src/way.rs`).
fn read_here(words: Lang, state: SensorState, way: &str) -> &'static str {
    match (state, way) {
        (SensorState::NoPort, "unchosen") => words.advice_choose_bike(),
        (SensorState::NoPort, "strange") => words.advice_strange(),
        (SensorState::NoPort, "bluetooth") => words.advice_out_of_reach(),
        (SensorState::Refused, _) => words.advice_allow_it(),
        (SensorState::Lost, "bluetooth") => words.advice_stay_near(),
        (SensorState::Lost, _) => words.advice_wake_console(),
        (state, _) => Shown::Bridge(state).advice(words),
    }
}
