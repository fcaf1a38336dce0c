//! What the shells have in common: a state that others look at, and waits that may have no end.

use std::sync::{Arc, Mutex};

use tokio::time::Instant;

/// A state that one task keeps and others look at; clones see the same.
#[derive(Debug, Default)]
pub(super) struct Watched<T>(Arc<Mutex<T>>);

impl<T> Watched<T> {
    /// Looks at a part of the state, or changes it.
    pub(super) fn with<P>(&self, part: impl FnOnce(&mut T) -> P) -> P {
        part(&mut self.0.lock().expect("nobody panics while counting"))
    }
}

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Waits until a moment; without one for ever.
pub(super) async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
