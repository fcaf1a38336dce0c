//! What a rider asks the hub over HTTP: the configuration, the time, a token.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alleycat_shared::api::{Clock, Join, Joined, Problem};
use alleycat_shared::config::PageConfig;
use alleycat_shared::time::ClockOffset;
use alleycat_shared::{Millis, RacerId, names};
use reqwest::{Client, Response, StatusCode};
use thiserror::Error;
use url::Url;

/// The hub's API.
#[derive(Clone, Debug)]
pub struct Hub {
    client: Client,
    url: Url,
}

/// Why the hub gave no answer.
#[derive(Debug, Error)]
pub enum HubError {
    /// It could not be reached.
    #[error("the hub at {url} can't be reached: is it running? ({source})")]
    Unreachable {
        /// Where it was expected.
        url: Url,
        /// What the network said.
        source: reqwest::Error,
    },
    /// It answered with an error.
    #[error("the hub refused {path}: {detail} ({status})")]
    Refused {
        /// What was asked.
        path: &'static str,
        /// The HTTP status.
        status: StatusCode,
        /// What the hub said.
        detail: String,
    },
    /// Its answer was not understood.
    #[error("the hub's answer to {path} was not understood ({source})")]
    Strange {
        /// What was asked.
        path: &'static str,
        /// Why not.
        source: reqwest::Error,
    },
}

impl Hub {
    /// The hub at this address.
    ///
    /// # Errors
    /// When no HTTP client can be made on this machine.
    pub fn new(url: Url) -> Result<Self, reqwest::Error> {
        Ok(Self { client: Client::builder().timeout(TIMEOUT).build()?, url })
    }

    /// `GET /config.json`.
    ///
    /// # Errors
    /// [`HubError`] when there is no good answer.
    pub async fn config(&self) -> Result<PageConfig, HubError> {
        self.ask("/config.json", |client, url| client.get(url)).await
    }

    /// Measures the hub's clock over a few round trips.
    ///
    /// # Errors
    /// [`HubError`] when there is no good answer.
    pub async fn clock(&self) -> Result<ClockOffset, HubError> {
        let mut offset = ClockOffset::default();
        for _ in 0..CLOCK_SAMPLES {
            let sent = own_time();
            let clock: Clock = self.ask("/api/clock", |client, url| client.get(url)).await?;
            offset.sample(sent, clock.now, own_time());
        }
        Ok(offset)
    }

    /// `POST /api/join` under the default name. `token` is that of an earlier join.
    ///
    /// # Errors
    /// [`HubError`] when there is no good answer, or the id is taken.
    pub async fn join(&self, racer_id: RacerId, token: Option<String>) -> Result<Joined, HubError> {
        let join = Join { racer_id, name: names::default_name(racer_id), token };
        self.ask("/api/join", |client, url| client.post(url).json(&join)).await
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        path: &'static str,
        request: impl FnOnce(&Client, Url) -> reqwest::RequestBuilder,
    ) -> Result<T, HubError> {
        let url = self.url.join(path).expect("the path is plain");
        let sent = request(&self.client, url.clone()).send().await;
        let response = sent.map_err(|source| HubError::Unreachable { url, source: source.without_url() })?;
        let status = response.status();
        if !status.is_success() {
            return Err(HubError::Refused { path, status, detail: detail(response).await });
        }
        response.json().await.map_err(|source| HubError::Strange { path, source })
    }
}

async fn detail(response: Response) -> String {
    let problem: Option<Problem> = response.json().await.ok();
    problem.map_or_else(|| "no reason given".to_owned(), |problem| problem.detail)
}

/// The own clock, epoch ms.
pub fn own_time() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

const TIMEOUT: Duration = Duration::from_secs(10);
const CLOCK_SAMPLES: usize = 4;
