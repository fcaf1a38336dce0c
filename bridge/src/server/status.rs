//! `/status` and `/healthz` for programs, `/metrics` for Prometheus.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use alleycat_shared::message::SensorState;
use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::{MAX_PAGES, Shared};

/// Body of `GET /status`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    status: &'static str,
    version: &'static str,
    sensor: SensorState,
    /// What to do about it, as the page shows it.
    hint: &'static str,
    driver: &'static str,
    port: String,
    good_frames: u64,
    bad_frames: BadFrames,
    skipped_bytes: u64,
    pages: usize,
    skipped_messages: u64,
    /// Since a page last said that it is alive, in ms; nothing before one has done so.
    heartbeat_age_ms: Option<u64>,
    /// Since the pedals last turned; nothing before they have.
    idle_seconds: Option<u64>,
    uptime_seconds: u64,
    /// Whether the hub answered when it was last asked; nothing before that.
    hub_here: Option<bool>,
    /// Why the hub's page could not be fetched the last time.
    page_problem: Option<String>,
}

#[derive(Serialize)]
struct BadFrames {
    checksum: u64,
    form: u64,
    range: u64,
    unchecked: u64,
}

impl Status {
    fn of(shared: &Shared) -> Self {
        let (board, counters) = (&shared.board, shared.board.counters());
        let bad = counters.bad;
        Self {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
            sensor: board.state(),
            hint: crate::hint::hint(board.state(), board.driver()),
            driver: board.driver(),
            port: board.port(),
            good_frames: counters.good,
            bad_frames: BadFrames {
                checksum: bad.checksum,
                form: bad.form,
                range: bad.range,
                unchecked: bad.unchecked,
            },
            skipped_bytes: counters.skipped,
            pages: MAX_PAGES - shared.pages.available_permits(),
            skipped_messages: shared.skipped.load(Ordering::Relaxed),
            heartbeat_age_ms: shared
                .heartbeat
                .borrow()
                .map(|at| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)),
            idle_seconds: board.ridden().map(|at| at.elapsed().as_secs()),
            uptime_seconds: shared.started.elapsed().as_secs(),
            hub_here: shared.hub.here(),
            page_problem: shared.page_problem.borrow().clone(),
        }
    }

    fn metrics(&self) -> String {
        let state = serde_json::to_value(self.sensor).unwrap_or_default();
        let live = u8::from(self.sensor == SensorState::Live);
        format!(
            "# TYPE alleycat_bridge_sensor_live gauge\nalleycat_bridge_sensor_live {live}\n\
             # TYPE alleycat_bridge_sensor_state gauge\nalleycat_bridge_sensor_state{{state={state},driver=\"{}\"}} 1\n\
             # TYPE alleycat_bridge_frames_total counter\n\
             alleycat_bridge_frames_total{{kind=\"good\"}} {}\n\
             alleycat_bridge_frames_total{{kind=\"checksum\"}} {}\n\
             alleycat_bridge_frames_total{{kind=\"form\"}} {}\n\
             alleycat_bridge_frames_total{{kind=\"range\"}} {}\n\
             alleycat_bridge_frames_total{{kind=\"unchecked\"}} {}\n\
             # TYPE alleycat_bridge_skipped_bytes_total counter\nalleycat_bridge_skipped_bytes_total {}\n\
             # TYPE alleycat_bridge_pages gauge\nalleycat_bridge_pages {}\n\
             # TYPE alleycat_bridge_skipped_messages_total counter\nalleycat_bridge_skipped_messages_total {}\n\
             # TYPE alleycat_bridge_uptime_seconds gauge\nalleycat_bridge_uptime_seconds {}\n",
            self.driver,
            self.good_frames,
            self.bad_frames.checksum,
            self.bad_frames.form,
            self.bad_frames.range,
            self.bad_frames.unchecked,
            self.skipped_bytes,
            self.pages,
            self.skipped_messages,
            self.uptime_seconds,
        )
    }
}

pub(super) async fn status(State(shared): State<Arc<Shared>>) -> Response {
    Json(Status::of(&shared)).into_response()
}

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], Status::of(&shared).metrics()).into_response()
}
