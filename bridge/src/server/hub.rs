//! The hub as the page on this machine sees it: its configuration and its API, passed on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alleycat_shared::config::{PageConfig, SENSOR_PATH};
use axum::Json;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::{Shared, problem};

pub(super) struct Hub {
    url: Url,
    client: reqwest::Client,
    /// The last good configuration, for when the hub is away.
    config: Mutex<Option<PageConfig>>,
}

impl Hub {
    pub(super) fn new(url: Url) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).connect_timeout(CONNECT_TIMEOUT).build()?;
        Ok(Self { url, client, config: Mutex::new(None) })
    }

    async fn fetch_config(&self) -> reqwest::Result<PageConfig> {
        let url = self.url.join("/config.json").expect("the path is plain");
        let mut config: PageConfig = self.client.get(url).send().await?.error_for_status()?.json().await?;
        config.mqtt.url = absolute(&self.url, &config.mqtt.url);
        SENSOR_PATH.clone_into(&mut config.sensor.url);
        Ok(config)
    }

    fn away(&self, error: &reqwest::Error) -> Response {
        tracing::warn!(hub = %self.url, %error, "the hub does not answer");
        problem(StatusCode::BAD_GATEWAY, &format!("The hub at {} does not answer.", self.url))
    }
}

/// `GET /config.json`: the hub's, with its broker made absolute and the sensor on this host.
pub(super) async fn config(State(shared): State<Arc<Shared>>) -> Response {
    let hub = &shared.hub;
    let fetched = hub.fetch_config().await;
    let mut kept = hub.config.lock().expect("no holder of this lock panics");
    match fetched {
        Ok(config) => {
            *kept = Some(config.clone());
            Json(config).into_response()
        }
        Err(error) => match &*kept {
            Some(config) => Json(config).into_response(),
            None => hub.away(&error),
        },
    }
}

/// `/api/…`: passed on as it is, within bounds.
pub(super) async fn api(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let hub = &shared.hub;
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large.");
    };
    let mut url = hub.url.clone();
    url.set_path(parts.uri.path());
    url.set_query(parts.uri.query());
    let mut passed = hub.client.request(parts.method, url).body(body);
    for name in [CONTENT_TYPE, ACCEPT, AUTHORIZATION, IF_NONE_MATCH] {
        if let Some(value) = parts.headers.get(&name) {
            passed = passed.header(name, value);
        }
    }
    match passed.send().await {
        Ok(answer) => {
            let status = answer.status();
            let headers =
                [CONTENT_TYPE, ETAG].map(|name| (name.clone(), answer.headers().get(&name).cloned()));
            let mut response = match answer.bytes().await {
                Ok(bytes) => (status, bytes).into_response(),
                Err(error) => return hub.away(&error),
            };
            response.headers_mut().remove(CONTENT_TYPE);
            for (name, value) in headers {
                if let Some(value) = value {
                    response.headers_mut().insert(name, value);
                }
            }
            response
        }
        Err(error) => hub.away(&error),
    }
}

/// A path on the hub's host becomes an address that works from anywhere.
fn absolute(hub: &Url, url: &str) -> String {
    if !url.starts_with('/') {
        return url.to_owned();
    }
    let joined = hub.join(url).map_or_else(|_| hub.to_string(), String::from);
    joined.replacen("http", "ws", 1)
}

const TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest body passed on, in bytes.
const MAX_BODY: usize = 64 * 1_024;

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
