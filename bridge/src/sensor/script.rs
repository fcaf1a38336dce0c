//! What a virtual bike does when: rides, rests, falls silent, makes noise, is unplugged.
//!
//! ```text
//! # seconds  what
//! 0    ride 85 45       # cadence in rpm, resistance in per cent
//! 60   rest             # the pedals stand still
//! 70   silent           # the sensor says nothing
//! 78   noise            # bytes that are no reading
//! 84   unplug           # the port is gone
//! 90   ride 95 60
//! 120  again            # from the beginning
//! ```
//! Without `again` the last line holds for ever.

use std::str::FromStr;

use thiserror::Error;

/// A script, in order of time.
#[derive(Clone, Debug)]
pub struct Script {
    steps: Vec<(f64, Act)>,
    /// When it begins again, in seconds.
    again: Option<f64>,
}

/// What the virtual bike does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Act {
    /// Rides about this cadence, in rpm, and this resistance, in per cent.
    Ride {
        cadence: f64,
        resistance: f64,
    },
    /// Stands still and says so.
    Rest,
    Silent,
    Noise,
    Unplugged,
}

/// A line that is no line of a script.
#[derive(Debug, Error)]
#[error(
    "line {0} of the script is not `seconds` in order and `ride RPM PERCENT`, `rest`, `silent`, `noise`, `unplug` or `again`"
)]
pub struct ScriptError(usize);

impl Script {
    /// What happens this many seconds after the start.
    pub(super) fn at(&self, seconds: f64) -> Act {
        let seconds = self.again.map_or(seconds, |again| seconds % again);
        let begun = self.steps.iter().rev().find(|(time, _)| *time <= seconds);
        begun.map_or(Act::Silent, |(_, act)| *act)
    }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let mut script = Self { steps: Vec::new(), again: None };
        let mut last = 0.0;
        for (index, line) in text.lines().enumerate() {
            let words: Vec<_> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            let Some((time, words)) = words.split_first() else { continue };
            let wrong = ScriptError(index + 1);
            let time = time.parse::<f64>().ok().filter(|time| time.is_finite() && *time >= last);
            let (Some(time), None) = (time, script.again) else { return Err(wrong) };
            last = time;
            match act(words) {
                Some(act) => script.steps.push((time, act)),
                None if words == ["again"] && time > 0.0 => script.again = Some(time),
                None => return Err(wrong),
            }
        }
        if script.steps.is_empty() { Err(ScriptError(1)) } else { Ok(script) }
    }
}

fn act(words: &[&str]) -> Option<Act> {
    let number = |text: &str, most: f64| text.parse().ok().filter(|value| (0.0..=most).contains(value));
    match words {
        ["ride", cadence, resistance] => {
            Some(Act::Ride { cadence: number(cadence, 250.0)?, resistance: number(resistance, 100.0)? })
        }
        ["rest"] => Some(Act::Rest),
        ["silent"] => Some(Act::Silent),
        ["noise"] => Some(Act::Noise),
        ["unplug"] => Some(Act::Unplugged),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_says_what_happens_when() {
        let text = "# a demonstration\n2 ride 85 45\n\n60 rest # a breath\n70 silent\n80 noise\n90 unplug\n100 again\n";
        let script: Script = text.parse().unwrap();
        let ride = Act::Ride { cadence: 85.0, resistance: 45.0 };
        let table = [
            (0.0, Act::Silent),
            (2.0, ride),
            (59.9, ride),
            (60.0, Act::Rest),
            (75.0, Act::Silent),
            (85.0, Act::Noise),
            (99.0, Act::Unplugged),
            (102.0, ride),
            (100_160.0, Act::Rest),
        ];
        for (seconds, wanted) in table {
            assert_eq!(script.at(seconds), wanted, "at {seconds}");
        }
    }

    #[test]
    fn what_is_no_script_is_refused_with_its_line() {
        for (text, line) in [
            ("", 1),
            ("0 fly", 1),
            ("0 ride 85", 1),
            ("0 ride 251 10", 1),
            ("0 rest\n-1 rest", 2),
            ("5 rest\n4 rest", 2),
            ("0 rest\nnan rest", 2),
            ("0 rest\n5 again\n6 rest", 3),
            ("0 rest\n0 again", 2),
        ] {
            assert_eq!(text.parse::<Script>().unwrap_err().0, line, "{text}");
        }
    }
}
