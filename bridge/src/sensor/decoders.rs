//! The decoder of each protocol.

use alleycat_sensors::Decoder;
use alleycat_sensors::kettler::KettlerDecoder;
use alleycat_sensors::line::{LineDecoder, Options};
use alleycat_sensors::peloton::{Mode, PelotonDecoder};

use crate::config::{Driver, Settings};

pub(super) fn decoder(driver: Driver, settings: &Settings) -> Box<dyn Decoder> {
    match driver {
        Driver::Line => Box::new(LineDecoder::new(Options { columns: settings.columns.clone() })),
        Driver::Peloton => Box::new(PelotonDecoder::new(Mode::Auto)),
        Driver::PelotonPassive => Box::new(PelotonDecoder::new(Mode::Passive)),
        Driver::Kettler => Box::new(KettlerDecoder::new(settings.max_torque)),
    }
}
