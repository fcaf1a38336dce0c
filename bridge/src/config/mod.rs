//! The command line, and what it must be to make sense.

mod bike;
mod examples;
mod settings;
mod source;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alleycat_shared::config::{BRIDGE_PORT, HUB_PORT};
use clap::{Args, Parser, Subcommand};
use thiserror::Error;
use url::Url;

pub use alleycat_sensors::Driver;
pub use bike::{Bike, DriverChoice, Line, PortChoice};
pub use settings::{Ends, Settings, Start};
pub use source::Source;

use crate::install::Place;
use crate::kiosk::Browser;
use crate::sensor::replay::Capture;
use crate::sensor::script::Script;

/// Reads an exercise bike's serial sensor and streams its readings to the race page on this machine.
#[derive(Debug, Parser)]
#[command(name = "alleycat-bridge", version, after_help = examples::ALL)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the bridge can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads the bike at a serial port.
    #[command(after_help = examples::RUN)]
    Run {
        /// The bike.
        #[command(flatten)]
        bike: Bike,
        /// The page's side.
        #[command(flatten)]
        serve: Serve,
    },
    /// Rides a bike that is not there: for demonstrations and for work on the page.
    #[command(after_help = examples::VIRTUAL)]
    Virtual {
        /// Any number; the same one gives the same ride.
        #[arg(long, default_value_t = 1, env = "ALLEYCAT_BRIDGE_SEED")]
        seed: u64,
        /// A script of what happens when, see docs/bridge.md.
        #[arg(long, value_name = "FILE", value_parser = script, env = "ALLEYCAT_BRIDGE_SCRIPT")]
        script: Option<Script>,
        /// The page's side.
        #[command(flatten)]
        serve: Serve,
    },
    /// Reads the bike as `run` does, and writes all that is heard and said to a file.
    #[command(after_help = examples::RECORD)]
    Record {
        /// The capture, a text file; it must not be there yet.
        file: PathBuf,
        /// The bike.
        #[command(flatten)]
        bike: Bike,
        /// The page's side.
        #[command(flatten)]
        serve: Serve,
    },
    /// Plays a capture as if its bike were there, again and again.
    #[command(after_help = examples::REPLAY)]
    Replay {
        /// The capture.
        #[arg(value_parser = capture)]
        file: Arc<Capture>,
        /// Times the speed of life, 0.01 to 1000.
        #[arg(long, default_value_t = 1.0, value_parser = speed)]
        speed: f64,
        /// Only once; then the bike is gone.
        #[arg(long)]
        once: bool,
        /// The page's side.
        #[command(flatten)]
        serve: Serve,
    },
    /// Lists the serial ports of this machine and what is plugged into them.
    #[command(after_help = examples::LIST)]
    List,
    /// Looks for the bike once, and tells each step: which port, at which rate, what was heard.
    #[command(after_help = examples::PROBE)]
    Probe {
        /// The bike.
        #[command(flatten)]
        bike: Bike,
    },
    /// Shows the page in Chromium, full screen, and starts the browser again when it ends or hangs.
    #[command(after_help = examples::KIOSK)]
    Kiosk {
        /// The browser.
        #[command(flatten)]
        kiosk: Browser,
    },
    /// Installs this program as a service of this machine, with its udev rules; needs sudo.
    #[command(after_help = examples::INSTALL)]
    Install {
        /// The user as whom the service runs.
        #[arg(long, value_name = "NAME")]
        user: String,
        /// Where and how.
        #[command(flatten)]
        place: Place,
    },
    /// Undoes `install`, and leaves the settings in /etc/alleycat.
    #[command(after_help = examples::UNINSTALL)]
    Uninstall {
        /// Where and how.
        #[command(flatten)]
        place: Place,
    },
}

/// The page's side of the bridge.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The page and the hub")]
pub struct Serve {
    /// A TOML file with these options by their names, for example `port = "/dev/ttyUSB0"`. The environment
    /// and the command line come before it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Address of the page and of the sensor's WebSocket; port 0 takes a free one.
    #[arg(long, default_value_t = SocketAddr::from(([127, 0, 0, 1], BRIDGE_PORT)), env = "ALLEYCAT_BRIDGE_LISTEN")]
    pub listen: SocketAddr,

