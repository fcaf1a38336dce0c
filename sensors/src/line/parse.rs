//! One line of text to what it means.

use std::str::FromStr;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::reading::MAX_POWER;
use crate::{Origin, Reading, Resistance};

/// What a column of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Cadence in rpm.
    Cadence,
    /// Resistance in per cent.
    Resistance,
    /// Resistance as the reading of a 10-bit potentiometer whose ends are at 15 and 450.
    Adc,
    /// Power in W.
    Power,
    /// Revolutions so far; goes with [`Column::Millis`].
    Revolutions,
    /// The sensor's clock at the last revolution, in ms.
    Millis,
    /// Magnet pulses in a window of 330 ms, one a turn.
    Pulses,
    /// Something else.
    Skip,
}

/// A word that names no column.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no column: use cadence, resistance, adc, power, revolutions, millis, pulses or skip")]
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
            "skip" => Self::Skip,
            other => return Err(UnknownColumn(other.chars().take(32).collect())),
        })
    }
}

/// What a line is.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// Empty.
    Blank,
    /// A banner, a log line, noise: no measurement.
    Nothing,
    /// A measurement with a wrong checksum, form or range.
    Wrong,
    /// A reading.
    Reading(Reading),
    /// A bare cadence, from a sensor that may print only while the pedals turn.
    Turn(Reading),
    /// An event counter.
    Counter { revolutions: u32, millis: u32 },
}

pub(super) fn parse(line: &[u8], columns: &[Column]) -> Line {
    // A floating receive pin prints NULs between lines.
    let Ok(text) = std::str::from_utf8(line) else { return Line::Nothing };
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    match text.as_bytes().first() {
        None => Line::Blank,
        Some(b'$') => framed(text),
        Some(b'{') => json(text),
        Some(_) => labelled(text).or_else(|| list(text, columns)).unwrap_or(Line::Nothing),
    }
}

/// `$BIKE,<rpm>,<percent or empty>*HH`, HH the XOR of what stands between `$` and `*`.
fn framed(text: &str) -> Line {
    let frame = || {
        let (body, sum) = text.strip_prefix('$')?.split_once('*')?;
        let expected = body.bytes().fold(0, |sum, byte| sum ^ byte);
        if sum.len() != 2 || u8::from_str_radix(sum, 16).ok()? != expected {
            return None;
        }
        let mut fields = body.strip_prefix("BIKE,")?.split(',');
        let (cadence, percent) = (number(fields.next()?)?, fields.next()?);
        let resistance = match percent {
            "" => None,
            percent => Some(Resistance::new(number(percent)?, Origin::Measured)?),
        };
        if fields.next().is_some() { None } else { Reading::new(cadence, resistance, None) }
    };
    frame().map_or(Line::Wrong, Line::Reading)
}

fn json(text: &str) -> Line {
    let Ok(Value::Object(object)) = serde_json::from_str(text) else { return Line::Wrong };
    let value = |names: [&str; 2]| names.into_iter().find_map(|name| object_number(&object, name));
    let Some(cadence) = value(["cadence", "rpm"]) else { return Line::Nothing };
    reading(cadence, value(["resistance", "res"]), value(["power", "watts"]))
}

fn object_number(object: &Map<String, Value>, name: &str) -> Option<f64> {
    object.get(name)?.as_f64()
}

/// `Cadence: 85`, `rpm = 85`.
fn labelled(text: &str) -> Option<Line> {
    let (label, value) = text.split_once([':', '='])?;
    let label = label.trim().to_ascii_lowercase();
    match label.as_str() {
        "cadence" | "rpm" => {
            Some(number(value.trim()).map_or(Line::Wrong, |cadence| reading(cadence, None, None)))
        }
        _ => None,
    }
}

fn list(text: &str, columns: &[Column]) -> Option<Line> {
    // One sketch prints its pulses as `r2`.
    if let (Some(digits), true) = (text.strip_prefix('r'), columns.contains(&Column::Pulses)) {
        return Some(reading(pulses(number(digits)?), None, None));
    }
    let fields: Vec<&str> = text.split([',', ' ', '\t']).filter(|field| !field.is_empty()).collect();
    let numbers: Vec<f64> = fields.into_iter().map(number).collect::<Option<_>>()?;
    if let [cadence] = numbers[..]
        && matches!(columns.first(), None | Some(Column::Cadence))
    {
        return Some(match reading(cadence, None, None) {
            Line::Reading(reading) => Line::Turn(reading),
            wrong => wrong,
        });
    }
    let value =
        |wanted| columns.iter().position(|column| *column == wanted).and_then(|at| numbers.get(at)).copied();
    if let (Some(revolutions), Some(millis)) = (value(Column::Revolutions), value(Column::Millis)) {
        return Some(match (whole(revolutions), whole(millis)) {
            (Some(revolutions), Some(millis)) => Line::Counter { revolutions, millis },
            _ => Line::Wrong,
        });
    }
    let cadence = value(Column::Cadence).or_else(|| value(Column::Pulses).map(pulses))?;
    let resistance = value(Column::Resistance).or_else(|| value(Column::Adc).map(potentiometer));
    Some(reading(cadence, resistance, value(Column::Power)))
}

fn reading(cadence: f64, percent: Option<f64>, power: Option<f64>) -> Line {
    let read = || {
        let resistance = match percent {
            None => None,
            Some(percent) => Some(Resistance::new(percent, Origin::Measured)?),
        };
        if power.is_some_and(|power| !(0.0..=MAX_POWER).contains(&power)) {
            return None;
        }
        Reading::new(cadence, resistance, power)
    };
    read().map_or(Line::Wrong, Line::Reading)
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

fn pulses(count: f64) -> f64 {
    count * 60_000.0 / PULSE_WINDOW_MS
}

fn potentiometer(adc: f64) -> f64 {
    ((adc - ADC_EASIEST) * 100.0 / (ADC_HARDEST - ADC_EASIEST)).clamp(0.0, 100.0)
}

const PULSE_WINDOW_MS: f64 = 330.0;
const ADC_EASIEST: f64 = 15.0;
const ADC_HARDEST: f64 = 450.0;
