//! A Peloton bike on a pseudo-terminal: answers the requests of `sensors.md`'s active mode by its own code.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::thread::JoinHandle;

use anyhow::Context;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{OpenptyResult, openpty};
use nix::unistd::ttyname;
use std::os::fd::AsFd;
use tempfile::TempDir;

/// The raw resistance values of one real bike at 0, 3.33, … 100 %.
const TABLE: [u32; 31] = [
    164, 169, 186, 222, 297, 369, 440, 497, 558, 609, 653, 687, 726, 757, 783, 803, 827, 845, 861, 874, 889,
    901, 911, 921, 930, 938, 944, 952, 958, 963, 967,
];

/// A bike behind a path that stays the same when it is unplugged and plugged in again.
#[derive(Debug)]
pub struct Bike {
    folder: TempDir,
    state: Arc<State>,
    plugged: Option<Plugged>,
}

#[derive(Debug, Default)]
struct State {
    cadence: u32,
    raw: u32,
    mood: AtomicU8,
}

/// How a bike answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mood {
    /// As it should.
    Well,
    /// Not at all.
    Silent,
    /// With sums that do not fit what they are of.
    Garbled,
}

#[derive(Debug)]
struct Plugged {
    unplug: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Bike {
    /// A bike that is plugged in, ridden at `cadence` rpm with the knob at `raw`.
    ///
    /// # Errors
    /// When the system gives no pseudo-terminal.
    pub fn new(cadence: u32, raw: u32) -> anyhow::Result<Self> {
        let state = Arc::new(State { cadence, raw, mood: AtomicU8::default() });
        let mut bike = Self { folder: tempfile::tempdir()?, state, plugged: None };
        bike.plug()?;
        Ok(bike)
    }

    /// The path for the bridge's `--port`.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("bike")
    }

    /// From now on it answers so.
    pub fn feels(&self, mood: Mood) {
        self.state.mood.store(mood as u8, Ordering::Relaxed);
    }

    /// Plugs the bike in behind the same path.
    ///
    /// # Errors
    /// When the system gives no pseudo-terminal.
    pub fn plug(&mut self) -> anyhow::Result<()> {
        self.unplug();
        let (pair, name) = pseudo_terminal().context("no pseudo-terminal")?;
        symlink(name, self.path())?;
        let unplug = Arc::new(AtomicBool::new(false));
        let (state, until) = (Arc::clone(&self.state), Arc::clone(&unplug));
        let thread = std::thread::spawn(move || answer(pair.master, pair.slave, &state, &until));
        self.plugged = Some(Plugged { unplug, thread });
        Ok(())
    }

    /// Pulls the cable: the kernel hangs the terminal up and the path leads nowhere.
    pub fn unplug(&mut self) {
        if let Some(plugged) = self.plugged.take() {
            // First the path: the kernel soon gives the terminal's number to somebody else.
            _ = std::fs::remove_file(self.path());
            plugged.unplug.store(true, Ordering::Relaxed);
            _ = plugged.thread.join();
        }
    }
}

impl Drop for Bike {
    fn drop(&mut self) {
        self.unplug();
    }
}

/// Both ends of a cable, and the name of the bridge's end.
pub(crate) fn pseudo_terminal() -> nix::Result<(OpenptyResult, PathBuf)> {
    let pair = openpty(None, None)?;
    // A program that is started meanwhile must not hold the cable's other end.
    for end in [&pair.master, &pair.slave] {
        fcntl(end, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    let name = ttyname(&pair.slave)?;
    Ok((pair, name))
}

/// Answers requests until the cable is pulled. The slave stays open so that the master can be read while
/// no bridge has it.
fn answer(master: OwnedFd, slave: OwnedFd, state: &State, unplug: &AtomicBool) {
    let mut master = File::from(master);
    let mut heard = Vec::new();
    let mut chunk = [0; 256];
    while !unplug.load(Ordering::Relaxed) {
        let mut waiting = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
        if !poll(&mut waiting, PollTimeout::from(20_u8)).is_ok_and(|ready| ready > 0) {
            continue;
        }
        let Ok(count) = master.read(&mut chunk) else { continue };
        heard.extend_from_slice(&chunk[..count]);
        while let Some(start) = heard.iter().position(|byte| matches!(byte, 0xf5 | 0xf7 | 0xfe)) {
            heard.drain(..start);
            let [kind, request, sum, 0xf6, ..] = heard[..] else {
                if heard.len() < 4 {
                    break;
                }
                heard.remove(0);
                continue;
            };
            if kind.wrapping_add(request) != sum {
                heard.remove(0);
                continue;
            }
            heard.drain(..4);
            let mood = state.mood.load(Ordering::Relaxed);
            if let Some(mut frame) = frame(kind, request, state).filter(|_| mood != Mood::Silent as u8) {
                if mood == Mood::Garbled as u8 {
                    let sum = frame.len() - 2;
                    frame[sum] = frame[sum].wrapping_add(1);
                }
                _ = master.write_all(&frame);
            }
        }
    }
    drop(slave);
}

fn frame(kind: u8, request: u8, state: &State) -> Option<Vec<u8>> {
    let cadence = state.cadence;
    let (echo, digits, value) = match (kind, request) {
        (0xf5, 0x41) => (0x41, 3, cadence),
        (0xf5, 0x44) => (0x44, 5, cadence * 15),
        (0xf5, 0x4a) => (0x4a, 4, state.raw),
        (0xf7, entry) => (0xf7, 4, *TABLE.get(usize::from(entry))?),
        _ => return None,
    };
    let mut frame = vec![0xf1, echo, digits];
    frame.extend(format!("{value:0width$}", width = usize::from(digits)).bytes().rev());
    let sum = frame.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    frame.extend([sum, 0xf6]);
    Some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_a_real_bike() {
        let state = State { cadence: 88, raw: 860, ..State::default() };
        assert_eq!(frame(0xf5, 0x41, &state).unwrap(), [0xf1, 0x41, 3, 0x38, 0x38, 0x30, 0xd5, 0xf6]);
        assert_eq!(frame(0xf5, 0x4a, &state).unwrap(), [0xf1, 0x4a, 4, 0x30, 0x36, 0x38, 0x30, 0x0d, 0xf6]);
        assert_eq!(frame(0xf7, 0, &state).unwrap(), [0xf1, 0xf7, 4, 0x34, 0x36, 0x31, 0x30, 0xb7, 0xf6]);
    }
}
