//! More riders than one process has files for: several processes, each with a part of the field.

use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use alleycat_shared::RacerId;
use anyhow::{Context, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::config::{Config, Target};
use crate::field::riders_at_most;
use crate::report::Report;

/// The first racer id and the number of riders of each process.
pub(crate) fn shares(config: &Config) -> anyhow::Result<Vec<(u64, u32)>> {
    let needed = match config.target {
        Target::Broker(_) => u64::from(config.riders).div_ceil(riders_at_most()?),
        // A stream takes no file for each rider.
        Target::Kinesis(_) => 1,
    };
    let count = config.processes.map_or(needed, u64::from).min(u64::from(config.riders));
    Ok(split(config.first_id, config.riders, u32::try_from(count).unwrap_or(u32::MAX)))
}

fn split(first: RacerId, riders: u32, count: u32) -> Vec<(u64, u32)> {
    let (each, more) = (riders / count, riders % count);
    let mut next = u64::from(first.get());
    let share = |at| {
        let riders = each + u32::from(at < more);
        let first = next;
        next += u64::from(riders);
        (first, riders)
    };
    (0..count).map(share).collect()
}

/// A process with its part of the riders, and where it reports.
struct Part {
    process: Child,
    report: PathBuf,
}

impl Part {
    /// Lets its riders come home. Being told twice, by the terminal's Ctrl-C as well, does no harm.
    fn stop(&self) {
        if let Some(id) = self.process.id().and_then(|id| id.try_into().ok()) {
            _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
    }
}

/// Runs a process for each share and adds up what they report; tells all of them when `shutdown` is done.
///
/// # Errors
/// When one of them does not start or falls over.
pub(crate) async fn run(
    shares: Vec<(u64, u32)>,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<Report> {
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let folder = std::env::temp_dir().join(format!("alleycat-sim-{}", std::process::id()));
    std::fs::create_dir_all(&folder).context("no folder for the reports")?;
    let mut parts = Vec::new();
    for (at, (first, riders)) in shares.into_iter().enumerate() {
        let report = folder.join(format!("{at}.json"));
        let mut part = Command::new(&program);
        // Its own options, and of two the later one counts.
        part.args(std::env::args_os().skip(1)).args(["--processes", "1", "--riders", &riders.to_string()]);
        part.args(["--first-id", &first.to_string(), "--json"]).arg(&report);
        part.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        // Bars of several processes would overwrite each other.
        part.stderr(if at == 0 { Stdio::inherit() } else { Stdio::null() });
        let process = part.spawn().context("a part of the field did not start")?;
        parts.push(Part { process, report });
    }
    let all = parts.len();
    tokio::pin!(shutdown);
    let mut stopping = false;
    let mut sum = Report::default();
    for at in 0..all {
        let status = loop {
            tokio::select! {
                status = parts[at].process.wait() => break status.context("a part of the field is lost")?,
                () = &mut shutdown, if !stopping => {
                    stopping = true;
                    parts.iter().for_each(Part::stop);
                }
            }
        };
        match std::fs::read(&parts[at].report) {
            Ok(text) => {
                sum = sum.with(serde_json::from_slice(&text).context("a report of a part can't be read")?);
            }
            Err(_) if stopping && was_told_to(status) => {}
            Err(_) => {
                bail!("one of {all} parts of the field fell over: run it with --processes 1 to see why")
            }
        }
    }
    _ = std::fs::remove_dir_all(&folder);
    Ok(sum)
}

/// Whether a process ended at the first word, which it does as long as nobody of its part rides: then there is
/// nothing to report.
fn was_told_to(status: ExitStatus) -> bool {
    [Signal::SIGINT, Signal::SIGTERM].map(|signal| Some(signal as i32)).contains(&status.signal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rider_is_in_one_process() {
        let first = 101_u64.try_into().unwrap();
        assert_eq!(split(first, 10, 3), [(101, 4), (105, 3), (108, 3)]);
        assert_eq!(split(first, 10, 1), [(101, 10)]);
    }
}
