//! `cargo xtask run`: everything on this machine, until Ctrl-C.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::programs::{self, Program};
use crate::shell::command;
use crate::{page, setup};

/// What to start.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The serial port of a real bike, or `auto`; without it a virtual one is ridden.
    #[arg(long, value_name = "PORT")]
    bike: Option<PathBuf>,
    /// The protocol of the real bike; unless given, the bridge finds out.
    #[arg(long, default_value = "auto", requires = "bike")]
    driver: String,
    /// How many simulated riders come along.
    #[arg(long, default_value_t = 25)]
    riders: u32,
    /// The length of a race in seconds.
    #[arg(long, default_value_t = 300)]
    race_seconds: u16,
    /// The hub's port on this machine.
    #[arg(long, default_value_t = 8080)]
    hub_port: u16,
    /// The bridge's port on this machine.
    #[arg(long, default_value_t = 8765)]
    bridge_port: u16,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let on_signal = Arc::clone(&stop);
    ctrlc::set_handler(move || on_signal.store(true, Ordering::Relaxed)).context("Ctrl-C can't be caught")?;

    let tools = setup::for_page()?;
    let bin = programs::build(true)?;
    let dist = page::build(&tools)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(());
    }

    let hub_address = format!("127.0.0.1:{}", options.hub_port);
    let bridge_address = format!("127.0.0.1:{}", options.bridge_port);
    let hub_url = format!("http://{hub_address}");

    let mut hub = command(bin.join("alleycat-hub"));
    hub.args([
        "serve",
        "--listen",
        &hub_address,
        "--race-seconds",
        &options.race_seconds.to_string(),
        "--page",
    ]);
    hub.arg(&dist).args(["--sensor-url", &format!("ws://localhost:{}/sensor", options.bridge_port)]);
    let mut running = vec![Program::start("the hub", &mut hub)?];
    wait_for(&mut running, &hub_address, &stop)?;

    let mut bridge = command(bin.join("alleycat-bridge"));
    match &options.bike {
        Some(port) => bridge.args(["run", "--driver", &options.driver, "--port"]).arg(port),
        None => bridge.arg("virtual"),
    };
    bridge.args(["--listen", &bridge_address, "--hub", &hub_url, "--page"]).arg(&dist);
    running.push(Program::start("the bridge", &mut bridge)?);
    wait_for(&mut running, &bridge_address, &stop)?;

    if options.riders > 0 {
        let mut riders = command(bin.join("alleycat-sim"));
        riders.args(["--races", "0", "--riders", &options.riders.to_string()]);
        riders.args(["--target", &format!("ws://{hub_address}/mqtt")]);
        running.push(Program::start("the simulator", &mut riders)?);
    }

    println!("\n  Alleycat runs. Open the page and race:\n");
    println!(
        "    http://localhost:{}/   on the bike (this bridge's sensor, {})",
        options.bridge_port,
        bike(options)
    );
    println!("    http://localhost:{}/   straight from the hub", options.hub_port);
    println!("\n  {} simulated riders race in class 1. Ctrl-C ends everything.\n", options.riders);

    programs::watch(&mut running, &stop)?;
    println!("\nending …");
    while let Some(program) = running.pop() {
        drop(program);
    }
    Ok(())
}

fn bike(options: &Options) -> String {
    match &options.bike {
        Some(port) => format!("the bike at {}", port.display()),
        None => "a virtual bike".to_owned(),
    }
}

/// Waits until a program that was just started answers on its port.
fn wait_for(running: &mut [Program], address: &str, stop: &AtomicBool) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(20);
    let program = running.last_mut().expect("a program was just started");
    while Instant::now() < deadline && !stop.load(Ordering::Relaxed) {
        if let Some(status) = program.ended() {
            bail!("{} ended at once with {status}; its last words are above", program.name);
        }
        if healthy(address).is_some() {
            return Ok(());
        }
        sleep(Duration::from_millis(50));
    }
    if stop.load(Ordering::Relaxed) { Ok(()) } else { bail!("{} does not answer on {address}", program.name) }
}

fn healthy(address: &str) -> Option<()> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).ok()?;
    write!(stream, "GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).ok()?;
    (&status == b"HTTP/1.1 200").then_some(())
}
