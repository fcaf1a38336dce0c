//! The host's page, `/host`: how the hub fares, what is refused and what to do about it, who sits where, results
//! to hand out.
//!
//! It is part of the binary, so a hub without the riders' page has it too. The files themselves are for
//! everybody; what they show comes from the API, for whoever has the host's key. This module changes nothing.

mod advice;
mod machine;
pub(crate) mod status;

use axum::Router;
use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::response::Redirect;
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;

/// Routes of the page's files.
pub(crate) fn routes() -> Router {
    let mut router = Router::new().route("/host/", get(|| async { Redirect::permanent("/host") }));
    for (path, kind, text) in FILES {
        router = router.route(path, get(move || async move { ([(CONTENT_TYPE, kind)], text) }));
    }
    for (name, value) in HEADERS {
        router = router.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)));
    }
    router.layer(CompressionLayer::new())
}

const FILES: [(&str, &str, &str); 4] = [
    ("/host", "text/html; charset=utf-8", include_str!("page/host.html")),
    (
        "/host/host.css",
        "text/css; charset=utf-8",
        concat!(
            include_str!("../style/desk.css"),
            "\n",
            include_str!("page/frame.css"),
            "\n",
            include_str!("page/parts.css"),
            "\n",
            include_str!("page/widths.css"),
        ),
    ),
    ("/host/host.js", "text/javascript; charset=utf-8", include_str!("page/host.js")),
    ("/host/dom.js", "text/javascript; charset=utf-8", include_str!("page/dom.js")),
];

/// Nothing from elsewhere, nothing inside other pages, and the key goes nowhere else.
const HEADERS: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-cache"),
];

#[cfg(test)]
mod tests {
    use alleycat_shared::RacerName;

    #[test]
    fn the_page_takes_names_as_long_as_the_hub_does() {
        let longest = format!("const NAME_CHARS = {};", RacerName::MAX_CHARS);
        assert!(include_str!("page/host.js").contains(&longest), "{longest}");
    }
}
