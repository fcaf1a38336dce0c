//! Who rides as whom: joining and leaving; and the host, who may free a racer id or change its name.

use std::sync::Arc;
use std::time::Duration;

use alleycat_shared::api::{Join, Joined, Leave, Problem, Rename, Seats};
use alleycat_shared::{RacerId, RacerName};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use sha2::{Digest, Sha256};

use super::{ApiError, bearer, parse};
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
    let now = time::now();
    let shown = join.token.as_deref().unwrap_or_default();
    let is_known = shared.identity.verify(join.racer_id, shown.as_bytes(), now);
    let token = shared.identity.join(&join, now).map_err(|_| {
        metrics::turned_away("join-taken");
        let detail = format!(
            "Racer {} is riding on another device: choose another number, or wait two minutes after it has left.",
            join.racer_id
        );
        ApiError::new(StatusCode::CONFLICT, &detail)
    })?;
    let Join { racer_id, name, .. } = join;
    if !is_known {
        shared.races.taken_by(racer_id, &name);
    }
    tracing::debug!(%racer_id, name = RacerName::as_str(&name), "joined");
    Ok(Json(Joined { racer_id, name, token }))
}

/// Gives a racer id back. Its token is void from now on, and the id is free at once.
#[utoipa::path(post, path = "/api/leave", request_body = Leave, responses(
    (status = 204, description = "the id is free"),
    (status = 401, body = Problem, description = "the token is not this racer's, or no longer"),
))]
pub(super) async fn leave(
    State(shared): State<Arc<Shared>>,
    body: Result<Json<Leave>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(leave) = body.map_err(|rejection| ApiError::new(rejection.status(), &rejection.body_text()))?;
    if !shared.identity.verify(leave.racer_id, leave.token.as_bytes(), time::now()) {
        metrics::turned_away("leave-token");
        let detail = "This token is not this racer's, or no longer: there is nothing to give back.";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, detail));
    }
    shared.identity.leave(leave.racer_id);
    Ok(StatusCode::NO_CONTENT)
}

/// Who has taken which racer id. For the host: `Authorization: Bearer` and the host's key.
#[utoipa::path(get, path = "/api/host/seats", responses(
    (status = 200, body = Seats), (status = 401, body = Problem),
))]
pub(super) async fn seats(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Json<Seats>, ApiError> {
    host(&shared, &headers).await?;
    Ok(Json(Seats { seats: shared.identity.seats() }))
}

/// Frees a racer id that somebody has taken. For the host, as above.
#[utoipa::path(delete, path = "/api/host/seats/{racerId}", params(("racerId" = u64, Path)), responses(
    (status = 204, description = "the id is free"), (status = 401, body = Problem), (status = 404, body = Problem),
))]
pub(super) async fn free(
    State(shared): State<Arc<Shared>>,
    Path(racer): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    host(&shared, &headers).await?;
    let racer = parse(&racer, "the racer id")?;
    if shared.identity.leave(racer) {
        tracing::info!(racer_id = %racer, "freed by the host");
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(nobody(racer))
    }
}

/// Gives the racer who has taken an id another name, from the next race on. For the host, as above.
#[utoipa::path(put, path = "/api/host/seats/{racerId}", params(("racerId" = u64, Path)), request_body = Rename,
    responses(
        (status = 204, description = "renamed"), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 422, body = Problem, description = "the name can't be one"),
    ),
)]
pub(super) async fn rename(
    State(shared): State<Arc<Shared>>,
    Path(racer): Path<String>,
    headers: HeaderMap,
    body: Result<Json<Rename>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    host(&shared, &headers).await?;
    let racer = parse(&racer, "the racer id")?;
    let Json(Rename { name }) =
        body.map_err(|rejection| ApiError::new(rejection.status(), &rejection.body_text()))?;
    if shared.identity.rename(racer, name) {
        tracing::info!(racer_id = %racer, "renamed by the host");
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(nobody(racer))
    }
}

fn nobody(racer: RacerId) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, &format!("Nobody has taken racer id {racer}."))
}

/// Whether the host asks. Who guesses is made to wait.
pub(crate) async fn host(shared: &Shared, headers: &HeaderMap) -> Result<(), ApiError> {
    let shown = bearer(headers);
    // Hashes are compared, so that the time it takes tells nothing of the key.
    let same = |key: &String| shown.is_some_and(|shown| Sha256::digest(shown) == Sha256::digest(key));
    if shared.host_key.as_ref().is_some_and(same) {
        return Ok(());
    }
    metrics::turned_away("host-key");
    tokio::time::sleep(GUESS).await;
    let detail = if shared.host_key.is_some() {
        "This is not the host's key: it is in the file host.key of the hub's folder, or was given with --host-key. It \
         goes into the header `Authorization: Bearer`."
    } else {
        "This hub has no host: start it with --data DIR, which makes a key, or with --host-key KEY."
    };
    Err(ApiError::new(StatusCode::UNAUTHORIZED, detail))
}

/// What a wrong key costs.
const GUESS: Duration = Duration::from_millis(300);
