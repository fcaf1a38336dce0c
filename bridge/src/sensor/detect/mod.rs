//! Finding the bike: which port it is at and what it speaks.
//!
//! What hit the last time is tried first, and is not probed: its port is simply read. Then all candidates,
//! one at a time, cheap and harmless steps first: listening before asking. With a configured driver only its
//! own steps are taken; with a single candidate for it none at all.

mod attempt;
mod candidates;
mod memory;
mod steps;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use alleycat_shared::message::SensorState;
use tokio::time::{Instant, sleep};

use super::{Board, Port, serial};
use crate::config::{Bike, DriverChoice, Line, PortChoice};
use attempt::{Heard, Outcome, attempt};
use candidates::Candidate;
pub(super) use candidates::candidates;
pub(super) use memory::Memory;
use steps::{Step, steps};

/// Looks for one bike.
pub(super) struct Search {
    memory: Memory,
    /// What is remembered did not hold: look at everything.
    distrusted: bool,
}

/// A bike that was found.
pub(super) struct Found {
    pub(super) line: Line,
    /// Its port, if it is open already.
    pub(super) open: Option<Box<dyn Port>>,
}

/// What happens on the way, told to a person.
pub(super) enum Told<'a> {
    /// These are tried.
    Candidates(&'a [Candidate]),
    /// This port can't be opened.
    Closed(&'a Candidate, &'a std::io::Error),
    /// A step begins.
    Step(&'a Candidate, &'a Step),
    /// A step ends without a hit.
    Missed(&'a Heard),
    /// A step ends with one.
    Hit(&'a Line),
}

impl Search {
    pub(super) const fn new(memory: Memory) -> Self {
        Self { memory, distrusted: false }
    }

    /// What is remembered is of no use now: the next search looks at all there is.
    pub(super) const fn distrust(&mut self) {
        self.distrusted = true;
    }

    /// The number of the wireless sensor that was paired at a line the last time.
    pub(super) fn device(&self, line: &Line) -> Option<u16> {
        self.memory.device(line)
    }

    /// A wireless sensor was paired at a line.
    pub(super) fn pair(&mut self, line: &Line, device: u16) {
        self.memory.keep(line, Some(device));
    }

    /// Looks until a bike is found.
    pub(super) async fn find(&mut self, bike: &Bike, board: &Board) -> Found {
        let mut rest = REST.iter().chain(std::iter::repeat(&LONGEST_REST));
        loop {
            if let Some(line) = self.memory.line().filter(|line| !self.distrusted && fits(bike, line)) {
                tracing::info!(port = %line.port.display(), driver = line.driver.name(), "the bike of the last time");
                return Found { line, open: None };
            }
            let found = candidates(bike).await;
            board.identify(driver_name(bike.driver), bike.port.to_string());
            board.set(if found.is_empty() { SensorState::NoPort } else { SensorState::Waiting });
            if let ([only], DriverChoice::Driver(driver)) = (found.as_slice(), bike.driver) {
                // Nothing is left to find out.
                let baud = bike.baud.unwrap_or_else(|| driver.baud());
                return Found { line: Line { port: only.path.clone(), driver, baud }, open: None };
            }
            let mut tell = |told: Told<'_>| log(&told, board);
            let hit = once(bike, &found, &mut tell).await;
            self.distrusted = false;
            if let Some(found) = hit {
                self.memory.keep(&found.line, None);
                return found;
            }
            let again = Instant::now() + *rest.next().unwrap_or(&LONGEST_REST);
            // Whatever is plugged in meanwhile is looked at at once.
            while Instant::now() < again && candidates(bike).await == found {
                sleep(LOOK).await;
            }
        }
    }
}

/// Tries all candidates once.
pub(super) async fn once(
    bike: &Bike,
    candidates: &[Candidate],
    tell: &mut (dyn FnMut(Told<'_>) + Send),
) -> Option<Found> {
    tell(Told::Candidates(candidates));
    for candidate in candidates {
        for step in steps(bike, candidate) {
            tell(Told::Step(candidate, &step));
            let line = |driver| Line { port: candidate.path.clone(), driver, baud: step.baud };
            let mut port = match serial::open(&line(step.drivers[0])).await {
                Ok(port) => port,
                Err(error) => {
                    tell(Told::Closed(candidate, &error));
                    break;
                }
            };
            match attempt(&mut port, &step, &bike.settings).await {
                Outcome::Hit(driver) => {
                    let line = line(driver);
                    tell(Told::Hit(&line));
                    return Some(Found { line, open: Some(port) });
                }
                Outcome::Missed(heard) => tell(Told::Missed(&heard)),
                Outcome::Gone(error) => {
                    tell(Told::Closed(candidate, &error));
                    break;
                }
            }
            drop(port);
            sleep(BETWEEN).await;
        }
    }
    None
}

/// Whether a line that is remembered is one that may be found.
fn fits(bike: &Bike, line: &Line) -> bool {
    let port = match &bike.port {
        PortChoice::Auto => bike.search.is_empty() || bike.search.contains(&line.port),
        PortChoice::Path(path) => *path == line.port,
    };
    let driver = match bike.driver {
        DriverChoice::Auto => true,
        DriverChoice::Driver(driver) => driver == line.driver,
    };
    port && driver && line.port.exists()
}

const fn driver_name(choice: DriverChoice) -> &'static str {
    match choice {
        DriverChoice::Auto => "auto",
        DriverChoice::Driver(driver) => driver.name(),
    }
}

fn log(told: &Told<'_>, board: &Board) {
    match told {
        Told::Closed(candidate, error) => {
            board.identify(board.driver(), candidate.path.display().to_string());
            board.set(serial::state_of(error));
            tracing::info!("{told}");
        }
        Told::Step(candidate, _) => {
            board.identify(board.driver(), candidate.path.display().to_string());
            board.set(SensorState::Waiting);
            tracing::debug!("{told}");
        }
        Told::Hit(_) => tracing::info!("{told}"),
        Told::Candidates(_) | Told::Missed(_) => tracing::debug!("{told}"),
    }
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Candidates([]) => {
                f.write_str("No USB serial port. Plug in the bike's adapter, or name its port with --port.")
            }
            Told::Candidates(some) => {
                f.write_str("Ports to try:")?;
                some.iter().try_for_each(|one| write!(f, "\n  {}  {}", one.path.display(), one.what))
            }
            Told::Closed(candidate, error) => {
                write!(f, "{} can't be used: {error}", candidate.path.display())
            }
            Told::Step(candidate, step) => write!(f, "{} at {step}", candidate.path.display()),
            Told::Missed(heard) => heard.fmt(f),
            Told::Hit(Line { port, driver, baud }) => {
                write!(
                    f,
                    "found: --port {} --driver {} --baud {baud}    ({})",
                    port.display(),
                    driver.name(),
                    driver.bikes()
                )
            }
        }
    }
}

/// A port that was closed is left alone for a moment.
const BETWEEN: Duration = Duration::from_millis(200);
/// How long to rest after looking everywhere.
const REST: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(5)];
const LONGEST_REST: Duration = Duration::from_secs(10);
/// How often to look whether something was plugged in.
const LOOK: Duration = Duration::from_secs(1);

/// Where the path of a device that is plugged in again stays the same.
pub(super) fn known(path: &str) -> PathBuf {
    super::ports::stable_path(path).unwrap_or_else(|| path.into())
}
