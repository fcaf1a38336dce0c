//! ANT+ sensors through a USB stick: cadence sensors, power meters, trainers.
//!
//! USB1 sticks are serial adapters (115200 baud, 8N1, RTS/CTS); for USB2 and USB-m Linux offers a port whose
//! rate does not matter. Sources: GoldenCheetah (`src/ANT`), Tigge/openant, thisisant.com. The network key of
//! ANT+ is given out by thisisant.com and is a setting.

pub mod emulate;
mod frame;
mod profile;
mod setup;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::Beside;
use crate::torque::Torque;
use crate::{DEFAULT_MAX_TORQUE, Decoder, Millis, Resistance, Talk};
use frame::{Frames, Message};
pub use profile::Profile;
use profile::{Pages, Told};
use setup::Setup;

/// Which sensors, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The key of the network; without ANT+'s own no ANT+ sensor is heard.
    pub key: [u8; 8],
    /// What to listen for: a channel of the stick each, and the oldest sticks have four.
    pub profiles: Vec<Profile>,
    /// The number of the sensor, or 0 for the first that is heard of each kind.
    pub device: u16,
    /// Nm at 100 %, for power meters.
    pub max_torque: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { key: [0; 8], profiles: Profile::ALL.to_vec(), device: 0, max_torque: DEFAULT_MAX_TORQUE }
    }
}

/// Reads ANT+ sensors. Where several tell a cadence the most trusted one is told: power meter, trainer,
/// cadence sensor, combined sensor. (Some trainers also send a poor copy of themselves as a combined one.)
#[derive(Debug)]
pub struct AntDecoder {
    options: Options,
    frames: Frames,
    setup: Setup,
    channels: Vec<Channel>,
    beside: Beside,
    /// Trainers tell their resistance every few seconds only.
    resistance: Option<(Resistance, Millis)>,
    torque: Torque,
    talk: Talk,
}

/// A channel and the sensor on it.
#[derive(Debug)]
struct Channel {
    profile: Profile,
    pages: Pages,
    /// When it told a cadence last.
    heard: Option<Millis>,
    /// The number of its sensor, once that is known.
    device: Option<u16>,
    /// It has been asked for its number.
    asked: bool,
}

impl Channel {
    fn new(profile: Profile, device: Option<u16>) -> Self {
        Self { profile, pages: Pages::default(), heard: None, device, asked: false }
    }
}

impl AntDecoder {
    /// A decoder at the start of a stick.
    pub fn new(options: Options) -> Self {
        let wanted = Some(options.device).filter(|device| *device != 0);
        let channels: Vec<_> =
            options.profiles.iter().map(|profile| Channel::new(*profile, wanted)).collect();
        Self {
            torque: Torque::new(options.max_torque),
            frames: Frames::default(),
            setup: Setup::new(),
            channels,
            beside: Beside::NONE,
            resistance: None,
            talk: Talk::default(),
            options,
        }
    }

    fn handle(&mut self, message: &Message, now: Millis) {
        self.talk.counters.good += 1;
        match (message.id, message.data.as_slice()) {
            (STARTED, _) => self.setup.started(),
            (RESPONSE, [channel, EVENT, code, ..]) => self.event(*channel, *code),
            (RESPONSE, [_, id, code, ..]) => self.setup.answered(*id, *code),
            (CHANNEL_ID, [channel, low, high, ..]) => {
                self.paired(*channel, u16::from_le_bytes([*low, *high]));
            }
            (BROADCAST | ACKNOWLEDGED, [channel, rest @ ..]) => {
                let Some((page, extra)) = rest.split_first_chunk::<8>() else {
                    self.talk.counters.good -= 1;
                    self.talk.counters.bad.count(crate::reading::Fault::Form);
                    return;
                };
                // Extended: the sensor's number comes along.
                if let [EXTENDED_ID, low, high, ..] = extra {
                    self.paired(*channel, u16::from_le_bytes([*low, *high]));
                }
                self.page(*channel, *page, now);
            }
            // Capabilities, versions, and what else was asked by nobody.
            _ => {}
        }
    }

    fn event(&mut self, channel: u8, code: u8) {
        let Some(known) = self.channels.get_mut(usize::from(channel)) else { return };
        match code {
            // Searches again: what comes next may be from a new beginning.
            SEARCHES => *known = Channel::new(known.profile, known.device),
            // Given up; a sensor sleeps for as long as it likes.
            CLOSED if self.setup.is_done() => self.write(&Message::new(setup::OPEN, &[channel])),
            // A page missed, a search that ends: harmless.
            _ => {}
        }
    }

