//! Links to one ride that are good for a while: for a QR code on the tablet, read by the rider's own phone.

use std::fmt::Write;
use std::sync::Arc;

use alleycat_shared::api::{Problem, RideLink};
use alleycat_shared::{Millis, RaceId, RacerId};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::{HeaderMap, StatusCode};
use qrcodegen::{QrCode, QrCodeEcc};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ApiError, bearer, host, parse};
use crate::hub::Shared;
use crate::{metrics, time};

/// What a link carries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Shown {
    /// Until when the link is good, in epoch ms.
    until: Option<Millis>,
    /// Its signature.
    key: Option<String>,
}

/// Makes links to a ride's files and its seconds that are good for a quarter of an hour. Wants the rider's
/// token, or the host's key, as `Authorization: Bearer`.
#[utoipa::path(post, path = "/api/rides/{raceId}/{racerId}/link",
    params(("raceId" = u64, Path), ("racerId" = u64, Path)),
    responses((status = 200, body = RideLink), (status = 401, body = Problem)),
)]
pub(super) async fn link(
    State(shared): State<Arc<Shared>>,
    Path((race, racer)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<RideLink>, ApiError> {
    let (race, racer): (RaceId, RacerId) = (parse(&race, "the race id")?, parse(&racer, "the racer id")?);
    let now = time::now();
    if !is_riders(&shared, &headers, racer, now) {
        host(&shared, &headers).await?;
    }
    let until = now + LINK_LIFE_MS;
    let query = format!("?until={until}&key={}", shared.identity.sign_ride(race, racer, until));
    let file = |extension: &str| format!("/api/rides/{race}/{racer}.{extension}{query}");
    let fit = file("fit");
    let qr = address(&shared, &headers).and_then(|address| qr(&(address + &fit))).unwrap_or_default();
    Ok(Json(RideLink { until, fit, tcx: file("tcx"), csv: file("csv"), qr }))
}

/// Where a phone finds this hub: as its owner says, or else as the one who asks knows it, for a tablet's bridge asks by
/// the hub's own name.
pub(super) fn address(shared: &Shared, headers: &HeaderMap) -> Option<String> {
    let scheme = if shared.tls.is_some() { "https" } else { "http" };
    let asked = || Some(format!("{scheme}://{}", headers.get(HOST)?.to_str().ok()?));
    shared.public_url.clone().or_else(asked)
}

/// A text as a QR code: an SVG whose modules are one unit wide, with the quiet zone of four that ISO/IEC 18004
/// asks for. `None` for a text that is too long.
pub(super) fn qr(text: &str) -> Option<String> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // A string takes whatever is written to it.
            _ = write!(path, "M{} {}h1v1h-1z", x + QUIET, y + QUIET);
        }
    }
    let size = code.size() + 2 * QUIET;
    Some(format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {size} {size}' shape-rendering='crispEdges' \
         role='img' aria-label='QR code'><path d='{path}'/></svg>"
    ))
}

/// Whether somebody may see a ride: everybody, unless rides are private; then with a link, the rider's token
/// or the host's key. A link that is shown must be good in any case.
pub(super) async fn permit(
    shared: &Shared,
    headers: &HeaderMap,
    shown: &Shown,
    race: RaceId,
    racer: RacerId,
) -> Result<(), ApiError> {
    let now = time::now();
    if let (Some(until), Some(key)) = (shown.until, &shown.key) {
        if now < until && shared.identity.verify_ride(race, racer, until, key) {
            return Ok(());
        }
        metrics::turned_away("ride-link");
        let detail = "This link has ended, or is of another ride: ask for a new one on the tablet.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, detail));
    }
    if !shared.private_rides || is_riders(shared, headers, racer, now) {
        return Ok(());
    }
    if headers.contains_key(AUTHORIZATION) {
        return host(shared, headers).await;
    }
    metrics::turned_away("ride-private");
    let detail = "Rides are private here: show the rider's token or the host's key as `Authorization: Bearer`, or ask \
                  for a link.";
    Err(ApiError::new(StatusCode::UNAUTHORIZED, detail))
}

/// Whether a request shows the rider's own token.
pub(super) fn is_riders(shared: &Shared, headers: &HeaderMap, racer: RacerId, now: Millis) -> bool {
    bearer(headers).is_some_and(|token| shared.identity.verify(racer, token.as_bytes(), now))
}

/// The light margin around a QR code, in modules.
const QUIET: i32 = 4;
/// How long a link is good.
const LINK_LIFE_MS: Millis = 15 * 60_000;
