//! The decoder of each protocol.

use alleycat_sensors::Decoder;
use alleycat_sensors::ant::{AntDecoder, Options as AntOptions};
use alleycat_sensors::computrainer::{ComputrainerDecoder, DEFAULT_LOAD};
use alleycat_sensors::csafe::CsafeDecoder;
use alleycat_sensors::daum::DaumDecoder;
use alleycat_sensors::daum_premium::DaumPremiumDecoder;
use alleycat_sensors::ergometer::{Dialect, ErgometerDecoder};
use alleycat_sensors::experimental::cateye::CateyeDecoder;
use alleycat_sensors::experimental::ergofit::ErgofitDecoder;
use alleycat_sensors::experimental::proform::ProformDecoder;
use alleycat_sensors::experimental::tacx::TacxDecoder;
use alleycat_sensors::freebeat::FreebeatDecoder;
use alleycat_sensors::kettler::KettlerDecoder;
use alleycat_sensors::line::{LineDecoder, Options, Sketch};
use alleycat_sensors::peloton::{Mode, PelotonDecoder};
use alleycat_sensors::trixter::TrixterDecoder;

use crate::config::{Driver, Ends, Settings, Start};

pub(super) fn decoder(driver: Driver, settings: &Settings) -> Box<dyn Decoder> {
    let Settings { max_torque, load, .. } = *settings;
    match driver {
        Driver::Line => Box::new(LineDecoder::with_sketch(
            Options { columns: settings.columns.clone() },
            sketch(settings),
        )),
        Driver::Peloton => Box::new(PelotonDecoder::new(Mode::Auto)),
        Driver::PelotonPassive => Box::new(PelotonDecoder::new(Mode::Passive)),
        Driver::Csafe => Box::new(CsafeDecoder::new(settings.max_level)),
        Driver::Ant => Box::new(AntDecoder::new(AntOptions {
            key: settings.ant_key.unwrap_or_default(),
            device: settings.ant_device,
            max_torque,
            ..AntOptions::default()
        })),
        Driver::Kettler => Box::new(KettlerDecoder::new(max_torque)),
        Driver::Daum => Box::new(DaumDecoder::default()),
        Driver::DaumPremium => Box::new(DaumPremiumDecoder::default()),
        Driver::Ergoline => Box::new(ErgometerDecoder::new(Dialect::Ergoline, max_torque)),
        Driver::Monark => Box::new(ErgometerDecoder::new(Dialect::Monark, max_torque)),
        Driver::Trixter => {
            Box::new(TrixterDecoder::new(load.map(|load| u8::try_from(load).unwrap_or(u8::MAX))))
        }
        Driver::Computrainer => Box::new(ComputrainerDecoder::new(max_torque, load.unwrap_or(DEFAULT_LOAD))),
        Driver::Freebeat => Box::new(FreebeatDecoder::default()),
        Driver::Tacx => Box::new(TacxDecoder::new(max_torque)),
        Driver::Proform => Box::new(ProformDecoder::default()),
        Driver::Ergofit => Box::new(ErgofitDecoder::new(max_torque)),
        Driver::Cateye => Box::new(CateyeDecoder::new(max_torque)),
    }
}

fn sketch(settings: &Settings) -> Sketch {
    let Ends(easiest, hardest) = settings.potentiometer;
    Sketch {
        turns: settings.flywheel,
        poll: settings.ask,
        start: settings.start.clone().map(|Start(bytes)| bytes).unwrap_or_default(),
        potentiometer: (easiest, hardest),
        window_ms: f64::from(settings.pulse_window),
    }
}
