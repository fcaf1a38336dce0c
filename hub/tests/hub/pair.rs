//! A phone hands its rider over to a tablet; and people who would like to be in between.

use alleycat_shared::api::{Joined, PairOffer, RideLink};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::rides::scanned;
use crate::rig::TestHub;

async fn ask(
    hub: &TestHub,
    method: Method,
    path: &str,
    secret: Option<&str>,
    body: Option<Value>,
) -> Response {
    let mut request = Client::new().request(method, hub.url(path));
    if let Some(secret) = secret {
        request = request.bearer_auth(secret);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    request.send().await.unwrap()
}

async fn offer(hub: &TestHub) -> PairOffer {
    let answer = ask(hub, Method::POST, "/api/pair", None, None).await;
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["cache-control"].to_str().unwrap()),
        (200, "no-store")
    );
    answer.json().await.unwrap()
}

fn path(offer: &PairOffer) -> String {
    format!("/api/pair/{}", offer.code)
}

#[tokio::test]
async fn a_phone_hands_its_rider_to_the_tablet_and_the_token_is_good_there() {
    let hub = TestHub::start(&[]).await;
    let offer = offer(&hub).await;
    assert_eq!(offer.url, hub.url(&format!("/?pair={}", offer.code)));
    assert_eq!(scanned(&offer.qr), offer.url, "what a phone reads leads to the page");
    assert!(!offer.url.contains(&offer.secret) && !offer.qr.contains(&offer.secret));
    let claim = async || ask(&hub, Method::GET, &path(&offer), Some(&offer.secret), None).await;
    assert_eq!(claim().await.status(), 204);

    let token = hub.join(7).await;
    let rider = json!({ "racerId": 7, "name": "Ann", "token": token });
    assert_eq!(ask(&hub, Method::POST, &path(&offer), None, Some(rider)).await.status(), 204);
    let claimed: Joined = claim().await.json().await.unwrap();
    assert_eq!((claimed.racer_id.get(), claimed.name.as_str(), &claimed.token), (7, "Ann", &token));
    assert_eq!(claim().await.status(), 404, "told once");
    let again = json!({ "racerId": 7, "name": "Ann", "token": claimed.token });
    assert_eq!(hub.post("/api/join", &again.to_string()).await.0, 200, "the tablet keeps the id");
}

#[tokio::test]
async fn who_has_only_the_public_half_learns_nothing_and_takes_nothing() {
    let hub = TestHub::start(&[]).await;
    let (offer, other) = (offer(&hub).await, offer(&hub).await);
    let token = hub.join(7).await;
    let rider = json!({ "racerId": 7, "name": "Ann", "token": token });
    let refusal = async |secret: Option<&str>| {
        let answer = ask(&hub, Method::GET, &path(&offer), secret, None).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let before = refusal(None).await;
    assert_eq!(ask(&hub, Method::POST, &path(&offer), None, Some(rider)).await.status(), 204);
    assert_eq!(before.0, 404);
    for secret in [None, Some(""), Some("nonsense"), Some(&*offer.code), Some(&*other.secret)] {
        assert_eq!(refusal(secret).await, before, "the same word whether or not a rider is there");
    }
    let claimed = ask(&hub, Method::GET, &path(&offer), Some(&offer.secret), None).await;
    assert_eq!(claimed.status(), 200, "those in between changed nothing");
}

#[tokio::test]
async fn a_rider_is_handed_over_with_the_own_token_only_and_a_code_is_used_once() {
    let hub = TestHub::start(&[]).await;
    let offer = offer(&hub).await;
    let (ann, ben) = (hub.join(7).await, hub.join(8).await);
    let hand = async |to: &str, racer: u32, token: &str| {
        let rider = json!({ "racerId": racer, "name": "Ann", "token": token });
        ask(&hub, Method::POST, to, None, Some(rider)).await.status().as_u16()
    };
    let path = path(&offer);
    for (racer, token) in [(7, ""), (7, "nonsense"), (7, &*ben), (8, &*ann)] {
        assert_eq!(hand(&path, racer, token).await, 401);
    }
    for code in ["x", "%00", "..%2F..%2Fconfig.json", &offer.secret, &"a".repeat(3_000)] {
        assert_eq!(hand(&format!("/api/pair/{code}"), 7, &ann).await, 404, "{code}");
    }
    for body in [json!({}), json!({ "racerId": 40_001, "name": "Ann", "token": ann }), json!([1])] {
        assert_eq!(ask(&hub, Method::POST, &path, None, Some(body)).await.status(), 422);
    }
    assert_eq!((hand(&path, 7, &ann).await, hand(&path, 8, &ben).await), (204, 409));
    let claimed = ask(&hub, Method::GET, &path, Some(&offer.secret), None).await;
    assert_eq!(claimed.json::<Joined>().await.unwrap().racer_id.get(), 7, "the first one counts");
    assert_eq!(hand(&path, 8, &ben).await, 404);
    assert!(hub.counted("alleycat_pairings_total{step=\"claimed\"}").await >= 1);
    assert!(hub.counted("alleycat_turned_away_total{reason=\"pair-used\"}").await >= 1);
}

#[tokio::test]
async fn a_hub_under_another_name_leads_phones_there() {
    let hub = TestHub::start(&["--public-url", "https://Race.example:8443/"]).await;
    let offer = offer(&hub).await;
    assert_eq!(offer.url, format!("https://race.example:8443/?pair={}", offer.code));
    assert_eq!(scanned(&offer.qr), offer.url);
    let bearer = hub.join(7).await;
    let made = ask(&hub, Method::POST, "/api/rides/1000/7/link", Some(&bearer), None).await;
    let link: RideLink = made.json().await.unwrap();
    assert_eq!(scanned(&link.qr), format!("https://race.example:8443{}", link.fit));
}

#[tokio::test]
async fn one_address_can_not_take_all_codes() {
    let hub = TestHub::start(&[]).await;
    let client = Client::new();
    let mut refused = None;
    for made in 0..2_000 {
        let status = client.post(hub.url("/api/pair")).send().await.unwrap().status();
        if status != 200 {
            refused = Some((made, status.as_u16()));
            break;
        }
    }
    assert_eq!(refused, Some((1_000, 503)));
}
