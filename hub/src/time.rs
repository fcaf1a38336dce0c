//! The hub's clock: the one that everybody's races follow; and days in UTC, for people and for folders.

use std::time::{SystemTime, UNIX_EPOCH};

use alleycat_shared::Millis;
use time::OffsetDateTime;

/// Now, in epoch ms.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

/// A moment in UTC; that of epoch 0 if no calendar has it.
pub(crate) fn utc(at: Millis) -> OffsetDateTime {
    let seconds = i64::try_from(at / 1_000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A moment's day in UTC, as `2026-11-23`.
pub(crate) fn day(at: Millis) -> String {
    let date = utc(at).date();
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// A day, in ms.
pub(crate) const DAY_MS: Millis = 24 * 3_600_000;
