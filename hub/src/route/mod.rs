//! Rules inside the hub: what riders publish goes where a rules file says, besides into the races.
//!
//! A message that a rule means is in the outbox when it is acknowledged, and leaves it when every action is
//! done with it. Each action of each rule is a lane of its own through the outbox: one that stands still
//! holds up no other. After a crash a lane begins at the oldest row again, so targets may get a message twice,
//! and never lose one.

mod file;
mod gather;
mod kept;
#[cfg(feature = "kinesis")]
mod kinesis;
mod lane;
mod ledger;
mod rehearse;
mod republish;
mod teller;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use alleycat_rules::{Rules, RulesError};
use alleycat_shared::Millis;
use alleycat_shared::topic::PUBLISH_ROOT;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use gather::{Change, Gather};
pub(crate) use kept::Kept;
pub use rehearse::{RulesCommand, rehearse};
pub(crate) use republish::{Republish, Republisher};

use crate::config::Config;
use crate::journal::Journal;
use crate::metrics;
use crate::store::Store;

/// The rules, as the broker's door sees them. They may change while the hub runs.
pub(crate) struct Route {
    path: PathBuf,
    is_embedded: bool,
    rules: RwLock<Arc<Rules>>,
    /// Why the file can't be followed as it is now, if it was read again.
    trouble: Mutex<Option<String>>,
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
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A file without rules is more likely half a file than a wish.
    #[error("the rules file {} has no rules: write some, or leave --rules out", .0.display())]
    Nothing(PathBuf),
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
        let rules = RwLock::new(Arc::new(read(path, is_embedded)?));
        Ok(Self { path: path.to_owned(), is_embedded, rules, trouble: Mutex::default() })
    }

    /// The rules.
    pub(crate) fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why the file can't be followed as it is now, if it was read again in vain.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
        if !self.rules().may_mean(topic) {
            return;
        }
        let (client, topic, payload) = (client.to_owned(), topic.to_owned(), payload.to_vec());
        let trace = Uuid::from_u128(rand::random());
        journal.outgoing(&Kept { hops, at, trace, client, topic, payload }.write());
        metrics::outbox_taken();
    }
}

fn read(path: &Path, is_embedded: bool) -> Result<Rules, RouteError> {
    let failed = |source| RouteError::File { path: path.to_owned(), source };
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let rules = Rules::parse(&text, &path.display().to_string())?;
    if rules.all().is_empty() {
        return Err(RouteError::Nothing(path.to_owned()));
    }
    for rule in rules.all() {
        if rule.needs_kinesis() && !cfg!(feature = "kinesis") {
            return Err(RouteError::NoKinesis(rule.name().to_owned()));
        }
        if !is_embedded && rule.republishes().any(|topic| topic.starts_with(PUBLISH_ROOT)) {
            return Err(RouteError::Circle(rule.name().to_owned()));
        }
    }
    Ok(rules)
}

/// Follows the rules, and others when the file is read again.
pub(crate) struct Router {
    route: Arc<Route>,
    changes: mpsc::Sender<Change>,
}

impl Router {
    /// Starts to follow the rules. Returns also what is to run for ever.
    ///
    /// # Errors
    /// When the outbox can't be read.
    pub(crate) fn start(
        route: Arc<Route>,
        store: &Arc<Store>,
        journal: &Arc<Journal>,
        republisher: Republisher,
        config: &Config,
    ) -> Result<(Self, impl Future<Output = ()> + Send + use<>), crate::store::StoreError> {
        let limit = u64::from(config.outbox_mib) * 1024 * 1024;
        journal.limit_outbox(store.outbox_bytes()?, limit);
        let folder = store.folder().map_or_else(|| PathBuf::from("."), Path::to_owned);
        let targets = lane::Targets {
            rules: route.rules(),
            journal: Arc::clone(journal),
            store: Arc::clone(store),
            republisher: Arc::new(republisher),
            folder,
            #[cfg(feature = "kinesis")]
            kinesis: Arc::new(kinesis::Settings::of(config)),
        };
        let (changes, wanted) = mpsc::channel(1);
        Ok((Self { route, changes }, Gather::start(targets).run(wanted)))
    }

    /// Reads the rules file again and follows what it says now; how many rules that are. If it can't be
    /// followed, all stays as it was.
    ///
    /// # Errors
    /// [`RouteError`] with what is wrong and where.
    pub(crate) async fn read_again(&self) -> Result<usize, RouteError> {
        let (path, is_embedded) = (self.route.path.clone(), self.route.is_embedded);
        let read = tokio::task::spawn_blocking(move || read(&path, is_embedded)).await;
        let read = read.expect("reading rules does not panic");
        let trouble = read.as_ref().err().map(ToString::to_string);
        metrics::rules_read(if trouble.is_none() { "followed" } else { "refused" });
        *self.route.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
        let rules = Arc::new(read?);
        let (done, followed) = oneshot::channel();
        // The lanes first: what only a new rule means is kept from then on, and is not passed over by them.
        if self.changes.send(Change { rules: Arc::clone(&rules), done }).await.is_ok() {
            _ = followed.await;
        }
        let count = rules.all().len();
        *self.route.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
        Ok(count)
    }
}
