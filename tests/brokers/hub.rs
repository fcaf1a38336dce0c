//! Our hub, which takes race messages only and says by its results what it got.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alleycat_mqtt::{Login, Options, Qos};
use alleycat_shared::api::{Joined, RaceResult};
use alleycat_shared::race::RaceClock;
use alleycat_tests::{Fate, Programs, Proxy, address, free_port, until};
use anyhow::{Context, ensure};
use serde_json::json;
use tokio::task::JoinSet;

use crate::rig::{LIMIT, client, options, publish_all};

/// A race that does not end in the midst of this.
const RACE_SECONDS: u16 = 3_600;
/// More than a WebSocket's greeting and the whole exchange.
const BYTES: u32 = 700;
const STEP: usize = 3;

#[tokio::test]
async fn every_second_counts_once_however_the_link_is_cut() -> anyhow::Result<()> {
    let port = free_port()?;
    let seconds = RACE_SECONDS.to_string();
    let programs = Programs::from_env()?;
    let _hub = programs.hub(port, &["--race-seconds", &seconds]).await?;
    let moment = until("a race that is three seconds old", LIMIT, async || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let moment =
            RaceClock::new(RACE_SECONDS).context("a race's length")?.at(now.as_millis().try_into()?);
        Ok((moment.second.get() > 3).then_some(moment))
    })
    .await?;
    let mut exchanges = JoinSet::new();
    let cuts = (0..BYTES)
        .step_by(STEP)
        .flat_map(|bytes| [Fate::CutUp(bytes as usize), Fate::CutDown(bytes as usize)]);
    let mut riders = 0;
    for (racer, cut) in (1_u32..).zip(cuts) {
        riders += 1;
        exchanges.spawn(async move {
            let token = join(port, racer).await?;
            let proxy = Proxy::start(port, [cut]).await?;
            let login = Login { username: Some(racer.to_string()), password: Some(token) };
            let options = Options { login, ..options("rider") };
            let mut client = client(address(true, proxy.port), options);
            let messages = [1, 2, 3].map(|second| {
                json!({
                    "uuid": format!("00000000-0000-4000-8000-{racer:08}{second:04}"),
                    "event": "update", "deviceTimestamp": 0, "second": second,
                    "raceId": moment.race_id, "name": "Ann", "racerId": racer, "classId": 1,
                    "cadence": 65.0, "resistance": 35.0,
                })
                .to_string()
            });
            let messages = messages.each_ref().map(String::as_str);
            let topic = format!("alleycat-publish/{racer}");
            publish_all(&mut client, &topic, &messages, Qos::AtLeastOnce)
                .await
                .with_context(|| format!("{cut:?}"))
        });
        while exchanges.len() > 24 {
            exchanges.join_next().await.context("they end")???;
        }
    }
    while let Some(done) = exchanges.join_next().await {
        done??;
    }
    let url = format!("http://127.0.0.1:{port}/api/races/{}/classes/1", moment.race_id);
    let result: RaceResult = reqwest::get(url).await?.error_for_status()?.json().await?;
    ensure!(result.results.len() == riders, "{} of {riders} riders", result.results.len());
    for row in &result.results {
        ensure!(row.seconds == 3 && row.score.to_string() == "300.0000", "{row:?}");
    }
    println!("the hub: {riders} exchanges, each cut at another byte");
    Ok(())
}

async fn join(port: u16, racer: u32) -> anyhow::Result<String> {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
    let answer = client.post(format!("http://127.0.0.1:{port}/api/join"));
    let answer = answer.json(&json!({ "racerId": racer, "name": "Ann" })).send().await?;
    let joined: Joined = answer.error_for_status()?.json().await?;
    Ok(joined.token)
}
