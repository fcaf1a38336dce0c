//! What no body does is flagged, the host decides, and what is decided outlives the hub.

use alleycat_shared::plausible::CONSTANT_SECONDS;
use serde_json::{Value, json};

use crate::rig::{Mqtt, TestHub, connect, now, puback, publish};

/// Short races that are over, with a grace that is over too once it is waited for.
const RACE: [&str; 6] = ["--race-seconds", "300", "--host-key", "secret", "--open", "--grace-seconds"];

async fn put(hub: &TestHub, race: u64, racer: u32, verdict: Value, key: &str) -> u16 {
    let path = format!("/api/host/races/{race}/classes/1/racers/{racer}/verdict");
    let request = reqwest::Client::new().put(hub.url(&path)).header("authorization", format!("Bearer {key}"));
    let request = request.header("content-type", "application/json");
    request.body(json!({ "verdict": verdict }).to_string()).send().await.unwrap().status().as_u16()
}

/// Rides all seconds of a race, as `cadence` says of each.
async fn ride(mqtt: &mut Mqtt, race: u64, racer: u32, cadence: impl Fn(usize) -> f64) {
    for second in 1..=CONSTANT_SECONDS {
        let message = json!({
            "uuid": "6c4e2a37-32f0-4b14-a2c1-3e2e6f7c1b5d", "event": "update", "deviceTimestamp": now(), "second": second,
            "raceId": race, "name": "Ann", "racerId": racer, "classId": 1, "cadence": cadence(second), "resistance": 50,
        });
        mqtt.send(&publish(1, &format!("alleycat-publish/{racer}"), message.to_string().as_bytes())).await;
        assert_eq!(mqtt.packet().await, puback(1));
    }
}

fn ids(rows: &Value) -> Vec<u64> {
    rows.as_array()
        .map_or_else(Vec::new, |rows| rows.iter().map(|row| row["racerId"].as_u64().unwrap()).collect())
}

#[tokio::test]
async fn the_host_decides_what_becomes_of_a_flagged_ride() {
    let folder = tempfile::tempdir().unwrap();
    let start = async |grace: &'static str| {
        TestHub::start(&[&RACE[..], &[grace, "--data", folder.path().to_str().unwrap()]].concat()).await
    };
    let hub = start("65000").await;
    let running = hub.clock.at(now()).race_id.get();
    let mut mqtt = hub.websocket(Some("mqtt")).await.unwrap();
    mqtt.send(&connect("all", None)).await;
    mqtt.packet().await;
    let (first, second) = (running - 2, running - 1);
    // Racer 7 is a machine in both races, the better one in the second.
    ride(&mut mqtt, first, 7, |_| 80.0).await;
    ride(&mut mqtt, second, 7, |_| 95.0).await;
    ride(&mut mqtt, second, 8, |second| 70.0 + (second % 5) as f64).await;
    let path = format!("/api/races/{second}/classes/1");
    let (_, result) = hub.get(&path).await;
    assert_eq!((ids(&result["results"]), &result["results"][0]["flags"]), (vec![7, 8], &json!(["constant"])));
    assert!(result["results"][1].get("flags").is_none(), "{result}");
    assert!(hub.counted("alleycat_flagged_total{flag=\"constant\"} ").await >= 2);

    let out = json!("disqualified");
    assert_eq!(put(&hub, second, 7, out.clone(), "guess").await, 401);
    assert_eq!(put(&hub, second, 9, out.clone(), "secret").await, 404);
    assert_eq!(put(&hub, second, 7, json!("shot"), "secret").await, 422);
    // In the grace.
    assert_eq!(put(&hub, second, 7, out.clone(), "secret").await, 204);
    let (_, result) = hub.get(&path).await;
    assert_eq!((ids(&result["results"]), ids(&result["disqualified"])), (vec![8], vec![7]), "{result}");
    assert_eq!(result["results"][0]["rank"], 1);
    hub.shutdown().await;

    // Official with the next start, and the record is the ride that is left.
    let hub = start("0").await;
    let records = async |hub: &TestHub| {
        let entries = hub.get("/api/leaderboard?classId=1").await.1["entries"].clone();
        entries
            .as_array()
            .unwrap()
            .iter()
            .map(|e| (e["racerId"].clone(), e["raceId"].clone()))
            .collect::<Vec<_>>()
    };
    let until = async |wanted: Vec<(u64, u64)>| {
        let wanted: Vec<_> = wanted.into_iter().map(|(racer, race)| (json!(racer), json!(race))).collect();
        while records(&hub).await != wanted {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let limit = std::time::Duration::from_secs(15);
    tokio::time::timeout(limit, until(vec![(7, first), (8, second)])).await.expect("both races are official");
    assert_eq!(ids(&hub.get(&path).await.1["disqualified"]), [7], "kept over a restart");
    // Records are in memory; the store is written a moment later.
    let written = async {
        while hub.get("/api/racers/8/rides").await.1["rides"][0].is_null() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(limit, written).await.expect("the rides are in the store");
    assert_eq!(hub.get("/api/racers/7/rides").await.1["rides"][0]["disqualified"], true);
    assert_eq!(hub.get("/api/racers/8/rides").await.1["rides"][0]["rank"], 1);
    let table = reqwest::get(hub.url(&format!("{path}/results.csv"))).await.unwrap().text().await.unwrap();
    assert!(table.contains("\nDSQ,7,Ann,") && table.trim_end().ends_with(",constant"), "{table}");

    // The host takes it back: the better ride is the record again.
    assert_eq!(put(&hub, second, 7, json!("cleared"), "secret").await, 204);
    let (_, result) = hub.get(&path).await;
    assert_eq!((ids(&result["results"]), &result["results"][0]["cleared"]), (vec![7, 8], &json!(true)));
    assert_eq!(records(&hub).await[0], (json!(7), json!(second)));
    // And an official ride may be disqualified, with whoever is then the record.
    assert_eq!(put(&hub, second, 7, out.clone(), "secret").await, 204);
    assert_eq!(put(&hub, first, 7, out, "secret").await, 204);
    assert_eq!(records(&hub).await, [(json!(8), json!(second))]);
    assert_eq!(put(&hub, first, 7, Value::Null, "secret").await, 204);
    assert_eq!(records(&hub).await.len(), 2);
    hub.shutdown().await;
    // What the messages say is what the store holds: verdicts stand beside it.
    assert_eq!(alleycat_hub::store::verify(folder.path()).unwrap().recounted, 2);
}
