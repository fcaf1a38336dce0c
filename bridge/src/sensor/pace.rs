//! How long to wait before a port is opened again.

use std::path::Path;
use std::time::Duration;

use alleycat_sensors::BACK_OFF_MS;
use tokio::time::Instant;

/// Longer each time, and no longer than until the device comes back.
#[derive(Debug, Default)]
pub(super) struct Pace {
    tries: usize,
    /// When the device was last seen to be absent.
    absent: Option<Instant>,
}

impl Pace {
    /// Whether the device has been there long enough for its refusal to be believed: right after plugging
    /// in, the system needs a moment to hand a device over.
    pub(super) fn settled(&self) -> bool {
        self.absent.is_none_or(|absent| absent.elapsed() > SETTLE)
    }

    /// Waits until the port is worth another try.
    pub(super) async fn wait(&mut self, device: &Path) {
        let wait = BACK_OFF_MS[self.tries.min(BACK_OFF_MS.len() - 1)];
        let limit = Instant::now() + Duration::from_millis(wait);
        self.tries += 1;
        let mut was_there = exists(device).await;
        while Instant::now() < limit {
            if !was_there {
                self.absent = Some(Instant::now());
            }
            tokio::time::sleep(LOOK).await;
            let there = exists(device).await;
            if there && !was_there {
                self.tries = 0;
                return;
            }
            was_there = there;
        }
    }
}

async fn exists(path: &Path) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

/// How often to look whether the device is back.
const LOOK: Duration = Duration::from_millis(250);
/// How long a device that was just plugged in may still be refused.
const SETTLE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn tries_are_further_and_further_apart_while_the_device_stays() {
        let mut pace = Pace::default();
        let device = std::env::current_exe().unwrap();
        for seconds in [0.5, 1.0, 2.0, 5.0, 5.0] {
            let before = Instant::now();
            pace.wait(&device).await;
            let waited = before.elapsed().as_secs_f64();
            assert!((seconds..seconds + 0.3).contains(&waited), "{waited} s, not {seconds} s");
        }
        assert!(pace.settled());
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_comes_back_is_tried_at_once_and_believed_later() {
        let folder = tempfile::tempdir().unwrap();
        let device = folder.path().join("ttyUSB0");
        let mut pace = Pace { tries: 9, absent: None };
        let before = Instant::now();
        let plug = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            std::fs::write(&device, "").unwrap();
        };
        tokio::join!(pace.wait(&device), plug);
        assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
        assert!(!pace.settled());
        tokio::time::sleep(SETTLE).await;
        assert!(pace.settled());
    }
}
