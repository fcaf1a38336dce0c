//! The hub as the page on this machine sees it: its configuration and its API, passed on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alleycat_shared::config::{PageConfig, SENSOR_PATH};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    RETRY_AFTER,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use reqwest::redirect::Policy;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::watch;
use url::Url;

use super::store::Store;
use super::{Shared, problem};

pub(super) struct Hub {
    pub(super) url: Url,
    pub(super) client: reqwest::Client,
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
    Away(#[from] reqwest::Error),
    #[error("answers with {0}")]
    Refused(StatusCode),
    #[error("sends a configuration that is none")]
    Malformed(#[from] serde_json::Error),
    #[error("sends too much")]
    TooLarge,
}

impl Hub {
    pub(super) fn new(url: Url, store: Option<Store>) -> reqwest::Result<Self> {
        // The hub is named by its address, and never somewhere else than it says.
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::none())
            .no_proxy()
            .build()?;
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
        let answer = self.client.get(url).send().await?;
        if !answer.status().is_success() {
            return Err(HubError::Refused(answer.status()));
        }
        let mut config: Value = serde_json::from_slice(&read(answer).await?)?;
        let known = PageConfig::deserialize(&config)?;
        config["mqtt"]["url"] = absolute(&self.url, &known.mqtt.url).into();
        config["sensor"]["url"] = SENSOR_PATH.into();
        Ok(config)
    }

    async fn pass(&self, request: Request) -> Result<Response, HubError> {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, MAX_BODY).await else {
            return Ok(problem(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large."));
        };
        let mut url = self.url.clone();
        url.set_path(parts.uri.path());
        url.set_query(parts.uri.query());
        let passed = self.client.request(parts.method, url).headers(only(&parts.headers, &ASKED)).body(body);
        let answer = passed.send().await?;
        self.here.send_replace(Some(true));
        let (status, headers) = (answer.status(), only(answer.headers(), &ANSWERED));
        let mut response = read(answer).await?.into_response();
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    fn failed(&self, error: &HubError) -> Response {
        self.here.send_replace(Some(false));
        let cause = std::error::Error::source(error).map(ToString::to_string);
        tracing::warn!(hub = %self.url, %error, cause, "the hub is of no use");
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

/// `/api/…`: passed on as it is, within bounds.
pub(super) async fn api(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let hub = &shared.hub;
    hub.pass(request).await.unwrap_or_else(|error| hub.failed(&error))
}

async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, HubError> {
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > MAX_ANSWER {
            return Err(HubError::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
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
const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
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
        assert_eq!(absolute(&hub, "wss://broker.example/mqtt"), "wss://broker.example/mqtt");
    }
}
