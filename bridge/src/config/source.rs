//! Where readings come from.

use std::sync::Arc;

use clap::{Args, FromArgMatches};

use super::{Bike, ConfigError, DriverChoice, Line, Settings};
use crate::sensor::replay::Capture;
use crate::sensor::script::Script;

/// Where readings come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A serial port.
    Serial(Bike),
    /// A bike that is not there.
    Virtual {
        /// The ride.
        seed: u64,
        /// What happens when; without one it rides for ever.
        script: Option<Script>,
    },
    /// A capture.
    Replay {
        /// The line that was recorded.
        line: Line,
        /// How its bike is.
        settings: Settings,
        /// What it said.
        capture: Arc<Capture>,
        /// Times the speed of life.
        speed: f64,
        /// Whether it is gone after its last word.
        once: bool,
    },
}

impl Source {
    /// A capture with the settings it was made with.
    ///
    /// # Errors
    /// When the capture's settings are none, for example a driver that is not known here.
    pub fn replay(capture: Arc<Capture>, speed: f64, once: bool) -> anyhow::Result<Self> {
        // The one place that knows what settings may be is the command line.
        let command = Bike::augment_args(clap::Command::new("replay"));
        let known = |name| command.get_arguments().any(|option| option.get_long() == Some(name));
        let settings = capture.settings().filter(|(name, _)| *name != "port" && known(name));
        let args = settings.map(|(name, value)| format!("--{name}={value}"));
        let args = ["replay".to_owned(), "--port=a capture".to_owned()].into_iter().chain(args);
        let args: Vec<_> = args.collect();
        let matches = command.try_get_matches_from(args)?;
        let bike = Bike::from_arg_matches(&matches)?;
        let line = bike.line().ok_or(ConfigError::NoDriver)?;
        Ok(Self::Replay { line, settings: bike.settings, capture, speed, once })
    }

    /// Checks what the command line alone can't. A device that is not there is no error: it may come.
    ///
    /// # Errors
    /// [`ConfigError`] with one sentence on what is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        if let Self::Serial(bike) = self { bike.check() } else { Ok(()) }
    }

    /// The name of the protocol, as far as it is known from the start.
    pub const fn driver(&self) -> &'static str {
        match self {
            Self::Serial(Bike { driver: DriverChoice::Driver(driver), .. }) => driver.name(),
            Self::Serial(_) => "auto",
            Self::Replay { line, .. } => line.driver.name(),
            Self::Virtual { .. } => "virtual",
        }
    }

    /// The device as the page shows it, as far as it is known from the start.
    pub fn port(&self) -> String {
        match self {
            Self::Serial(bike) => bike.port.to_string(),
            Self::Replay { .. } => "a capture".to_owned(),
            Self::Virtual { .. } => "no bike".to_owned(),
        }
    }
}
