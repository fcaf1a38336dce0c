//! Something that the hub is asked for: there, on its way, or not to be had; and how old it is.

use alleycat_shared::Millis;

use crate::state::asked::Asked;

/// A value of the hub's.
#[derive(Clone, Debug, PartialEq)]
pub struct Remote<T> {
    asked: Asked<T>,
    /// When the value came, on the page's clock.
    at: Millis,
    /// What the latest question came to, if not to a value.
    failure: Option<String>,
}

impl<T> Remote<T> {
    /// To be asked for at once.
    pub fn wanted(now: Millis) -> Self {
        Self { asked: Asked { ask_at: Some(now), ..Asked::default() }, at: 0, failure: None }
    }

    /// Whether it is time to ask; the question is then under way.
    pub fn asks(&mut self, now: Millis) -> bool {
        self.asked.asks(now)
    }

    /// It came; it is asked for again after `refresh`.
    pub fn answered(&mut self, now: Millis, value: T, refresh: Option<Millis>) {
        self.asked.answered(value);
        self.asked.ask_at = refresh.map(|after| now + after);
        (self.at, self.failure) = (now, None);
    }

    /// What is there is good for ever.
    pub fn stay(&mut self) {
        if let Some(value) = self.asked.value.take() {
            self.asked.answered(value);
            self.failure = None;
        }
    }

    /// It did not come.
    pub fn failed(&mut self, now: Millis, detail: String, wait: Millis) {
        self.asked.failed(now, wait);
        self.failure = Some(detail);
    }

    /// Asks now, if it could not be had and is not being asked for.
    pub fn hurry(&mut self, now: Millis) {
        if self.failure.is_some() {
            self.asked.ask_at = self.asked.ask_at.map(|_| now);
        }
    }

    /// The value, however old.
    pub fn value(&self) -> Option<&T> {
        self.asked.value.as_ref()
    }

    /// What went wrong last, if it did: the hub's word, or empty when there was no answer.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// How many questions in a row came to nothing.
    pub fn failures(&self) -> u32 {
        self.asked.failures
    }

    /// When the value came.
    pub fn at(&self) -> Millis {
        self.at
    }

    /// When to ask next.
    pub fn ask_at(&self) -> Option<Millis> {
        self.asked.ask_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_the_old_value_and_asks_again() {
        let mut remote = Remote::wanted(0);
        assert!(remote.asks(0) && !remote.asks(1), "under way");
        remote.answered(100, 7, Some(5_000));
        assert!(!remote.asks(5_099) && remote.asks(5_100));
        remote.failed(5_200, String::new(), 500);
        assert_eq!((remote.value(), remote.at(), remote.failure()), (Some(&7), 100, Some("")));
        remote.hurry(5_201);
        assert!(remote.asks(5_201), "who is in a hurry does not wait");
        remote.hurry(5_202);
        assert_eq!(remote.ask_at(), None, "but does not ask twice");
        remote.answered(5_300, 8, None);
        assert_eq!((remote.value(), remote.failure(), remote.ask_at()), (Some(&8), None, None));
    }
}
