//! What the host's page shows, as JSON.

use std::sync::Arc;

use alleycat_shared::api::Problem;
use alleycat_shared::config::classes;
use alleycat_shared::{ClassId, Millis, RaceId, RacerId, RacerName, Score};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use serde::Serialize;
use utoipa::ToSchema;

use super::advice::{Kind, advice};
use super::machine::Machine;
use crate::api::{ApiError, host};
use crate::doctor::{FREE_SOME_ROOM, SMALL_DISK};
use crate::hub::Shared;
use crate::metrics::Reading;
use crate::time;

/// How everything is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Status {
    /// The hub's clock, epoch ms.
    now: Millis,
    /// When it started, epoch ms.
    started: Millis,
    /// The program's version.
    version: &'static str,
    /// What needs somebody's care, the worst first.
    notes: Vec<Note>,
    race: RaceNow,
    classes: Vec<ClassNow>,
    connections: Connected,
    messages: Messages,
    /// By number, the most first; since the start.
    refusals: Vec<Refused>,
    lag: Lag,
    machine: Machine,
    /// The store, the archive and the certificate, in a few words each.
    store: String,
    archive: String,
    tls: String,
}

/// Something that needs care.
#[derive(Serialize, ToSchema)]
struct Note {
    /// `bad` or `warn`.
    level: &'static str,
    /// What it is and what to do.
    text: String,
}

/// The running race.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RaceNow {
    race_id: RaceId,
    /// Its length in seconds.
    seconds: u16,
    /// When it ends, epoch ms.
    ends: Millis,
}

/// A class in the running race.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ClassNow {
    class_id: ClassId,
    name: String,
    /// Who has ridden in this race.
    riders: usize,
    /// Of those, who was heard of within the last 5 seconds.
    riding: usize,
    /// Of those, from whom nothing came for 5 to 15 seconds.
    silent: usize,
    leader: Option<Leader>,
}

/// Who leads.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Leader {
    racer_id: RacerId,
    name: RacerName,
    score: Score,
}

/// Connections now, and how many there may be.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Connected {
    /// MQTT clients: riders and spectators.
    mqtt: usize,
    most_mqtt: usize,
    /// Other HTTP connections.
    http: usize,
    most_http: usize,
}

/// Messages since the start.
#[derive(Serialize, ToSchema)]
struct Messages {
    /// Seconds that count.
    counted: u64,
    /// Seconds that were sent again.
    duplicate: u64,
    /// How often a client was made to wait.
    slowed: u64,
}

/// A reason for which messages or clients are refused.
#[derive(Serialize, ToSchema)]
struct Refused {
    kind: Kind,
    reason: String,
    count: u64,
    /// What it means.
    meaning: &'static str,
    /// What to do about it.
    action: &'static str,
}

/// What takes how long, in ms; null while there is nothing to measure. No wait is told while nothing is
/// acknowledged.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Lag {
    /// How late boards have gone out, of 100 the second latest.
    board: Option<f64>,
    /// How long a rider waits for an acknowledgement, usually.
    wait: Option<f64>,
    /// And of 100 riders the one who waits second longest.
    longest_wait: Option<f64>,
    /// Messages and the like that are not on the disk yet.
    unwritten: u64,
}

/// How the hub fares, in full. For the host: `Authorization: Bearer` and the host's key.
#[utoipa::path(get, path = "/api/host/status", responses(
    (status = 200, body = Status), (status = 401, body = Problem),
))]
pub(crate) async fn status(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
) -> Result<Json<Status>, ApiError> {
    host(&shared, &headers).await?;
    let looking = tokio::task::spawn_blocking(move || look(&shared));
    looking.await.map(Json).map_err(|error| ApiError::failed(&error))
}

