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
    /// `ok`, or `degraded` while the store or the archive can't be written, the certificate needs care,
    /// the broker outside is not reached, the rules' outbox is full, or the stream can't be read.
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
    /// `embedded`, or whether the one outside is reached.
    broker: &'static str,
    /// What waits for the targets of rules, in a few words.
    rules: String,
    /// How far the stream was read that feeds the races, in a few words.
    stream: String,
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
    let health = shared.health(now);
    Json(Health {
        status: if health.troubles.is_empty() { "ok" } else { "degraded" },
        race_id: shared.races.clock().at(now).race_id,
        riders: shared.races.riders(now),
        store: health.store,
        archive: health.archive,
        tls: health.tls,
        broker: health.broker,
        rules: health.rules,
        stream: health.stream,
    })
}
