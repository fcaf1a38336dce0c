//! From bytes on a serial line to what the page is told.

use std::time::Duration;

use alleycat_sensors::peloton::emulate::PelotonBike;
use alleycat_shared::message::{Origin, SensorReading, SensorState};
use tokio::time::sleep;

use crate::rig::{Bridge, Device, Page};

async fn line_bridge(device: &Device) -> Bridge {
    Bridge::start(&["run", "--driver", "line", "--port", device.path().to_str().unwrap()]).await
}

/// Bytes that come while the port is being opened are thrown away, so a device says its word again and
/// again, as a real one does.
async fn keep_saying<T>(device: &mut Device, word: &[u8], until: impl Future<Output = T>) -> T {
    tokio::pin!(until);
    loop {
        tokio::select! {
            result = &mut until => return result,
            () = sleep(Duration::from_millis(100)) => device.say(word),
        }
    }
}

#[tokio::test]
async fn lines_arrive_as_readings() {
    let mut device = Device::plugged();
    let bridge = line_bridge(&device).await;
    let mut page = bridge.page().await;
    page.state(SensorState::Waiting).await;
    let reading = keep_saying(&mut device, b"\n$BIKE,85.5,40*17\r\n", page.reading()).await;
    assert_eq!((reading.cadence.get(), reading.resistance.unwrap().get()), (85.5, 40.0));
    assert_eq!(reading.origin, Origin::Measured);
}

#[tokio::test]
async fn a_bike_without_resistance_gets_the_configured_one_and_says_so() {
    let mut device = Device::plugged();
    let port = device.path();
    let args = ["run", "--driver", "line", "--fixed-resistance", "42.5", "--port", port.to_str().unwrap()];
    let bridge = Bridge::start(&args).await;
    let mut page = bridge.page().await;
    let reading = keep_saying(&mut device, b"\nCadence: 85\n", page.reading()).await;
    assert_eq!((reading.resistance.unwrap().get(), reading.origin), (42.5, Origin::None));
}

#[tokio::test]
async fn a_tapped_peloton_is_read_without_a_word_to_it() {
    let mut device = Device::plugged();
    let port = device.path();
    let bridge = Bridge::start(&["run", "--driver", "peloton", "--port", port.to_str().unwrap()]).await;
    let mut page = bridge.page().await;
    let raw_then_cadence =
        [0xf1, 0x4a, 4, 0x30, 0x36, 0x38, 0x30, 0x0d, 0xf6, 0xf1, 0x41, 3, 0x38, 0x38, 0x30, 0xd5, 0xf6];
    let reading = keep_saying(&mut device, &raw_then_cadence, page.reading()).await;
    assert_eq!((reading.cadence.get(), reading.resistance.unwrap().get()), (88.0, 59.8));
    assert_eq!(reading.origin, Origin::Estimated, "by another bike's table, for its own was not heard");
}

#[tokio::test]
async fn a_tap_on_the_tablets_conductor_is_told() {
    let mut device = Device::plugged();
    let port = device.path();
    let bridge = Bridge::start(&["run", "--driver", "peloton", "--port", port.to_str().unwrap()]).await;
    let mut page = bridge.page().await;
    let hint = keep_saying(&mut device, b"\xf5\x41\x36\xf6", page.state(SensorState::Garbage)).await;
    assert!(hint.contains("not the tablet"), "{hint}");
}

#[tokio::test]
async fn a_peloton_that_nobody_polls_is_polled_and_read_by_its_own_scale() {
    let mut device = Device::plugged();
    let mut bike = PelotonBike::new(88, 860);
    bike.power = 923;
    device.ride(move |bytes| bike.answer(bytes));
    let port = device.path();
    let bridge = Bridge::start(&["run", "--driver", "peloton", "--port", port.to_str().unwrap()]).await;
    let mut page = bridge.page().await;
    let reading = whole_reading(&mut page).await;
    assert_eq!((reading.cadence.get(), reading.resistance.unwrap().get()), (88.0, 59.8));
    assert_eq!(reading.origin, Origin::Measured);
    // Pulled out while it answers, and another bike plugged in: its scale is another one.
    device.unplug();
    page.state(SensorState::NoPort).await;
    let mut other = PelotonBike::new(60, 700);
    other.table = Some(std::array::from_fn(|n| 100 + 30 * u32::try_from(n).unwrap()));
    device.plug();
    device.ride(move |bytes| other.answer(bytes));
    page.state(SensorState::Live).await;
    let reading = whole_reading(&mut page).await;
    assert_eq!((reading.cadence.get(), reading.resistance.unwrap().get()), (60.0, 66.7));
    assert_eq!(reading.origin, Origin::Measured);
}

