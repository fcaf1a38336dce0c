//! Where the bike's readings come from: the bridge, or the browser itself.

use serde::{Deserialize, Serialize};

/// A source, as it is kept from day to day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "lowercase")]
pub enum Source {
    /// The bridge, wherever the configuration says that it is.
    #[default]
    Bridge,
    /// A serial port that the browser opens.
    Usb {
        /// The protocol, or `auto`.
        driver: String,
    },
    /// A Bluetooth sensor that the browser connects to.
    Bluetooth,
}

impl Source {
    /// The name in `data-source` and for style.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bridge => "bridge",
            Self::Usb { .. } => "usb",
            Self::Bluetooth => "bluetooth",
        }
    }

    /// Whether the browser reads the bike itself.
    pub const fn is_local(&self) -> bool {
        !matches!(self, Self::Bridge)
    }
}

/// What this browser can do, and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    /// The one in use.
    pub chosen: Source,
    /// Whether the browser opens serial ports.
    pub usb: bool,
    /// Whether the browser connects to Bluetooth sensors.
    pub bluetooth: bool,
    /// The serial protocols to choose from with the bikes that speak them, once what reads them is loaded.
    pub drivers: Vec<(String, String)>,
}

impl Sources {
    /// Whether there is anything to choose.
    pub const fn is_choice(&self) -> bool {
        self.usb || self.bluetooth
    }

    /// The source of the last time, if this browser still can.
    pub(super) fn keep(&mut self, kept: Source) {
        let can = match kept {
            Source::Bridge => true,
            Source::Usb { .. } => self.usb,
            Source::Bluetooth => self.bluetooth,
        };
        if can {
            self.chosen = kept;
        }
    }
}

#[cfg(test)]
mod tests {
    use alleycat_shared::message::{SensorMessage, SensorState};

    use super::*;
    use crate::state::{Effect, Input, Page};
    use crate::words::Lang;

    fn said(state: SensorState, way: &str) -> Input {
        let (driver, port) = ("bluetooth".to_owned(), "Ann's bike".to_owned());
        Input::Sensor(SensorMessage::State { state, driver, port, hint: way.to_owned() })
    }

    #[test]
    fn another_source_begins_anew_and_says_what_to_do_in_any_language() {
        let mut page = Page::default();
        page.handle(0, Input::Sources { kept: Source::Bridge, usb: false, bluetooth: true });
        for _ in 0..3 {
            page.handle(1, Input::BridgeClosed);
        }
        assert!(page.bike_advice().contains("bridge program"), "{}", page.bike_advice());
        assert_eq!(page.handle(2, Input::SourcesOpened), [Effect::LoadReader]);
        page.handle(3, Input::Drivers(vec![("line".into(), "A line sensor".into())]));
        assert_eq!(page.handle(4, Input::SourcesOpened), [], "loaded once");
        let effects = page.handle(5, Input::SourceChosen(Source::Bluetooth));
        assert_eq!(effects, [Effect::KeepSource, Effect::ChooseSensor]);
        assert_eq!((page.bike().name(), page.bike_advice()), ("no-bridge", String::new()));
        for _ in 0..2 {
            page.handle(6, Input::BridgeClosed);
        }
        assert_eq!(page.bike_advice(), Lang::En.reader_not_loaded());
        page.handle(7, Input::BridgeOpened);
        for lang in Lang::ALL {
            page.settings.lang = Some(lang);
            for (state, way, advice) in [
                (SensorState::NoPort, "unchosen", lang.advice_choose_bike()),
                (SensorState::NoPort, "strange", lang.advice_strange()),
                (SensorState::NoPort, "bluetooth", lang.advice_out_of_reach()),
                (SensorState::NoPort, "usb", lang.advice_no_port()),
                (SensorState::Refused, "usb", lang.advice_allow_it()),
                (SensorState::Lost, "bluetooth", lang.advice_stay_near()),
                (SensorState::Lost, "usb", lang.advice_wake_console()),
                (SensorState::Waiting, "usb", lang.advice_waiting()),
            ] {
                page.handle(8, said(state, way));
                assert_eq!(page.bike_advice(), advice, "{state:?} {way}");
            }
        }
    }

    #[test]
    fn a_source_is_kept_and_read_again() {
        let usb = Source::Usb { driver: "kettler".into() };
        for source in [Source::Bridge, usb, Source::Bluetooth] {
            let text = serde_json::to_string(&source).unwrap();
            assert_eq!(serde_json::from_str::<Source>(&text).unwrap(), source, "{text}");
            assert!(text.contains(source.name()), "{text}");
        }
    }

    #[test]
    fn a_browser_that_no_longer_can_goes_back_to_the_bridge() {
        let mut sources = Sources { usb: true, ..Sources::default() };
        sources.keep(Source::Bluetooth);
        assert_eq!(sources.chosen, Source::Bridge);
        sources.keep(Source::Usb { driver: "auto".into() });
        assert!(sources.chosen.is_local() && sources.is_choice());
    }
}
