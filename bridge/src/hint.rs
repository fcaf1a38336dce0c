//! What to do about the sensor's state.

use alleycat_shared::message::SensorState;

/// What a rider is to do, in one sentence; empty if nothing.
pub(crate) fn hint(state: SensorState, driver: &str) -> &'static str {
    if driver == "auto" && state == SensorState::Waiting {
        return "Looking for the bike: start pedalling.";
    }
    let (peloton, passive) = (driver.starts_with("peloton"), driver == "peloton-passive");
    match state {
        SensorState::NoPort => "Plug in the bike's sensor.",
        SensorState::Refused => {
            "This computer may not open the port: add the user to the group dialout (sudo usermod -aG dialout $USER) and log in again."
        }
        SensorState::Busy => "Another program holds the port: close it.",
        SensorState::Waiting if passive => {
            "Open the ride screen of the bike's own tablet and start pedalling."
        }
        SensorState::Waiting if driver == "ant" => {
            "Turn the pedals: the sensor wakes up. If it never does, check --ant-key and --ant-device."
        }
        SensorState::Waiting if peloton => "Start pedalling: the bike wakes up and answers.",
        SensorState::Waiting => "Start pedalling.",
        SensorState::Live => "",
        SensorState::Stale => "No reading for a moment.",
        SensorState::Lost if passive => {
            "The bike's own tablet has stopped asking: open its ride screen, or check the cable."
        }
        SensorState::Lost => "The bike fell silent: check the cable and wake its console.",
        SensorState::Garbage if peloton => {
            "The bike is not understood: the adapter must be for RS-232 levels, and on the line on which the bike speaks, not the tablet."
        }
        SensorState::Garbage if driver == "line" => {
            "The sensor sends what is not understood: check --baud (9600 and 115200 are common) and --columns."
        }
        SensorState::Garbage => {
            "What comes is not understood: check the cable, --driver and --baud; `alleycat-bridge probe` helps."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_but_live_says_what_to_do() {
        for driver in ["line", "peloton", "peloton-passive", "virtual"] {
            for state in SensorState::ALL {
                assert_eq!(hint(state, driver).is_empty(), state == SensorState::Live, "{state:?}");
            }
        }
    }
}
