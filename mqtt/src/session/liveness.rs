//! Keep-alive by two independent wall-clock deadlines: when we last sent, when we last received.
//!
//! The send clock keeps the broker from giving us up; receiving must not push it back. The receive clock
//! finds a dead peer; sending must not push it back. Both are looked at on every wake-up and nothing is
//! counted in ticks, for a browser may sleep through any number of them.

use crate::Millis;

#[derive(Debug)]
pub(crate) struct Liveness {
    limits: Patience,
    last_sent: Millis,
    last_received: Millis,
    /// Since then something is unanswered that has to be, and nothing at all has come.
    unanswered_since: Option<Millis>,
    /// An unanswered ping must be answered by then.
    pong_due: Option<Millis>,
    /// The ping was repeated because we woke up late.
    repeated: bool,
}

/// How long to wait for what, in ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// How long either side may be silent; 0 for ever.
    pub(crate) keep_alive: Millis,
    /// Silence after a message that must be acknowledged until a ping.
    pub(crate) answer: Millis,
    /// Silence after a ping until the end.
    pub(crate) ping: Millis,
}

/// What the clocks say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pulse {
    /// Nothing to do.
    Fine,
    /// Send a PINGREQ.
    Ping,
    /// The peer is gone.
    Dead,
}

impl Liveness {
    pub(crate) fn new(now: Millis, limits: Patience) -> Self {
        Self {
            limits,
            last_sent: now,
            last_received: now,
            unanswered_since: None,
            pong_due: None,
            repeated: false,
        }
    }

    pub(crate) fn sent(&mut self, now: Millis) {
        self.last_sent = now;
    }

    /// Something leaves that the broker has to answer.
    pub(crate) fn asked(&mut self, now: Millis) {
        self.unanswered_since.get_or_insert(now);
    }

    pub(crate) fn received(&mut self, now: Millis) {
        self.last_received = now;
        self.unanswered_since = None;
        self.pong_due = None;
        self.repeated = false;
    }

    /// A ping goes out now whatever the clocks say, and its answer is due soon.
    pub(crate) fn probe(&mut self, now: Millis) {
        self.pong_due = Some(now + self.limits.ping);
        self.last_sent = now;
    }

    pub(crate) fn check(&mut self, now: Millis) -> Pulse {
        self.put_back(now);
        match self.pong_due {
            // A wake-up this late was asleep, not waiting: the answer may lie unread. Ask once more.
            Some(due) if now >= due + LATE && !self.repeated => {
                self.repeated = true;
                self.probe(now);
                Pulse::Ping
            }
            Some(due) if now >= due => Pulse::Dead,
            None if self.ping_at().is_some_and(|at| now >= at) => {
                self.probe(now);
                Pulse::Ping
            }
            _ => Pulse::Fine,
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        self.pong_due.or_else(|| self.ping_at())
    }

    fn ping_at(&self) -> Option<Millis> {
        let idle = (self.limits.keep_alive > 0).then(|| self.idle_until());
        let unanswered = self.unanswered_since.map(|since| since + self.limits.answer);
        idle.into_iter().chain(unanswered).min()
    }

    /// A ping leaves before all of the keep-alive is over: a timer is never early, and the bytes take their
    /// time [MQTT-3.1.2-23].
    fn idle_until(&self) -> Millis {
        self.last_sent.min(self.last_received) + self.limits.keep_alive / 4 * 3
    }

    /// What lies ahead of a clock that was put back is taken to be of now, or nothing would be missed for as
    /// long as it was put back.
    fn put_back(&mut self, now: Millis) {
        self.last_sent = self.last_sent.min(now);
        self.last_received = self.last_received.min(now);
        self.unanswered_since = self.unanswered_since.map(|since| since.min(now));
        self.pong_due = self.pong_due.map(|due| due.min(now + self.limits.ping));
    }
}

/// A timer that fires this much after its time was held back by sleep or throttling. In ms.
const LATE: Millis = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn live(keep_alive: Millis) -> Liveness {
        Liveness::new(0, Patience { keep_alive, answer: 10_000, ping: 8_000 })
    }

    #[test]
    fn sending_does_not_hide_a_silent_peer() {
        let mut live = live(60_000);
        for second in 1..45 {
            live.sent(second * 1_000);
            assert_eq!(live.check(second * 1_000), Pulse::Fine);
        }
        assert_eq!(live.check(45_000), Pulse::Ping);
        live.sent(52_000);
        assert_eq!(live.check(53_000), Pulse::Dead);
    }

    #[test]
    fn receiving_does_not_hide_our_own_silence() {
        let mut live = live(60_000);
        for second in 1..45 {
            live.received(second * 1_000);
        }
        assert_eq!(live.check(45_000), Pulse::Ping);
        live.received(45_001);
        assert_eq!(live.next_deadline(), Some(90_000));
    }

    #[test]
    fn a_late_timer_probes_before_it_kills() {
        let mut live = live(60_000);
        assert_eq!(live.check(60_000), Pulse::Ping);
        assert_eq!(live.check(1_800_000), Pulse::Ping);
        assert_eq!(live.check(1_808_000), Pulse::Dead);
    }

    #[test]
    fn a_page_that_only_ever_wakes_late_still_notices() {
        let mut live = live(60_000);
        let pulses = [60_000, 120_000, 180_000].map(|now| live.check(now));
        assert_eq!(pulses, [Pulse::Ping, Pulse::Ping, Pulse::Dead]);
    }

    #[test]
    fn an_unacknowledged_message_is_a_second_detector() {
        let mut live = live(60_000);
        live.asked(1_000);
        live.asked(10_999);
        assert_eq!((live.next_deadline(), live.check(10_999)), (Some(11_000), Pulse::Fine));
        assert_eq!(live.check(11_000), Pulse::Ping);
        live.received(11_001);
        assert_eq!(live.check(20_000), Pulse::Fine);
    }

    #[test]
    fn a_clock_that_is_put_back_hides_a_dead_peer_for_one_keep_alive_and_no_longer() {
        const HOUR: Millis = 3_600_000;
        let mut live = Liveness::new(HOUR, Patience { keep_alive: 60_000, answer: 10_000, ping: 8_000 });
        assert_eq!((live.check(45_000), live.next_deadline()), (Pulse::Fine, Some(90_000)));
        assert_eq!(live.check(90_000), Pulse::Ping);
        // And between a ping and its answer.
        assert_eq!((live.check(1_000), live.next_deadline()), (Pulse::Fine, Some(9_000)));
        assert_eq!(live.check(9_000), Pulse::Dead);
    }

    #[test]
    fn keep_alive_zero_never_pings() {
        let mut live = live(0);
        assert_eq!((live.check(1 << 40), live.next_deadline()), (Pulse::Fine, None));
    }
}
