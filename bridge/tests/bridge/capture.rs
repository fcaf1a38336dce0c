//! Bikes that are not there: captures that are played again, and scripts.

use alleycat_sensors::peloton::emulate::PelotonBike;
use alleycat_shared::message::{Origin, SensorState};

use crate::rig::{Bridge, Device, Page};

async fn with_resistance(page: &mut Page) -> (f64, f64, Origin) {
    loop {
        let reading = page.reading().await;
        if let Some(resistance) = reading.resistance {
            return (reading.cadence.get(), resistance.get(), reading.origin);
        }
    }
}

#[tokio::test]
async fn a_recorded_ride_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ride.txt");
    let file = file.to_str().unwrap();
    let mut device = Device::plugged();
    let mut bike = PelotonBike::new(88, 700);
    bike.table = Some(std::array::from_fn(|n| 100 + 30 * u32::try_from(n).unwrap()));
    device.ride(move |bytes| bike.answer(bytes));
    let port = device.path();
    let bridge =
        Bridge::start(&["record", file, "--driver", "peloton", "--port", port.to_str().unwrap()]).await;
    let ridden = with_resistance(&mut bridge.page().await).await;
    assert_eq!(ridden, (88.0, 66.7, Origin::Measured), "by the bike's own table");
    bridge.end().await;
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains("\n# driver peloton\n") && text.contains("\n# baud 19200\n"), "{text}");
    assert!(text.contains(" > f5 ") && text.contains(" < f1 "), "{text}");

    let bridge = Bridge::start(&["replay", file, "--once"]).await;
    let mut page = bridge.page().await;
    // A busy machine asks at other times than it did, and may miss a step of the table for it; the rest of a
    // capture is to the letter, see the next test.
    assert_eq!(page.reading().await.cadence.get(), ridden.0);
    page.state(SensorState::NoPort).await;
}

#[tokio::test]
async fn a_line_sensor_is_recorded_and_replayed_with_the_same_readings() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ride.txt");
    let file = file.to_str().unwrap();
    let mut device = Device::plugged();
    let mut said = 0_u32;
    device.stream(move || {
        said += 1;
        let body = format!("BIKE,{}.5,{}", 60 + said % 40, said % 100);
        let sum = body.bytes().fold(0, |sum, byte| sum ^ byte);
        format!("${body}*{sum:02X}\r\n").into_bytes()
    });
    let port = device.path();
    let bridge = Bridge::start(&["record", file, "--driver", "line", "--port", port.to_str().unwrap()]).await;
    let mut page = bridge.page().await;
    let mut ridden = Vec::new();
    for _ in 0..20 {
        ridden.push(with_resistance(&mut page).await);
    }
    bridge.end().await;
    // Again and again: a page that comes late sees the next round.
    let bridge = Bridge::start(&["replay", file]).await;
    let mut page = bridge.page().await;
    let first = ridden[0];
    while with_resistance(&mut page).await != first {}
    // A page that is too slow for a moment misses some, but what comes is what was ridden, in order.
    let mut rest = ridden.iter();
    for _ in 0..5 {
        let next = with_resistance(&mut page).await;
        assert!(rest.any(|reading| *reading == next), "{next:?} is not of {ridden:?}");
    }
    bridge.end().await;
}

#[tokio::test]
async fn a_line_sensors_columns_and_fixed_resistance_are_in_its_capture() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.txt");
    let head = "# alleycat-capture 1\n# driver line\n# columns skip,cadence\n# fixed-resistance 42.5\n";
    // `\n24.80,82.00\r\n`, twice.
    let line = "< 0a 32 34 2e 38 30 2c 38 32 2e 30 30 0d 0a\n";
    std::fs::write(&file, format!("{head} 0.200 {line} 0.400 {line}")).unwrap();
    let bridge = Bridge::start(&["replay", file.to_str().unwrap(), "--speed", "2"]).await;
    let mut page = bridge.page().await;
    assert_eq!(with_resistance(&mut page).await, (82.0, 42.5, Origin::None));
}

#[tokio::test]
async fn a_scripted_bike_goes_through_its_states() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script.txt");
    std::fs::write(&file, "0 ride 85 45\n2 rest\n3 silent\n9 noise\n14 unplug\n16 ride 95 60\n").unwrap();
    let bridge = Bridge::start(&["virtual", "--script", file.to_str().unwrap()]).await;
    let mut page = bridge.page().await;
    page.state(SensorState::Live).await;
    assert!((82.0..=88.0).contains(&page.reading().await.cadence.get()));
    // A measured standstill is a reading, and is not silence.
    while page.reading().await.cadence.get() > 0.0 {}
    for state in [SensorState::Stale, SensorState::Lost, SensorState::Garbage, SensorState::NoPort] {
        page.state(state).await;
    }
    page.state(SensorState::Live).await;
    assert_eq!(with_resistance(&mut page).await.1, 60.0);
}
