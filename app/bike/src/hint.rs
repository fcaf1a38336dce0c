//! What a rider is to do about a bike that the browser reads itself, in one sentence; empty if nothing.

use alleycat_shared::message::SensorState;

/// How the bike is connected, and what went wrong with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A serial port.
    Usb,
    /// A Bluetooth sensor.
    Bluetooth,
    /// Nothing was chosen, or the browser has forgotten it.
    Unchosen,
    /// A Bluetooth device that tells nothing that a race needs.
    Strange,
}

pub(crate) const fn hint(state: SensorState, way: Way) -> &'static str {
    match (state, way) {
        (SensorState::NoPort, Way::Usb) => "Plug in the bike's sensor.",
        (SensorState::NoPort, Way::Bluetooth) => "The bike is out of reach, or asleep: turn the pedals.",
        (SensorState::NoPort, Way::Unchosen) => "No bike is chosen: tap “Connect a bike” and choose it.",
        (SensorState::NoPort, Way::Strange) => {
            "This device tells neither cadence nor power: choose another one."
        }
        (SensorState::Refused, _) => "The browser may not use the bike: allow it in the page's settings.",
        (SensorState::Busy, _) => "The port can't be opened: close the other program or page that uses it.",
        (SensorState::Lost, Way::Usb) => "The bike fell silent: check the cable and wake its console.",
        (SensorState::Lost, _) => "The bike fell silent: turn the pedals, and stay near.",
        (SensorState::Garbage, _) => "What comes is not understood: check the cable and the kind of bike.",
        (SensorState::Waiting, _) => "Start pedalling.",
        (SensorState::Stale, _) => "No reading for a moment.",
        (SensorState::Live, _) => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_live_says_what_to_do() {
        for way in [Way::Usb, Way::Bluetooth, Way::Unchosen, Way::Strange] {
            for state in SensorState::ALL {
                assert_eq!(hint(state, way).is_empty(), state == SensorState::Live, "{state:?} {way:?}");
            }
        }
    }
}
