//! A stick that is not there, with a cadence sensor or a power meter near it. For tests and demonstrations.

use super::frame::{Frames, Message};
use super::profile::Profile;
use crate::Counters;

/// The stick's end of the line.
///
/// ```
/// use alleycat_sensors::ant::Profile;
/// use alleycat_sensors::ant::emulate::AntStick;
///
/// let mut stick = AntStick::new(Profile::Cadence, 90);
/// assert_eq!(stick.answer(&[0xa4, 1, 0x4a, 0, 0xef]), [0xa4, 1, 0x6f, 0, 0xca]);
/// assert!(stick.says().is_empty(), "no channel is open yet");
/// ```
#[derive(Debug)]
pub struct AntStick {
    /// Crank revolutions a minute, 1 to 250; 0 for pedals at rest.
    pub cadence: u16,
    profile: Profile,
    /// The channel that listens for the sensor, once it is open.
    channel: Option<u8>,
    open: bool,
    revolutions: u16,
    time: u16,
    heard: Frames,
}

impl AntStick {
    /// A stick near a sensor that is ridden at a cadence in rpm; a power meter tells twice as many watts.
    pub fn new(profile: Profile, cadence: u16) -> Self {
        Self {
            cadence,
            profile,
            channel: None,
            open: false,
            revolutions: 0,
            time: 0,
            heard: Frames::default(),
        }
    }

    /// Takes in what the host sent, cut in any way; returns what the stick answers.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut counters = Counters::default();
        self.heard.push(bytes);
        let mut said = Vec::new();
        while let Some(message) = self.heard.next(&mut counters) {
            said.extend(self.reply(&message).bytes());
        }
        said
    }

    fn reply(&mut self, message: &Message) -> Message {
        match (message.id, message.data.as_slice()) {
            (0x4a, _) => {
                (self.channel, self.open) = (None, false);
                return Message::new(super::STARTED, &[0]);
            }
            (super::REQUEST, [channel, super::CHANNEL_ID]) => {
                return Message::new(
                    super::CHANNEL_ID,
                    &[*channel, 0x39, 0x30, self.profile.device_type(), 1],
                );
            }
            (super::CHANNEL_ID, [channel, _, _, kind, _]) if *kind == self.profile.device_type() => {
                self.channel = Some(*channel);
            }
            (super::setup::OPEN, [channel]) => self.open |= self.channel == Some(*channel),
            _ => {}
        }
        Message::new(super::RESPONSE, &[message.data[0], message.id, 0])
    }

    /// What it says by itself four times a second.
    pub fn says(&mut self) -> Vec<u8> {
        let (Some(channel), true) = (self.channel, self.open) else { return Vec::new() };
        if let Some(turn) = 61_440_u16.checked_div(self.cadence) {
            // A turn a page, whatever time that takes.
            self.revolutions = self.revolutions.wrapping_add(1);
            self.time = self.time.wrapping_add(turn);
        }
        let ([low, high], [time, later]) = (self.revolutions.to_le_bytes(), self.time.to_le_bytes());
        let cadence = u8::try_from(self.cadence).unwrap_or(u8::MAX);
        let page = match self.profile {
            Profile::Cadence => [0, 0xff, 0xff, 0xff, time, later, low, high],
            Profile::SpeedCadence => [time, later, low, high, 0, 0, 0, 0],
            Profile::Power => {
                let [watts, more] = (2 * self.cadence).to_le_bytes();
                [0x10, low, 0xff, cadence, 0, 0, watts, more]
            }
            Profile::FitnessEquipment => [0x19, low, cadence, 0, 0, cadence, 0, 0x30],
        };
        Message::new(super::BROADCAST, &[&[channel], page.as_slice()].concat()).bytes()
    }
}
