//! The hub as the page on this machine sees it: its configuration and its API, passed on.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use alleycat_shared::config::{PageConfig, SENSOR_PATH, content_policy};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderName, HeaderValue, IF_NONE_MATCH, RETRY_AFTER,
};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::watch;
use url::Url;

use super::store::Store;
use super::{Shared, problem};
use crate::http::{Client, HttpError, read};

pub(super) struct Hub {
    pub(super) url: Url,
    pub(super) client: Client,
    /// What is on the disk.
    pub(super) store: Option<Store>,
    /// The last good configuration, for when the hub is away.
    config: Mutex<Option<Value>>,
    here: watch::Sender<Option<bool>>,
}

/// Why the hub is of no use just now.
#[derive(Debug, Error)]
enum HubError {
    #[error("does not answer")]
    Away(#[from] HttpError),
    #[error("answers with {0}")]
    Refused(StatusCode),
    #[error("sends a configuration that is none")]
    Malformed(#[from] serde_json::Error),
}

impl Hub {
    /// `authorities`: a PEM file of who else may vouch for the hub.
    pub(super) fn new(url: Url, authorities: Option<&Path>, store: Option<Store>) -> io::Result<Self> {
        let client = Client::new(authorities)?;
        let config = Mutex::new(store.as_ref().and_then(Store::config));
        Ok(Self { url, client, store, config, here: watch::Sender::default() })
    }

    /// Whether the hub was of use when it was last asked.
    pub(super) fn here(&self) -> Option<bool> {
        *self.here.borrow()
    }

    /// The hub's configuration as the page on this machine needs it; fields that are not known here stay.
    async fn fetch_config(&self) -> Result<Value, HubError> {
        let url = self.url.join("/config.json").expect("the path is plain");
        let answer = self.client.get(&url).await?;
        if !answer.status().is_success() {
            return Err(HubError::Refused(answer.status()));
        }
        let mut config: Value = serde_json::from_slice(&read(answer, MAX_ANSWER).await?)?;
        let known = PageConfig::deserialize(&config)?;
        config["mqtt"]["url"] = absolute(&self.url, &known.mqtt.url).into();
        config["sensor"]["url"] = SENSOR_PATH.into();
        Ok(config)
    }

    /// Whom the page may ask. A broker that is not known yet, or that gets addresses signed for one attempt,
    /// may be anywhere.
    fn content_policy(&self) -> String {
        let kept = self.config.lock().expect("no holder of this lock panics");
        match kept.as_ref().and_then(|config| PageConfig::deserialize(config).ok()) {
            Some(config) if config.mqtt.url_from.is_none() => content_policy(config.sockets()),
            _ => content_policy(["ws:", "wss:"]),
        }
    }

    /// Asks for the configuration if none is known.
    async fn know_config(&self) {
        let known = self.config.lock().expect("no holder of this lock panics").is_some();
        if !known && let Ok(config) = self.fetch_config().await {
            *self.config.lock().expect("no holder of this lock panics") = Some(config);
        }
    }

    async fn pass(&self, request: Request) -> Result<Response, HubError> {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return Ok(problem(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large."));
        };
        let mut url = self.url.clone();
        url.set_path(parts.uri.path());
        url.set_query(parts.uri.query());
        let headers = only(&parts.headers, &ASKED);
        let answer = self.client.send(parts.method, &url, headers, body).await?;
        self.here.send_replace(Some(true));
        let (status, headers) = (answer.status(), only(answer.headers(), &ANSWERED));
        let mut response = read(answer, MAX_ANSWER).await?.into_response();
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    fn failed(&self, error: &HubError) -> Response {
        // Once, not at each try.
        let was_here = self.here.send_replace(Some(false)) != Some(false);
        // The last one names it: a refused connection, a name that is not known, a certificate.
        let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
        let cause = causes.last().map(ToString::to_string);
        if was_here {
            tracing::warn!(hub = %self.url, %error, cause, "the hub is of no use");
        }
        problem(StatusCode::BAD_GATEWAY, &format!("The hub at {} {error}.", self.url))
    }
}

/// `GET /config.json`: the hub's, with its broker made absolute and the sensor on this host.
pub(super) async fn config(State(shared): State<Arc<Shared>>) -> Response {
    let hub = &shared.hub;
    let fetched = hub.fetch_config().await;
    let mut kept = hub.config.lock().expect("no holder of this lock panics");
    match fetched {
        Ok(config) => {
            hub.here.send_replace(Some(true));
            if let Some(Err(error)) = hub.store.as_ref().map(|store| store.keep_config(&config)) {
                tracing::warn!(%error, "the configuration can't be kept for a day without the hub");
            }
            Json(&*kept.insert(config)).into_response()
        }
        Err(error) => {
            let failed = hub.failed(&error);
            kept.as_ref().map_or(failed, |config| ([(KEPT, "hub-away")], Json(config)).into_response())
        }
    }
}

/// Says with each file of the page whom it may ask: this host, and the hub's broker once it is known.
pub(super) async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    // A policy is for as long as the page is open.
    if request.uri().path() == "/" {
        shared.hub.know_config().await;
    }
    let policy = shared.hub.content_policy();
    let mut response = next.run(request).await;
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// `/api/…`: passed on as it is, within bounds.
pub(super) async fn api(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let hub = &shared.hub;
    hub.pass(request).await.unwrap_or_else(|error| hub.failed(&error))
}

fn only(headers: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let named = names.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone())));
    named.collect()
}

/// A path on the hub's host becomes an address that works from anywhere.
fn absolute(hub: &Url, url: &str) -> String {
    if !url.starts_with('/') {
        return url.to_owned();
    }
    let joined = hub.join(url).map_or_else(|_| hub.to_string(), String::from);
    joined.replacen("http", "ws", 1)
}

/// Set on what is a kept copy, because the hub is away.
const KEPT: &str = "x-alleycat-kept";
/// The largest body passed on, in bytes.
const MAX_BODY: usize = 64 * 1_024;
/// The largest answer passed on, in bytes: a board of all riders is about a tenth of it.
const MAX_ANSWER: usize = 32 * 1_024 * 1_024;
/// What the hub is to know of a request.
const ASKED: [HeaderName; 4] = [CONTENT_TYPE, ACCEPT, AUTHORIZATION, IF_NONE_MATCH];
/// What the page is to know of an answer.
const ANSWERED: [HeaderName; 5] = [CONTENT_TYPE, ETAG, CACHE_CONTROL, CONTENT_DISPOSITION, RETRY_AFTER];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_an_address_of_the_hub() {
        let hub = Url::parse("http://hub.example:9000").unwrap();
        assert_eq!(absolute(&hub, "/mqtt"), "ws://hub.example:9000/mqtt");
        let secure = Url::parse("https://hub.example").unwrap();
        assert_eq!(absolute(&secure, "/mqtt"), "wss://hub.example/mqtt");
        assert_eq!(absolute(&hub, "wss://broker.example/mqtt"), "wss://broker.example/mqtt");
    }
}
