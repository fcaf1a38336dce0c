//! What is left of a ride: result, trace, history, files, and the leaderboard.

use std::time::Duration;

use alleycat_shared::api::{History, RideLink, RideTrace};
use serde_json::{Value, json};

use crate::rig::{TestHub, puback, publish};

/// A hub with one official race of racers 42 and 43 in class 1; returns the race.
async fn raced() -> (TestHub, u64) {
    let (hub, race, _) = raced_with(&[]).await;
    (hub, race)
}

/// The same with more options; returns racer 42's token as well.
async fn raced_with(more: &[&str]) -> (TestHub, u64, String) {
    let hub = TestHub::start(&[&["--race-seconds", "3", "--grace-seconds", "1"], more].concat()).await;
    let token = hub.join(42).await;
    let (mut first, mut second) = (hub.log_in(42, &token).await, hub.racer(43).await);
    hub.race_start().await;
    let message = hub.message(42);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    for (id, at) in [(1, 1), (2, 3)] {
        let mut message = message.clone();
        message["second"] = json!(at);
        first.send(&publish(id, "alleycat-publish/42", message.to_string().as_bytes())).await;
        assert_eq!(first.packet().await, puback(id));
        message["racerId"] = json!(43);
        message["cadence"] = json!(60);
        second.send(&publish(id, "alleycat-publish/43", message.to_string().as_bytes())).await;
        assert_eq!(second.packet().await, puback(id));
    }
    let race = message["raceId"].as_u64().unwrap();
    let official = async {
        while hub.get(&format!("/api/races/{race}/classes/1")).await.1["state"] != "official" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), official).await.unwrap();
    (hub, race, token)
}

