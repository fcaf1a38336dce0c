//! One timer of the page's. A browser wakes a hidden page once a minute, which a keep-alive of 120 s bears.

use std::rc::Rc;

use gloo_timers::callback::Timeout;

/// Fires once at the latest time it was set to.
pub(super) struct Timer {
    timeout: Option<Timeout>,
    fire: Rc<dyn Fn()>,
    /// When it fires next, in epoch ms.
    due: Option<u64>,
}

impl Timer {
    pub(super) fn new(fire: impl Fn() + 'static) -> Self {
        Self { timeout: None, fire: Rc::new(fire), due: None }
    }

    /// Has it fire at `due`. One that would fire earlier is left as it is: waking for nothing does no
    /// harm, and setting a timer for every packet would.
    pub(super) fn set(&mut self, due: Option<u64>, now: impl Fn() -> u64) {
        let Some(due) = due else { return };
        if self.due.is_some_and(|set| set <= due) {
            return;
        }
        self.due = Some(due);
        let wait = u32::try_from(due.saturating_sub(now())).unwrap_or(LONGEST_MS).min(LONGEST_MS);
        let fire = self.fire.clone();
        self.timeout = Some(Timeout::new(wait, move || fire()));
    }

    /// It has fired.
    pub(super) fn fired(&mut self) {
        self.due = None;
    }
}

/// A browser's timer overflows at 2^31 ms.
const LONGEST_MS: u32 = 3_600_000;
