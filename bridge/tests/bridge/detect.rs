//! Finding the bike: which port, which protocol.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alleycat_sensors::kettler::emulate::KettlerBike;
use alleycat_sensors::peloton::emulate::PelotonBike;
use alleycat_shared::message::{Origin, SensorMessage, SensorReading, SensorState};
use tokio::time::sleep;

use crate::program::program;
use crate::rig::{Bridge, Device, Page};

fn heard(device: &Arc<Mutex<Vec<u8>>>) -> Vec<u8> {
    device.lock().unwrap().clone()
}

/// The driver and the port that the page is told with a state.
async fn bike(page: &mut Page, wanted: SensorState) -> (String, String, String) {
    loop {
        if let SensorMessage::State { state, driver, port, hint } = page.next_within(FINDING).await
            && state == wanted
        {
            return (driver, port, hint);
        }
    }
}

async fn first_reading(page: &mut Page) -> SensorReading {
    loop {
        if let SensorMessage::Reading(reading) = page.next_within(FINDING).await {
            return reading;
        }
    }
}

/// Every step at two ports, and room for a busy machine.
const FINDING: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_bike_is_found_among_several_ports_and_known_the_next_time() {
    let (mut nothing, mut device) = (Device::plugged(), Device::plugged());
    let silent = nothing.ride(|_| Vec::new());
    let mut peloton = PelotonBike::new(88, 860);
    let asked = device.ride(move |bytes| peloton.answer(bytes));
    let ports = format!("{},{}", nothing.path().display(), device.path().display());
    let state = tempfile::tempdir().unwrap();
    let args = ["run", "--search", &ports, "--state", state.path().to_str().unwrap()];

    let bridge = Bridge::start(&args).await;
    let mut page = bridge.page().await;
    let (driver, _, hint) = bike(&mut page, SensorState::Waiting).await;
    assert_eq!((driver.as_str(), hint.as_str()), ("auto", "Looking for the bike: start pedalling."));
    let (driver, port, _) = bike(&mut page, SensorState::Live).await;
    assert_eq!((driver.as_str(), port), ("peloton", device.path().display().to_string()));
    bridge.end().await;
    assert!(!heard(&silent).is_empty(), "the other port was asked, for it comes first");

    // Now it is known: the other port does not hear a word, and the bike nothing of other protocols.
    silent.lock().unwrap().clear();
    asked.lock().unwrap().clear();
    let bridge = Bridge::start(&args).await;
    let mut page = bridge.page().await;
    bike(&mut page, SensorState::Live).await;
    assert_eq!(heard(&silent), b"");
    assert!(
        heard(&asked).chunks(4).all(|request| matches!(request[0], 0xf5 | 0xf7)),
        "{:02x?}",
        heard(&asked)
    );
    bridge.end().await;
}

#[tokio::test]
async fn another_bike_at_the_same_port_is_found_too() {
    let mut device = Device::plugged();
    let mut peloton = PelotonBike::new(88, 860);
    device.ride(move |bytes| peloton.answer(bytes));
    let bridge = Bridge::start(&["run", "--search", device.path().to_str().unwrap()]).await;
    let mut page = bridge.page().await;
    assert_eq!(bike(&mut page, SensorState::Live).await.0, "peloton");
    device.unplug();
    bike(&mut page, SensorState::NoPort).await;
    device.plug();
    let mut peloton = PelotonBike::new(61, 860);
    device.ride(move |bytes| peloton.answer(bytes));
    assert_eq!(first_reading(&mut page).await.cadence.get(), 61.0);
}

#[tokio::test]
async fn who_only_echoes_is_no_bike() {
    let mut device = Device::plugged();
    device.ride(<[u8]>::to_vec);
    let port = device.path().display().to_string();
    let output =
        tokio::task::spawn_blocking(move || program(&["probe", "--search", &port]).output().unwrap());
    let output = output.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("no bike was found: start pedalling"), "{text}");
    assert!(text.contains("bytes are heard and not understood"), "{text}");
}

#[tokio::test]
async fn probing_tells_each_step_and_the_options_that_name_what_was_found() {
    let mut device = Device::plugged();
    let mut kettler = KettlerBike::new(91, 178);
    device.ride(move |bytes| kettler.answer(bytes));
    let port = device.path().display().to_string();
    let probe = async |more: &[&'static str]| {
        let args: Vec<_> = ["probe", "--port", &port].iter().chain(more).map(ToString::to_string).collect();
        let run = move || program(&args.iter().map(String::as_str).collect::<Vec<_>>()).output().unwrap();
        let output = tokio::task::spawn_blocking(run).await.unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (found, text) = probe(&[]).await;
    assert!(found, "{text}");
    for step in ["115200 baud, listening as line", "nothing is heard", "19200 baud, asking as peloton"] {
        assert!(text.contains(step), "{step}: {text}");
    }
    assert!(text.contains(&format!("--port {port} --driver kettler --baud 9600")), "{text}");
    // Who names the protocol wants to know whether it is spoken.
    let (found, text) = probe(&["--driver", "csafe"]).await;
    assert!(!found && text.contains("asking as csafe") && !text.contains("kettler"), "{text}");
}

#[tokio::test]
async fn a_configured_protocol_is_the_only_one_that_is_ever_sent() {
    let mut devices = [Device::plugged(), Device::plugged()];
    let silent: Vec<_> = devices.iter_mut().map(|device| device.ride(|_| Vec::new())).collect();
    let ports: Vec<_> = devices.iter().map(|device| device.path().display().to_string()).collect();
    let bridge = Bridge::start(&["run", "--driver", "line", "--search", &ports.join(",")]).await;
    let mut page = bridge.page().await;
    bike(&mut page, SensorState::Waiting).await;
    // Twice through both ports.
    sleep(Duration::from_secs(6)).await;
    devices[1].unplug();
    devices[1].plug();
    devices[1].stream(|| b"\n$BIKE,85.5,40*17\r\n".to_vec());
    let reading = first_reading(&mut page).await;
    assert_eq!((reading.cadence.get(), reading.origin), (85.5, Origin::Measured));
    for device in silent {
        assert_eq!(heard(&device), b"", "a line sensor is never asked");
    }
}
