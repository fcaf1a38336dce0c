//! The hub's HTTP interface as the page uses it.

use alleycat_mqtt::Login;
use alleycat_shared::api::{Clock, Join, Joined, Leave, MqttUrl, Named, PairOffer, Problem, RaceResult};
use alleycat_shared::config::PageConfig;
use alleycat_shared::time::ClockOffset;
use alleycat_shared::{ClassId, RaceId};
use serde::de::DeserializeOwned;

use crate::platform::clock;
use crate::platform::fetch::{Answer, delete_as, fetch, fetch_as, post_as, put_as};
use crate::state::rooms::{self, Question, Wish};
use crate::state::{Failure, Rider};

pub(super) async fn config() -> Result<PageConfig, Failure> {
    read(fetch("/config.json", None).await)
}

pub(super) async fn join(join: &Join) -> Result<Joined, Failure> {
    let body = serde_json::to_string(join).map_err(|_| Failure::default())?;
    read(fetch("/api/join", Some(&body)).await)
}

/// Asks for a code to show to a phone.
pub(super) async fn offer_pair() -> Result<PairOffer, Failure> {
    read(fetch("/api/pair", Some("")).await)
}

/// Asks whether a phone has brought its rider.
pub(super) async fn claim_pair(code: &str, secret: &str) -> Result<Option<Joined>, Failure> {
    match fetch_as(&["/api/pair/", code].concat(), secret).await {
        Some(Answer { status: 204, .. }) => Ok(None),
        answer => read(answer).map(Some),
    }
}

/// Hands the rider over to the tablet that shows this code. What is in the code came by the address, from anybody.
pub(crate) async fn hand_over(code: String, rider: Rider) -> Result<(), Failure> {
    let Rider { racer, name, token } = rider;
    let rider = Joined { racer_id: racer, name, token: token.unwrap_or_default() };
    let body = serde_json::to_string(&rider).map_err(|_| Failure::default())?;
    let code = js_sys::encode_uri_component(&code).as_string().unwrap_or_default();
    good(fetch(&["/api/pair/", &code].concat(), Some(&body)).await).map(drop)
}

/// Gives a racer id back. Nobody waits for it: without, it is free two minutes later.
pub(super) async fn give_back(rider: Rider) {
    let leave = Leave { racer_id: rider.racer, token: rider.token.unwrap_or_default() };
    if let Ok(body) = serde_json::to_string(&leave) {
        let _ = fetch("/api/leave", Some(&body)).await;
    }
}

pub(super) async fn result(race: RaceId, class: ClassId) -> Result<RaceResult, Failure> {
    read(fetch(&Question::Result(race, class).path(), None).await)
}

/// Asks what a room wants to know, with the token if there is one.
pub(crate) async fn look_up(
    question: Question,
    token: Option<String>,
) -> Result<Box<rooms::Answer>, Failure> {
    let (path, token) = (question.path(), token.unwrap_or_default());
    let answer = match question {
        Question::Link(..) => post_as(&path, &token).await,
        _ if token.is_empty() => fetch(&path, None).await,
        _ => fetch_as(&path, &token).await,
    };
    Ok(Box::new(match question {
        Question::Races(..) => rooms::Answer::Races(read(answer)?),
        Question::Result(..) => rooms::Answer::Result(read(answer)?),
        Question::Trace(..) => rooms::Answer::Trace(read(answer)?),
        Question::Leaders(..) => rooms::Answer::Leaders(read(answer)?),
        Question::Rides(..) => rooms::Answer::Rides(read(answer)?),
        Question::Places(..) => rooms::Answer::Places(read(answer)?),
        Question::Records(..) => rooms::Answer::Records(read(answer)?),
        Question::Link(..) => rooms::Answer::Link(read(answer)?),
    }))
}

/// Tells the hub what the rider wants for the own rides.
pub(crate) async fn wish(wish: Wish, token: String) -> Result<(), Failure> {
    let path = wish.path();
    let answer = match wish {
        Wish::Delete(_) => delete_as(&path, &token).await,
        Wish::Named(_, named) => {
            let body = serde_json::to_string(&Named { named }).map_err(|_| Failure::default())?;
            put_as(&path, &token, &body).await
        }
    };
    good(answer).map(drop)
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
    let Answer { status, text } = good(answer)?;
    serde_json::from_str(&text).map_err(|_| Failure { status: Some(status), ..Failure::default() })
}

/// The answer, if it is none that says why not.
fn good(answer: Option<Answer>) -> Result<Answer, Failure> {
    let answer = answer.ok_or_else(Failure::default)?;
    if (200..300).contains(&answer.status) {
        return Ok(answer);
    }
    let problem = serde_json::from_str::<Problem>(&answer.text);
    let detail = problem.map(|problem| problem.detail).unwrap_or_default();
    Err(Failure { status: Some(answer.status), detail })
}

const SAMPLES: usize = 5;
