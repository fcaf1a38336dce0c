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

/// Processor time of the threads of a process that live, by the scheduler, to the nanosecond: `schedstat` in
/// `proc(5)`.
///
/// # Errors
/// When there is no such process (any more).
pub fn thread_time(id: u32) -> io::Result<Duration> {
    let mut all = Duration::ZERO;
    for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
        // One that has ended meanwhile is no error.
        let text = std::fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        let time = text.split(' ').next().and_then(|time| time.parse().ok());
        all += Duration::from_nanos(time.unwrap_or_default());
    }
    Ok(all)
}

/// Of a second, on every Linux that is met.
const TICKS: u32 = 100;
