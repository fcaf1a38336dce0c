//! A phone hands its rider over to a tablet: the tablet shows a code, the phone's page brings the rider to it.

use std::sync::Arc;

use alleycat_shared::api::{Joined, PairOffer, Problem};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::links::{address, qr};
use super::{ApiError, bearer};
use crate::hub::Shared;
use crate::pairings::{Full, NotHanded, NotYours};
use crate::serve::Peer;
use crate::{metrics, time};

/// Makes a code that is good for three minutes and for one rider. What a phone needs of it is in the address and
/// the QR code; the secret is for the device that asked, and for nobody else.
#[utoipa::path(post, path = "/api/pair", responses(
    (status = 200, body = PairOffer),
    (status = 503, body = Problem, description = "too many codes are good at once"),
))]
pub(super) async fn offer(
    State(shared): State<Arc<Shared>>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Result<Json<PairOffer>, ApiError> {
    // Without a limit for addresses the hub is behind a proxy, and all come from there.
    let peer = peer.filter(|_| shared.client_rate.is_some()).map(|Extension(Peer(address))| address.ip());
    let code = shared.pairings.offer(peer, time::now()).map_err(|Full| {
        metrics::turned_away("pair-full");
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many codes are shown just now: try again in a minute.",
        )
    })?;
    let url = address(&shared, &headers)
        .map_or_else(String::new, |address| format!("{address}/?pair={}", code.public));
    let qr = qr(&url).filter(|_| !url.is_empty()).unwrap_or_default();
    metrics::pairing("offered");
    Ok(Json(PairOffer { code: code.public, secret: code.secret, until: code.until, url, qr }))
}

/// Hands a rider over to the device that shows this code: once, and only with the rider's own token.
#[utoipa::path(post, path = "/api/pair/{code}", params(("code" = String, Path)), request_body = Joined, responses(
    (status = 204, description = "the device has the rider now, or will in a moment"),
    (status = 401, body = Problem, description = "the token is not this racer's, or no longer"),
    (status = 404, body = Problem, description = "there is no such code, or no longer"),
    (status = 409, body = Problem, description = "the code has been used"),
))]
pub(super) async fn hand(
    State(shared): State<Arc<Shared>>,
    Path(code): Path<String>,
    body: Result<Json<Joined>, JsonRejection>,
) -> Result<StatusCode, ApiError> {
    let Json(rider) = body.map_err(|rejection| ApiError::new(rejection.status(), &rejection.body_text()))?;
    let now = time::now();
    if !shared.identity.verify(rider.racer_id, rider.token.as_bytes(), now) {
        metrics::turned_away("pair-token");
        let detail = "This token is not this racer's, or no longer: join first.";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, detail));
    }
    match shared.pairings.hand(&code, rider, now) {
        Ok(()) => {
            metrics::pairing("handed");
            Ok(StatusCode::NO_CONTENT)
        }
        Err(NotHanded::Unknown) => Err(ended()),
        Err(NotHanded::Used) => {
            metrics::turned_away("pair-used");
            Err(ApiError::new(
                StatusCode::CONFLICT,
                "This code has been used: ask for a new one on the tablet.",
            ))
        }
    }
}

/// The rider who was handed over. Wants the code's secret as `Authorization: Bearer`; the code is void once the rider
/// is told.
#[utoipa::path(get, path = "/api/pair/{code}", params(("code" = String, Path)), responses(
    (status = 200, body = Joined),
    (status = 204, description = "nobody yet: ask again in a second"),
    (status = 404, body = Problem, description = "there is no such code, no longer, or the secret is another one"),
))]
pub(super) async fn claim(
    State(shared): State<Arc<Shared>>,
    Path(code): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    match shared.pairings.claim(&code, bearer(&headers).unwrap_or_default(), time::now()) {
        Ok(Some(rider)) => {
            metrics::pairing("claimed");
            Ok(Json(rider).into_response())
        }
        Ok(None) => Ok(StatusCode::NO_CONTENT.into_response()),
        Err(NotYours) => Err(ended()),
    }
}

fn ended() -> ApiError {
    metrics::turned_away("pair-code");
    ApiError::new(StatusCode::NOT_FOUND, "This code has ended: ask for a new one on the tablet.")
}
