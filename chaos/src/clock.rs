//! This machine's clock, which hub, bridge, riders and page share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alleycat_shared::Millis;

/// Epoch ms.
pub(crate) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(Millis::MAX)
}

/// Waits until this moment.
pub(crate) async fn sleep_until(at: Millis) {
    tokio::time::sleep(Duration::from_millis(at.saturating_sub(now()))).await;
}
