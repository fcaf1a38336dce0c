//! The hub's HTTP interface as the page uses it.

use alleycat_mqtt::Login;
use alleycat_shared::api::{Clock, Join, Joined, MqttUrl, Problem, RaceResult};
use alleycat_shared::config::PageConfig;
use alleycat_shared::time::ClockOffset;
use alleycat_shared::{ClassId, RaceId};
use serde::de::DeserializeOwned;

use crate::platform::clock;
use crate::platform::fetch::{Answer, fetch, fetch_as};
use crate::state::Failure;

pub(super) async fn config() -> Result<PageConfig, Failure> {
    read(fetch("/config.json", None).await)
}

pub(super) async fn join(join: &Join) -> Result<Joined, Failure> {
    let body = serde_json::to_string(join).map_err(|_| Failure::default())?;
    read(fetch("/api/join", Some(&body)).await)
}

pub(super) async fn result(race: RaceId, class: ClassId) -> Result<RaceResult, Failure> {
    let path = ["/api/races/", &race.to_string(), "/classes/", &class.to_string()].concat();
    read(fetch(&path, None).await)
}

/// Asks for an address of the broker that is good for this one attempt.
#[cfg_attr(not(feature = "broker"), expect(dead_code, reason = "only the client asks"))]
pub(super) async fn mqtt_url(path: &str, login: &Login) -> Result<String, Failure> {
    let racer = login.username.as_deref().unwrap_or_default();
    let path = [path, "?racerId=", racer].concat();
    let answer = fetch_as(&path, login.password.as_deref().unwrap_or_default()).await;
    read(answer).map(|MqttUrl { url }| url)
}

/// Asks for the hub's clock some times over; the quickest answer tells it best.
pub(super) async fn measure_clock() -> Option<ClockOffset> {
    let mut offset = ClockOffset::default();
    for _ in 0..SAMPLES {
        let sent = clock::now();
        if let Ok(Clock { now }) = read(fetch("/api/clock", None).await) {
            offset.sample(sent, now, clock::now());
        }
    }
    offset.uncertainty().is_some().then_some(offset)
}

fn read<T: DeserializeOwned>(answer: Option<Answer>) -> Result<T, Failure> {
    let Answer { status, text } = answer.ok_or_else(Failure::default)?;
    let failure = |detail| Failure { status: Some(status), detail };
    if !(200..300).contains(&status) {
        let problem = serde_json::from_str::<Problem>(&text);
        return Err(failure(problem.map(|problem| problem.detail).unwrap_or_default()));
    }
    serde_json::from_str(&text).map_err(|_| failure("The hub's answer can't be read.".to_owned()))
}

const SAMPLES: usize = 5;
