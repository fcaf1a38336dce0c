//! How the hub fares, in words: what `/healthz` and the host's page tell.

use std::sync::atomic::Ordering;

use alleycat_shared::Millis;

use crate::hub::Shared;

/// Each part in a few words, and what is wrong in whole sentences.
pub(crate) struct Health {
    pub(crate) store: String,
    pub(crate) archive: String,
    pub(crate) tls: String,
    pub(crate) broker: &'static str,
    /// Nothing here: all is well.
    pub(crate) troubles: Vec<String>,
}

impl Shared {
    /// How the hub fares at `now`.
    pub(crate) fn health(&self, now: Millis) -> Health {
        let mut troubles = Vec::new();
        let store = match self.journal.failing() {
            Some(reason) => {
                troubles.push(format!(
                    "The store can't be written: {reason}. Races go on and riders' pages keep their seconds: free some \
                     room or mend the disk."
                ));
                format!("can't be written, so nothing is acknowledged: {reason}")
            }
            None if self.store.is_kept() => "ok".to_owned(),
            None => "in memory".to_owned(),
        };
        let archive = match self.archive.as_ref().map(|archive| archive.borrow().clone()) {
            None => "none".to_owned(),
            Some(None) => "ok".to_owned(),
            Some(Some(reason)) => {
                troubles.push(format!(
                    "The archive stands still: {reason}. Nothing is lost, it catches up: free some room or mend the disk."
                ));
                format!("stands still, the journal keeps its messages meanwhile: {reason}")
            }
        };
        let tls = match self.tls.as_ref().map(|tls| tls.trouble(now)) {
            None => "none".to_owned(),
            Some(None) => "ok".to_owned(),
            Some(Some(trouble)) => {
                troubles.push(format!("TLS: {trouble}."));
                trouble
            }
        };
        let broker = match self.outside.as_ref().map(|outside| outside.load(Ordering::Relaxed)) {
            None => "embedded",
            Some(true) => "connected",
            Some(false) => {
                troubles.push(
                    "The broker is not reached: riders keep their seconds, and no boards go out. Look at it, and at \
                     `alleycat-hub doctor`."
                        .to_owned(),
                );
                "not reached"
            }
        };
        Health { store, archive, tls, broker, troubles }
    }
}
