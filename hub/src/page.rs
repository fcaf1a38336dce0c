//! The built page as static files, and what a browser may do with it.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::embedded;

/// Routes for the page in `folder`, else for the one within this program, or a word on how to get one. `policy`: whom the page may ask.
pub(crate) fn routes(folder: Option<&Path>, policy: &str) -> Router {
    let files = match folder {
        Some(folder) => {
            Router::new().fallback_service(ServeDir::new(folder).precompressed_br().precompressed_gzip())
        }
        None if embedded::is_there() => Router::new().fallback_service(get(embedded::serve)),
        None => return Router::new().route("/", get(|| async { NO_PAGE })),
    };
    files
        .layer(middleware::from_fn(cache))
        .layer(SetResponseHeaderLayer::overriding(
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_str(policy).ok(),
        ))
        .layer(SetResponseHeaderLayer::overriding(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
        // Of a page whose files are not packed.
        .layer(CompressionLayer::new())
}

/// Names with a hash in them never change; everything else is asked for again.
async fn cache(request: Request, next: Next) -> Response {
    let hashed = is_hashed(request.uri().path());
    let mut response = next.run(request).await;
    let policy = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(policy));
    // One address, several ways to be packed.
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    response
}

/// Whether Trunk put a hash of 16 hex digits into the file's name.
fn is_hashed(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let hash = |part: &str| part.len() == 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.split(['-', '.', '_']).any(hash)
}

const NO_PAGE: &str = "This is an Alleycat hub without a page. Start it with --page DIR; `cargo xtask page` builds one.\n\
     The host's page is at /host.\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(is_hashed("/alleycat-app-91c3d1a2b3c4d5e6_bg.wasm"));
        assert!(is_hashed("/main-0123456789abcdef.css"));
        assert!(!is_hashed("/index.html") && !is_hashed("/") && !is_hashed("/icon.svg"));
    }
}
