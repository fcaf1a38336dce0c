//! Which bike is read, and how bikes of each kind are.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::{ConfigError, Driver, Settings};
use crate::sensor::record::Recorder;

/// A bike at a serial port.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The bike")]
pub struct Bike {
    /// The port, or `auto`: all USB ports are tried, what hit the last time first. Paths in
    /// /dev/serial/by-id stay the same when cables change places.
    #[arg(long, value_name = "auto|PATH", default_value_t = PortChoice::Auto, env = "ALLEYCAT_BRIDGE_PORT")]
    pub port: PortChoice,

    /// The protocol that the bike speaks. `auto` listens first and then asks, one protocol after the
    /// other; with a protocol nothing of any other is ever sent.
    #[arg(long, value_enum, default_value_t = DriverChoice::Auto, env = "ALLEYCAT_BRIDGE_DRIVER")]
    pub driver: DriverChoice,

    /// The ports that `--port auto` tries, instead of all USB ones.
    #[arg(long, value_name = "PATH", value_delimiter = ',', env = "ALLEYCAT_BRIDGE_SEARCH")]
    pub search: Vec<PathBuf>,

    /// Bits a second; each driver has its usual value.
    #[arg(long, env = "ALLEYCAT_BRIDGE_BAUD", value_parser = clap::value_parser!(u32).range(300..=4_000_000))]
    pub baud: Option<u32>,

    /// How bikes of each kind are.
    #[command(flatten)]
    pub settings: Settings,

    /// Where all that is heard and said is written to.
    #[arg(skip)]
    pub recorder: Option<Recorder>,
}

/// A port, or the wish to find one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortChoice {
    /// Whatever a bike is found at.
    Auto,
    /// This one.
    Path(PathBuf),
}

/// A protocol, or the wish to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriverChoice {
    /// Whatever the bike speaks.
    Auto,
    /// This one.
    Driver(Driver),
}

/// A port, and how it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The device.
    pub port: PathBuf,
    /// The protocol.
    pub driver: Driver,
    /// Bits a second.
    pub baud: u32,
}

impl Bike {
    /// Reads on, and records.
    ///
    /// # Errors
    /// When the file is there already, or can't be made.
    pub fn recorded(mut self, file: &Path) -> io::Result<Self> {
        self.recorder = Some(Recorder::create(file)?);
        Ok(self)
    }

    /// Checks what the command line alone can't. A device that is not there is no error: it may come.
    ///
    /// # Errors
    /// [`ConfigError`] with one sentence on what is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        if let DriverChoice::Driver(driver) = self.driver {
            if driver.is_experimental() && !self.settings.experimental {
                return Err(ConfigError::Experimental(driver.name()));
            }
            if driver == Driver::Ant && self.settings.ant_key.is_none() {
                return Err(ConfigError::NoKey);
            }
        }
        let PortChoice::Path(port) = &self.port else { return Ok(()) };
        match std::fs::metadata(port) {
            Ok(there) if !there.file_type().is_char_device() => Err(ConfigError::NoDevice(port.clone())),
            _ => Ok(()),
        }
    }

    /// The line, if nothing of it is to be found out.
    pub fn line(&self) -> Option<Line> {
        let (PortChoice::Path(port), DriverChoice::Driver(driver)) = (&self.port, self.driver) else {
            return None;
        };
        Some(Line { port: port.clone(), driver, baud: self.baud.unwrap_or_else(|| driver.baud()) })
    }
}

impl Line {
    /// What a capture says of its port, by the options' names.
    pub(crate) fn described(&self, settings: &Settings) -> Vec<(&'static str, String)> {
        let mut told = vec![
            ("driver", self.driver.name().to_owned()),
            ("port", self.port.display().to_string()),
            ("baud", self.baud.to_string()),
        ];
        told.extend(settings.described());
        told
    }
}

impl FromStr for PortChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == AUTO { Self::Auto } else { Self::Path(text.into()) })
    }
}

impl fmt::Display for PortChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str(AUTO),
            Self::Path(path) => path.display().fmt(f),
        }
    }
}

impl ValueEnum for DriverChoice {
    fn value_variants<'a>() -> &'a [Self] {
        const CHOICES: [DriverChoice; 1 + Driver::ALL.len()] = {
            let mut choices = [DriverChoice::Auto; 1 + Driver::ALL.len()];
            let mut at = 0;
            while at < Driver::ALL.len() {
                choices[at + 1] = DriverChoice::Driver(Driver::ALL[at]);
                at += 1;
            }
            choices
        };
        &CHOICES
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(match self {
            Self::Auto => clap::builder::PossibleValue::new(AUTO).help("Find out"),
            Self::Driver(driver) => clap::builder::PossibleValue::new(driver.name()).help(driver.bikes()),
        })
    }
}

/// The word for "find it out".
const AUTO: &str = "auto";
