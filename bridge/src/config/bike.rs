//! Which bike is read, and how bikes of each kind are.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use alleycat_sensors::DEFAULT_MAX_TORQUE;
use alleycat_sensors::line::Column;
use alleycat_shared::Resistance;
use clap::{Args, ValueEnum};

use super::driver::Driver;
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

/// How bikes of each kind are.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Bikes of some kinds")]
pub struct Settings {
    /// What the columns of a line sensor's list are, in order: cadence, resistance, adc, power,
    /// revolutions, millis, pulses or skip.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "cadence,resistance",
        env = "ALLEYCAT_BRIDGE_COLUMNS"
    )]
    pub columns: Vec<Column>,

    /// The resistance in per cent that is told for a bike that tells none, as a line sensor that prints
    /// `$BIKE,92,*0E` or a cadence alone. The page is told that it is not measured.
    #[arg(long, value_name = "PERCENT", default_value = "35", value_parser = percent, env = "ALLEYCAT_BRIDGE_FIXED_RESISTANCE")]
    pub fixed_resistance: Resistance,

    /// The torque at the crank in Nm that is 100 %, for bikes that tell power and no resistance.
    #[arg(long, value_name = "NM", default_value_t = DEFAULT_MAX_TORQUE, value_parser = torque, env = "ALLEYCAT_BRIDGE_MAX_TORQUE")]
    pub max_torque: f64,
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
        let Settings { columns, fixed_resistance, max_torque } = settings;
        let columns: Vec<_> = columns.iter().map(|column| format!("{column:?}").to_lowercase()).collect();
        vec![
            ("driver", self.driver.name().to_owned()),
            ("port", self.port.display().to_string()),
            ("baud", self.baud.to_string()),
            ("columns", columns.join(",")),
            ("fixed-resistance", fixed_resistance.get().to_string()),
            ("max-torque", max_torque.to_string()),
        ]
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

fn percent(text: &str) -> Result<Resistance, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    Resistance::try_from(value).map_err(|error| error.to_string())
}

fn torque(text: &str) -> Result<f64, String> {
    let torque = text.parse().ok().filter(|torque| (5.0..=200.0).contains(torque));
    torque.ok_or_else(|| "a torque is a number of Nm between 5 and 200".into())
}

/// The word for "find it out".
const AUTO: &str = "auto";
