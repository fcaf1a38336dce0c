//! Whose web pages may speak MQTT to the hub. Browsers let every page open a WebSocket to every host that they
//! reach, also one behind a firewall, and only say whose page it is (RFC 6454, RFC 6455 section 10.2). Without
//! this, a page of somebody else that a rider looks at could read the boards, and ride on an open hub.

use std::net::IpAddr;

use axum::http::uri::{Authority, Uri};
use axum::http::{HeaderMap, header};

/// Origins that are known beside the hub's own and those of this machine.
pub(crate) struct Origins(Vec<String>);

impl Origins {
    /// With these in addition, each as [`origin_of`] returns it.
    pub(crate) fn new<'a>(allowed: impl IntoIterator<Item = &'a String>) -> Self {
        Self(allowed.into_iter().cloned().collect())
    }

    /// Whether who asks may go on: no page at all, a page from the host that is asked, whatever its scheme and
    /// port (a proxy may change both), one from a bridge on the tablet itself, or one that was allowed.
    pub(super) fn may(&self, headers: &HeaderMap) -> bool {
        let Some(origin) = headers.get(header::ORIGIN) else { return true };
        let Some(origin) = origin.to_str().ok().and_then(|text| origin_of(text).ok()) else { return false };
        let Some(host) = host(&origin) else { return false };
        let asked =
            headers.get(header::HOST).and_then(|value| value.to_str().ok()?.parse::<Authority>().ok());
        is_loopback(&host)
            || asked.is_some_and(|asked| asked.host().eq_ignore_ascii_case(&host))
            || self.0.contains(&origin)
    }
}

/// Reads an origin: a scheme, a host and perhaps a port, nothing after it.
///
/// # Errors
/// What it has to look like.
pub(crate) fn origin_of(text: &str) -> Result<String, &'static str> {
    let wrong = "an origin is like https://race.example or http://10.0.0.7:8080";
    let uri: Uri = text.parse().map_err(|_| wrong)?;
    let plain = uri.path().trim_start_matches('/').is_empty() && uri.query().is_none();
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) if plain && !authority.as_str().contains('@') => {
            Ok(format!("{scheme}://{authority}").to_ascii_lowercase())
        }
        _ => Err(wrong),
    }
}

fn host(origin: &str) -> Option<String> {
    Some(origin.parse::<Uri>().ok()?.host()?.to_owned())
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        Origins::new(&[origin_of("https://Page.example:8443/").unwrap()]).may(&headers)
    }

    #[test]
    fn pages_of_the_hub_of_this_machine_and_allowed_ones_may_and_no_others() {
        for origin in [
            None,
            Some("http://10.0.0.7:8080"),
            Some("https://10.0.0.7"),
            Some("http://localhost:8765"),
            Some("http://127.0.0.1:8765"),
            Some("http://[::1]:8765"),
            Some("https://page.example:8443"),
        ] {
            assert!(may("10.0.0.7:8080", origin), "{origin:?}");
        }
        for origin in [
            "https://evil.example",
            "http://10.0.0.70:8080",
            "http://10.0.0.7.evil.example",
            "http://localhost.evil.example",
            "http://10.0.0.7@evil.example",
            "http://evil.example/10.0.0.7",
            "https://page.example",
            "null",
            "",
        ] {
            assert!(!may("10.0.0.7:8080", Some(origin)), "{origin:?}");
        }
        assert!(may("Race.Example", Some("https://race.example")));
    }
}
