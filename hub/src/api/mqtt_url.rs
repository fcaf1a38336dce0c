//! Addresses of AWS IoT Core for riders, signed with the hub's credentials, one for each attempt.

use std::sync::Arc;

use alleycat_mqtt::sigv4::{Credentials, Target, presign};
use alleycat_shared::RacerId;
use alleycat_shared::api::{MqttUrl, Problem};
use alleycat_shared::config::Auth;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::links::is_riders;
use super::{ApiError, parse};
use crate::hub::Shared;
use crate::{metrics, time};

/// Who signs, and for which endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    credentials: Credentials,
    host: String,
    region: String,
}

/// Who asks.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(super) struct MqttUrlQuery {
    /// The rider's id; the token goes into `Authorization: Bearer`. An open hub asks for neither.
    racer_id: Option<String>,
}

impl Signer {
    /// For an account's endpoint, such as `abc-ats.iot.eu-west-1.amazonaws.com`, with the credentials that
    /// AWS's own tools read from the environment. `None` if there are none, or if the endpoint names no region.
    pub(crate) fn from_env(host: &str) -> Option<Self> {
        let value = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (_, rest) = host.split_once(".iot.")?;
        let (region, _) = rest.split_once('.')?;
        Some(Self {
            credentials: Credentials {
                access_key_id: value("AWS_ACCESS_KEY_ID")?,
                secret_access_key: value("AWS_SECRET_ACCESS_KEY")?,
                session_token: value("AWS_SESSION_TOKEN"),
            },
            host: host.to_owned(),
            region: region.to_owned(),
        })
    }

    /// A signed address, good for one attempt.
    pub(crate) fn sign(&self, epoch_ms: u64) -> String {
        let target = Target { host: &self.host, port: 443, region: &self.region };
        presign(&self.credentials, target, epoch_ms / 1_000)
    }
}

/// A signed address of the broker, good for one attempt to connect.
#[utoipa::path(get, path = "/api/mqtt-url", params(MqttUrlQuery), responses(
    (status = 200, body = MqttUrl),
    (status = 401, body = Problem, description = "the token is not this racer's, or no longer"),
    (status = 404, body = Problem, description = "this hub signs no addresses: its broker is at /mqtt"),
))]
pub(super) async fn mqtt_url(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<MqttUrlQuery>,
    headers: HeaderMap,
) -> Result<Json<MqttUrl>, ApiError> {
    let Some(signer) = &shared.signer else {
        let detail = "This hub signs no addresses: connect to /mqtt, or start it with --aws-iot-endpoint.";
        return Err(ApiError::new(StatusCode::NOT_FOUND, detail));
    };
    if shared.page_config.auth == Auth::Token {
        let racer: RacerId = parse(query.racer_id.as_deref().unwrap_or_default(), "racerId")?;
        if !is_riders(&shared, &headers, racer, time::now()) {
            metrics::turned_away("mqtt-url-token");
            let detail = "This token is not this racer's, or no longer: join again.";
            return Err(ApiError::new(StatusCode::UNAUTHORIZED, detail));
        }
    }
    Ok(Json(MqttUrl { url: signer.sign(time::now()) }))
}
