//! One line of text to what it means.

use std::ops::RangeInclusive;
use std::str::FromStr;

use serde_json::{Map, Value};
use thiserror::Error;

use super::Sketch;
use crate::reading::{Fault, MAX_POWER};
use crate::{Origin, Reading, Resistance};

/// What a column of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Cadence in rpm.
    Cadence,
    /// Resistance in per cent.
    Resistance,
    /// Resistance as the reading of a potentiometer, whose ends are those of the [`Sketch`].
    Adc,
    /// Power in W.
    Power,
    /// Revolutions so far; goes with [`Column::Millis`].
    Revolutions,
    /// The sensor's clock at the last revolution, in ms.
    Millis,
    /// Magnet pulses in a window of time.
    Pulses,
    /// Something that is not told: speed, distance, time or anything else.
    Skip,
}

/// A word that names no column.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{0}` is no column: use cadence, resistance, adc, power, revolutions, millis, pulses, speed, distance, time or skip"
)]
pub struct UnknownColumn(String);

impl FromStr for Column {
    type Err = UnknownColumn;

    fn from_str(text: &str) -> Result<Self, UnknownColumn> {
        Ok(match text {
            "cadence" => Self::Cadence,
            "resistance" => Self::Resistance,
            "adc" => Self::Adc,
            "power" => Self::Power,
            "revolutions" => Self::Revolutions,
            "millis" => Self::Millis,
            "pulses" => Self::Pulses,
            "speed" | "distance" | "time" | "skip" => Self::Skip,
            other => return Err(UnknownColumn(other.chars().take(32).collect())),
        })
    }
}

/// What a line is.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// A banner, a log line, blanks, noise: no measurement.
    Nothing,
    /// A measurement that can't be believed.
    Wrong(Fault),
    /// A reading.
    Reading(Reading),
    /// A bare cadence, from a sensor that may print only while the pedals turn.
    Turn(Reading),
    /// Something that goes with a cadence in another line.
    Part { resistance: Option<Resistance>, power: Option<f64> },
    /// Magnet pulses of one window.
    Pulses { count: f64, resistance: Option<Resistance>, power: Option<f64> },
    /// An event counter.
    Counter { revolutions: u32, millis: u32 },
}

pub(super) fn parse(line: &[u8], columns: &[Column], sketch: &Sketch) -> Line {
    let Ok(text) = std::str::from_utf8(line) else { return Line::Nothing };
    // A floating receive pin prints NULs between lines.
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    let parsed = match text.as_bytes().first() {
        None => return Line::Nothing,
        Some(b'$') => framed(text),
        Some(b'{') => json(text, sketch),
        Some(_) => match labelled(text, sketch).or_else(|| list(text, columns, sketch)) {
            None => return Line::Nothing,
            Some(parsed) => parsed,
        },
    };
    parsed.unwrap_or_else(Line::Wrong)
}

/// `$BIKE,<rpm>,<percent or empty>*HH`, HH the XOR of what stands between `$` and `*`.
fn framed(text: &str) -> Result<Line, Fault> {
    let (body, sum) = text.trim_start_matches('$').split_once('*').ok_or(Fault::Form)?;
    if text.len() != 1 + body.len() + 3 || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Fault::Form);
    }
    let expected = body.bytes().fold(0, |sum, byte| sum ^ byte);
    if u8::from_str_radix(sum, 16) != Ok(expected) {
        return Err(Fault::Checksum);
    }
    let fields = body.strip_prefix("BIKE,").and_then(|fields| fields.split_once(','));
    let (cadence, percent) = fields.ok_or(Fault::Form)?;
    let percent = match percent {
        "" => None,
        percent => Some(number(percent).ok_or(Fault::Form)?),
    };
    reading(number(cadence).ok_or(Fault::Form)?, percent, None).map(Line::Reading)
}

fn json(text: &str, sketch: &Sketch) -> Result<Line, Fault> {
    let Ok(Value::Object(object)) = serde_json::from_str(text) else { return Err(Fault::Form) };
    let value = |names: [&str; 2]| names.into_iter().find_map(|name| object_number(&object, name));
    let (percent, watts) = (value(RESISTANCE), value(POWER));
    match value(CADENCE) {
        Some(cadence) => reading(sketch.crank(cadence), percent, watts).map(Line::Reading),
        None if value(SPEED).is_some() => known(percent, watts),
        None => part(percent, watts),
    }
}

fn object_number(object: &Map<String, Value>, name: &str) -> Option<f64> {
    object.get(name)?.as_f64()
}

