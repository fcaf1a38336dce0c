//! Something that is asked for until it is there, and when.

use alleycat_shared::Millis;

/// Something that is asked for until it is there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Asked<T> {
    pub(super) value: Option<T>,
    /// When to ask; `None` while the question is under way, or when there is nothing to ask.
    pub(super) ask_at: Option<Millis>,
    pub(super) failures: u32,
}

impl<T> Asked<T> {
    /// Whether it is time to ask; the question is then under way.
    pub(super) fn asks(&mut self, now: Millis) -> bool {
        self.ask_at.take_if(|at| *at <= now).is_some()
    }

    /// It came; nothing more is asked.
    pub(super) fn answered(&mut self, value: T) {
        *self = Self { value: Some(value), ask_at: None, failures: 0 };
    }

    /// Asks at once for what is not there, instead of waiting until it is tried again.
    pub(super) fn hurry(&mut self, now: Millis) {
        if self.value.is_none() {
            self.ask_at = self.ask_at.map(|at| at.min(now));
        }
    }

    /// It did not come; it is asked for again after `wait`.
    pub(super) fn failed(&mut self, now: Millis, wait: Millis) {
        self.failures = self.failures.saturating_add(1);
        self.ask_at = Some(now + wait);
    }
}

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self { value: None, ask_at: None, failures: 0 }
    }
}