/// A reading with a resistance: the first ones come before the bike has told it.
async fn whole_reading(page: &mut Page) -> SensorReading {
    loop {
        let reading = page.reading().await;
        if reading.resistance.is_some() {
            return reading;
        }
    }
}

#[tokio::test]
async fn silence_is_told_as_stale_then_lost() {
    let mut device = Device::plugged();
    let bridge = line_bridge(&device).await;
    let mut page = bridge.page().await;
    keep_saying(&mut device, b"\n$BIKE,85.5,40*17\r\n", page.state(SensorState::Live)).await;
    page.state(SensorState::Stale).await;
    assert!(page.state(SensorState::Lost).await.contains("cable"));
    keep_saying(&mut device, b"\n$BIKE,85.5,40*17\r\n", page.state(SensorState::Live)).await;
}

#[tokio::test]
async fn unplugging_is_told_and_replugging_mends_it() {
    let mut device = Device::plugged();
    let bridge = line_bridge(&device).await;
    let mut page = bridge.page().await;
    keep_saying(&mut device, b"\n$BIKE,85.5,40*17\r\n", page.state(SensorState::Live)).await;
    // Half a frame is under way when the cable goes: nothing of it may survive.
    device.say(b"$BIKE,85.5");
    device.unplug();
    assert!(page.state(SensorState::NoPort).await.contains("Plug in"));
    device.plug();
    page.state(SensorState::Waiting).await;
    let reading = keep_saying(&mut device, b"\n$BIKE,92,*0E\r\n", page.reading()).await;
    assert_eq!(reading.cadence.get(), 92.0);
}

#[tokio::test]
async fn a_device_that_comes_later_is_found() {
    let mut device = Device::absent();
    let bridge = line_bridge(&device).await;
    let mut page = bridge.page().await;
    page.state(SensorState::NoPort).await;
    device.plug();
    page.state(SensorState::Waiting).await;
}

#[tokio::test]
async fn a_port_that_another_program_holds_is_busy() {
    let device = Device::plugged();
    let path = device.path();
    let holder = serialport::new(path.to_str().unwrap(), 9_600).open_native().unwrap();
    let bridge = line_bridge(&device).await;
    let mut page = bridge.page().await;
    assert!(page.state(SensorState::Busy).await.contains("Another program"));
    drop(holder);
    page.state(SensorState::Waiting).await;
}

#[tokio::test]
async fn noise_is_told_as_garbage_and_counted() {
    let mut device = Device::plugged();
    let bridge = line_bridge(&device).await;
    let mut page = bridge.page().await;
    keep_saying(&mut device, b"\n\xff\xfe\x80 not a bike\n", page.state(SensorState::Garbage)).await;
    let health: serde_json::Value = reqwest::get(bridge.url("/healthz")).await.unwrap().json().await.unwrap();
    assert_eq!(health["sensor"], "garbage");
    assert_eq!(health["driver"], "line");
    assert_eq!(health["badFrames"]["checksum"], 0);
    assert!(health["skippedBytes"].as_u64().unwrap() > 20, "{health}");
    keep_saying(&mut device, b"\n$BIKE,85.5,40*17\r\n", page.state(SensorState::Live)).await;
}

#[tokio::test]
async fn the_virtual_bike_rides() {
    let bridge = Bridge::start(&["virtual"]).await;
    let mut page = bridge.page().await;
    let reading = page.reading().await;
    assert!(reading.cadence.get() > 60.0 && reading.resistance.unwrap().get() > 20.0);
}