    fn paired(&mut self, channel: u8, device: u16) {
        if let Some(channel) = self.channels.get_mut(usize::from(channel))
            && device != 0
        {
            channel.device = Some(device);
        }
    }

    fn page(&mut self, number: u8, page: [u8; 8], now: Millis) {
        let at = usize::from(number);
        let Some(channel) = self.channels.get_mut(at) else { return };
        let Told { cadence, power, resistance, heart_rate } = channel.pages.read(channel.profile, page, now);
        if channel.device.is_none() && !std::mem::replace(&mut channel.asked, true) {
            self.write(&Message::new(REQUEST, &[number, CHANNEL_ID]));
        }
        let faults = [
            power.and_then(|watts| self.beside.set_power(watts, now).err()),
            heart_rate.and_then(|rate| self.beside.set_heart_rate(rate, now).err()),
        ];
        faults.into_iter().flatten().for_each(|fault| self.talk.counters.bad.count(fault));
        self.resistance = resistance.map(|resistance| (resistance, now)).or(self.resistance);
        let Some(cadence) = cadence else { return };
        if let Some(channel) = self.channels.get_mut(at) {
            channel.heard = Some(now);
        }
        let live =
            |channel: &Channel| channel.heard.is_some_and(|heard| now.saturating_sub(heard) < TRUSTED_MS);
        let rank = |channel: &Channel| Profile::ALL.iter().position(|profile| *profile == channel.profile);
        let best = self.channels.iter().filter(|channel| live(channel)).filter_map(rank).min();
        if best != self.channels.get(at).and_then(rank) {
            return;
        }
        match self.beside.reading(cadence, now) {
            Ok(mut reading) => {
                let told = self.resistance.filter(|(_, since)| now.saturating_sub(*since) < RESISTANCE_MS);
                let watts = reading.power;
                reading.resistance = told
                    .map(|(resistance, _)| resistance)
                    .or_else(|| watts.and_then(|watts| self.torque.estimate(watts, reading.cadence, now)));
                self.talk.readings.push(reading);
            }
            Err(fault) => self.talk.counters.bad.count(fault),
        }
    }

    fn write(&mut self, message: &Message) {
        // A few zeros after it, or the stick's own reader waits for more.
        self.talk.writes.push([message.bytes(), vec![0, 0]].concat());
    }
}

impl Decoder for AntDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        let devices: Vec<_> = self.channels.iter().map(|channel| channel.device).collect();
        *self = Self { talk: self.talk.again(now, 0), ..Self::new(self.options.clone()) };
        // Neighbours' sensors are not ours: who was paired stays so.
        for (channel, device) in self.channels.iter_mut().zip(devices) {
            channel.device = device;
        }
        self.setup.restart(now);
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for piece in bytes.chunks(PIECE) {
            self.frames.push(piece);
            while let Some(message) = self.frames.next(&mut self.talk.counters) {
                self.handle(&message, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        let channels: Vec<_> =
            self.channels.iter().map(|one| (one.profile, one.device.unwrap_or(0))).collect();
        if let Some(message) = self.setup.wake(&self.options.key, &channels, now) {
            self.write(&message);
            self.setup.sent(&message, now);
        }
    }

    fn next_deadline(&self) -> Option<Millis> {
        self.setup.next_deadline()
    }

    fn is_stuck(&self) -> bool {
        self.setup.is_stuck()
    }

    fn paired(&self) -> Option<u16> {
        let live = self.channels.iter().filter(|channel| channel.heard.is_some());
        live.filter_map(|channel| channel.device).next()
    }
}

/// Message ids.
const STARTED: u8 = 0x6f;
const RESPONSE: u8 = 0x40;
const EVENT: u8 = 0x01;
const REQUEST: u8 = 0x4d;
const CHANNEL_ID: u8 = 0x51;
const BROADCAST: u8 = 0x4e;
const ACKNOWLEDGED: u8 = 0x4f;
/// Extended information begins with this when it has the sensor's number.
const EXTENDED_ID: u8 = 0x80;
/// Events.
const CLOSED: u8 = 7;
const SEARCHES: u8 = 8;
/// A sensor that has told no cadence for so long is not waited for by less trusted ones. In ms.
const TRUSTED_MS: Millis = 5_000;
/// How long a trainer's resistance holds. In ms.
const RESISTANCE_MS: Millis = 30_000;
const PIECE: usize = 64;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
