//! The known failure: more riders than a shard takes records in a second. What is put falls further and further
//! behind, and boards with it, until there are more shards; nothing is lost. docs/troubleshooting.md shows it to
//! an operator.

use std::time::Duration;

use alleycat_kinesis_limits::Settings;
use alleycat_tests::{Kinesis, until};
use anyhow::ensure;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::hub::{Hub, Role};
use crate::rides::Rides;
use crate::rig::{GRACE, STREAM, limit};

/// What a shard takes in a second, and how many riders there are: with the service's shard they would be 1,300.
const RECORDS: u16 = 100;
const RIDERS: u16 = 130;
const SECONDS: u16 = 25;

const BEHIND: &str = "alleycat_rule_behind_seconds{rule=\"ingest\",action=\"1\",target=\"kinesis\"}";
const THROTTLED: &str = "alleycat_stream_records_put_total{stream=\"alleycat\",outcome=\"throttled\"}";

#[tokio::test]
async fn too_many_riders_for_a_shard_fall_behind_until_it_is_split() -> anyhow::Result<()> {
    let rides = Rides::of_last_race(300, RIDERS)?;
    let kinesis =
        Kinesis::start(Settings { records_per_second: RECORDS.into(), ..Settings::default() }).await?;
    kinesis.create(STREAM, 1).await?;
    let hub = Hub::start(rides, GRACE, Role::Both(&kinesis)).await?;
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (start, mut behind) = (Instant::now(), Vec::new());
    for second in 1..=SECONDS {
        ticks.tick().await;
        hub.publish(&rides.messages(second..=second)?).await?;
        behind.push(hub.value(BEHIND).await?.unwrap_or(0.0));
    }
    let took = start.elapsed().as_secs_f64();
    println!("{RIDERS} riders on a shard that takes {RECORDS}: behind by {behind:.1?} s");
    // A machine that is too slow to send them in their seconds sends less than the shard takes.
    let sent = f64::from(RIDERS) * f64::from(SECONDS);
    let taken = f64::from(RECORDS) * (took + 1.0);
    ensure!(sent > 1.1 * taken, "{sent} were sent in {took:.0} s: this machine is too busy");
    let (half, end) = (behind[usize::from(SECONDS / 2)], behind[usize::from(SECONDS - 1)]);
    ensure!(end > half + 0.5 && end > 2.0, "it does not fall behind: {behind:?}");
    ensure!(hub.value(THROTTLED).await?.is_some_and(|count| count > 0.0), "nothing was throttled");
    let shard = &kinesis.open_shards(STREAM).await?[0];
    ensure!(
        hub.value(&format!(
            "alleycat_stream_shard_records_put_total{{stream=\"{STREAM}\",shard=\"{shard}\"}}"
        ))
        .await?
        .is_some_and(|count| count > 0.0),
        "{shard} took nothing"
    );
    let counted = hub.counted(rides).await?;
    ensure!(counted < usize::from(RIDERS) * usize::from(SECONDS), "the races are not behind");

    // The cure, while riders ride on.
    kinesis.split(STREAM, shard).await?;
    let split = Instant::now();
    let mut second = SECONDS;
    until("it catches up", limit(), async || {
        ticks.tick().await;
        second += 1;
        hub.publish(&rides.messages(second..=second)?).await?;
        Ok(hub.value(BEHIND).await?.filter(|behind| *behind < 1.5))
    })
    .await?;
    println!("with two shards it has caught up after {:.0} s", split.elapsed().as_secs_f64());
    let all = usize::from(RIDERS) * usize::from(second);
    hub.counts(rides, all).await?;
    ensure!(hub.counted(rides).await? == all, "some count twice");
    Ok(())
}
