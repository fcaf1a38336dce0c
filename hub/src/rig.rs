//! What the tests of several modules begin with.

use std::path::Path;
use std::sync::Arc;

use alleycat_shared::race::RaceClock;

use crate::broker::{Broker, Gate};
use crate::identity::Identity;
use crate::journal::Journal;
use crate::races::Races;
use crate::store::Store;

/// Races of this length, 30 s of grace, in memory.
pub(crate) fn races(seconds: u16) -> Races {
    open(None, seconds).0
}

/// Races of this length, 30 s of grace, kept in `folder`.
pub(crate) fn open(
    folder: Option<&Path>,
    seconds: u16,
) -> (Races, Arc<Journal>, std::thread::JoinHandle<()>) {
    let store = Arc::new(Store::open(folder, seconds).unwrap());
    let (journal, thread) = Journal::start(Arc::clone(&store)).unwrap();
    let clock = RaceClock::new(seconds).unwrap();
    (Races::load(clock, 30, true, store, Arc::clone(&journal)).unwrap(), journal, thread)
}

/// A broker for anybody, with nothing kept.
pub(crate) fn broker() -> Broker {
    let (races, journal, _) = open(None, 60);
    let identity = Identity::new([0; 32], Vec::new(), Arc::clone(&journal), 0);
    let refusals = Default::default();
    Broker::new(
        Gate {
            races: Arc::new(races),
            identity: Arc::new(identity),
            journal,
            refusals,
            open: true,
            route: None,
            by_stream: false,
        },
        10,
    )
}
