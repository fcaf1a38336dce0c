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

/// Memory that a process holds, in bytes: `VmRSS` of `/proc/PID/status` (`proc(5)`).
///
/// # Errors
/// When there is no such process (any more).
pub fn resident(id: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: Option<u64> = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    Ok(kib.ok_or(io::ErrorKind::InvalidData)? * 1_024)
}

/// Of a second, on every Linux that is met.
const TICKS: u32 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_taken_time_and_holds_memory() {
        let id = std::process::id();
        assert!(thread_time(id).unwrap() > Duration::ZERO);
        assert!(cpu_time(id).unwrap() < Duration::from_secs(3_600));
        assert!((100_000..10_000_000_000).contains(&resident(id).unwrap()));
        assert!(resident(u32::MAX).is_err());
    }
}
