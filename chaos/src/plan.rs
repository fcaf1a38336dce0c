//! What will break, and when: drawn from a seed before anything runs.
//!
//! Each subject has faults of its own, one after the other; those of different subjects overlap as they like.
//! The last moments are calm, so that at the end everything can be compared that is worth something.

use std::fmt;

use alleycat_shared::Millis;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// What can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Subject {
    Hub,
    Broker,
    Bridge,
    Bike,
    Page,
    Links,
    Disk,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// SIGKILL, and started again at the end.
    Killed,
    /// SIGTERM, and started again at the end.
    Ended,
    /// SIGSTOP, and SIGCONT at the end.
    Stopped,
    /// The cable is out until the end.
    Unplugged,
    /// The page is frozen as a browser freezes it out of sight.
    Frozen,
    /// The page is loaded again.
    Reloaded,
    /// All links are reset.
    Cut,
    /// The hub's end of all links is reset and the riders' end never hears of it.
    HalfOpen,
    /// Nothing passes, and nobody hears of it; reset at the end.
    Stalled,
    /// All links are reset, and new ones are refused until the end.
    Refused,
    /// There is no byte left on it.
    Full,
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    pub(crate) subject: Subject,
    pub(crate) kind: Kind,
    /// When, ms after the start.
    pub(crate) at: Millis,
    /// For how long, ms.
    pub(crate) lasts: Millis,
}

impl Subject {
    pub(crate) const ALL: [Self; 7] =
        [Self::Hub, Self::Broker, Self::Bridge, Self::Bike, Self::Page, Self::Links, Self::Disk];

    /// The ways in which it breaks.
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Hub => &[Kind::Killed, Kind::Stopped, Kind::Ended],
            Self::Broker => &[Kind::Ended, Kind::Stopped, Kind::Killed],
            Self::Bridge => &[Kind::Killed, Kind::Stopped],
            Self::Bike => &[Kind::Unplugged],
            Self::Page => &[Kind::Killed, Kind::Frozen, Kind::Reloaded],
            Self::Links => &[Kind::Cut, Kind::HalfOpen, Kind::Stalled, Kind::Refused],
            Self::Disk => &[Kind::Full],
        }
    }
}

/// The faults of these subjects within `length` ms, in order of time.
pub(crate) fn draw(seed: u64, length: Millis, subjects: &[Subject]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (stream, subject) in (0..).zip(Subject::ALL) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Whether there is a page or not changes nothing for the others.
        random.set_stream(stream);
        let mut at: Millis = random.random_range(1_000..9_000);
        loop {
            let kinds = subject.kinds();
            let kind = kinds[random.random_range(0..kinds.len())];
            let lasts = random.random_range(SHORTEST..=LONGEST);
            if at + lasts + CALM > length {
                break;
            }
            if subjects.contains(&subject) {
                faults.push(Fault { subject, kind, at, lasts });
            }
            at += lasts + random.random_range(4_000..=24_000);
        }
    }
    faults.sort_by_key(|fault| fault.at);
    faults
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |ms: Millis| (ms / 1_000, ms % 1_000 / 100);
        let ((at, tenth), (lasts, of)) = (seconds(self.at), seconds(self.lasts));
        write!(f, "{at:>5}.{tenth} s  {:<7} {:<9} for {lasts}.{of} s", self.subject.to_string(), self.kind)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hub => "hub",
            Self::Broker => "broker",
            Self::Bridge => "bridge",
            Self::Bike => "bike",
            Self::Page => "page",
            Self::Links => "links",
            Self::Disk => "disk",
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Killed => "killed",
            Self::Ended => "ended",
            Self::Stopped => "stopped",
            Self::Unplugged => "unplugged",
            Self::Frozen => "frozen",
            Self::Reloaded => "reloaded",
            Self::Cut => "cut",
            Self::HalfOpen => "half-open",
            Self::Stalled => "stalled",
            Self::Refused => "refused",
            Self::Full => "full",
        })
    }
}

const SHORTEST: Millis = 300;
const LONGEST: Millis = 7_000;
/// Longer than a client waits between two attempts to connect, less what a simulated rider waits for its last
/// acknowledgements.
pub(crate) const CALM: Millis = 12_000;

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Millis = 600_000;

    #[test]
    fn the_same_seed_draws_the_same_plan_and_another_one_another() {
        let plan = |seed| draw(seed, LENGTH, &Subject::ALL);
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn leaving_a_subject_out_changes_nothing_for_the_others() {
        let others = [Subject::Hub, Subject::Links];
        let mut all = draw(3, LENGTH, &Subject::ALL);
        all.retain(|fault| others.contains(&fault.subject));
        assert_eq!(draw(3, LENGTH, &others), all);
    }

    #[test]
    fn every_kind_of_fault_comes_and_ends_before_the_calm_and_before_the_next_of_its_subject() {
        let faults = draw(1, LENGTH, &Subject::ALL);
        for subject in Subject::ALL {
            let own: Vec<_> = faults.iter().filter(|fault| fault.subject == subject).collect();
            for kind in subject.kinds() {
                assert!(own.iter().any(|fault| fault.kind == *kind), "{subject} is never {kind}");
            }
            assert!(own.iter().all(|fault| fault.at + fault.lasts + CALM <= LENGTH));
            assert!(own.windows(2).all(|pair| pair[0].at + pair[0].lasts < pair[1].at));
        }
    }
}
