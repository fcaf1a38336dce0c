//! From bytes to what the page is told: a decoder and what is known of the link. No IO and no clock.

use std::collections::VecDeque;

use alleycat_sensors::ble::BleDecoder;
use alleycat_sensors::{DEFAULT_MAX_TORQUE, DEFAULT_RESISTANCE, Decoder, Driver, Link, Millis};
use alleycat_shared::Resistance;
use alleycat_shared::message::{SensorMessage, SensorState};

use crate::auto::Auto;
use crate::decoders::decoder;
use crate::way::Way;

/// Who understands the bytes.
pub(crate) enum Reader {
    /// Whoever does, of those that only listen.
    Auto(Box<Auto>),
    /// A serial protocol.
    Driver(Driver, Box<dyn Decoder>),
    /// A Bluetooth sensor.
    Bluetooth(Box<BleDecoder>),
}

/// A source over many openings.
pub(crate) struct Session {
    reader: Reader,
    /// What the device is called.
    port: String,
    way: Way,
    /// What is known of the present opening.
    link: Option<Link>,
    /// Whether this bike has told a resistance.
    resists: bool,
    state: SensorState,
    told: VecDeque<SensorMessage>,
}

impl Reader {
    /// The one of a driver's name, or one that finds it out.
    pub(crate) fn usb(driver: &str) -> Self {
        let known = Driver::of(driver).and_then(|driver| Some(Self::Driver(driver, decoder(driver)?)));
        known.unwrap_or_else(|| Self::Auto(Box::default()))
    }

    pub(crate) fn bluetooth() -> Self {
        Self::Bluetooth(Box::new(BleDecoder::new(DEFAULT_MAX_TORQUE)))
    }

    fn driver(&self) -> Option<Driver> {
        match self {
            Self::Auto(auto) => auto.driver(),
            Self::Driver(driver, _) => Some(*driver),
            Self::Bluetooth(_) => None,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Bluetooth(_) => "bluetooth",
            _ => self.driver().map_or("auto", Driver::name),
        }
    }

    fn decoder(&self) -> &dyn Decoder {
        match self {
            Self::Auto(auto) => auto.as_ref(),
            Self::Driver(_, decoder) => decoder.as_ref(),
            Self::Bluetooth(decoder) => decoder.as_ref(),
        }
    }

    fn decoder_mut(&mut self) -> &mut dyn Decoder {
        match self {
            Self::Auto(auto) => auto.as_mut(),
            Self::Driver(_, decoder) => decoder.as_mut(),
            Self::Bluetooth(decoder) => decoder.as_mut(),
        }
    }
}

impl Session {
    pub(crate) fn new(reader: Reader, way: Way) -> Self {
        let mut session = Self {
            reader,
            port: String::new(),
            way,
            link: None,
            resists: false,
            state: SensorState::NoPort,
            told: VecDeque::new(),
        };
        session.tell_state();
        session
    }

    /// The rate at which a serial port is to be opened.
    pub(crate) fn baud(&self) -> u32 {
        match &self.reader {
            Reader::Auto(auto) => auto.baud(),
            Reader::Driver(driver, _) => driver.baud(),
            Reader::Bluetooth(_) => 0,
        }
    }

    /// The device has this name.
    pub(crate) fn identify(&mut self, port: String) {
        if self.port != port {
            self.port = port;
            self.tell_state();
        }
    }

    /// The device was opened.
    pub(crate) fn opened(&mut self, way: Way, now: Millis) {
        let decoder = self.reader.decoder_mut();
        decoder.restart(now);
        self.link = Some(Link::new(decoder.counters()));
        self.set(SensorState::Waiting, way);
    }

    /// The device could not be opened, or is gone.
    pub(crate) fn closed(&mut self, state: SensorState, way: Way) {
        self.link = None;
        // A search goes on with the next rate; that is nobody's fault.
        let searching = matches!(self.reader, Reader::Auto(_)) && self.reader.driver().is_none();
        let state = if searching && state == SensorState::Lost { SensorState::Waiting } else { state };
        self.set(state, way);
    }

    /// Bytes came.
    pub(crate) fn bytes(&mut self, bytes: &[u8], now: Millis) {
        let decoder = self.reader.decoder_mut();
        decoder.push(bytes, now);
        let counters = decoder.counters();
        if let Some(link) = &mut self.link {
            link.bytes(counters, now);
        }
        self.look(now);
    }

    /// A deadline has come.
    pub(crate) fn wake(&mut self, now: Millis) {
        self.reader.decoder_mut().wake(now);
        self.look(now);
    }

    /// What the page is to be told.
    pub(crate) fn poll_message(&mut self) -> Option<SensorMessage> {
        self.told.pop_front()
    }

    /// What is to be sent to the bike.
    pub(crate) fn poll_write(&mut self) -> Option<Vec<u8>> {
        self.reader.decoder_mut().poll_write()
    }

    /// When [`Session::wake`] is due.
    pub(crate) fn next_deadline(&self, now: Millis) -> Option<Millis> {
        let link = self.link.as_ref()?;
        self.reader.decoder().next_deadline().into_iter().chain(link.next_deadline(now)).min()
    }

    /// Whether the device is best closed and opened again.
    pub(crate) fn is_stuck(&self) -> bool {
        self.link.is_some() && self.reader.decoder().is_stuck()
    }

