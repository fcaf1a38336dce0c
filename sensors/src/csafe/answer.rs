//! What the contents of an answer mean: a status, then command, count and data for each answered command.

use crate::reading::Fault;

/// Commands that are asked for.
pub(super) const SPEED: u8 = 0xa5;
pub(super) const CADENCE: u8 = 0xa7;
pub(super) const POWER: u8 = 0xb4;
pub(super) const PROGRAM: u8 = 0xa4;
pub(super) const GEAR: u8 = 0xa9;
pub(super) const HEART_RATE: u8 = 0xb0;
pub(super) const DISTANCE: u8 = 0xa1;
pub(super) const TIME: u8 = 0xa0;

/// All that may be of use.
pub(super) const ALL: [u8; 8] = [SPEED, CADENCE, POWER, PROGRAM, GEAR, HEART_RATE, DISTANCE, TIME];

/// An answer. Every value by the unit that came with it; what is in another unit is as good as not told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// The console says that nobody rides: paused or finished.
    pub(super) at_rest: bool,
    /// Crank revolutions a minute, also where they are told as a speed.
    pub(super) cadence: Option<f64>,
    /// Watts.
    pub(super) power: Option<f64>,
    /// Level or gear.
    pub(super) level: Option<f64>,
    /// Beats a minute; 0 is none.
    pub(super) heart_rate: Option<f64>,
    /// A distance that is fine enough to move every few seconds.
    pub(super) distance: Option<u16>,
    /// Hours, minutes, seconds.
    pub(super) time: Option<[u8; 3]>,
    /// The commands that were answered.
    pub(super) commands: Vec<u8>,
}

impl Answer {
    pub(super) fn read(contents: &[u8]) -> Result<Self, Fault> {
        let (status, mut rest) = contents.split_first().ok_or(Fault::Form)?;
        let mut answer = Self { at_rest: matches!(status & 0x0f, PAUSED | FINISHED), ..Self::default() };
        while let [command, count, data @ ..] = rest {
            // The count rules, whatever a command's data is said to be.
            let (data, after) = data.split_at_checked(usize::from(*count)).ok_or(Fault::Form)?;
            answer.note(*command, data);
            rest = after;
        }
        if rest.is_empty() { Ok(answer) } else { Err(Fault::Form) }
    }

    fn note(&mut self, command: u8, data: &[u8]) {
        self.commands.push(command);
        match (command, data) {
            (CADENCE, [low, high, TURNS]) => self.cadence = Some(word(*low, *high)),
            // Some cross-trainers tell their cadence as a speed.
            (SPEED, [low, high, TURNS]) => {
                self.cadence = self.cadence.or_else(|| Some(word(*low, *high)));
            }
            (POWER, [low, high, WATTS]) => self.power = Some(word(*low, *high)),
            (PROGRAM, [_program, level, ..]) => self.level = Some(f64::from(*level)),
            (GEAR, [gear]) => {
                self.level = self.level.or_else(|| Some(f64::from(*gear)));
            }
            (HEART_RATE, [rate]) => self.heart_rate = Some(f64::from(*rate)),
            (DISTANCE, [low, high, HUNDREDTHS_OF_KM | METRES]) => {
                self.distance = Some(u16::from_le_bytes([*low, *high]));
            }
            (TIME, [hours, minutes, seconds]) => self.time = Some([*hours, *minutes, *seconds]),
            _ => {}
        }
    }
}

fn word(low: u8, high: u8) -> f64 {
    f64::from(u16::from_le_bytes([low, high]))
}

/// States of the console.
const PAUSED: u8 = 6;
const FINISHED: u8 = 7;
/// Units.
const TURNS: u8 = 0x52;
const WATTS: u8 = 0x58;
const HUNDREDTHS_OF_KM: u8 = 0x23;
const METRES: u8 = 0x24;
