//! Errors as `application/problem+json` (RFC 9457).

use alleycat_shared::api::Problem;
use axum::Json;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// An answer that says what happened and what to do.
#[derive(Debug)]
pub(crate) struct ApiError(Problem);

impl ApiError {
    pub(crate) fn new(status: StatusCode, detail: &str) -> Self {
        let title = status.canonical_reason().unwrap_or("Error").to_owned();
        Self(Problem { status: status.as_u16(), title, detail: detail.to_owned() })
    }

    /// Something that should have worked.
    pub(crate) fn failed(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "This can't be answered now: see the hub's log.")
    }

    /// A request that can't be understood.
    pub(crate) fn bad(detail: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(CONTENT_TYPE, "application/problem+json")], Json(self.0)).into_response()
    }
}
