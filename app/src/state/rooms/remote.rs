//! Something that the hub is asked for: there, on its way, or not to be had; and how old it is.

use alleycat_shared::Millis;

/// A value of the hub's.
#[derive(Clone, Debug, PartialEq)]
pub struct Remote<T> {
    value: Option<T>,
    /// When the value came, on the page's clock.
    at: Millis,
    /// What the latest question came to, if not to a value.
    failure: Option<String>,
    failures: u32,
    /// When to ask; `None` while the question is under way, or when there is nothing to ask any more.
    ask_at: Option<Millis>,
}

impl<T> Remote<T> {
    /// To be asked for at once.
    pub fn wanted(now: Millis) -> Self {
        Self { value: None, at: 0, failure: None, failures: 0, ask_at: Some(now) }
    }

    /// Whether it is time to ask; the question is then under way.
    pub fn asks(&mut self, now: Millis) -> bool {
        self.ask_at.take_if(|at| *at <= now).is_some()
    }

    /// It came; it is asked for again after `refresh`.
    pub fn answered(&mut self, now: Millis, value: T, refresh: Option<Millis>) {
        *self = Self {
            value: Some(value),
            at: now,
            failure: None,
            failures: 0,
            ask_at: refresh.map(|after| now + after),
        };
    }

    /// It did not come.
    pub fn failed(&mut self, now: Millis, detail: String, wait: Millis) {
        self.failure = Some(detail);
        self.failures = self.failures.saturating_add(1);
        self.ask_at = Some(now + wait);
    }

    /// Asks now, if it could not be had and is not being asked for.
    pub fn hurry(&mut self, now: Millis) {
        if self.failure.is_some() {
            self.ask_at = self.ask_at.map(|_| now);
        }
    }

    /// The value, however old.
    pub fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// What went wrong last, if it did: the hub's word, or empty when there was no answer.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// How many questions in a row came to nothing.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// When the value came.
    pub fn at(&self) -> Millis {
        self.at
    }

    /// When to ask next.
    pub fn ask_at(&self) -> Option<Millis> {
        self.ask_at
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
