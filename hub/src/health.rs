//! How the hub fares, in words: what `/healthz` and the host's page tell.

use std::sync::atomic::Ordering;
use std::time::Duration;

use alleycat_shared::Millis;

use crate::hub::Shared;

/// Each part in a few words, and what is wrong in whole sentences.
pub(crate) struct Health {
    pub(crate) store: String,
    pub(crate) archive: String,
    pub(crate) tls: String,
    pub(crate) broker: &'static str,
    pub(crate) rules: String,
    pub(crate) stream: String,
    /// Nothing here: all is well.
    pub(crate) troubles: Vec<String>,
}

/// Why a stream is not read further.
pub(crate) struct StreamState {
    #[cfg(feature = "kinesis")]
    pub(crate) progress: alleycat_stream::kinesis::Progress,
}

impl StreamState {
    /// Why it can't be read, if so.
    fn trouble(&self) -> Option<String> {
        #[cfg(feature = "kinesis")]
        let trouble = self.progress.trouble();
        #[cfg(not(feature = "kinesis"))]
        let trouble = None;
        trouble
    }
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
        let waiting = self.journal.outbox_bytes() / 1024;
        let unread = self.route.as_ref().and_then(|route| route.trouble());
        if let Some(trouble) = &unread {
            troubles.push(format!(
                "The rules file can't be followed as it is now, and the rules before are: mend it and send SIGHUP again. \
                 {trouble}"
            ));
        }
        let rules = match (self.route.is_some(), self.journal.outbox_is_full()) {
            (false, _) => "none".to_owned(),
            (true, false) if unread.is_some() => {
                format!("those before the file was changed, {waiting} KiB wait for their targets")
            }
            (true, false) => format!("ok, {waiting} KiB wait for their targets"),
            (true, true) => {
                troubles.push(
                    "The outbox of the rules is full: a target takes nothing, and riders' messages wait with them. Look \
                     at the log, or allow more with --outbox-mib."
                        .to_owned(),
                );
                format!("the outbox is full, {waiting} KiB wait for their targets")
            }
        };
        let behind_ms = self.races.behind_stream(now);
        let behind = match behind_ms {
            Some(ms) => format!("{:.1} s behind", Duration::from_millis(ms).as_secs_f64()),
            None => "not read yet".to_owned(),
        };
        let stream = match self.stream.as_ref().map(StreamState::trouble) {
            None => "none".to_owned(),
            Some(None) => {
                if behind_ms.is_some_and(|ms| ms > LAGGING_MS) {
                    troubles.push(format!(
                        "The races are {behind} of their stream, and so are the boards: this hub takes less than comes, or \
                         the stream has too few shards."
                    ));
                }
                behind
            }
            Some(Some(trouble)) => {
                troubles.push(format!(
                    "The stream can't be read: {trouble}. Races wait for it and lose nothing while it keeps its records."
                ));
                format!("can't be read, {behind}: {trouble}")
            }
        };
        Health { store, archive, tls, broker, rules, stream, troubles }
    }
}

/// Boards that are later than this are worth a word.
const LAGGING_MS: Millis = 10_000;
