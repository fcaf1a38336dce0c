//! What riders may say of their rides: who may be named on all-time boards, and that rides are to be gone for good.

use std::time::Duration;

use alleycat_shared::api::{RacePlaces, Records};
use reqwest::Method;
use serde_json::{Value, json};

use crate::rig::{TestHub, puback, publish};

/// Racers 42 and 43 ride a race of three seconds, which is official then. Returns the race and racer 42's token.
async fn ride(hub: &TestHub) -> (u64, String) {
    let token = hub.join(42).await;
    let (mut first, mut second) = (hub.log_in(42, &token).await, hub.racer(43).await);
    hub.race_start().await;
    let mut message = hub.message(42);
    let race = message["raceId"].as_u64().unwrap();
    message["second"] = json!(1);
    for (racer, cadence, rider) in [(42, 90, &mut first), (43, 60, &mut second)] {
        message["racerId"] = json!(racer);
        message["cadence"] = json!(cadence);
        let topic = format!("alleycat-publish/{racer}");
        rider.send(&publish(1, &topic, message.to_string().as_bytes())).await;
        assert_eq!(rider.packet().await, puback(1));
    }
    let official = async {
        while hub.get(&format!("/api/races/{race}/classes/1")).await.1["state"] != "official" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), official).await.unwrap();
    (race, token)
}

async fn says(hub: &TestHub, method: Method, path: &str, bearer: Option<&str>, body: &Value) -> u16 {
    let request = reqwest::Client::new().request(method, hub.url(path)).json(body);
    let request = bearer.iter().fold(request, |request, bearer| request.bearer_auth(bearer));
    request.send().await.unwrap().status().as_u16()
}

async fn racers(hub: &TestHub, race: u64) -> Vec<u64> {
    let (_, result) = hub.get(&format!("/api/races/{race}/classes/1")).await;
    let rows = result["results"].as_array().cloned().unwrap_or_default();
    rows.iter().map(|row| row["racerId"].as_u64().unwrap()).collect()
}

const ARGS: [&str; 6] = ["--race-seconds", "3", "--grace-seconds", "1", "--host-key", "keep-out"];

#[tokio::test]
async fn a_rider_may_delete_all_rides_and_nobody_elses_and_they_are_gone_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let args = [&ARGS[..], &["--data", folder.path().to_str().unwrap()]].concat();
    let hub = TestHub::start(&args).await;
    let (race, token) = ride(&hub).await;
    assert_eq!(racers(&hub, race).await, [42, 43]);
    let delete = async |racer: u32, bearer: Option<&str>| {
        says(&hub, Method::DELETE, &format!("/api/racers/{racer}/rides"), bearer, &Value::Null).await
    };
    assert_eq!(delete(42, None).await, 401);
    assert_eq!(delete(42, Some("nonsense")).await, 401);
    assert_eq!(delete(43, Some(&token)).await, 401, "another rider's");
    assert_eq!(delete(42, Some(&hub.join(44).await)).await, 401, "by another rider");
    assert_eq!(racers(&hub, race).await, [42, 43], "nothing has happened");
    assert_eq!(delete(42, Some(&token)).await, 204);
    let check = async |hub: &TestHub| {
        assert_eq!(racers(hub, race).await, [43]);
        let (_, board) = hub.get("/api/leaderboard?classId=1").await;
        let entries = board["entries"].as_array().unwrap();
        assert_eq!((entries.len(), &entries[0]["racerId"], &entries[0]["rank"]), (1, &json!(43), &json!(1)));
        let ride = format!("/api/races/{race}/classes/1/racers/42");
        for gone in [ride.clone(), format!("{ride}/places"), format!("/api/rides/{race}/42.fit")] {
            assert_eq!(hub.get(&gone).await.0, 404, "{gone}");
        }
        assert_eq!(hub.get("/api/racers/42/rides").await.1, json!({ "rides": [] }));
        let (_, rides) = hub.get("/api/racers/43/rides").await;
        assert_eq!((&rides["rides"][0]["rank"], &rides["rides"][0]["riders"]), (&json!(1), &json!(1)));
    };
    check(&hub).await;
    hub.shutdown().await;
    let hub = TestHub::start(&args).await;
    check(&hub).await;
    assert_eq!(says(&hub, Method::DELETE, "/api/racers/43/rides", Some("keep-out"), &Value::Null).await, 204);
    assert_eq!(hub.get(&format!("/api/races/{race}/classes/1")).await.0, 404, "by the host");
    hub.shutdown().await;
    alleycat_hub::store::verify(folder.path()).unwrap();
}

#[tokio::test]
async fn all_time_boards_name_a_rider_who_wants_it() {
    let hub = TestHub::start(&ARGS).await;
    let (race, token) = ride(&hub).await;
    let shown = async || {
        let (_, board) = hub.get("/api/leaderboard?classId=1").await;
        let (_, records) = hub.get("/api/racers/42/records").await;
        let records: Records = serde_json::from_value(records).unwrap();
        assert_eq!((records.records.len(), records.records[0].rank, records.records[0].riders), (1, 1, 2));
        assert_eq!(records.records[0].race_id.get(), race);
        (board["entries"][0]["name"].as_str().unwrap().to_owned(), records.named)
    };
    assert_eq!(shown().await, ("Rider 42".to_owned(), false));
    let name = async |bearer: Option<&str>, body: Value| {
        says(&hub, Method::PUT, "/api/racers/42/named", bearer, &body).await
    };
    assert_eq!(name(None, json!({ "named": true })).await, 401);
    assert_eq!(name(Some(&hub.join(44).await), json!({ "named": true })).await, 401);
    assert_eq!(name(Some(&token), json!({ "named": 1 })).await, 422);
    assert_eq!(shown().await, ("Rider 42".to_owned(), false));
    assert_eq!(name(Some(&token), json!({ "named": true })).await, 204);
    assert_eq!(shown().await, ("Ann".to_owned(), true));
    assert_eq!(name(Some(&token), json!({ "named": false })).await, 204);
    assert_eq!(shown().await, ("Rider 42".to_owned(), false));
}

#[tokio::test]
async fn a_riders_place_over_a_race_and_tables_with_a_line_for_each() {
    let hub = TestHub::start(&ARGS).await;
    let (race, _) = ride(&hub).await;
    let places = async |racer: u32| {
        let (status, places) = hub.get(&format!("/api/races/{race}/classes/1/racers/{racer}/places")).await;
        (status, serde_json::from_value::<RacePlaces>(places).ok())
    };
    let (_, first) = places(42).await;
    let first = first.unwrap();
    assert_eq!((first.riders, first.every, first.places), (2, 1, vec![1, 1, 1]));
    assert_eq!(places(43).await.1.unwrap().places, [2, 2, 2]);
    assert_eq!(places(44).await.0, 404);
    let lines = async |path: String| {
        let text = reqwest::get(hub.url(&path)).await.unwrap().text().await.unwrap();
        text.lines().count()
    };
    let (_, trace) = hub.get(&format!("/api/races/{race}/classes/1/racers/42")).await;
    let seconds = trace["seconds"].as_array().unwrap().len();
    assert_eq!(lines(format!("/api/rides/{race}/42.csv")).await, seconds + 1, "a line a second, and a head");
    let riders = racers(&hub, race).await.len();
    assert_eq!(lines(format!("/api/races/{race}/classes/1/results.csv")).await, riders + 1);
    assert!(seconds > 0 && riders == 2);
}