/// `Cadence: 85`, `rpm = 85`, and the same for resistance and power; a speed is known and not told.
fn labelled(text: &str, sketch: &Sketch) -> Option<Result<Line, Fault>> {
    let (label, value) = text.split_once([':', '='])?;
    let label = label.trim().to_ascii_lowercase();
    let is = |names: [&str; 2]| names.contains(&label.as_str());
    if ![CADENCE, RESISTANCE, POWER, SPEED].into_iter().any(is) {
        return None;
    }
    let Some(value) = number(value.trim()) else { return Some(Err(Fault::Form)) };
    Some(match () {
        () if is(CADENCE) => reading(sketch.crank(value), None, None).map(Line::Reading),
        () if is(RESISTANCE) => part(Some(value), None),
        () if is(SPEED) => known(None, None),
        () => part(None, Some(value)),
    })
}

fn list(text: &str, columns: &[Column], sketch: &Sketch) -> Option<Result<Line, Fault>> {
    // One sketch prints its pulses as `r2`.
    if let (Some(digits), true) = (text.strip_prefix('r'), columns.contains(&Column::Pulses)) {
        return Some(windowed(number(digits)?, None, None, sketch));
    }
    let fields = text.split([',', ' ', '\t']).filter(|field| !field.is_empty());
    let numbers: Vec<f64> = fields.map(number).collect::<Option<_>>()?;
    if let [cadence] = numbers[..]
        && matches!(columns.first(), None | Some(Column::Cadence))
    {
        return Some(reading(sketch.crank(cadence), None, None).map(Line::Turn));
    }
    let value =
        |wanted| columns.iter().position(|column| *column == wanted).and_then(|at| numbers.get(at)).copied();
    if let (Some(revolutions), Some(millis)) = (value(Column::Revolutions), value(Column::Millis)) {
        let counter = whole(revolutions).zip(whole(millis));
        let counter = counter.map(|(revolutions, millis)| Line::Counter { revolutions, millis });
        return Some(counter.ok_or(Fault::Range));
    }
    let percent = value(Column::Resistance).or_else(|| value(Column::Adc).map(|adc| sketch.percent(adc)));
    let watts = value(Column::Power);
    match (value(Column::Cadence), value(Column::Pulses)) {
        (Some(cadence), _) => Some(reading(sketch.crank(cadence), percent, watts).map(Line::Reading)),
        (None, Some(count)) => Some(windowed(count, percent, watts, sketch)),
        (None, None) => None,
    }
}

fn reading(cadence: f64, percent: Option<f64>, watts: Option<f64>) -> Result<Reading, Fault> {
    let (resistance, power) = (resistance(percent)?, power(watts)?);
    Ok(Reading { resistance, power, ..Reading::new(cadence).ok_or(Fault::Range)? })
}

fn windowed(count: f64, percent: Option<f64>, watts: Option<f64>, sketch: &Sketch) -> Result<Line, Fault> {
    let (resistance, power) = (resistance(percent)?, power(watts)?);
    // The window must be believable by itself, not only on average with others.
    Reading::new(sketch.pulses(count)).ok_or(Fault::Range)?;
    Ok(Line::Pulses { count, resistance, power })
}

/// What goes with a cadence in another line, if there is anything to tell.
fn known(percent: Option<f64>, watts: Option<f64>) -> Result<Line, Fault> {
    Ok(Line::Part { resistance: resistance(percent)?, power: power(watts)? })
}

fn part(percent: Option<f64>, watts: Option<f64>) -> Result<Line, Fault> {
    match (resistance(percent)?, power(watts)?) {
        (None, None) => Ok(Line::Nothing),
        (resistance, power) => Ok(Line::Part { resistance, power }),
    }
}

fn resistance(percent: Option<f64>) -> Result<Option<Resistance>, Fault> {
    percent.map(|percent| Resistance::new(percent, Origin::Measured).ok_or(Fault::Range)).transpose()
}

fn power(watts: Option<f64>) -> Result<Option<f64>, Fault> {
    watts.map(|watts| Some(watts).filter(|watts| POWERS.contains(watts)).ok_or(Fault::Range)).transpose()
}

/// Digits with at most one point and a sign: what `f64` reads beyond that (`nan`, `1e5`) is no measurement.
fn number(text: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+');
    if text.bytes().all(plain) { text.parse().ok() } else { None }
}

fn whole(value: f64) -> Option<u32> {
    let in_range = (0.0..=f64::from(u32::MAX)).contains(&value) && value.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range and whole")]
    in_range.then_some(value as u32)
}

const CADENCE: [&str; 2] = ["cadence", "rpm"];
const RESISTANCE: [&str; 2] = ["resistance", "res"];
const SPEED: [&str; 2] = ["speed", "velocity"];
const POWER: [&str; 2] = ["power", "watts"];
const POWERS: RangeInclusive<f64> = 0.0..=MAX_POWER;
