//! What a page or a watcher asks first: configuration, clock, health.

use std::sync::Arc;

use alleycat_shared::RaceId;
use alleycat_shared::api::Clock;
use alleycat_shared::config::PageConfig;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::hub::Shared;
use crate::time;

/// How the hub fares.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    /// `ok`, or `degraded` while the store or the archive can't be written, or the certificate needs care.
    status: &'static str,
    /// The race that runs.
    race_id: RaceId,
    /// Its riders, in all classes.
    riders: usize,
    /// The store, in a few words.
    store: String,
    /// The archive, in a few words.
    archive: String,
    /// The certificate of the hub's own ports, in a few words.
    tls: String,
}

/// All that the page needs to know.
#[utoipa::path(get, path = "/config.json", responses((status = 200, body = PageConfig)))]
pub(super) async fn config(State(shared): State<Arc<Shared>>) -> Json<PageConfig> {
    Json(shared.page_config.clone())
}

/// The hub's clock, which all races follow.
#[utoipa::path(get, path = "/api/clock", responses((status = 200, body = Clock)))]
pub(super) async fn clock() -> Json<Clock> {
    Json(Clock { now: time::now() })
}

/// How the hub fares; 200 as long as races run.
#[utoipa::path(get, path = "/healthz", responses((status = 200, body = Health)))]
pub(super) async fn health(State(shared): State<Arc<Shared>>) -> Json<Health> {
    let now = time::now();
    let failing = shared.journal.failing();
    let unarchived = shared.archive.as_ref().map(|archive| archive.borrow().clone());
    let trouble = shared.tls.as_ref().map(|tls| tls.trouble(now));
    let well = failing.is_none() && !matches!(unarchived, Some(Some(_))) && !matches!(trouble, Some(Some(_)));
    let status = if well { "ok" } else { "degraded" };
    let archive = match unarchived {
        None => "none".to_owned(),
        Some(None) => "ok".to_owned(),
        Some(Some(reason)) => format!("stands still, the journal keeps its messages meanwhile: {reason}"),
    };
    let store = match failing {
        Some(reason) => format!("can't be written, so nothing is acknowledged: {reason}"),
        None if shared.store.is_kept() => "ok".to_owned(),
        None => "in memory".to_owned(),
    };
    let tls = match trouble {
        None => "none".to_owned(),
        Some(None) => "ok".to_owned(),
        Some(Some(trouble)) => trouble,
    };
    Json(Health {
        status,
        race_id: shared.races.clock().at(now).race_id,
        riders: shared.races.riders(now),
        store,
        archive,
        tls,
    })
}