#[tokio::test]
async fn a_ride_is_there_to_look_at_and_to_take_away() {
    let (hub, race) = raced().await;
    let (_, trace) = hub.get(&format!("/api/races/{race}/classes/1/racers/42")).await;
    let trace: RideTrace = serde_json::from_value(trace).unwrap();
    let seconds: Vec<_> = trace.seconds.iter().map(|second| (second.second, second.score.get())).collect();
    assert_eq!((trace.name.as_str(), seconds), ("Ann", vec![(1, 167.04), (3, 334.08)]));

    let (_, history) = hub.get("/api/racers/43/rides").await;
    let history: History = serde_json::from_value(history).unwrap();
    let ride = &history.rides[0];
    assert_eq!((history.rides.len(), ride.race_id.get(), ride.rank, ride.riders), (1, race, 2, 2));

    let (_, board) = hub.get("/api/leaderboard?classId=1&after=1").await;
    assert_eq!((&board["entries"][0]["rank"], &board["entries"][0]["racerId"]), (&json!(2), &json!(43)));
    assert_eq!(board["entries"][1], Value::Null);

    let take = |path: String| {
        let url = hub.url(&path);
        async move {
            let answer = reqwest::get(url).await.unwrap();
            let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
            let (kind, name) = (header("content-type"), header("content-disposition"));
            (kind, name, answer.bytes().await.unwrap())
        }
    };
    let (kind, name, fit) = take(format!("/api/rides/{race}/42.fit")).await;
    assert_eq!(
        (kind.as_str(), name),
        ("application/vnd.ant.fit", format!("attachment; filename=\"alleycat-{race}-42.fit\""))
    );
    let messages = fitparser::from_bytes(&fit).unwrap();
    let records = messages.iter().filter(|message| message.kind() == fitparser::profile::MesgNum::Record);
    assert_eq!(records.count(), 2);
    let (_, _, tcx) = take(format!("/api/rides/{race}/42.tcx")).await;
    assert!(String::from_utf8_lossy(&tcx).contains("<Cadence>81</Cadence>"));
    let (_, _, table) = take(format!("/api/rides/{race}/42.csv?classId=1")).await;
    assert!(String::from_utf8_lossy(&table).starts_with("second,unixTime,cadence"));
    let (_, _, table) = take(format!("/api/races/{race}/classes/1/results.csv")).await;
    assert_eq!(String::from_utf8_lossy(&table).lines().count(), 3);
    for (path, status) in
        [("42.gpx", 400), ("x.fit", 400), ("44.fit", 404), ("42.fit?classId=2", 404), ("42", 400)]
    {
        assert_eq!(hub.get(&format!("/api/rides/{race}/{path}")).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn who_has_an_answer_already_is_told_so() {
    let hub = TestHub::start(&[]).await;
    let url = hub.url("/api/leaderboard?classId=1");
    let first = reqwest::get(&url).await.unwrap();
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(first.headers()["cache-control"], "no-cache");
    for known in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = reqwest::Client::new().get(&url).header("if-none-match", &known).send().await.unwrap();
        assert_eq!((again.status().as_u16(), again.headers()["etag"].to_str().unwrap()), (304, tag.as_str()));
        assert!(again.bytes().await.unwrap().is_empty());
    }
    let other = reqwest::Client::new().get(&url).header("if-none-match", "\"other\"").send().await.unwrap();
    assert_eq!(other.status(), 200);
    assert!(reqwest::get(hub.url("/api/clock")).await.unwrap().headers().get("etag").is_none());
}

#[tokio::test]
async fn the_description_names_every_path_and_its_fields() {
    let hub = TestHub::start(&[]).await;
    let (status, document) = hub.get("/api/openapi.json").await;
    assert_eq!((status, document["openapi"].as_str().unwrap().starts_with('3')), (200, true));
    for path in [
        "/config.json",
        "/healthz",
        "/api/clock",
        "/api/join",
        "/api/races",
        "/api/leaderboard",
        "/api/races/{raceId}/classes/{classId}",
        "/api/races/{raceId}/classes/{classId}/results.csv",
        "/api/races/{raceId}/classes/{classId}/racers/{racerId}",
        "/api/races/{raceId}/classes/{classId}/racers/{racerId}/places",
        "/api/racers/{racerId}/rides",
        "/api/racers/{racerId}/records",
        "/api/racers/{racerId}/named",
        "/api/rides/{raceId}/{file}",
    ] {
        assert!(document["paths"].get(path).is_some(), "{path}");
    }
    let row = &document["components"]["schemas"]["ResultRow"]["properties"];
    assert!(row.get("racerId").is_some() && row.get("score").is_some(), "{row}");
}

#[tokio::test]
async fn private_rides_are_shown_to_their_riders_the_host_and_who_has_a_link() {
    let (hub, race, token) = raced_with(&["--private-rides", "--host-key", "keep-out"]).await;
    let client = reqwest::Client::new();
    let status = async |path: &str, bearer: Option<&str>| {
        let request = client.get(hub.url(path));
        let request = bearer.iter().fold(request, |request, bearer| request.bearer_auth(bearer));
        request.send().await.unwrap().status().as_u16()
    };
    let (file, trace) =
        (format!("/api/rides/{race}/42.fit"), format!("/api/races/{race}/classes/1/racers/42"));
    for path in [&file, &trace] {
        assert_eq!(status(path, None).await, 401);
        assert_eq!(status(path, Some("nonsense")).await, 401);
        assert_eq!(status(path, Some(&token)).await, 200);
        assert_eq!(status(path, Some("keep-out")).await, 200);
    }
    let foreign = format!("/api/rides/{race}/43.fit");
    assert_eq!(status(&foreign, Some(&token)).await, 401, "another rider's");
    assert_eq!(status(&format!("/api/races/{race}/classes/1"), None).await, 200, "results are public");

    let path = format!("/api/rides/{race}/42/link");
    assert_eq!(client.post(hub.url(&path)).send().await.unwrap().status(), 401);
    let link = async |bearer: &str| -> RideLink {
        let made = client.post(hub.url(&path)).bearer_auth(bearer).send().await.unwrap();
        made.json().await.unwrap()
    };
    assert_eq!(status(&link("keep-out").await.csv, None).await, 200, "as the host's page does it");
    let link = link(&token).await;
    for good in [&link.fit, &link.tcx, &link.csv] {
        assert_eq!(status(good, None).await, 200, "{good}");
    }
    assert_eq!(scanned(&link.qr), hub.url(&link.fit), "what a phone reads leads to the file");
    let query = link.fit.split_once('?').unwrap().1;
    assert_eq!(status(&format!("{trace}?{query}"), None).await, 200);
    assert_eq!(status(&format!("{foreign}?{query}"), None).await, 403, "of another ride");
    let later = query.replacen(&link.until.to_string(), &(link.until + 1).to_string(), 1);
    assert_eq!(status(&format!("{file}?{later}"), None).await, 403, "its end can't be put off");
    let ended = format!("{file}?until=1&key=AAAA");
    assert_eq!(status(&ended, None).await, 403);
}

/// What a camera would read in the picture of a QR code: drawn eight dots a module, read by another library.
pub(crate) fn scanned(svg: &str) -> String {
    let size: usize = svg.split("viewBox='0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let mut dark = vec![false; size * size];
    for module in svg.split('M').skip(1) {
        let (x, rest) = module.split_once(' ').unwrap();
        let y: usize = rest.split_once('h').unwrap().0.parse().unwrap();
        dark[y * size + x.parse::<usize>().unwrap()] = true;
    }
    let shade = |x: usize, y: usize| if dark[y / 8 * size + x / 8] { 0 } else { 255 };
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(size * 8, size * 8, shade);
    picture.detect_grids()[0].decode().unwrap().1
}
