//! Finding out what a port says by listening only: nothing is sent to a bike that nobody has named.

use alleycat_sensors::{Decoder, Driver, Millis, Reading, Talk};

use crate::decoders::decoder;

/// Shows what comes to several drivers that only listen, at one rate after the other, until one of them has
/// understood enough to be sure; from then on it is that one. When a rate's time is up it is stuck: the port is
/// to be opened again, at the next [`Auto::baud`].
#[derive(Default)]
pub(crate) struct Auto {
    step: usize,
    tried: Vec<Tried>,
    /// Which of those tried it is.
    sure: Option<usize>,
    /// When the time of this rate is up.
    due: Millis,
    is_stuck: bool,
    /// The talk with nobody, before the port is open.
    silence: Talk,
}

struct Tried {
    driver: Driver,
    decoder: Box<dyn Decoder>,
    readings: u64,
}

impl Auto {
    /// The rate to open the port at.
    pub(crate) const fn baud(&self) -> u32 {
        STEPS[self.step].0
    }

    /// Who it is, once that is sure.
    pub(crate) fn driver(&self) -> Option<Driver> {
        self.found().map(|one| one.driver)
    }

    fn found(&self) -> Option<&Tried> {
        self.sure.and_then(|at| self.tried.get(at))
    }

    /// Who it is, or else the first of those who listen.
    fn leading(&self) -> usize {
        self.sure.unwrap_or_default()
    }

    fn found_mut(&mut self) -> Option<&mut Tried> {
        self.sure.and_then(|at| self.tried.get_mut(at))
    }
}

impl Tried {
    fn is_hit(&mut self) -> bool {
        self.readings += std::iter::from_fn(|| self.decoder.poll_reading()).count() as u64;
        self.driver.is_sure(self.decoder.counters().good, self.readings)
    }
}

impl Decoder for Auto {
    fn talk(&self) -> &Talk {
        self.tried.get(self.leading()).map_or(&self.silence, |one| one.decoder.talk())
    }

    fn talk_mut(&mut self) -> &mut Talk {
        let leading = self.leading();
        match self.tried.get_mut(leading) {
            Some(one) => one.decoder.talk_mut(),
            None => &mut self.silence,
        }
    }

    fn restart(&mut self, now: Millis) {
        if self.sure.is_none() {
            let known =
                |driver: &Driver| Some(Tried { driver: *driver, decoder: decoder(*driver)?, readings: 0 });
            self.tried = STEPS[self.step].1.iter().filter_map(known).collect();
        }
        self.tried.iter_mut().for_each(|one| one.decoder.restart(now));
        (self.due, self.is_stuck) = (now + LISTEN_MS, false);
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        if let Some(one) = self.found_mut() {
            return one.decoder.push(bytes, now);
        }
        self.tried.iter_mut().for_each(|one| one.decoder.push(bytes, now));
        self.sure = self.tried.iter_mut().position(Tried::is_hit);
    }

    fn wake(&mut self, now: Millis) {
        if let Some(one) = self.found_mut() {
            return one.decoder.wake(now);
        }
        self.tried.iter_mut().for_each(|one| one.decoder.wake(now));
        if now >= self.due && !self.is_stuck {
            self.is_stuck = true;
            self.step = (self.step + 1) % STEPS.len();
        }
    }

    fn poll_reading(&mut self) -> Option<Reading> {
        self.found_mut()?.decoder.poll_reading()
    }

    /// Who listens sends nothing.
    fn poll_write(&mut self) -> Option<Vec<u8>> {
        None
    }

    fn next_deadline(&self) -> Option<Millis> {
        match self.found() {
            Some(one) => one.decoder.next_deadline(),
            None => (!self.is_stuck).then_some(self.due),
        }
    }

    fn is_stuck(&self) -> bool {
        self.is_stuck
    }
}

/// The rates, and who is shown what comes at each.
const STEPS: [(u32, &[Driver]); 3] = [
    (115_200, &[Driver::Line, Driver::Trixter]),
    (9_600, &[Driver::Line]),
    (19_200, &[Driver::PelotonPassive]),
];
/// A microcontroller starts anew when its port is opened, and says nothing for up to four seconds. In ms.
const LISTEN_MS: Millis = 5_000;

#[cfg(test)]
mod tests {
    use alleycat_sensors::peloton::emulate::PelotonBike;

    use super::*;

    /// The next opening at a rate.
    fn opened(auto: &mut Auto, now: Millis) -> u32 {
        let baud = auto.baud();
        auto.restart(now);
        baud
    }

    #[test]
    fn what_is_heard_at_a_rate_is_read_from_the_second_time_on() {
        let mut auto = Auto::default();
        assert_eq!(opened(&mut auto, 0), 115_200);
        auto.push(b"\r\n$BIKE,85.5,40*17\r\n", 100);
        assert_eq!((auto.driver(), auto.poll_reading()), (None, None), "once may be chance");
        auto.push(b"$BIKE,85.5,40*17\r\n", 350);
        assert_eq!(auto.driver(), Some(Driver::Line));
        auto.push(b"$BIKE,85.5,40*17\r\n", 600);
        assert_eq!(auto.poll_reading().map(|reading| reading.cadence), Some(85.5));
        auto.restart(9_000);
        assert_eq!((auto.baud(), auto.driver()), (115_200, Some(Driver::Line)), "found once, known for good");
    }

    #[test]
    fn every_rate_has_its_turn_and_nothing_is_ever_sent() {
        let (mut auto, mut now, mut rates) = (Auto::default(), 0, Vec::new());
        for _ in 0..4 {
            rates.push(opened(&mut auto, now));
            auto.push(b"\x80\xff\0garbled", now + 10);
            while !auto.is_stuck() {
                now = auto.next_deadline().expect("a rate's time ends");
                auto.wake(now);
                assert_eq!(auto.poll_write(), None);
            }
        }
        assert_eq!((rates, now), (vec![115_200, 9_600, 19_200, 115_200], 20_000));
    }

    #[test]
    fn a_tablet_that_asks_a_peloton_is_overheard() {
        let mut auto = Auto::default();
        for _ in 0..2 {
            opened(&mut auto, 0);
            auto.wake(LISTEN_MS);
        }
        assert_eq!(opened(&mut auto, 0), 19_200);
        let mut bike = PelotonBike::new(85, 500);
        for now in (0..2_000).step_by(100) {
            let said = bike.answer(&[0xf5, 0x41, 0x36, 0xf6]);
            auto.push(&said, now);
        }
        assert_eq!(auto.driver(), Some(Driver::PelotonPassive));
        assert_eq!(auto.poll_reading().map(|reading| reading.cadence), Some(85.0));
    }
}
