//! The bench `scale`: what more and more riders cost one hub, and hubs that share a broker.

use std::path::PathBuf;

use alleycat_bench_report::{Goal, Report, quantile};
use anyhow::Context;

use crate::cost::{Cost, measure, room};
use crate::curve::{Line, draw};
use crate::riders::{IN_STEP, Way};
use crate::servers::{CLASSES, Programs, Server};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each field is measured; medians are told.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// How long each measurement lasts.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Fields on one hub; 0 is as many as the limit of open files allows.
    #[arg(long, value_delimiter = ',', default_value = "250,1000,3000,6000,0")]
    fields: Vec<u32>,
    /// Fields whose riders are at a broker that hubs share.
    #[arg(long, value_delimiter = ',', default_value = "1000,3000")]
    shared: Vec<u32>,
    /// How many hubs share it.
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    hubs: Vec<u32>,
    /// Where the curve goes as an SVG.
    #[arg(long, value_name = "FILE", default_value = "target/scale.svg")]
    picture: PathBuf,
}

/// Measures everything. Riders are spread over all classes.
pub(crate) async fn run(options: &Options, programs: &Programs, files: u64) -> anyhow::Result<Report> {
    let mut report = Report::new("scale", "");
    let mut lines = vec![Line::new("one hub, riders and all")];
    for count in &options.fields {
        let riders = match count {
            0 => room(programs, files)?,
            count => *count,
        };
        let start = || Server::hub(programs, &[]);
        let costs = costs(options, riders, start).await.with_context(|| format!("{riders} riders"))?;
        tell(&mut report, &format!("{riders} riders, one hub"), &costs);
        lines[0].add(riders, &costs, |cost| cost.processor);
    }
    for hubs in &options.hubs {
        let together = if *hubs == 1 { "1 hub".to_owned() } else { format!("{hubs} hubs") };
        let mut broker = Line::new(&format!("Mosquitto, for {together}"));
        let mut both = Line::new(&format!("{together} at Mosquitto, without it"));
        for riders in &options.shared {
            let start = || Server::hubs(programs, *hubs);
            let costs = costs(options, *riders, start).await.with_context(|| together.clone())?;
            let name = format!("{riders} riders, {together} at Mosquitto");
            tell(&mut report, &name, &costs);
            let of = |read: fn(&Cost) -> f64| costs.iter().map(read).collect::<Vec<_>>();
            // The broker is the first process.
            report.add(format!("{name}: of it Mosquitto"), "%", &of(|cost| cost.each[0] * 100.0), &[], None);
            let busiest = of(|cost| cost.each[1..].iter().copied().fold(0.0, f64::max) * 100.0);
            report.add(format!("{name}: of it the busiest hub"), "%", &busiest, &[], None);
            broker.add(*riders, &costs, |cost| cost.each[0]);
            both.add(*riders, &costs, |cost| cost.each[1..].iter().sum());
        }
        lines.extend([broker, both]);
    }
    report.print();
    let file = options.picture.display();
    std::fs::write(&options.picture, draw(&lines)?).with_context(|| format!("{file} can't be written"))?;
    println!("the curve: {file}");
    Ok(report)
}

async fn costs(
    options: &Options,
    riders: u32,
    start: impl Fn() -> anyhow::Result<Server>,
) -> anyhow::Result<Vec<Cost>> {
    let way = Way { classes: CLASSES, spread: IN_STEP };
    let mut costs = Vec::new();
    for round in 1..=options.rounds {
        println!("{riders} riders, round {round}");
        costs.push(measure(start()?, riders, way, options.seconds).await?);
    }
    Ok(costs)
}

fn tell(report: &mut Report, name: &str, costs: &[Cost]) {
    type Read = fn(&Cost) -> f64;
    let metrics: [(&str, &str, Read, Option<Goal>); 7] = [
        ("processor", "%", |cost| cost.processor * 100.0, None),
        ("processor a message and its board", "us", Cost::of_a_second, None),
        ("memory a rider", "KB", |cost| cost.memory / 1e3 / cost.riders, Some(Goal::Under(38.0))),
        ("messages taken, of those due", "%", |cost| cost.taken * 100.0, None),
        ("boards that came, of those due", "%", |cost| cost.arrived * 100.0, None),
        ("board late, p50", "ms", |cost| quantile(&cost.rode.lateness, 0.5) / 1e3, None),
        ("board late, p99", "ms", |cost| quantile(&cost.rode.lateness, 0.99) / 1e3, None),
    ];
    for (metric, unit, read, goal) in metrics {
        let values = costs.iter().map(read).collect::<Vec<_>>();
        report.add(format!("{name}: {metric}"), unit, &values, &[], goal);
        report.print_last();
    }
}
