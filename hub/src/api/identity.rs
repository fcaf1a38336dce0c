//! Joining: who rides as whom.

use std::sync::Arc;

use alleycat_shared::RacerName;
use alleycat_shared::api::{Join, Joined, Problem};
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;

use super::ApiError;
use crate::hub::Shared;
use crate::{metrics, time};

/// Takes a racer id and returns its token. With the token of an earlier join, keeps the id and renews the
/// token or changes the name.
#[utoipa::path(post, path = "/api/join", request_body = Join, responses(
    (status = 200, body = Joined),
    (status = 409, body = Problem, description = "the id is riding on another device"),
    (status = 422, body = Problem, description = "the id or the name can't be one"),
))]
pub(super) async fn join(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<Join>, JsonRejection>,
) -> Result<Json<Joined>, ApiError> {
    let Json(join) = body.map_err(|rejection| {
        metrics::turned_away("join-malformed");
        ApiError::new(rejection.status(), &rejection.body_text())
    })?;
    let token = shared.identity.join(&join, time::now()).map_err(|_| {
        metrics::turned_away("join-taken");
        let detail = format!(
            "Racer {} is riding on another device: choose another number, or wait two minutes after it has left.",
            join.racer_id
        );
        ApiError::new(StatusCode::CONFLICT, &detail)
    })?;
    let Join { racer_id, name, .. } = join;
    tracing::debug!(%racer_id, name = RacerName::as_str(&name), "joined");
    Ok(Json(Joined { racer_id, name, token }))
}
