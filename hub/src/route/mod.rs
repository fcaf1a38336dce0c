//! Rules inside the hub: what riders publish goes where a rules file says, besides into the races.
//!
//! A message that a rule means is in the outbox when it is acknowledged, and leaves it when every action is
//! done with it. Each action of each rule is a lane of its own through the outbox: one that stands still
//! holds up no other. After a crash a lane begins at the oldest row again, so targets may get a message twice,
//! and never lose one.

mod file;
mod kept;
#[cfg(feature = "kinesis")]
mod kinesis;
mod lane;
mod ledger;
mod rehearse;
mod republish;
mod teller;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alleycat_rules::{Rules, RulesError};
use alleycat_shared::Millis;
use alleycat_shared::topic::PUBLISH_ROOT;
use thiserror::Error;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub(crate) use kept::Kept;
pub use rehearse::{RulesCommand, rehearse};
pub(crate) use republish::{Republish, Republisher};

use crate::config::Config;
use crate::journal::Journal;
use crate::metrics;
use crate::store::Store;

/// The rules, as the broker's door sees them.
pub(crate) struct Route {
    rules: Rules,
}

/// Rules that this hub can't follow.
#[derive(Debug, Error)]
pub enum RouteError {
    /// The file can't be read.
    #[error("the rules file {} can't be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file says something that is no rule.
    #[error("{0}")]
    Rules(#[from] RulesError),
    /// There is no Kinesis in this program.
    #[error(
        "rule `{0}` puts records into a stream, and this hub was built without that: build it with \
         `cargo build --release -p alleycat-hub --features kinesis`"
    )]
    NoKinesis(String),
    /// Messages would go in a circle.
    #[error(
        "rule `{0}` publishes below {PUBLISH_ROOT}, and an external broker would bring that back for ever: choose \
         another topic"
    )]
    Circle(String),
}

impl Route {
    /// Reads a rules file and looks whether this hub can follow it.
    ///
    /// # Errors
    /// [`RouteError`] with what is wrong and where.
    pub(crate) fn load(path: &Path, is_embedded: bool) -> Result<Self, RouteError> {
        let failed = |source| RouteError::File { path: path.to_owned(), source };
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let rules = Rules::parse(&text, &path.display().to_string())?;
        for rule in rules.all() {
            if rule.needs_kinesis() && !cfg!(feature = "kinesis") {
                return Err(RouteError::NoKinesis(rule.name().to_owned()));
            }
            if !is_embedded && rule.republishes().any(|topic| topic.starts_with(PUBLISH_ROOT)) {
                return Err(RouteError::Circle(rule.name().to_owned()));
            }
        }
        Ok(Self { rules })
    }

    /// The rules.
    pub(crate) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Puts a message into the outbox if a rule may mean it. It is safe when the journal is.
    pub(crate) fn note(
        &self,
        journal: &Journal,
        client: &str,
        topic: &str,
        payload: &[u8],
        at: Millis,
        hops: u8,
    ) {
        if !self.rules.may_mean(topic) {
            return;
        }
        let (client, topic, payload) = (client.to_owned(), topic.to_owned(), payload.to_vec());
        let trace = Uuid::from_u128(rand::random());
        journal.outgoing(&Kept { hops, at, trace, client, topic, payload }.write());
        metrics::rule_messages("taken");
    }
}

/// The lanes of all rules, and who gathers what they come to.
pub(crate) struct Router {
    tasks: Vec<JoinHandle<()>>,
}

impl Router {
    /// Starts the lanes.
    ///
    /// # Errors
    /// When the outbox can't be read.
    pub(crate) fn start(
        route: Arc<Route>,
        store: &Arc<Store>,
        journal: &Arc<Journal>,
        republisher: Republisher,
        config: &Config,
    ) -> Result<Self, crate::store::StoreError> {
        let limit = u64::from(config.outbox_mib) * 1024 * 1024;
        journal.limit_outbox(store.outbox_bytes()?, limit);
        let folder = store.folder().map_or_else(|| PathBuf::from("."), Path::to_owned);
        let targets = lane::Targets {
            route,
            journal: Arc::clone(journal),
            store: Arc::clone(store),
            republisher,
            folder,
            #[cfg(feature = "kinesis")]
            kinesis: kinesis::Settings::of(config),
        };
        Ok(Self { tasks: lane::start(&Arc::new(targets)) })
    }

    /// The tasks, for who ends them.
    pub(crate) fn into_tasks(self) -> Vec<JoinHandle<()>> {
        self.tasks
    }
}