    fn look(&mut self, now: Millis) {
        let Some(link) = &mut self.link else { return };
        let mut readings = Vec::new();
        while let Some(reading) = self.reader.decoder_mut().poll_reading() {
            link.reading(now);
            readings.push(reading);
        }
        let counters = self.reader.decoder().counters();
        let driver = self.reader.driver();
        let searching = driver.is_none() && matches!(self.reader, Reader::Auto(_));
        let state = if searching { SensorState::Waiting } else { link.state(counters, now) };
        self.set(state, self.way);
        let tells = driver.is_some_and(Driver::tells_resistance);
        let fixed = Resistance::try_from(DEFAULT_RESISTANCE).ok().filter(|_| !tells);
        for reading in readings {
            self.resists |= reading.resistance.is_some();
            self.told.extend(reading.told(fixed, self.resists).map(SensorMessage::Reading));
        }
    }

    fn set(&mut self, state: SensorState, way: Way) {
        if (self.state, self.way) != (state, way) {
            (self.state, self.way) = (state, way);
            self.tell_state();
        }
    }

    fn tell_state(&mut self) {
        let (state, hint) = (self.state, self.way.name().to_owned());
        let (driver, port) = (self.reader.name().to_owned(), self.port.clone());
        self.told.push_back(SensorMessage::State { state, driver, port, hint });
    }
}

#[cfg(test)]
mod tests {
    use alleycat_sensors::ble::Characteristic;
    use alleycat_sensors::ble::emulate::{IndoorBike, TurningCrank};
    use alleycat_shared::message::Origin;

    use super::*;

    /// What the page is told, in short: states by name, readings by cadence, resistance and origin.
    fn told(session: &mut Session) -> Vec<String> {
        let short = |message| match message {
            SensorMessage::State { state, driver, .. } => format!("{driver} {state:?}"),
            SensorMessage::Reading(reading) => {
                let resistance = reading.resistance.map(Resistance::get);
                format!("{} {resistance:?} {:?}", reading.cadence.get(), reading.origin)
            }
        };
        std::iter::from_fn(|| session.poll_message()).map(short).collect()
    }

    #[test]
    fn a_bluetooth_bike_goes_through_the_states_as_at_the_bridge() {
        let mut session = Session::new(Reader::bluetooth(), Way::Bluetooth);
        assert_eq!(told(&mut session), ["bluetooth NoPort"]);
        session.opened(Way::Bluetooth, 1_000);
        let bike = IndoorBike { cadence: 90.0, level: 40, watts: 180 };
        session.bytes(&Characteristic::IndoorBike.notification(&bike.says()), 2_000);
        assert_eq!(told(&mut session), ["bluetooth Waiting", "bluetooth Live", "90 Some(40.0) Level"]);
        for (wanted, now) in [("Stale", 4_000), ("Lost", 7_000)] {
            assert_eq!(session.next_deadline(now - 1), Some(now));
            session.wake(now);
            assert_eq!(told(&mut session), [format!("bluetooth {wanted}")]);
        }
        session.closed(SensorState::NoPort, Way::Bluetooth);
        assert_eq!(
            (told(&mut session), session.next_deadline(8_000)),
            (vec!["bluetooth NoPort".to_owned()], None)
        );
        session.opened(Way::Bluetooth, 9_000);
        session.bytes(&Characteristic::IndoorBike.notification(&bike.says()), 9_500);
        assert_eq!(told(&mut session).last().map(String::as_str), Some("90 Some(40.0) Level"));
    }

    #[test]
    fn a_cadence_alone_gets_the_fixed_resistance_and_says_so() {
        let mut session = Session::new(Reader::bluetooth(), Way::Bluetooth);
        session.opened(Way::Bluetooth, 0);
        let mut crank = TurningCrank::default();
        for now in [1_000, 2_000] {
            crank.turn(1, 1_024);
            session.bytes(&Characteristic::Cadence.notification(&crank.cadence()), now);
        }
        let fixed = format!("60 Some({DEFAULT_RESISTANCE:?}) {:?}", Origin::None);
        assert_eq!(told(&mut session).last(), Some(&fixed));
    }

    #[test]
    fn a_search_is_no_garbage_and_names_what_it_found() {
        let mut session = Session::new(Reader::usb("auto"), Way::Usb);
        session.opened(Way::Usb, 0);
        for now in (0..4_500).step_by(100) {
            session.bytes(b"\x80\x81\x82\x83\x84", now);
        }
        session.wake(5_000);
        assert!(session.is_stuck());
        session.closed(SensorState::Lost, Way::Usb);
        assert_eq!(
            (told(&mut session), session.baud()),
            (vec!["auto NoPort".into(), "auto Waiting".into()], 9_600)
        );
        session.opened(Way::Usb, 6_000);
        for now in [6_100, 6_350, 6_600] {
            session.bytes(b"\r\n$BIKE,85.5,40*17\r\n", now);
        }
        let last = told(&mut session);
        assert_eq!(last, ["line Live", "85.5 Some(40.0) Measured"], "the name comes with the first state");
    }

    #[test]
    fn an_unknown_driver_is_looked_for() {
        for name in ["auto", "monark", "nonsense"] {
            assert_eq!(Reader::usb(name).name(), "auto");
        }
        assert_eq!(
            (Reader::usb("kettler").name(), Session::new(Reader::usb("kettler"), Way::Usb).baud()),
            ("kettler", 9_600)
        );
    }
}
