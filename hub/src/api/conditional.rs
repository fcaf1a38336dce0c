//! Conditional requests (RFC 9110, section 13): a strong ETag for every answer that may be kept, and 304 for
//! who has it already.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::ApiError;

/// Answers with 304 what the client has.
pub(super) async fn etag(request: Request, next: Next) -> Response {
    let known = tags(request.headers());
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "The answer broke off: ask again.")
            .into_response();
    };
    let hash = Sha256::digest(&body);
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..16]));
    // Kept, and asked about each time: results change until they are official.
    head.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let matches = known.iter().any(|known| known == "*" || known.trim_start_matches("W/") == tag);
    head.headers.insert(ETAG, tag.parse().expect("base64 in quotes is a header value"));
    if matches {
        head.status = StatusCode::NOT_MODIFIED;
        head.headers.remove(CONTENT_TYPE);
        head.headers.remove(CONTENT_LENGTH);
        return Response::from_parts(head, Body::empty());
    }
    Response::from_parts(head, Body::from(body))
}

/// The tags that a client says it has.
fn tags(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|tag| tag.trim().to_owned()).collect()
}
