//! The bench `hub`: ingest, what riders cost, how late boards are, beside Mosquitto and a consumer in Node.js.

use std::time::Duration;

use alleycat_bench_report::{Goal, Report, quantile};
use anyhow::Context;

use crate::cost::{Cost, measure, room};
use crate::riders::{self, IN_STEP, Way};
use crate::servers::{Programs, Server};
use crate::{deflate, ingest, places};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each thing is measured; medians are told.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each measurement lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Fields to measure, for the growth curve; 1000 and 3000 have goals, 0 is as many as the limit of open
    /// files allows.
    #[arg(long, value_delimiter = ',', default_value = "250,1000,3000,0")]
    fields: Vec<u32>,
    /// Up to how many riders the peer is measured: beyond, one process of Node.js does nothing but sort.
    #[arg(long, default_value_t = 3_000)]
    peer_riders: u32,
    /// Leave out the ingest, and what it costs to tell riders their places in a whole race.
    #[arg(long)]
    no_ingest: bool,
    /// Leave the peer out.
    #[arg(long)]
    no_peer: bool,
}

const CONNECTIONS: u32 = 200;
const WINDOW: u16 = 50;
/// Riders who send when they like, in ms of the second: clients that count seconds of their own.
const ALL_OVER: u32 = 800;

/// Measures everything.
pub(crate) async fn run(cli: &Options, programs: &Programs, files: u64) -> anyhow::Result<Report> {
    let mut report = Report::new("hub", "Mosquitto + Node.js");
    if !cli.no_ingest {
        ingest(cli, programs, &mut report).await?;
        places::measure(cli.rounds, programs, &mut report).await?;
    }
    let mut frames = Vec::new();
    for count in &cli.fields {
        let riders = match count {
            0 => room(programs, files)?,
            count => *count,
        };
        // One field that falls over must not take the figures of the others with it.
        if let Err(error) = field(cli, programs, riders, IN_STEP, &mut report, &mut frames).await {
            println!("{riders} riders: not measured: {error:#}");
        }
    }
    if cli.fields.contains(&1_000) {
        field(cli, programs, 1_000, ALL_OVER, &mut report, &mut frames)
            .await
            .context("1000 riders, apart")?;
    }
    idle(cli, programs, &mut report).await?;
    report.print();
    println!("\npermessage-deflate on {} messages to one rider:", frames.len());
    for way in deflate::weigh(&frames)? {
        println!("{:<34}{:>8.0} bytes a message{:>8.1} us", way.way, way.bytes, way.micros);
    }
    println!("a context that is kept: {} KB a client", deflate::context_memory(&frames)? / 1_000);
    Ok(report)
}

/// Races of the ingest: the hour-long one before this hour's still counts.
const HOURS: [&str; 4] = ["--race-seconds", "3600", "--grace-seconds", "65000"];

