//! Each protocol through the whole bridge: a bike on a pseudo-terminal, read by a page.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use alleycat_sensors::ant::Profile;
use alleycat_sensors::ant::emulate::AntStick;
use alleycat_sensors::computrainer::emulate::Computrainer;
use alleycat_sensors::csafe::emulate::CsafeConsole;
use alleycat_sensors::daum::emulate::DaumBike;
use alleycat_sensors::daum_premium::emulate::DaumPremiumBike;
use alleycat_sensors::ergometer::Dialect;
use alleycat_sensors::ergometer::emulate::Ergometer;
use alleycat_sensors::experimental::ergofit::emulate::ErgofitBike;
use alleycat_sensors::experimental::proform::emulate::ProformBoard;
use alleycat_sensors::experimental::tacx::emulate::TacxBrake;
use alleycat_sensors::freebeat::emulate::FreebeatBike;
use alleycat_sensors::kettler::emulate::KettlerBike;
use alleycat_sensors::trixter::emulate::TrixterBike;
use alleycat_shared::message::{Origin, SensorReading};

use crate::rig::{Bridge, Device};

/// Rides a device until a reading is as wanted; it must come within the page's patience.
async fn ride(device: &Device, driver: &str, more: &[&str], wanted: impl Fn(&SensorReading) -> bool) {
    let port = device.path().display().to_string();
    let args = [&["run", "--driver", driver, "--port", &port], more].concat();
    let bridge = Bridge::start(&args).await;
    let mut page = bridge.page().await;
    let begun = Instant::now();
    loop {
        let reading = page.reading().await;
        if wanted(&reading) {
            break;
        }
        assert!(begun.elapsed().as_secs() < 15, "{driver}: {reading:?}");
    }
    bridge.end().await;
}

/// A cadence, and a resistance of an origin.
fn is(rpm: f64, percent: f64, origin: Origin) -> impl Fn(&SensorReading) -> bool {
    move |reading| {
        let resistance = reading.resistance.map(alleycat_shared::Resistance::get);
        (reading.cadence.get(), resistance, reading.origin) == (rpm, Some(percent), origin)
    }
}

/// A device that answers.
fn answers(mut answer: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static) -> Device {
    let mut device = Device::plugged();
    device.ride(move |bytes| answer(bytes));
    device
}

#[tokio::test]
async fn bikes_that_answer_are_read() {
    let mut console = CsafeConsole::new(90, 150, 10);
    ride(&answers(move |asked| console.answer(asked)), "csafe", &[], is(90.0, 40.0, Origin::Level)).await;
    let mut console = CsafeConsole::new(90, 150, 10);
    let max = ["--max-level", "20"];
    ride(&answers(move |asked| console.answer(asked)), "csafe", &max, is(90.0, 50.0, Origin::Level)).await;
    let mut bike = KettlerBike::new(85, 150);
    ride(&answers(move |asked| bike.answer(asked)), "kettler", &[], is(85.0, 42.1, Origin::Estimated)).await;
    let mut bike = DaumBike::new(85, 12);
    ride(&answers(move |asked| bike.answer(asked)), "daum", &[], is(85.0, 40.7, Origin::Level)).await;
    let mut bike = DaumPremiumBike::new(90.1, 130, 10);
    ride(&answers(move |asked| bike.answer(asked)), "daum-premium", &[], is(90.1, 33.3, Origin::Level)).await;
    for (dialect, driver) in [(Dialect::Ergoline, "ergoline"), (Dialect::Monark, "monark")] {
        let mut bike = Ergometer::new(dialect, 85, 150);
        ride(&answers(move |asked| bike.answer(asked)), driver, &[], is(85.0, 42.1, Origin::Estimated)).await;
    }
    let mut bike = FreebeatBike { cadence: 85, resistance: 37 };
    ride(&answers(move |asked| bike.answer(asked)), "freebeat", &[], is(85.0, 37.0, Origin::Measured)).await;
}

#[tokio::test]
async fn bikes_that_are_known_in_part_are_read_if_that_is_wanted() {
    let brave = ["--experimental"];
    let mut bike = ErgofitBike { cadence: 87, power: 145 };
    ride(&answers(move |asked| bike.answer(asked)), "ergofit", &brave, is(87.0, 39.8, Origin::Estimated))
        .await;
    let mut board = ProformBoard { cadence: 90 };
    ride(&answers(move |asked| board.answer(asked)), "proform", &brave, is(90.0, 35.0, Origin::None)).await;
    let mut brake = TacxBrake { cadence: 88 };
    ride(&answers(move |asked| brake.answer(asked)), "tacx", &brave, is(88.0, 27.4, Origin::Estimated)).await;
    let mut device = Device::plugged();
    device.stream(|| b"B123400851201513207800000012056\r".to_vec());
    ride(&device, "cateye", &brave, is(78.0, 36.7, Origin::Estimated)).await;
}

#[tokio::test]
async fn bikes_that_speak_by_themselves_are_read() {
    let mut device = Device::plugged();
    device.stream(|| TrixterBike { crank: 1_852, heart_rate: 97 }.says());
    let seen = |reading: &SensorReading| reading.heart_rate == Some(97.0);
    ride(&device, "trixter", &[], |reading| seen(reading) && is(90.0, 35.0, Origin::None)(reading)).await;
    let mut device = Device::plugged();
    device.stream(|| TrixterBike { crank: 1_852, heart_rate: 0 }.says());
    ride(&device, "trixter", &["--load", "100"], is(90.0, 40.0, Origin::SetPoint)).await;

    let mut device = Device::plugged();
    let trainer = Arc::new(Mutex::new(Computrainer::new(91, 250)));
    let speaking = Arc::clone(&trainer);
    device.busy(move |asked| trainer.lock().unwrap().answer(asked), move || speaking.lock().unwrap().says());
    ride(&device, "computrainer", &[], is(91.0, 65.6, Origin::Estimated)).await;
}

#[tokio::test]
async fn an_ant_stick_is_set_up_with_its_key_and_its_sensor_is_kept() {
    let mut device = Device::plugged();
    let stick = Arc::new(Mutex::new(AntStick::new(Profile::Power, 85)));
    let speaking = Arc::clone(&stick);
    let mut pages = 0_u8;
    let heard = device.busy(
        move |asked| stick.lock().unwrap().answer(asked),
        move || {
            pages = (pages + 1) % 25;
            if pages == 0 { speaking.lock().unwrap().says() } else { Vec::new() }
        },
    );
    let state = tempfile::tempdir().unwrap();
    let key = ["--ant-key", "0123456789abcdef", "--state", state.path().to_str().unwrap()];
    // Twice as many watts as turns: 170 W at 85 rpm.
    ride(&device, "ant", &key, is(85.0, 47.7, Origin::Estimated)).await;
    let kept = std::fs::read_to_string(state.path().join("bike.json")).unwrap();
    assert!(kept.contains("\"device\": 12345"), "{kept}");
    let key: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
    assert!(heard.lock().unwrap().windows(8).any(|part| part == key), "the key is set");
}
