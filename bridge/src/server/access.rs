//! Who may ask: pages of this machine and of the hub.
//!
//! The `Host` must be a name of this machine, or a hostile page could reach the bridge through a name of
//! its own that it points at 127.0.0.1 (DNS rebinding). The `Origin`, which browsers always send with a
//! WebSocket, must be one that we serve, know or were told. Programs that are no browsers send none.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{HOST, ORIGIN};
use axum::middleware::Next;
use axum::response::Response;
use url::{Host, Url};

use super::problem;
use crate::config::Serve;

pub(super) struct Access {
    port: u16,
    /// Other machines may ask by our address.
    lan: bool,
    origins: Vec<String>,
}

impl Access {
    pub(super) fn new(serve: &Serve, port: u16) -> Self {
        let mut origins: Vec<_> = LOOPBACK.iter().map(|host| format!("http://{host}:{port}")).collect();
        let hub_port = serve.hub.port_or_known_default().unwrap_or_default();
        origins.extend(origin_of(&serve.hub));
        if is_loopback(&serve.hub) {
            origins.extend(LOOPBACK.iter().map(|host| format!("http://{host}:{hub_port}")));
        }
        origins.extend(serve.allow_origins.iter().filter_map(origin_of));
        Self { port, lan: serve.allow_lan, origins }
    }

    fn objection(&self, request: &Request) -> Option<&'static str> {
        let header = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
        let host = header(HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str()));
        let host = host.unwrap_or_default();
        if !self.host_is_ours(host) {
            tracing::warn!(host, "refused: not a name of this machine");
            return Some("This bridge answers to localhost only.");
        }
        let origin = header(ORIGIN)?;
        if self.origin_is_known(origin, host) {
            return None;
        }
        tracing::warn!(origin, "refused: unknown origin");
        Some("Pages of this origin may not read the bike: see --allow-origin.")
    }

    fn host_is_ours(&self, host: &str) -> bool {
        // The port is part of the name unless it is the scheme's own.
        let Ok(url) = Url::parse(&format!("http://{host}/")) else { return false };
        if url.port_or_known_default() != Some(self.port) || !url.username().is_empty() {
            return false;
        }
        match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback() || self.lan,
            Some(Host::Ipv6(ip)) => ip.is_loopback() || self.lan,
            None => false,
        }
    }

    fn origin_is_known(&self, origin: &str, host: &str) -> bool {
        self.origins.iter().any(|known| known == origin) || (self.lan && origin == format!("http://{host}"))
    }
}

/// Lets a request through, or says why not.
pub(super) async fn check(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    match access.objection(&request) {
        Some(objection) => problem(StatusCode::FORBIDDEN, objection),
        None => next.run(request).await,
    }
}

/// The origin as browsers tell it; `None` for one that they tell as `null`.
fn origin_of(url: &Url) -> Option<String> {
    let origin = url.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::{Cli, Command};

    fn access(more: &[&str]) -> Access {
        let cli = Cli::parse_from([&["alleycat-bridge", "virtual"], more].concat());
        let Command::Virtual { serve, .. } = cli.command else { panic!() };
        Access::new(&serve, 8765)
    }

    #[test]
    fn only_names_of_this_machine_are_answered_to() {
        let access = access(&[]);
        for host in ["localhost:8765", "127.0.0.1:8765", "[::1]:8765"] {
            assert!(access.host_is_ours(host), "{host}");
        }
        for host in [
            "evil.example:8765",
            "localhost",
            "localhost:80",
            "localhost.evil.example:8765",
            "192.168.1.5:8765",
            "",
            "@",
            "127.0.0.1:8765@evil",
        ] {
            assert!(!access.host_is_ours(host), "{host}");
        }
    }

    #[test]
    fn only_known_origins_are_let_in() {
        let access = access(&["--hub", "http://hub.example:9000", "--allow-origin", "http://localhost:8081"]);
        for origin in [
            "http://localhost:8765",
            "http://127.0.0.1:8765",
            "http://hub.example:9000",
            "http://localhost:8081",
        ] {
            assert!(access.origin_is_known(origin, "localhost:8765"), "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://evil.example",
            "http://localhost:9000",
            "https://localhost:8765",
            "http://hub.example:9000.evil",
        ] {
            assert!(!access.origin_is_known(origin, "localhost:8765"), "{origin}");
        }
    }

    #[test]
    fn what_is_no_origin_never_becomes_null() {
        for origin in [
            "localhost:8081",
            "null",
            "file:///tmp",
            "data:,",
            "blob:http://localhost",
            "http://",
            "http://localhost:8081/page",
            "http://ann@localhost:8081",
            "ws://localhost:8081",
        ] {
            let args = ["alleycat-bridge", "virtual", "--allow-origin", origin];
            let error = Cli::try_parse_from(args).unwrap_err().to_string();
            assert!(error.contains("as in http://localhost:8081"), "{error}");
        }
        assert_eq!(origin_of(&Url::parse("localhost:8081").unwrap()), None);
        let access = access(&["--allow-origin", "https://Page.Example:443/,http://localhost:8081"]);
        for origin in ["https://page.example", "http://localhost:8081"] {
            assert!(access.origin_is_known(origin, "localhost:8765"), "{origin}");
        }
    }

    #[test]
    fn a_hub_on_this_machine_is_known_by_all_its_names() {
        assert!(access(&[]).origin_is_known("http://localhost:8080", "localhost:8765"));
    }

    #[test]
    fn on_a_lan_addresses_are_answered_to_and_names_are_not() {
        let access = access(&["--allow-lan"]);
        assert!(access.host_is_ours("192.168.1.5:8765") && !access.host_is_ours("evil.example:8765"));
        assert!(access.origin_is_known("http://192.168.1.5:8765", "192.168.1.5:8765"));
    }
}
