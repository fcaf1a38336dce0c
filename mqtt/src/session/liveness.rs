//! Keep-alive by two independent wall-clock deadlines: when we last sent, when we last received.
//!
//! The send clock keeps the broker from giving us up; receiving must not push it back. The receive clock
//! finds a dead peer; sending must not push it back. Both are looked at on every wake-up and nothing is
//! counted in ticks, for a browser may sleep through any number of them.

use crate::Millis;

#[derive(Debug)]
pub(crate) struct Liveness {
    keep_alive: Millis,
    ping_timeout: Millis,
    last_sent: Millis,
    last_received: Millis,
    /// An unanswered ping must be answered by then.
    pong_due: Option<Millis>,
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
    pub(crate) fn new(now: Millis, keep_alive: Millis, ping_timeout: Millis) -> Self {
        Self { keep_alive, ping_timeout, last_sent: now, last_received: now, pong_due: None }
    }

    pub(crate) fn sent(&mut self, now: Millis) {
        self.last_sent = now;
    }

    pub(crate) fn received(&mut self, now: Millis) {
        self.last_received = now;
        self.pong_due = None;
    }

    /// A ping goes out now whatever the clocks say, and its answer is due soon.
    pub(crate) fn probe(&mut self, now: Millis) {
        self.pong_due = Some(now + self.ping_timeout);
        self.last_sent = now;
    }

    pub(crate) fn check(&mut self, now: Millis) -> Pulse {
        match self.pong_due {
            // A wake-up this late was asleep, not waiting: the answer may lie unread. Ask once more.
            Some(due) if now >= due + LATE => {
                self.probe(now);
                Pulse::Ping
            }
            Some(due) if now >= due => Pulse::Dead,
            Some(_) => Pulse::Fine,
            None if self.keep_alive > 0 && now >= self.idle_until() => {
                self.probe(now);
                Pulse::Ping
            }
            None => Pulse::Fine,
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Millis> {
        match self.pong_due {
            Some(due) => Some(due),
            None if self.keep_alive > 0 => Some(self.idle_until()),
            None => None,
        }
    }

    fn idle_until(&self) -> Millis {
        self.last_sent.min(self.last_received) + self.keep_alive
    }
}

/// A timer that fires this much after its time was held back by sleep or throttling. In ms.
const LATE: Millis = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_does_not_hide_a_silent_peer() {
        let mut live = Liveness::new(0, 60_000, 8_000);
        for second in 1..60 {
            live.sent(second * 1_000);
            assert_eq!(live.check(second * 1_000), Pulse::Fine);
        }
        assert_eq!(live.check(60_000), Pulse::Ping);
        live.sent(67_000);
        assert_eq!(live.check(68_000), Pulse::Dead);
    }

    #[test]
    fn receiving_does_not_hide_our_own_silence() {
        let mut live = Liveness::new(0, 60_000, 8_000);
        for second in 1..60 {
            live.received(second * 1_000);
        }
        assert_eq!(live.check(60_000), Pulse::Ping);
        live.received(60_001);
        assert_eq!(live.next_deadline(), Some(120_000));
    }

    #[test]
    fn a_late_timer_probes_before_it_kills() {
        let mut live = Liveness::new(0, 60_000, 8_000);
        assert_eq!(live.check(60_000), Pulse::Ping);
        assert_eq!(live.check(1_800_000), Pulse::Ping);
        assert_eq!(live.check(1_808_000), Pulse::Dead);
    }

    #[test]
    fn keep_alive_zero_never_pings() {
        let mut live = Liveness::new(0, 0, 8_000);
        assert_eq!((live.check(1 << 40), live.next_deadline()), (Pulse::Fine, None));
    }
}
