//! How bikes of each kind are.

use std::num::NonZeroU8;

use alleycat_sensors::DEFAULT_MAX_TORQUE;
use alleycat_sensors::csafe::DEFAULT_MAX_LEVEL;
use alleycat_sensors::line::Column;
use alleycat_shared::Resistance;
use clap::Args;

/// How bikes of each kind are.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Bikes of some kinds")]
pub struct Settings {
    /// The resistance in per cent that is told for a bike that tells none, as a line sensor that prints
    /// `$BIKE,92,*0E` or a cadence alone. The page is told that it is not measured.
    #[arg(long, value_name = "PERCENT", default_value = "35", value_parser = percent, env = "ALLEYCAT_BRIDGE_FIXED_RESISTANCE")]
    pub fixed_resistance: Resistance,

    /// The torque at the crank in Nm that is 100 %, for bikes that tell power and no resistance.
    #[arg(long, value_name = "NM", default_value_t = DEFAULT_MAX_TORQUE, value_parser = torque, env = "ALLEYCAT_BRIDGE_MAX_TORQUE")]
    pub max_torque: f64,

    /// csafe: the hardest level of the console, which it does not tell itself.
    #[arg(long, value_name = "LEVEL", default_value_t = DEFAULT_MAX_LEVEL, value_parser = level, env = "ALLEYCAT_BRIDGE_MAX_LEVEL")]
    pub max_level: f64,

    /// trixter: the load that is set, 0 to 250; without it none is. computrainer: the load in W, 50 to 1500.
    #[arg(long, value_parser = clap::value_parser!(u16).range(0..=1_500), env = "ALLEYCAT_BRIDGE_LOAD")]
    pub load: Option<u16>,

    /// ant: the network key of ANT+ in hex, which thisisant.com gives out.
    #[arg(long, value_name = "16 DIGITS", value_parser = key, env = "ALLEYCAT_BRIDGE_ANT_KEY", hide_env_values = true)]
    pub ant_key: Option<[u8; 8]>,

    /// ant: the number of the sensor; 0 takes the first of each kind and keeps to it.
    #[arg(long, value_name = "NUMBER", default_value_t = 0, env = "ALLEYCAT_BRIDGE_ANT_DEVICE")]
    pub ant_device: u16,

    /// line: what the columns of a list are, in order: cadence, resistance, adc, power, revolutions, millis,
    /// pulses, speed, distance, time or skip.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "cadence,resistance",
        env = "ALLEYCAT_BRIDGE_COLUMNS"
    )]
    pub columns: Vec<Column>,

    /// line: turns that the sensor sees in one turn of the crank, for a magnet on the flywheel.
    #[arg(long, value_name = "TURNS", default_value = "1", env = "ALLEYCAT_BRIDGE_FLYWHEEL")]
    pub flywheel: NonZeroU8,

    /// line: the letter that a sketch wants to be asked with, four times a second.
    #[arg(long, value_name = "LETTER", value_parser = letter, env = "ALLEYCAT_BRIDGE_ASK")]
    pub ask: Option<u8>,

    /// line: the bytes in hex that a sketch waits for before it speaks, for example ff70.
    #[arg(long, value_name = "HEX", value_parser = Start::read, env = "ALLEYCAT_BRIDGE_START")]
    pub start: Option<Start>,

    /// line: the potentiometer's reading at the easiest and at the hardest end.
    #[arg(long, value_name = "EASIEST,HARDEST", default_value = "15,450", value_parser = Ends::read, env = "ALLEYCAT_BRIDGE_POTENTIOMETER")]
    pub potentiometer: Ends,

    /// line: the time in ms in which a sketch that counts pulses does so.
    #[arg(long, value_name = "MS", default_value_t = 330, value_parser = clap::value_parser!(u32).range(10..=10_000), env = "ALLEYCAT_BRIDGE_PULSE_WINDOW")]
    pub pulse_window: u32,

    /// Lets drivers be used whose protocol is known in part only: tacx, proform, ergofit, cateye.
    #[arg(long, env = "ALLEYCAT_BRIDGE_EXPERIMENTAL")]
    pub experimental: bool,
}

