//! Setting up a stick: reset, network key, then for each channel what it is to listen for.

use super::frame::Message;
use super::profile::Profile;
use crate::Millis;
use crate::ask::Ask;

/// Where the set-up is.
#[derive(Debug)]
pub(super) struct Setup {
    ask: Ask,
    /// The place among the messages: the reset first.
    at: usize,
    /// How many there are.
    count: usize,
}

impl Setup {
    pub(super) const fn new() -> Self {
        Self { ask: Ask::new(0, ANSWER_MS), at: 0, count: usize::MAX }
    }

    pub(super) fn restart(&mut self, now: Millis) {
        *self = Self { ask: self.ask.again(now, 0), ..Self::new() };
    }

    pub(super) const fn is_done(&self) -> bool {
        self.at >= self.count
    }

    /// The stick says that it has started anew.
    pub(super) fn started(&mut self) {
        // One that starts by itself forgets everything.
        self.at = 1;
        self.ask.answered();
    }

    /// The stick says what it thinks of a message.
    pub(super) fn answered(&mut self, id: u8, code: u8) {
        let asked = self.ask.in_flight().and_then(|frame| frame.get(2)).copied();
        if asked != Some(id) || self.is_done() {
            return;
        }
        self.ask.answered();
        // In a wrong state, or of another mind: from the beginning, after a reset.
        self.at = if code == 0 { self.at + 1 } else { 0 };
    }

    /// The next message, when it is time for one.
    pub(super) fn wake(
        &mut self,
        key: &[u8; 8],
        channels: &[(Profile, u16)],
        now: Millis,
    ) -> Option<Message> {
        self.count = 2 + A_CHANNEL * channels.len();
        if self.is_done() {
            return None;
        }
        let misses = self.ask.misses();
        if !self.ask.is_due(now) {
            return None;
        }
        if self.ask.misses() > misses && self.at > 0 {
            // A stick that was left in the middle of something needs its reset, and sometimes a second one.
            self.at = 0;
        }
        match self.at {
            0 => Some(Message::new(RESET, &[0])),
            1 => Some(Message::new(NETWORK_KEY, &[&[0], key.as_slice()].concat())),
            at => {
                let (channel, step) = ((at - 2) / A_CHANNEL, (at - 2) % A_CHANNEL);
                let (profile, device) = channels.get(channel).copied()?;
                Some(message(u8::try_from(channel).ok()?, profile, device, step))
            }
        }
    }

    pub(super) fn sent(&mut self, message: &Message, now: Millis) {
        self.ask.sent(message.bytes(), now);
    }

    pub(super) fn is_stuck(&self) -> bool {
        !self.is_done() && self.ask.is_stuck()
    }

    /// Nothing is due when all is set up: sensors speak when they like.
    pub(super) fn next_deadline(&self) -> Option<Millis> {
        self.ask.next_deadline().filter(|_| !self.is_done())
    }
}

fn message(channel: u8, profile: Profile, device: u16, step: usize) -> Message {
    let ([device_low, device_high], [low, high]) = (device.to_le_bytes(), profile.period().to_le_bytes());
    match step {
        0 => Message::new(ASSIGN, &[channel, 0, 0]),
        1 => Message::new(super::CHANNEL_ID, &[channel, device_low, device_high, profile.device_type(), 0]),
        2 => Message::new(FREQUENCY, &[channel, MHZ_ABOVE_2400]),
        3 => Message::new(PERIOD, &[channel, low, high]),
        4 => Message::new(SEARCH_TIMEOUT, &[channel, SEARCH_30_S]),
        _ => Message::new(OPEN, &[channel]),
    }
}

/// Messages a channel.
const A_CHANNEL: usize = 6;
const RESET: u8 = 0x4a;
const NETWORK_KEY: u8 = 0x46;
const ASSIGN: u8 = 0x42;
const FREQUENCY: u8 = 0x45;
const PERIOD: u8 = 0x43;
const SEARCH_TIMEOUT: u8 = 0x44;
pub(super) const OPEN: u8 = 0x4b;
const MHZ_ABOVE_2400: u8 = 57;
/// In units of 2.5 s.
const SEARCH_30_S: u8 = 12;
/// How long the stick may take for an answer. In ms.
const ANSWER_MS: Millis = 500;
