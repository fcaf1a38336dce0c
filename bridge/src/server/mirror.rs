//! The hub's page, fetched while nobody rides and kept for when the hub is away.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use thiserror::Error;
use tokio::io::AsyncWriteExt;

use super::Shared;
use super::store::{Draft, Store, references};
use crate::http::{HttpError, piece};

/// Why a page was not fetched. The one that is kept stays.
#[derive(Debug, Error)]
enum MirrorError {
    #[error("the hub does not answer")]
    Away(#[from] HttpError),
    #[error("the hub has no /{0}")]
    Missing(String),
    #[error("the page is too large")]
    TooLarge,
    #[error("the page can't be kept")]
    Disk(#[from] io::Error),
}

/// Fetches the page at the start and then every hour, but not while somebody rides. Never ends.
pub(super) async fn run(shared: Arc<Shared>) {
    let Some(store) = &shared.hub.store else { return std::future::pending().await };
    loop {
        let busy = shared.board.ridden().is_some_and(|at| at.elapsed() < IDLE_AFTER) && store.page().exists();
        let wait = if busy { IDLE_AFTER } else { fetch(&shared, store).await };
        tokio::time::sleep(wait).await;
    }
}

/// Fetches once; returns when to do so again.
async fn fetch(shared: &Shared, store: &Store) -> Duration {
    match fetch_page(shared, store).await {
        Ok(new) => {
            shared.page_problem.send_replace(None);
            tracing::info!(new, hub = %shared.hub.url, "the hub's page is kept");
            EVERY
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(%error, cause, hub = %shared.hub.url, "the page is not fetched; the one that is kept stays");
            shared.page_problem.send_replace(Some(error.to_string()));
            RETRY
        }
    }
}

async fn fetch_page(shared: &Shared, store: &Store) -> Result<bool, MirrorError> {
    let draft = store.draft()?;
    let mut budget = MAX_PAGE;
    let mut known = BTreeSet::from([INDEX.to_owned()]);
    let mut waiting = vec![INDEX.to_owned()];
    while let Some(name) = waiting.pop() {
        fetch_file(shared, &draft, &name, &mut budget).await?;
        // Scripts name files that are never asked for; those that are, the index names as well. The service
        // worker has the list of all.
        if [".html", ".css", ".webmanifest", "worker.js"].iter().any(|text| name.ends_with(text)) {
            let text = tokio::fs::read_to_string(draft.path(&name)?).await?;
            waiting.extend(references(&text).into_iter().filter(|name| known.insert(name.clone())));
        }
        if known.len() > MAX_FILES {
            return Err(MirrorError::TooLarge);
        }
    }
    Ok(store.swap(&draft)?)
}

/// Straight to the disk: a page is larger than what this program needs otherwise.
async fn fetch_file(
    shared: &Shared,
    draft: &Draft,
    name: &str,
    budget: &mut usize,
) -> Result<(), MirrorError> {
    let path = if name == INDEX { "" } else { name };
    let mut url = shared.hub.url.clone();
    url.set_path(path);
    let mut answer = shared.hub.client.get(&url).await?;
    if answer.status() != StatusCode::OK {
        return Err(MirrorError::Missing(path.to_owned()));
    }
    let mut file = tokio::fs::File::create(draft.path(name)?).await?;
    while let Some(piece) = piece(&mut answer).await? {
        *budget = budget.checked_sub(piece.len()).ok_or(MirrorError::TooLarge)?;
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    Ok(file.sync_all().await?)
}

const INDEX: &str = "index.html";
/// The page is looked for as often as this.
const EVERY: Duration = Duration::from_secs(3_600);
/// And after a failure.
const RETRY: Duration = Duration::from_secs(60);
/// Nobody rides when the pedals have stood still for this long.
const IDLE_AFTER: Duration = Duration::from_secs(300);
/// The largest page that is kept, in bytes.
const MAX_PAGE: usize = 64 * 1_024 * 1_024;
/// The most files of a page.
const MAX_FILES: usize = 512;
