//! What the whole-system tests are built from: our programs as processes, a bike on a pty, a browser.
//!
//! Other people's brokers and clients come from `MOSQUITTO`, `ALLEYCAT_NODE_MODULES` and `ALLEYCAT_PYTHON`, the
//! programs and the page from `ALLEYCAT_BIN` and `ALLEYCAT_PAGE`, the browser from `CHROMIUM` and `CHROMEDRIVER`;
//! `cargo xtask test` builds and sets all of them.

mod bike;
mod brokers;
mod browser;
mod clock;
#[cfg(feature = "kinesis")]
mod kinesis;
mod line_bike;
mod programs;
mod proxy;
mod race_hub;
mod radio;

pub use bike::{Bike, Mood};
pub use brokers::{Broker, address};
pub use browser::{Browser, Page, TABLET};
pub use clock::race_now;
#[cfg(feature = "kinesis")]
pub use kinesis::{Emulator, Kinesis};
pub use line_bike::LineBike;
pub use programs::{Program, Programs, free_port};
pub use proxy::{Fate, Proxy};
pub use race_hub::RaceHub;
pub use radio::RadioBike;

use std::ffi::OsString;
use std::time::Duration;

use anyhow::{Context, bail};

/// The Python that has other people's programs.
///
/// # Errors
/// When `ALLEYCAT_PYTHON` is not set.
pub fn python() -> anyhow::Result<OsString> {
    std::env::var_os("ALLEYCAT_PYTHON")
        .context("ALLEYCAT_PYTHON is not set: run `cargo xtask test --only system`")
}

/// Asks again and again until there is an answer.
///
/// # Errors
/// When there is none within `limit`; the text says what was waited for.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let asking = async {
        loop {
            if let Some(answer) = ask().await? {
                return anyhow::Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    match tokio::time::timeout(limit, asking).await {
        Ok(answer) => answer.with_context(|| format!("while waiting: {what}")),
        Err(_) => bail!("waited {} s in vain: {what}", limit.as_secs()),
    }
}
