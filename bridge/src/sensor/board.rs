//! What everybody may read: the present state, what was counted, and everything as it happens.

use alleycat_sensors::Counters;
use alleycat_shared::message::{SensorMessage, SensorReading, SensorState};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use crate::config::Source;
use crate::hint::hint;

/// The board that the sensor's side writes and the page's side reads.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    bike: watch::Sender<(&'static str, String)>,
    state: watch::Sender<SensorState>,
    counters: watch::Sender<Counters>,
    /// When the pedals last turned.
    ridden: watch::Sender<Option<Instant>>,
    /// Bounded: who reads too slowly misses what is in between, see [`Board::subscribe`].
    told: broadcast::Sender<Told>,
}

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    /// The state changed to this.
    State(SensorState),
    /// A reading, and when its bytes arrived.
    Reading(SensorReading, Instant),
}

impl Board {
    /// Nothing is known yet.
    pub(crate) fn new(source: &Source) -> Self {
        Self {
            bike: watch::Sender::new((source.driver(), source.port())),
            state: watch::Sender::new(SensorState::NoPort),
            counters: watch::Sender::default(),
            ridden: watch::Sender::default(),
            told: broadcast::Sender::new(WAITING),
        }
    }

    /// The driver and the port are these now.
    pub(super) fn identify(&self, driver: &'static str, port: String) {
        let new = (driver, port);
        if self.bike.send_if_modified(|old| {
            *old != new && {
                *old = new;
                true
            }
        }) {
            // Whoever has the state of another bike gets the one of this.
            self.tell(Told::State(self.state()));
        }
    }

    /// The state changes, or stays.
    pub(super) fn set(&self, state: SensorState) {
        if self.state.send_if_modified(|old| std::mem::replace(old, state) != state) {
            tracing::info!(?state, driver = self.driver(), port = self.port(), "sensor");
            self.tell(Told::State(state));
        }
    }

    /// A reading came.
    pub(super) fn reading(&self, reading: SensorReading, arrived: Instant) {
        if reading.cadence.get() > 0.0 {
            self.ridden.send_replace(Some(arrived));
        }
        self.tell(Told::Reading(reading, arrived));
    }

    /// The decoder has counted.
    pub(super) fn count(&self, counters: Counters) {
        self.counters.send_replace(counters);
    }

    /// The present state.
    pub(crate) fn state(&self) -> SensorState {
        *self.state.borrow()
    }

    /// What the decoder has counted.
    pub(crate) fn counters(&self) -> Counters {
        *self.counters.borrow()
    }

    /// When the pedals last turned.
    pub(crate) fn ridden(&self) -> Option<Instant> {
        *self.ridden.borrow()
    }

    /// The protocol.
    pub(crate) fn driver(&self) -> &'static str {
        self.bike.borrow().0
    }

    /// The device.
    pub(crate) fn port(&self) -> String {
        self.bike.borrow().1.clone()
    }

    /// Everything from now on. A reader who falls behind by more than a second or two is told that it has
    /// lagged, and is to go on with the newest.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Told> {
        self.told.subscribe()
    }

    /// The present state as the page gets it.
    pub(crate) fn state_message(&self) -> SensorMessage {
        self.message(Told::State(self.state()))
    }

    /// What happened as the page gets it, a reading with its age at this moment.
    pub(crate) fn message(&self, told: Told) -> SensorMessage {
        match told {
            Told::State(state) => SensorMessage::State {
                state,
                driver: self.driver().to_owned(),
                port: self.port(),
                hint: hint(state, self.driver()).to_owned(),
            },
            Told::Reading(reading, arrived) => {
                let age_ms = u32::try_from(arrived.elapsed().as_millis()).unwrap_or(u32::MAX);
                SensorMessage::Reading(SensorReading { age_ms, ..reading })
            }
        }
    }

    fn tell(&self, told: Told) {
        // An error only says that nobody listens.
        _ = self.told.send(told);
    }
}

/// How much waits for a page that reads slowly: a second or two of the fastest bike.
const WAITING: usize = 16;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use alleycat_shared::Cadence;
    use alleycat_shared::message::Origin;
    use tokio::sync::broadcast::error::RecvError;

    use super::*;

    fn reading(cadence: f64) -> SensorReading {
        let cadence = Cadence::try_from(cadence).unwrap();
        SensorReading {
            cadence,
            resistance: None,
            origin: Origin::None,
            power: None,
            heart_rate: None,
            age_ms: 0,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_reading_that_waited_says_how_old_it_is() {
        let board = Board::new(&Source::Virtual { seed: 1, script: None });
        let mut page = board.subscribe();
        board.reading(reading(88.0), Instant::now());
        tokio::time::advance(Duration::from_millis(1_500)).await;
        let SensorMessage::Reading(told) = board.message(page.recv().await.unwrap()) else { panic!() };
        assert_eq!((told.cadence.get(), told.age_ms), (88.0, 1_500));
    }

    #[tokio::test]
    async fn who_reads_too_slowly_is_told_and_goes_on_with_the_newest() {
        let board = Board::new(&Source::Virtual { seed: 1, script: None });
        let mut page = board.subscribe();
        for _ in 0..100 {
            board.reading(reading(88.0), Instant::now());
        }
        assert!(matches!(page.recv().await, Err(RecvError::Lagged(84))));
        let mut page = page.resubscribe();
        board.set(SensorState::Live);
        assert!(matches!(page.recv().await, Ok(Told::State(SensorState::Live))));
    }
}