fn look(shared: &Shared) -> Status {
    let now = time::now();
    let health = shared.health(now);
    let acknowledges = shared.journal.failing().is_none();
    let machine = Machine::now(shared.store.folder());
    let clock = shared.races.clock();
    let race_id = clock.at(now).race_id;
    let read = Reading::now();
    let ms = |metric: &str, quantile: &str| {
        let measured = read.value(&format!("{metric}_count")).is_some_and(|count| count > 0.0);
        read.value(&format!("{metric}{{quantile=\"{quantile}\"}}"))
            .filter(|_| measured)
            .map(|seconds| seconds * 1e3)
    };
    Status {
        now,
        started: shared.started,
        version: env!("CARGO_PKG_VERSION"),
        notes: notes(shared, &health.troubles, &machine),
        race: RaceNow { race_id, seconds: clock.seconds(), ends: clock.end(race_id) },
        classes: classes_now(shared, race_id, now),
        connections: Connected {
            mqtt: shared.connections.count(),
            most_mqtt: shared.connections.most(),
            http: shared.http.count(),
            most_http: shared.http.most(),
        },
        messages: Messages {
            counted: read.count("alleycat_messages_counted_total"),
            duplicate: read.count("alleycat_messages_duplicate_total"),
            slowed: read.count("alleycat_slowed_total"),
        },
        refusals: refusals(&read),
        lag: Lag {
            board: ms("alleycat_board_late_seconds", "0.99"),
            // While nothing is acknowledged, what was measured before would mislead.
            wait: ms("alleycat_puback_wait_seconds", "0.5").filter(|_| acknowledges),
            longest_wait: ms("alleycat_puback_wait_seconds", "0.99").filter(|_| acknowledges),
            unwritten: shared.journal.appended().saturating_sub(*shared.journal.durable().borrow()),
        },
        machine,
        store: health.store,
        archive: health.archive,
        tls: health.tls,
    }
}

fn notes(shared: &Shared, troubles: &[String], machine: &Machine) -> Vec<Note> {
    let bad = troubles.iter().map(|text| Note { level: "bad", text: text.clone() });
    let mut notes: Vec<_> = bad.collect();
    let mut warn = |text: String| notes.push(Note { level: "warn", text });
    if shared.open {
        warn(
            "The hub is open: anybody may ride as anybody. Start it without --open for real races."
                .to_owned(),
        );
    }
    if !shared.store.is_kept() {
        warn("Nothing is kept when the hub ends: start it with --data DIR.".to_owned());
    }
    if machine.disk_free().is_some_and(|free| free < SMALL_DISK) {
        warn(format!("The disk is nearly full: {FREE_SOME_ROOM}."));
    }
    if shared.connections.count() * 10 >= shared.connections.most() * 9 {
        warn(
            "Hardly any more riders fit in: allow more open files (LimitNOFILE=, ulimit -n) and start again."
                .to_owned(),
        );
    }
    notes
}

fn classes_now(shared: &Shared, race_id: RaceId, now: Millis) -> Vec<ClassNow> {
    let state = shared.races.lock();
    let class = |class: alleycat_shared::config::Class| {
        let race = state.open.get(&(race_id, class.id));
        let standings = race.map(|race| race.standings(now)).unwrap_or_default();
        let leader = standings.first().map(|first| Leader {
            racer_id: first.racer_id,
            name: first.ride.name.clone(),
            score: first.score,
        });
        ClassNow {
            class_id: class.id,
            name: class.name,
            riders: standings.len(),
            riding: standings.iter().filter(|standing| !standing.dim).count(),
            silent: standings.iter().filter(|standing| standing.dim && !standing.gone).count(),
            leader,
        }
    };
    classes().into_iter().map(class).collect()
}

fn refusals(read: &Reading) -> Vec<Refused> {
    let kinds =
        [(Kind::Message, "alleycat_messages_refused_total"), (Kind::Client, "alleycat_turned_away_total")];
    let mut refusals = Vec::new();
    for (kind, metric) in kinds {
        refusals.extend(read.by_reason(metric).map(|(reason, count)| {
            let (meaning, action) = advice(kind, reason);
            Refused { kind, reason: reason.to_owned(), count, meaning, action }
        }));
    }
    refusals.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
    refusals
}