/// As much as is acknowledged: what is stored after kill -9 must be what was acknowledged.
async fn ingest(cli: &Options, programs: &Programs, report: &mut Report) -> anyhow::Result<()> {
    let limit = Duration::from_secs(cli.seconds);
    let (mut rates, mut costs, mut lost, mut coalesced) = (vec![], vec![], vec![], vec![]);
    let (mut peer_rates, mut peer_costs, mut peer_lost, mut peer_coalesced) =
        (vec![], vec![], vec![], vec![]);
    for round in 1..=cli.rounds {
        println!("ingest, round {round}");
        let hub = Server::hub(programs, &HOURS)?;
        let before = hub.busy()?;
        let done = ingest::ingest(hub.port, CONNECTIONS, WINDOW, limit).await.context("ingest, hub")?;
        rates.push(done.rate);
        costs.push((hub.busy()? - before).as_secs_f64() * 1e6 / done.acknowledged as f64);
        coalesced.push(done.packets_a_message);
        let hub = hub.restart_hub(programs, &HOURS)?;
        lost.push(done.acknowledged as f64 - stored(hub.port, done.race).await? as f64);
        drop(hub);

        if cli.no_peer {
            continue;
        }
        let peer = Server::peer(programs)?;
        let before = peer.busy()?;
        let done = ingest::ingest(peer.port, CONNECTIONS, WINDOW, limit).await.context("ingest, peer")?;
        // What the consumer has on its boards by now; the rest is on its way.
        peer_rates.push(peer.taken() as f64 / limit.as_secs_f64());
        let mut taken = 0;
        while peer.taken() < done.acknowledged && peer.taken() != std::mem::replace(&mut taken, peer.taken())
        {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        peer_costs.push((peer.busy()? - before).as_secs_f64() * 1e6 / peer.taken().max(1) as f64);
        peer_lost.push(done.acknowledged.saturating_sub(peer.taken()) as f64);
        peer_coalesced.push(done.packets_a_message);
        println!("  hub {:.0}/s; Mosquitto acknowledged {:.0}/s", rates[round - 1], done.rate);
    }
    report.add("ingest to board, QoS 1, durable", "1/s", &rates, &peer_rates, Some(Goal::Over(100_000.0)));
    report.add("acknowledged and lost after kill -9", "", &lost, &peer_lost, Some(Goal::Exactly(0.0)));
    report.add("processor time, ingest", "us", &costs, &peer_costs, None);
    let packets = "packets a WebSocket message, ingest";
    report.add(packets, "", &coalesced, &peer_coalesced, Some(Goal::Over(7.99)));
    Ok(())
}

/// How many seconds a hub has in its results.
async fn stored(port: u16, race: u64) -> anyhow::Result<u64> {
    let url = format!("http://127.0.0.1:{port}/api/races/{race}/classes/1");
    let text = reqwest::get(url).await?.error_for_status()?.text().await?;
    let result: serde_json::Value = serde_json::from_str(&text)?;
    let rows = result["results"].as_array().context("results")?;
    Ok(rows.iter().filter_map(|row| row["seconds"].as_u64()).sum())
}

/// What a field of riders costs.
async fn field(
    cli: &Options,
    programs: &Programs,
    riders: u32,
    spread: u32,
    report: &mut Report,
    frames: &mut Vec<Vec<u8>>,
) -> anyhow::Result<()> {
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    let way = Way { classes: 1, spread };
    let name = if spread == IN_STEP {
        format!("{riders} riders")
    } else {
        format!("{riders} riders, each in its own time")
    };
    for round in 1..=cli.rounds {
        println!("{name}, round {round}");
        let mut one = measure(Server::hub(programs, &[])?, riders, way, cli.seconds).await.context("hub")?;
        if riders == 1_000 && frames.is_empty() {
            frames.append(&mut one.rode.frames);
        }
        ours.push(one);
        if riders <= cli.peer_riders && !cli.no_peer {
            peers.push(measure(Server::peer(programs)?, riders, way, cli.seconds).await.context("peer")?);
        }
    }
    type Read = fn(&Cost) -> f64;
    let metrics: [(&str, &str, Read, Option<Goal>); 8] = [
        (
            "processor",
            "%",
            |cost| cost.processor * 100.0,
            (riders == 1_000 && spread == IN_STEP).then_some(Goal::Under(5.0)),
        ),
        ("processor a rider and second", "us", |cost| cost.processor * 1e6 / cost.riders, None),
        ("memory a rider", "KB", |cost| cost.memory / 1e3 / cost.riders, Some(Goal::Under(38.0))),
        ("publish to PUBACK, p50", "ms", |cost| quantile(&cost.rode.waits, 0.5) / 1e3, None),
        ("publish to PUBACK, p99", "ms", |cost| quantile(&cost.rode.waits, 0.99) / 1e3, None),
        ("board late, p99", "ms", |cost| quantile(&cost.rode.lateness, 0.99) / 1e3, None),
        ("boards that came, of those due", "%", |cost| cost.arrived * 100.0, None),
        (
            "packets a WebSocket message",
            "",
            |cost| cost.rode.packets as f64 / cost.rode.messages.max(1) as f64,
            None,
        ),
    ];
    for (metric, unit, read, goal) in metrics {
        let of = |costs: &[Cost]| costs.iter().map(read).collect::<Vec<_>>();
        let metric = format!("{name}: {metric}");
        report.add(metric, unit, &of(&ours), &of(&peers), goal);
        report.print_last();
    }
    Ok(())
}

/// What coalescing adds to a connection with nothing else to do.
async fn idle(cli: &Options, programs: &Programs, report: &mut Report) -> anyhow::Result<()> {
    let hub = Server::hub(programs, &[])?;
    let peer = if cli.no_peer { None } else { Some(Server::peer(programs)?) };
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..cli.rounds {
        ours.push(riders::idle(hub.port, 200).await?);
        if let Some(peer) = &peer {
            peers.push(riders::idle(peer.port, 200).await?);
        }
    }
    for (name, q) in [("p50", 0.5), ("p99", 0.99)] {
        let ms =
            |rounds: &[Vec<u32>]| rounds.iter().map(|waits| quantile(waits, q) / 1e3).collect::<Vec<_>>();
        let goal = Some(Goal::Under(5.0));
        report.add(format!("idle: PINGREQ to PINGRESP, {name}"), "ms", &ms(&ours), &ms(&peers), goal);
    }
    Ok(())
}
