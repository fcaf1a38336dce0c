//! The page within this program, if one was put in when it was compiled (`build.rs`).

use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};

/// Name and content of each file, in the order of names.
type Files = [(&'static str, &'static [u8])];

static PAGE: &Files = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// How a file may be packed that lies beside the plain one, the best first.
const PACKED: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Whether there is one.
pub(crate) fn is_there() -> bool {
    !PAGE.is_empty()
}

/// A file of it, packed as the browser likes.
pub(crate) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    answer(PAGE, uri.path(), &headers)
}

fn answer(page: &Files, path: &str, headers: &HeaderMap) -> Response {
    let file = |name: &str| {
        let at = page.binary_search_by_key(&name, |(name, _)| name).ok()?;
        page.get(at).map(|(_, content)| *content)
    };
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let Some(plain) = file(name) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let mut packed = PACKED.iter().filter(|(encoding, _)| accepts(headers, encoding));
    match packed.find_map(|(encoding, end)| Some((*encoding, file(&[name, end].concat())?))) {
        Some((encoding, content)) => {
            ([(CONTENT_TYPE, kind.as_ref()), (CONTENT_ENCODING, encoding)], content).into_response()
        }
        None => ([(CONTENT_TYPE, kind.as_ref())], plain).into_response(),
    }
}

/// Whether a browser takes what is packed so: named, and not with the weight 0 (RFC 9110, 12.5.3).
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|wish| {
        let (name, weight) = wish.split_once(';').unwrap_or((wish, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(encoding) && weight != Some(0.0)
    })
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    const FILES: &Files = &[
        ("app.js", b"plain"),
        ("app.js.br", b"brotli"),
        ("app.js.gz", b"gzip"),
        ("index.html", b"<p>"),
        ("page.webmanifest", b"{}"),
    ];

    async fn ask(path: &str, accepted: &str) -> (u16, String, String, Vec<u8>) {
        let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, accepted.parse().unwrap())]);
        let answer = answer(FILES, path, &headers);
        let header = |name| {
            answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let (kind, encoding) = (header(CONTENT_TYPE), header(CONTENT_ENCODING));
        let status = answer.status().as_u16();
        (status, kind, encoding, to_bytes(answer.into_body(), 100).await.unwrap().to_vec())
    }

    #[tokio::test]
    async fn each_browser_gets_a_file_packed_as_it_takes_it() {
        for (accepted, encoding, content) in [
            ("gzip, deflate, br, zstd", "br", b"brotli".as_slice()),
            ("gzip, BR;q=0", "gzip", b"gzip"),
            ("br;q=0.5", "br", b"brotli"),
            ("identity, x-br", "", b"plain"),
        ] {
            let (status, kind, said, body) = ask("/app.js", accepted).await;
            assert_eq!((status, kind.as_str()), (200, "text/javascript"), "{accepted}");
            assert_eq!((said.as_str(), body.as_slice()), (encoding, content), "{accepted}");
        }
    }

    #[tokio::test]
    async fn the_root_is_the_index_and_what_is_not_there_is_not_found() {
        let (status, kind, _, body) = ask("/", "br").await;
        assert_eq!((status, kind.as_str(), body.as_slice()), (200, "text/html", b"<p>".as_slice()));
        assert_eq!(ask("/page.webmanifest", "").await.1, "application/manifest+json");
        for path in ["/other.js", "/../etc/passwd", "//index.htm", "/index.html/"] {
            assert_eq!(ask(path, "br").await.0, 404, "{path}");
        }
    }
}
