//! What a run came to: for people, and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::log::Line;
use crate::page::PageLife;
use crate::plan::Fault;
use crate::referee::Compared;
use crate::world::Deployment;

/// One run at one deployment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) deployment: Deployment,
    pub(crate) riders: u32,
    pub(crate) races: u64,
    pub(crate) race_seconds: u16,
    pub(crate) faults: Vec<Fault>,
    pub(crate) boards: u64,
    pub(crate) compared: Compared,
    /// The simulator's own report, without its table of latencies.
    pub(crate) riders_say: Value,
    pub(crate) page: Option<PageLife>,
    /// What does not hold.
    pub(crate) findings: Vec<String>,
    pub(crate) log: Vec<Line>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, deployment, riders, races, race_seconds, compared, .. } = self;
        writeln!(
            f,
            "seed {seed}, {deployment:?} broker, {riders} riders, {races} races of {race_seconds} s"
        )?;
        let mut kinds: BTreeMap<_, u32> = BTreeMap::new();
        for fault in &self.faults {
            *kinds.entry((fault.subject, fault.kind)).or_default() += 1;
        }
        let kinds: Vec<_> =
            kinds.iter().map(|((subject, kind), count)| format!("{subject} {kind} {count}")).collect();
        writeln!(f, "{:>9} faults: {}", self.faults.len(), kinds.join(", "))?;
        let said = |name: &str| self.riders_say[name].as_u64().unwrap_or_default();
        for (count, what) in [
            (said("sent"), "messages sent"),
            (said("disconnects"), "links that broke"),
            (compared.acknowledged as u64, "seconds acknowledged, all of which must be recorded"),
            (
                compared.forgotten as u64,
                "of these forgotten by Mosquitto, which was killed before the hub had them",
            ),
            (compared.recorded as u64, "seconds recorded, the page's included"),
            (compared.late as u64, "of these after their race's grace: kept, not ranked"),
            (said("lost"), "messages not acknowledged when the riders went home"),
            (self.boards, "boards looked at"),
            (compared.results as u64, "official results, each the same in API, CSV, archive, records"),
            (compared.rides as u64, "rides in them"),
            (compared.traces as u64, "rides compared second by second"),
        ] {
            writeln!(f, "{count:>9} {what}")?;
        }
        if let Some(page) = &self.page {
            writeln!(f, "     page: {}", serde_json::to_string(page).unwrap_or_default())?;
        }
        match &self.findings[..] {
            [] => write!(f, "everything held"),
            findings => {
                writeln!(f, "{} things did not hold:", findings.len())?;
                findings.iter().try_for_each(|finding| writeln!(f, "  - {finding}"))
            }
        }
    }
}
