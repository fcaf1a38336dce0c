//! Our hub, which takes race messages only and says by its results what it got.

use std::sync::Arc;

use alleycat_mqtt::{Login, Options, Qos};
use alleycat_tests::{Fate, Proxy, RaceHub, address};
use anyhow::{Context, ensure};
use tokio::task::JoinSet;

use crate::rig::{client, options, publish_all};

/// More than a WebSocket's greeting and the whole exchange.
const BYTES: u32 = 700;
const STEP: usize = 3;

#[tokio::test]
async fn every_second_counts_once_however_the_link_is_cut() -> anyhow::Result<()> {
    let hub = Arc::new(RaceHub::start().await?);
    let mut exchanges = JoinSet::new();
    let cuts = (0..BYTES)
        .step_by(STEP)
        .flat_map(|bytes| [Fate::CutUp(bytes as usize), Fate::CutDown(bytes as usize)]);
    let mut riders = 0;
    for (racer, cut) in (1_u32..).zip(cuts) {
        riders += 1;
        let hub = Arc::clone(&hub);
        exchanges.spawn(async move {
            let token = hub.join(racer).await?;
            let proxy = Proxy::start(hub.web, [cut]).await?;
            let login = Login { username: Some(racer.to_string()), password: Some(token) };
            let options = Options { login, ..options("rider") };
            let mut client = client(address(true, proxy.port), options);
            let messages = [1, 2, 3].map(|second| hub.message(racer, second));
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
    let results = hub.results().await?;
    ensure!(results.len() == riders, "{} of {riders} riders", results.len());
    for row in &results {
        ensure!(row.seconds == 3 && row.score.to_string() == "300.0000", "{row:?}");
    }
    println!("the hub: {riders} exchanges, each cut at another byte");
    Ok(())
}