    /// Let other machines reach the bridge when --listen says so.
    #[arg(long, env = "ALLEYCAT_BRIDGE_ALLOW_LAN")]
    pub allow_lan: bool,

    /// The hub, whose configuration and API are passed on to the page.
    #[arg(long, value_name = "URL", default_value_t = hub_url(), value_parser = http_url, env = "ALLEYCAT_BRIDGE_HUB")]
    pub hub: Url,

    /// A PEM file of who else may vouch for a hub behind https, for example the gym's own authority. The
    /// browser has to know it as well.
    #[arg(long, value_name = "FILE", env = "ALLEYCAT_BRIDGE_HUB_CA")]
    pub hub_ca: Option<PathBuf>,

    /// Folder of the built page.
    #[arg(long, value_name = "DIR", env = "ALLEYCAT_BRIDGE_PAGE")]
    pub page: Option<PathBuf>,

    /// Folder in which the hub's last good page and configuration are kept for when the hub is away. The
    /// page is served from there unless --page names another.
    #[arg(long, value_name = "DIR", env = "ALLEYCAT_BRIDGE_STATE")]
    pub state: Option<PathBuf>,

    /// Another origin whose pages may read the sensor, for example http://localhost:8081.
    #[arg(
        long = "allow-origin",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = origin,
        env = "ALLEYCAT_BRIDGE_ALLOW_ORIGIN"
    )]
    pub allow_origins: Vec<Url>,
}

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
    /// A port that is no device.
    #[error("{} is no serial port: `alleycat-bridge list` shows those that are there", .0.display())]
    NoDevice(PathBuf),
    /// A driver for the brave.
    #[error(
        "{0} is experimental: its protocol is known in part only. Add --experimental if it is to be tried"
    )]
    Experimental(&'static str),
    /// A stick without its key.
    #[error(
        "an ANT+ stick hears nothing without the network key: get it from thisisant.com and give it by --ant-key"
    )]
    NoKey,
    /// A capture that does not say what was recorded.
    #[error(
        "the capture does not name its driver: write `# driver line`, or another one, below its first line"
    )]
    NoDriver,
    /// An address that other machines reach.
    #[error("{0} is open to other machines: add --allow-lan if that is wanted")]
    NotLoopback(SocketAddr),
}

impl Serve {
    /// Checks what the command line alone can't.
    ///
    /// # Errors
    /// [`ConfigError`] with one sentence on what is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !self.listen.ip().is_loopback() && !self.allow_lan {
            return Err(ConfigError::NotLoopback(self.listen));
        }
        match &self.page {
            Some(page) if !page.join("index.html").is_file() => Err(ConfigError::NoPage(page.clone())),
            _ => Ok(()),
        }
    }
}

fn hub_url() -> Url {
    Url::parse(&format!("http://127.0.0.1:{HUB_PORT}")).expect("the address is plain")
}

fn http_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        Ok(url)
    } else {
        Err("the hub's address begins with http:// or https://".into())
    }
}

/// A page's origin: a scheme, a host and perhaps a port. Anything else would be told as `null`, which is
/// what hostile pages say of themselves as well.
fn origin(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    // Nothing but the origin was given if it is all there is.
    url.filter(|url| url.as_str().strip_suffix('/') == Some(&url.origin().ascii_serialization()))
        .ok_or_else(|| "an origin is http:// or https:// and a host, as in http://localhost:8081".into())
}

fn script(path: &str) -> Result<Script, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    text.parse().map_err(|error: crate::sensor::script::ScriptError| error.to_string())
}

fn capture(path: &str) -> Result<Arc<Capture>, String> {
    Capture::read(Path::new(path)).map(Arc::new).map_err(|error| error.to_string())
}

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok().filter(|speed| (0.01..=1_000.0).contains(speed));
    speed.ok_or_else(|| "a speed is a number between 0.01 and 1000".into())
}
