//! A console that is not there: answers as one with CSAFE does. For tests and demonstrations.

use super::answer::{CADENCE, DISTANCE, HEART_RATE, POWER, PROGRAM, SPEED, TIME};
use super::frame::{Frames, bytes};
use crate::Counters;

/// The console's end of the line: bytes of the host in, bytes of the console out.
///
/// ```
/// use alleycat_sensors::csafe::emulate::CsafeConsole;
///
/// let mut console = CsafeConsole::new(90, 150, 8);
/// let answer = console.answer(&[0xf1, 0xa7, 0xa7, 0xf2]);
/// assert_eq!(answer[2..7], [0xa7, 3, 90, 0, 0x52]);
/// ```
#[derive(Debug)]
pub struct CsafeConsole {
    /// Crank revolutions a minute.
    pub cadence: u16,
    /// Watts.
    pub power: u16,
    /// Level of the program.
    pub level: u8,
    /// Beats a minute, 0 without a belt.
    pub heart_rate: u8,
    /// Metres so far.
    pub metres: u16,
    /// Tells its cadence as a speed, as one real cross-trainer does.
    pub as_speed: bool,
    /// Answers no more than one command at a time.
    pub simple: bool,
    /// Tells nothing before it is told to be in use.
    pub shy: bool,
    /// The state in the status: 5 in use, 6 paused, 9 offline.
    pub state: u8,
    toggle: bool,
    heard: Frames,
}

impl CsafeConsole {
    /// A console ridden at a cadence in rpm with a power in W at a level.
    pub fn new(cadence: u16, power: u16, level: u8) -> Self {
        Self {
            cadence,
            power,
            level,
            heart_rate: 0,
            metres: 0,
            as_speed: false,
            simple: false,
            shy: false,
            state: 5,
            toggle: false,
            heard: Frames::default(),
        }
    }

    /// Takes in what the host sent, cut in any way; returns what the console answers.
    pub fn answer(&mut self, request: &[u8]) -> Vec<u8> {
        let mut counters = Counters::default();
        let frames: Vec<_> =
            request.iter().filter_map(|byte| self.heard.push(*byte, &mut counters)).collect();
        frames.iter().flat_map(|commands| self.reply(commands)).collect()
    }

    fn reply(&mut self, commands: &[u8]) -> Vec<u8> {
        self.toggle = !self.toggle;
        self.shy &= !commands.contains(&super::IN_USE);
        let mut contents = vec![u8::from(self.toggle) << 7 | self.state];
        let asks_too_much = self.simple && commands.len() > 1;
        if !(self.shy || asks_too_much) {
            commands.iter().for_each(|command| contents.extend(self.value(*command)));
        }
        bytes(&contents)
    }

    fn value(&self, command: u8) -> Vec<u8> {
        let word = |value: u16, unit| {
            let [low, high] = value.to_le_bytes();
            vec![command, 3, low, high, unit]
        };
        match command {
            CADENCE if !self.as_speed => word(self.cadence, 0x52),
            SPEED if self.as_speed => word(self.cadence, 0x52),
            SPEED => word(250, 0x31),
            POWER => word(self.power, 0x58),
            PROGRAM => vec![command, 2, 3, self.level],
            HEART_RATE => vec![command, 1, self.heart_rate],
            DISTANCE => word(self.metres, 0x24),
            TIME => vec![command, 3, 0, 0, 0],
            _ => vec![],
        }
    }
}
