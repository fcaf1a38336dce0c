//! What is known of the sensor: from what was read and when, without a clock of its own. The bridge and the
//! page, where it reads a bike itself, tell the same states by it.

use alleycat_shared::message::{LOST_AFTER_MS, STALE_AFTER_MS, SensorState};

use crate::{Counters, Millis};

/// The state of an open port. What went wrong on opening one is told by who opened it.
#[derive(Debug)]
pub struct Link {
    last_reading: Option<Millis>,
    /// When the last whole frame came, or the port was opened.
    understood: Millis,
    /// Bytes have come since then, and no whole frame among them; or nothing has ever come.
    strange: bool,
    /// Whole frames so far.
    good: u64,
    noise: Option<Noise>,
}

/// A run of bytes without a whole frame among them.
#[derive(Clone, Copy, Debug)]
struct Noise {
    since: Millis,
    last: Millis,
    /// What was not understood before it began.
    before: u64,
}

impl Link {
    /// A port that was just opened, with what the decoder has counted before.
    pub const fn new(counters: Counters) -> Self {
        Self { last_reading: None, understood: 0, strange: true, good: counters.good, noise: None }
    }

    /// A reading came.
    pub const fn reading(&mut self, now: Millis) {
        self.last_reading = Some(now);
    }

    /// Bytes came, and this is what the decoder says of all so far.
    pub fn bytes(&mut self, counters: Counters, now: Millis) {
        if counters.good != self.good {
            (self.good, self.noise) = (counters.good, None);
            (self.understood, self.strange) = (now, false);
            return;
        }
        self.strange |= now.saturating_sub(self.understood) > LOST_AFTER_MS;
        // A board that prints its greeting and waits for the pedals is not noisy.
        let run = self.noise.filter(|noise| now.saturating_sub(noise.last) < STALE_AFTER_MS);
        let begun = Noise { since: now, last: now, before: unread(counters) };
        self.noise = Some(Noise { last: now, ..run.unwrap_or(begun) });
    }

    /// The state at `now`.
    pub fn state(&self, counters: Counters, now: Millis) -> SensorState {
        let silence = self.last_reading.map(|last| now.saturating_sub(last));
        let noisy = self.noise.is_some_and(|noise| {
            noise.last.saturating_sub(noise.since) >= GARBAGE_AFTER_MS
                && now.saturating_sub(noise.last) < STALE_AFTER_MS
                && unread(counters) > noise.before + GARBAGE_BYTES
        });
        match silence {
            Some(silence) if silence < STALE_AFTER_MS => SensorState::Live,
            _ if noisy => SensorState::Garbage,
            None => SensorState::Waiting,
            Some(silence) if silence < LOST_AFTER_MS => SensorState::Stale,
            Some(_) => SensorState::Lost,
        }
    }

    /// When it is to be doubted that this is the bike that was found here: a while after the last whole
    /// frame, if there is something else to be heard or nothing ever was. A bike that was understood and
    /// fell silent is asleep.
    pub fn doubt(&self) -> Option<Millis> {
        self.strange.then_some(self.understood + DOUBT_AFTER_MS)
    }

    /// When the state may change by itself.
    pub fn next_deadline(&self, now: Millis) -> Option<Millis> {
        let silence =
            self.last_reading.into_iter().flat_map(|last| [last + STALE_AFTER_MS, last + LOST_AFTER_MS]);
        let noise = self.noise.map(|noise| noise.last + STALE_AFTER_MS);
        silence.chain(noise).filter(|at| *at > now).min()
    }
}

const fn unread(counters: Counters) -> u64 {
    counters.skipped + counters.bad.total()
}

/// How long to wait before a device is opened again: longer each time, and at last always the same. In ms.
pub const BACK_OFF_MS: [Millis; 4] = [500, 1_000, 2_000, 5_000];
/// Bytes without a reading are garbage after this long. In ms.
const GARBAGE_AFTER_MS: Millis = 3_000;
/// A bike that was found is looked for again after this long without a frame. In ms.
const DOUBT_AFTER_MS: Millis = 60_000;
/// And when more than this was skipped.
const GARBAGE_BYTES: u64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn skipped(skipped: u64) -> Counters {
        Counters { skipped, ..Counters::default() }
    }

    #[test]
    fn silence_goes_from_live_to_stale_to_lost() {
        let mut link = Link::new(skipped(0));
        assert_eq!(link.state(skipped(0), 0), SensorState::Waiting);
        link.reading(1_000);
        let table = [
            (1_000, SensorState::Live),
            (2_999, SensorState::Live),
            (3_000, SensorState::Stale),
            (5_999, SensorState::Stale),
            (6_000, SensorState::Lost),
        ];
        for (now, state) in table {
            assert_eq!(link.state(skipped(0), now), state, "at {now}");
        }
        assert_eq!(
            (link.next_deadline(1_000), link.next_deadline(3_000), link.next_deadline(6_000)),
            (Some(3_000), Some(6_000), None)
        );
        link.reading(9_000);
        assert_eq!(link.state(skipped(0), 9_000), SensorState::Live);
    }

    /// Bytes once a second, `each` of them not understood; returns the state and the count after them.
    fn noise(link: &mut Link, each: u64, from: Millis, to: Millis) -> (SensorState, Counters) {
        let mut counters = skipped(0);
        for now in (from..=to).step_by(1_000) {
            counters.skipped += each;
            link.bytes(counters, now);
        }
        (link.state(counters, to), counters)
    }

    #[test]
    fn bytes_without_a_frame_become_garbage() {
        assert_eq!(noise(&mut Link::new(skipped(0)), 50, 1_000, 3_000).0, SensorState::Waiting, "too soon");
        assert_eq!(noise(&mut Link::new(skipped(0)), 1, 1_000, 9_000).0, SensorState::Waiting, "too little");
        let mut link = Link::new(skipped(0));
        let (state, mut counters) = noise(&mut link, 50, 1_000, 4_000);
        assert_eq!(state, SensorState::Garbage);
        assert_eq!(link.next_deadline(4_000), Some(6_000));
        assert_eq!(link.state(counters, 6_000), SensorState::Waiting, "it has stopped");
        counters.good += 1;
        link.bytes(counters, 6_100);
        link.reading(6_100);
        assert_eq!(link.state(counters, 6_100), SensorState::Live);
    }

    #[test]
    fn a_greeting_and_silence_is_not_garbage() {
        let mut link = Link::new(skipped(0));
        link.bytes(skipped(180), 100);
        for now in [100, 3_100, 60_000] {
            assert_eq!(link.state(skipped(180), now), SensorState::Waiting, "at {now}");
        }
    }

    #[test]
    fn whole_frames_without_a_cadence_are_not_garbage() {
        let mut link = Link::new(skipped(0));
        for second in 1..10 {
            let counters = Counters { good: second, skipped: 100 * second, ..Counters::default() };
            link.bytes(counters, second * 1_000);
            assert_eq!(link.state(counters, second * 1_000), SensorState::Waiting);
        }
    }
}
