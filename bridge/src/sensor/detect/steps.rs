//! What is tried at a port, in which order: listening first, then harmless questions.

use std::fmt;
use std::time::Duration;

use super::candidates::{Candidate, Kind};
use crate::config::{Bike, Driver, DriverChoice};

/// One try: a port is opened at a rate, and one or several drivers are shown what comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sensor) struct Step {
    pub(super) baud: u32,
    /// Those that only listen may be several.
    pub(super) drivers: &'static [Driver],
    /// Whether anything is sent.
    pub(super) asks: bool,
    /// How long to wait for a word. What speaks is listened to for longer.
    pub(super) wait: Duration,
}

/// The steps for a candidate.
pub(super) fn steps(bike: &Bike, candidate: &Candidate) -> Vec<Step> {
    let wanted = |step: &&Step| match bike.driver {
        DriverChoice::Auto => true,
        DriverChoice::Driver(driver) => step.drivers.contains(&driver),
    };
    let all = if candidate.kind == Kind::Stick { STICK.as_slice() } else { &ADAPTER };
    let mut steps: Vec<_> = all.iter().filter(wanted).cloned().collect();
    if let (true, DriverChoice::Driver(driver)) = (steps.is_empty(), bike.driver) {
        // Not one that is looked for by itself: it was asked for.
        steps.push(Step { baud: driver.baud(), drivers: driver.alone(), asks: true, wait: ASKING });
    }
    for step in &mut steps {
        if let DriverChoice::Driver(driver) = bike.driver {
            step.drivers = driver.alone();
            step.baud = bike.baud.unwrap_or(step.baud);
        }
        if candidate.kind == Kind::Board && !step.asks {
            step.wait = BOOT;
        }
    }
    steps.dedup();
    steps
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { baud, drivers, asks, wait } = self;
        let names: Vec<_> = drivers.iter().map(|driver| driver.name()).collect();
        let how = if *asks { "asking as" } else { "listening as" };
        write!(f, "{baud} baud, {how} {}, {:.1} s", names.join(" and "), wait.as_secs_f64())
    }
}

/// Everything that is tried by itself, in order.
const ADAPTER: [Step; 10] = [
    listen(115_200, &[Driver::Line, Driver::Trixter], 1_000),
    listen(9_600, &[Driver::Line], 1_000),
    // Listens for half a second before it asks.
    ask(19_200, &[Driver::Peloton], 1_500),
    ask(9_600, &[Driver::Csafe], 2_500),
    ask(9_600, &[Driver::Kettler], 4_500),
    ask(57_600, &[Driver::Kettler], 4_500),
    ask(9_600, &[Driver::Daum], 3_000),
    ask(4_800, &[Driver::Daum], 3_000),
    ask(4_800, &[Driver::Ergoline], 2_000),
    ask(4_800, &[Driver::Monark], 2_500),
];

/// A stick says by its id what it is, and nothing else is tried there.
const STICK: [Step; 1] = [ask(115_200, &[Driver::Ant], 2_000)];

const fn listen(baud: u32, drivers: &'static [Driver], wait_ms: u64) -> Step {
    Step { baud, drivers, asks: false, wait: Duration::from_millis(wait_ms) }
}

const fn ask(baud: u32, drivers: &'static [Driver], wait_ms: u64) -> Step {
    Step { baud, drivers, asks: true, wait: Duration::from_millis(wait_ms) }
}

/// A microcontroller starts anew when its port is opened, and says nothing for so long.
const BOOT: Duration = Duration::from_secs(4);
/// How long an answer may take where nothing is known about it.
const ASKING: Duration = Duration::from_secs(3);
