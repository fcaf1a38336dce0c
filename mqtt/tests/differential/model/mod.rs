//! The session against a small reference broker, over a link that is cut anywhere.

mod broker;
mod world;

use crate::seed;
use world::World;

/// How the broker and the client are set up, and what may go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The broker forgets the client whenever the connection ends.
    pub clean: bool,
    /// The broker may lose a kept session.
    pub losses: bool,
    /// The client may crash and start again from its store.
    pub crashes: bool,
    /// The client's store loses some of what it is told to keep: only to see that this test would notice.
    pub forgetful: bool,
}

const CALM: Plan = Plan { clean: false, losses: false, crashes: false, forgetful: false };

fn run(plan: Plan) {
    seed::each(seed::count("ALLEYCAT_MODEL_RUNS", 600), |seed| {
        let bytes = seed::bytes(seed, 2_000);
        World::new(plan, seed, &bytes).run();
    });
}

#[test]
fn while_the_session_is_kept_qos_2_is_exactly_once_and_qos_1_at_least_once_both_ways() {
    run(CALM);
}

#[test]
fn a_client_that_crashes_keeps_these_promises_from_its_store() {
    run(Plan { crashes: true, ..CALM });
}

#[test]
fn a_broker_that_loses_sessions_costs_duplicates_and_no_message_of_the_client() {
    run(Plan { losses: true, crashes: true, ..CALM });
}

#[test]
fn a_clean_session_costs_duplicates_and_no_message_of_the_client() {
    run(Plan { clean: true, crashes: true, ..CALM });
}

#[test]
fn a_store_that_forgets_is_noticed() {
    let plan = Plan { crashes: true, forgetful: true, ..CALM };
    let noticed = (0..20).filter(|seed| {
        let bytes = seed::bytes(*seed, 2_000);
        std::panic::catch_unwind(|| World::new(plan, *seed, &bytes).run()).is_err()
    });
    assert!(noticed.count() > 0);
}
