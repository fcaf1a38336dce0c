//! What processes cost.

use std::io;
use std::time::Duration;

/// Processor time of all threads of a process so far, user and system, in hundredths of a second: fields 14 and
/// 15 of `/proc/PID/stat` (`proc(5)`).
///
/// # Errors
/// When there is no such process (any more).
pub fn cpu_time(id: u32) -> io::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // After the name in parentheses, which may hold anything.
    let ticks = stat.rsplit_once(')').and_then(|(_, rest)| {
        rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().ok()).sum::<Option<u64>>()
    });
    let ticks = ticks.ok_or(io::ErrorKind::InvalidData)?;
    Ok(Duration::from_secs(ticks) / TICKS)
}

/// Of a second, on every Linux that is met.
const TICKS: u32 = 100;
