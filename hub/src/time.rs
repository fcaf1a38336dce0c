//! The hub's clock: the one that everybody's races follow.

use std::time::{SystemTime, UNIX_EPOCH};

use alleycat_shared::Millis;

/// Now, in epoch ms.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