/// Bytes that start a sketch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start(pub Vec<u8>);

/// A potentiometer's readings at its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends(pub f64, pub f64);

impl Settings {
    /// What a capture says of them, by the options' names. The key of ANT+ is not for passing on.
    pub(super) fn described(&self) -> Vec<(&'static str, String)> {
        // All of them, so that none is forgotten.
        let Self {
            fixed_resistance,
            max_torque,
            max_level,
            load,
            ant_key: _,
            ant_device,
            columns,
            flywheel,
            ask,
            start,
            potentiometer: Ends(easiest, hardest),
            pulse_window,
            experimental: _,
        } = self;
        let columns: Vec<_> = columns.iter().map(|column| format!("{column:?}").to_lowercase()).collect();
        let mut told = vec![
            ("fixed-resistance", fixed_resistance.get().to_string()),
            ("max-torque", max_torque.to_string()),
            ("max-level", max_level.to_string()),
            ("ant-device", ant_device.to_string()),
            ("columns", columns.join(",")),
            ("flywheel", flywheel.to_string()),
            ("potentiometer", format!("{easiest},{hardest}")),
            ("pulse-window", pulse_window.to_string()),
        ];
        told.extend(load.map(|load| ("load", load.to_string())));
        told.extend(ask.map(|letter| ("ask", char::from(letter).to_string())));
        let hex = |start: &Start| start.0.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        told.extend(start.as_ref().map(|start| ("start", hex(start))));
        told
    }
}

impl Start {
    fn read(text: &str) -> Result<Self, String> {
        bytes(text)
            .filter(|bytes| (1..=16).contains(&bytes.len()))
            .map(Self)
            .ok_or_else(|| "a start is 1 to 16 bytes in hex, as in ff70".to_owned())
    }
}

impl Ends {
    fn read(text: &str) -> Result<Self, String> {
        let ends = text.split_once(',').and_then(|(easiest, hardest)| {
            Some(Self(easiest.trim().parse().ok()?, hardest.trim().parse().ok()?))
        });
        let different = |Self(easiest, hardest): &Self| (easiest - hardest).abs() >= 1.0;
        ends.filter(different).ok_or_else(|| "two different readings are wanted, as in 15,450".to_owned())
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

fn level(text: &str) -> Result<f64, String> {
    let level = text.parse().ok().filter(|level| (1.0..=255.0).contains(level));
    level.ok_or_else(|| "a level is a number between 1 and 255".into())
}

fn letter(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [letter] if letter.is_ascii_graphic() => Ok(*letter),
        _ => Err("a single letter is wanted".into()),
    }
}

fn key(text: &str) -> Result<[u8; 8], String> {
    let key = bytes(text).and_then(|bytes| bytes.try_into().ok());
    key.ok_or_else(|| "a network key is 16 hexadecimal digits".into())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    // A sign would be taken as well.
    if rest.is_empty() && hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        pairs.iter().map(byte).collect()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_word_the_fixed_resistance_is_that_of_a_page_that_reads_the_bike_itself() {
        #[derive(clap::Parser)]
        struct Alone {
            #[command(flatten)]
            settings: Settings,
        }

        let Alone { settings } = clap::Parser::parse_from(["bridge"]);
        assert_eq!(settings.fixed_resistance.get(), alleycat_sensors::DEFAULT_RESISTANCE);
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        assert_eq!(Start::read("ff70"), Ok(Start(vec![0xff, b'p'])));
        assert_eq!(Ends::read("450, 15"), Ok(Ends(450.0, 15.0)));
        assert_eq!(key("0123456789abcdef").unwrap()[7], 0xef);
        assert_eq!((letter("c"), torque("40"), level("20")), (Ok(b'c'), Ok(40.0), Ok(20.0)));
        assert!(Start::read("").is_err() && Start::read("+f").is_err() && Start::read("ff7").is_err());
        assert!(Ends::read("15").is_err() && Ends::read("15,15").is_err());
        assert!(key("01").is_err() && letter("cc").is_err() && torque("nan").is_err() && level("0").is_err());
    }
}
