//! Why a configuration can't work.

use std::path::PathBuf;

use alleycat_shared::RaceSecond;
use thiserror::Error;

/// A configuration that can't work.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The folder of the page is not there, or holds no page.
    #[error(
        "there is no page in {}: build it with `cargo xtask page`, which leaves it in target/page, or leave --page \
         out",
        .0.display()
    )]
    NoPage(PathBuf),
    /// An archive is wanted of what is not kept.
    #[error("an archive is made from what is kept: give --data DIR too, or leave --archive out")]
    ArchiveOfNothing,
    /// Only an external broker has several hubs, and pages that must be told where it is.
    #[error("{0} is for an external broker: give --broker too, or leave it out")]
    WithoutBroker(&'static str),
    /// The embedded broker's ports are wanted beside an external broker.
    #[error("with an external broker the hub offers no MQTT of its own: leave {0} out")]
    TwoBrokers(&'static str),
    /// Pages don't know where the broker is.
    #[error(
        "say where riders' pages find the broker: --broker-url-for-pages with its ws:// or wss:// address as seen from \
         a rider's browser, without a user's name"
    )]
    NoUrlForPages,
    /// Browsers would refuse the broker.
    #[error(
        "a page that comes over https may speak to a broker over wss:// alone: change --broker-url-for-pages"
    )]
    NotSecure,
    /// No broker takes such a name.
    #[error("a name of --share is not empty and has none of / + #")]
    ShareName,
    /// There is no Kinesis in this program.
    #[error(
        "this hub was built without Kinesis: build it with `cargo build --release -p alleycat-hub --features \
         kinesis`, or leave --stream out"
    )]
    NoKinesis,
    /// A race can't have that many seconds.
    #[error("a race has 1 to {max} seconds, not {0}", max = RaceSecond::MAX)]
    RaceSeconds(u16),
}
