//! What must not grow: descriptors, memory and work, over a hundred unplugged cables and a long noisy ride.

use std::fs;
use std::time::{Duration, Instant};

use alleycat_shared::message::SensorState;
use tokio::time::sleep;

use crate::program::{Running, program};
use crate::rig::{Device, Page};

/// What a process uses.
struct Use {
    descriptors: usize,
    /// In KiB.
    resident: u64,
    /// On the processor, in ticks of 10 ms.
    busy: u64,
}

fn used(pid: u32) -> Use {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Fields 14 and 15, counted from behind the name, which may hold anything.
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    Use {
        descriptors: fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
        resident: resident.trim().trim_end_matches(" kB").parse().unwrap(),
        busy: fields[11..13].iter().map(|field| field.parse::<u64>().unwrap()).sum(),
    }
}

/// The program itself, so that what it uses is its own.
async fn start(device: &Device) -> (Running, Page) {
    let port = device.path();
    let args = ["run", "--driver", "line", "--listen", "127.0.0.1:0", "--port", port.to_str().unwrap()];
    let mut command = program(&args);
    let (running, address) = tokio::task::spawn_blocking(move || {
        let mut running = Running::start(&mut command);
        let line = running.says("listening on http://");
        let address = line.split("http://").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
        // What it says on is read, or it would wait for room in the pipe.
        running.forget();
        (running, address)
    })
    .await
    .unwrap();
    (running, Page::open(&address).await)
}

/// Says a line every 20 ms until the state comes.
async fn live(device: &mut Device, page: &mut Page) {
    let until = page.state(SensorState::Live);
    tokio::pin!(until);
    loop {
        tokio::select! {
            _ = &mut until => return,
            () = sleep(Duration::from_millis(20)) => device.say(b"\n$BIKE,85.5,40*17\r\n"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_unplugged_cables_leak_nothing_and_cost_nothing() {
    let mut device = Device::plugged();
    let (running, mut page) = start(&device).await;
    let mut before = None;
    let mut slowest = Duration::ZERO;
    live(&mut device, &mut page).await;
    for round in 0..100 {
        if round == 10 {
            before = Some((used(running.id()), Instant::now()));
        }
        // In the middle of a frame.
        device.say(b"$BIKE,85.5");
        device.unplug();
        page.state(SensorState::NoPort).await;
        let replugged = Instant::now();
        device.plug();
        live(&mut device, &mut page).await;
        slowest = slowest.max(replugged.elapsed());
    }
    let (before, since) = before.unwrap();
    let (after, took) = (used(running.id()), since.elapsed());
    let busy = Duration::from_millis(10 * (after.busy - before.busy));
    eprintln!(
        "slowest {slowest:?}, busy {busy:?} of {took:?}, {} -> {} KiB",
        before.resident, after.resident
    );
    assert_eq!(after.descriptors, before.descriptors);
    assert!(after.resident < before.resident + 1_024, "{} -> {} KiB", before.resident, after.resident);
    assert!(busy < took / 4, "{busy:?} of {took:?}: a loop that never rests");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}

/// Rides at a rate with noise between the lines; the memory after a tenth of it is that at the end.
async fn soak(hertz: u32, length: Duration) {
    let mut device = Device::plugged();
    let (running, mut page) = start(&device).await;
    live(&mut device, &mut page).await;
    let start = Instant::now();
    let mut early = None;
    let (mut said, mut read) = (0_u64, 0_u64);
    let mut tick = tokio::time::interval(Duration::from_secs(1) / hertz);
    while start.elapsed() < length {
        tokio::select! {
            _ = tick.tick() => {
                said += 1;
                let noise = [0x80 | said.to_le_bytes()[0], b'$', 0x80 | said.to_le_bytes()[1], b'*'];
                device.say(&[&noise[..], b"\n$BIKE,85.5,40*17\r\n"].concat());
            }
            _ = page.reading() => read += 1,
        }
        if early.is_none() && start.elapsed() > length / 10 {
            early = Some(used(running.id()));
        }
    }
    let (early, late) = (early.unwrap(), used(running.id()));
    eprintln!("{hertz} Hz: {read} of {said} read, {} -> {} KiB", early.resident, late.resident);
    assert!(read * 10 >= said * 8, "{read} of {said}");
    assert_eq!(late.descriptors, early.descriptors);
    assert!(late.resident < early.resident + 512, "{} -> {} KiB", early.resident, late.resident);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_ride_needs_no_more_memory_at_its_end() {
    tokio::join!(soak(4, Duration::from_secs(8)), soak(100, Duration::from_secs(8)));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run by hand, ten minutes"]
async fn ten_noisy_minutes_need_no_more_memory_at_their_end() {
    tokio::join!(soak(4, Duration::from_secs(600)), soak(100, Duration::from_secs(600)));
}
