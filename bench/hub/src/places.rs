//! What it costs to tell riders where they stood in each second of a race.

use std::time::{Duration, Instant};

use alleycat_bench_report::Report;

use crate::ingest::fill;
use crate::riders::RACE_SECONDS;
use crate::servers::{Programs, Server};
use crate::wire::now;

const RIDERS: u32 = 1_000;
/// The race before the running one still counts.
const RACE: [&str; 2] = ["--grace-seconds", "65000"];
/// How long places of a race that may still change are kept, and a little more.
const FORGOTTEN: Duration = Duration::from_millis(5_100);

/// 1,000 riders have ridden a whole race, and everybody asks.
pub(crate) async fn measure(rounds: usize, programs: &Programs, report: &mut Report) -> anyhow::Result<()> {
    let (mut first, mut again, mut memory, mut all, mut bytes) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 1..=rounds {
        println!("places, round {round}");
        let hub = Server::hub(programs, &RACE)?;
        let race = now().as_secs() / RACE_SECONDS - 1;
        fill(hub.port, RIDERS, race, RACE_SECONDS).await?;
        let url = |racer: u32| {
            format!("http://127.0.0.1:{}/api/races/{race}/classes/1/racers/{racer}/places", hub.port)
        };
        let client = reqwest::Client::new();
        // Whatever is done for the first request of all, and what is asked for anew.
        client.get(url(0)).send().await?.error_for_status()?;
        tokio::time::sleep(FORGOTTEN).await;
        let held = hub.resident()?;
        let ask = async |racer| {
            let (before, began) = (hub.exactly_busy()?, Instant::now());
            let text = client.get(url(racer)).send().await?.error_for_status()?.text().await?;
            let took = began.elapsed();
            anyhow::Ok((hub.exactly_busy()? - before, took, text.len()))
        };
        let (busy, took, _) = ask(1).await?;
        println!("  first: {busy:?} of a processor, {took:?} until it was there");
        first.push(busy.as_secs_f64() * 1e3);
        let (busy, _, length) = ask(2).await?;
        again.push(busy.as_secs_f64() * 1e3);
        bytes.push(length as f64);
        let before = hub.exactly_busy()?;
        for racer in 0..RIDERS {
            ask(racer).await?;
        }
        all.push((hub.exactly_busy()? - before).as_secs_f64() * 1e3);
        memory.push(hub.resident()?.saturating_sub(held) as f64 / 1e6);
    }
    report.add("places of 1,000 riders, 300 s: asked first, processor", "ms", &first, &[], None);
    report.add("places: asked again, processor", "ms", &again, &[], None);
    report.add("places: an answer", "bytes", &bytes, &[], None);
    report.add("places: all 1,000 ask, processor", "ms", &all, &[], None);
    report.add("places: memory after that", "MB", &memory, &[], None);
    Ok(())
}
