//! A simulated field in several processes.

use std::time::Duration;

use alleycat_tests::{Program, Programs, RaceHub, until};
use anyhow::ensure;
use nix::sys::signal::Signal;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);
/// The first rider of the first process, and the last one of the second.
const ENDS: [u32; 2] = [101, 104];

#[tokio::test]
async fn a_field_in_two_processes_starts_rides_and_comes_home_when_it_is_told() -> anyhow::Result<()> {
    let hub = RaceHub::start().await?;
    let folder = tempfile::tempdir()?;
    let (file, report) = (folder.path().join("sim.toml"), folder.path().join("report.json"));
    // What each process gets anew stands on the command line and in a file as well.
    std::fs::write(&file, "riders = 9\nprocesses = 3\nraces = 0\n")?;
    let target = format!("ws://127.0.0.1:{}/mqtt", hub.web);
    let args = ["--riders", "4", "--first-id", "101", "--processes", "2", "--target", &target];
    let mut command = Programs::from_env()?.command("alleycat-sim", args);
    command.arg("--config").arg(&file).arg("--json").arg(&report);
    let mut riders = Program::start("the simulator", &mut command)?;
    for racer in ENDS {
        let rides = async || Ok((hub.seconds(racer).await? > 0).then_some(()));
        until(&format!("rider {racer} rides"), SOON, rides).await?;
    }
    riders.signal(Signal::SIGTERM)?;
    ensure!(riders.wait(SOON).await?.success(), "it ended badly");
    let said: Value = serde_json::from_slice(&std::fs::read(&report)?)?;
    ensure!(said["riders"] == 4 && said["acknowledged"] == said["sent"], "{said}");
    Ok(())
}
