//! Which serial protocols a browser can read, and their decoders with the bridge's usual settings.

use alleycat_sensors::computrainer::{ComputrainerDecoder, DEFAULT_LOAD};
use alleycat_sensors::csafe::{CsafeDecoder, DEFAULT_MAX_LEVEL};
use alleycat_sensors::daum::DaumDecoder;
use alleycat_sensors::daum_premium::DaumPremiumDecoder;
use alleycat_sensors::ergometer::{Dialect, ErgometerDecoder};
use alleycat_sensors::freebeat::FreebeatDecoder;
use alleycat_sensors::kettler::KettlerDecoder;
use alleycat_sensors::line::{LineDecoder, Options};
use alleycat_sensors::peloton::{Mode, PelotonDecoder};
use alleycat_sensors::trixter::TrixterDecoder;
use alleycat_sensors::{DEFAULT_MAX_TORQUE, Decoder, Driver};

/// Those that work without a setting of their own. Left out are Monark, for browsers have no XON/XOFF; ANT+,
/// which wants its network key; and those that nobody has tried.
pub(crate) const OFFERED: [Driver; 11] = [
    Driver::Line,
    Driver::Peloton,
    Driver::PelotonPassive,
    Driver::Csafe,
    Driver::Kettler,
    Driver::Daum,
    Driver::DaumPremium,
    Driver::Ergoline,
    Driver::Trixter,
    Driver::Computrainer,
    Driver::Freebeat,
];

/// The decoder of one that is offered.
pub(crate) fn decoder(driver: Driver) -> Option<Box<dyn Decoder>> {
    Some(match driver {
        Driver::Line => Box::new(LineDecoder::new(Options::default())),
        Driver::Peloton => Box::new(PelotonDecoder::new(Mode::Auto)),
        Driver::PelotonPassive => Box::new(PelotonDecoder::new(Mode::Passive)),
        Driver::Csafe => Box::new(CsafeDecoder::new(DEFAULT_MAX_LEVEL)),
        Driver::Kettler => Box::new(KettlerDecoder::new(DEFAULT_MAX_TORQUE)),
        Driver::Daum => Box::new(DaumDecoder::default()),
        Driver::DaumPremium => Box::new(DaumPremiumDecoder::default()),
        Driver::Ergoline => Box::new(ErgometerDecoder::new(Dialect::Ergoline, DEFAULT_MAX_TORQUE)),
        Driver::Trixter => Box::new(TrixterDecoder::new(None)),
        Driver::Computrainer => Box::new(ComputrainerDecoder::new(DEFAULT_MAX_TORQUE, DEFAULT_LOAD)),
        Driver::Freebeat => Box::new(FreebeatDecoder::default()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_offered_can_be_read_and_needs_nothing_that_browsers_lack() {
        for driver in OFFERED {
            assert!(decoder(driver).is_some(), "{}", driver.name());
            assert_eq!(driver.flow(), alleycat_sensors::Flow::None, "{}", driver.name());
            assert!(!driver.is_experimental(), "{}", driver.name());
        }
    }
}
