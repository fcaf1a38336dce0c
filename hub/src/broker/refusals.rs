//! Tells the log of refused messages without letting those who send them write it full.

use std::sync::Mutex;

use alleycat_shared::Millis;
use alleycat_shared::message::Refusal;

/// Speaks at once, and then at most every ten seconds. The metrics count every one.
#[derive(Default)]
pub(crate) struct Refusals {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    spoke: Option<Millis>,
    unsaid: u64,
}

impl Refusals {
    /// Notes a refused message, and logs it if it is time to.
    pub(super) fn note(&self, client: &str, refusal: &Refusal, now: Millis) {
        if let Some(unsaid) = self.due(now) {
            tracing::warn!(client, reason = refusal.reason(), %refusal, others = unsaid, "message refused");
        }
    }

    /// Whether to speak; if so, how many went unsaid since the last time.
    fn due(&self, now: Millis) -> Option<u64> {
        let mut state = self.state.lock().expect("no holder of this lock panics");
        if state.spoke.is_some_and(|spoke| now.saturating_sub(spoke) < PERIOD_MS) {
            state.unsaid += 1;
            return None;
        }
        state.spoke = Some(now);
        Some(std::mem::take(&mut state.unsaid))
    }
}

const PERIOD_MS: Millis = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_at_once_and_then_every_ten_seconds_of_all() {
        let refusals = Refusals::default();
        assert_eq!(refusals.due(5), Some(0));
        assert_eq!((refusals.due(6), refusals.due(10_004)), (None, None));
        assert_eq!(refusals.due(10_005), Some(2));
        assert_eq!(refusals.due(30_000), Some(0));
    }
}
