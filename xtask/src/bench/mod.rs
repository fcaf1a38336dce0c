//! `cargo xtask bench`: figures of ours next to those of others, measured in the same run.

mod bridge;
mod browser;
mod hub;
mod machine;
mod page;
mod size;
mod stream;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, Subcommand};
use machine::Machine;
use serde_json::{Value, json};

use crate::shell;

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Which; unless given, all of them, one after the other.
    #[command(subcommand)]
    bench: Option<Bench>,
    /// Only says which there are.
    #[arg(long)]
    list: bool,
    /// Also writes the figures to this file, as a list of objects.
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Bench {
    /// What the MQTT client adds to the page, next to MQTT.js and Paho; what the whole page weighs.
    Size,
    /// The page in Chromium beside a board of Vue 2 and Vuetify: main thread, memory, first load.
    Page {
        /// Options of the bench itself, after `--`; see them with `-- --help`.
        #[arg(last = true)]
        options: Vec<String>,
    },
    /// From the pedal to the rider's own screen and to another rider's board.
    Latency {
        /// Options of the bench itself, after `--`; see them with `-- --help`.
        #[arg(last = true)]
        options: Vec<String>,
    },
    /// The hub beside Mosquitto with a consumer in Node.js: ingest, cost of riders, lateness of boards.
    Hub {
        /// Options of the bench itself, after `--`; see them with `-- --help`.
        #[arg(last = true)]
        options: Vec<String>,
    },
    /// What more and more riders cost one hub, and hubs that share Mosquitto.
    Scale {
        /// Options of the bench itself, after `--`; see them with `-- --help`.
        #[arg(last = true)]
        options: Vec<String>,
    },
    /// Sink and source of streams beside the AWS sample's way of putting: records a second and a core, latency.
    Stream {
        /// Options of the bench itself, after `--`; see them with `-- run --help`.
        #[arg(last = true)]
        options: Vec<String>,
    },
    /// The bridge beside one made of Node.js, serialport and ws: from byte to page, CPU, memory, size.
    Bridge {
        /// Options of the bench itself, after `--`; see them with `-- --help`.
        #[arg(last = true)]
        options: Vec<String>,
    },
    /// Our MQTT client and its peers in one Chromium against one broker: messages a second, main-thread time.
    MqttBrowser {
        /// How often each job is done; medians are told.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// The profile of our page: `release` for speed, `page` as the product's, for size.
        #[arg(long, default_value = "release")]
        profile: String,
    },
}

/// One figure, next to a peer's where there is one.
struct Figure {
    metric: Cow<'static, str>,
    value: usize,
    unit: &'static str,
    /// Who, and the peer's figure.
    peer: Option<(&'static str, usize)>,
    /// The figure is to be below this.
    goal: Option<usize>,
}

impl Figure {
    fn ratio(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        self.peer.map(|(_, peer)| self.value as f64 / peer as f64)
    }

    fn met(&self) -> Option<bool> {
        self.goal.map(|goal| self.value < goal)
    }

    fn to_json(&self, bench: &str) -> Value {
        json!({
            "name": bench, "metric": self.metric, "value": self.value, "unit": self.unit,
            "peer": self.peer.map(|(peer, _)| peer), "peerValue": self.peer.map(|(_, value)| value),
            "ratio": self.ratio(), "goal": self.goal, "met": self.met(),
        })
    }

    fn row(&self) -> String {
        let (peer, peer_value) = self.peer.map_or(("", String::new()), |(peer, v)| (peer, v.to_string()));
        let ratio = self.ratio().map(|ratio| format!("{ratio:.3}")).unwrap_or_default();
        let goal = self.goal.map(|goal| format!("under {goal}")).unwrap_or_default();
        let met = self.met().map_or("", |met| if met { "met" } else { "MISSED" });
        let Self { metric, value, unit, .. } = self;
        format!("{metric:<40} {value:>9} {unit:<6} {peer:<15} {peer_value:>9} {ratio:>7}  {goal:<13} {met}")
    }
}

/// Measures, prints the tables and, if asked to, writes the figures to a file.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let json = options.json.as_deref();
    match &options.bench {
        _ if options.list => {
            names().for_each(|(name, about)| println!("{name:<14} {about}"));
            Ok(())
        }
        Some(bench) => {
            let figures = measure(bench)?;
            json.map_or(Ok(()), |file| write(file, &figures))
        }
        None => measure_all(json),
    }
}

/// The figures of one bench, each with what the machine was like.
fn measure(bench: &Bench) -> anyhow::Result<Vec<Value>> {
    let machine = Machine::look();
    let file = std::env::temp_dir().join(format!("alleycat-bench-{}.json", std::process::id()));
    let json = file.as_path();
    let measured = match bench {
        Bench::Size => size::measure().and_then(|figures| tell("size", &figures, json)),
        Bench::Hub { options } => hub::run("hub", options, json),
        Bench::Scale { options } => hub::run("scale", options, json),
        Bench::Page { options } => page::run("page", options, json),
        Bench::Latency { options } => page::run("latency", options, json),
        Bench::Stream { options } => stream::run(options, json),
        Bench::Bridge { options } => bridge::run(options, json),
        Bench::MqttBrowser { rounds, profile } => browser::run(*rounds, profile, json),
    };
    let text = measured.and_then(|()| std::fs::read_to_string(&file).context("a bench wrote no figures"));
    _ = std::fs::remove_file(&file);
    let mut figures = parsed(&text?)?;
    machine.note(&mut figures);
    Ok(figures)
}

/// What a bench measures with, built for release. Which features a dependency has depends on all packages that are
/// named, so all of these are, and share what was compiled.
fn measurer(name: &str) -> anyhow::Result<Command> {
    let mut build = shell::cargo();
    build.args(["build", "--release"]).args(MEASURERS.iter().flat_map(|name| ["--package", name]));
    let target = shell::root().join("target");
    build.args(["--bin", name]).env("CARGO_TARGET_DIR", &target);
    shell::run(&format!("build {name}"), &mut build)?;
    Ok(shell::command(target.join("release").join(name)))
}

const MEASURERS: [&str; 5] = [
    "alleycat-bench-bridge",
    "alleycat-bench-browser",
    "alleycat-bench-hub",
    "alleycat-bench-page",
    "alleycat-bench-stream",
];

/// Prints a table of figures and writes them as the other benches do.
fn tell(name: &str, figures: &[Figure], file: &Path) -> anyhow::Result<()> {
    println!("\n{:<40} {:>9} {:<6} {:<15} {:>9} {:>7}  goal", "what", "ours", "", "peer", "peer's", "ratio");
    figures.iter().for_each(|figure| println!("{}", figure.row()));
    write(file, &figures.iter().map(|figure| figure.to_json(name)).collect::<Vec<_>>())
}

/// Every bench by itself, each with its own options' defaults; what each wrote becomes one list. One that fails
/// does not keep the others from measuring.
fn measure_all(json: Option<&Path>) -> anyhow::Result<()> {
    let (mut all, mut failed, mut took) = (Vec::new(), Vec::new(), Vec::new());
    for (name, _) in names() {
        let bench = named(&name).with_context(|| format!("{name} is no bench"))?;
        let began = Instant::now();
        match measure(&bench) {
            Ok(figures) => all.extend(figures),
            Err(error) => {
                println!("{name}: {error:#}");
                failed.push(name.clone());
            }
        }
        took.push(format!("{name} {} s", began.elapsed().as_secs()));
        // What there is so far is not lost when somebody stops the rest.
        if let Some(file) = json {
            write(file, &all)?;
        }
    }
    println!("\n{} figures; {}", all.len(), took.join(", "));
    for missed in all.iter().filter(|figure| figure["met"] == false) {
        println!(
            "missed: {}: {}: {} {}",
            text(missed, "name"),
            text(missed, "metric"),
            missed["value"],
            text(missed, "unit")
        );
    }
    anyhow::ensure!(failed.is_empty(), "not measured: {}", failed.join(", "));
    Ok(())
}

fn text<'a>(figure: &'a Value, name: &str) -> &'a str {
    figure[name].as_str().unwrap_or_default()
}

/// The benches as the command line has them, and what each is about.
fn names() -> impl Iterator<Item = (String, String)> {
    let command = Bench::augment_subcommands(clap::Command::new("bench"));
    let names: Vec<_> = command
        .get_subcommands()
        .map(|bench| {
            (bench.get_name().to_owned(), bench.get_about().map(ToString::to_string).unwrap_or_default())
        })
        .collect();
    names.into_iter()
}

/// The bench of this name with its defaults.
fn named(name: &str) -> Option<Bench> {
    let command = Bench::augment_subcommands(clap::Command::new("bench"));
    let matches = command.try_get_matches_from(["bench", name]).ok()?;
    <Bench as clap::FromArgMatches>::from_arg_matches(&matches).ok()
}

/// The figures in a file that a bench has written.
fn parsed(text: &str) -> anyhow::Result<Vec<Value>> {
    serde_json::from_str(text).context("a bench wrote no list of figures")
}

fn write(file: &Path, list: &[Value]) -> anyhow::Result<()> {
    std::fs::write(file, serde_json::to_string_pretty(list)?)
        .with_context(|| format!("{} can't be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_at_its_goal_misses_it_and_is_compared_with_its_peer() {
        let mut figure =
            Figure { metric: "m".into(), value: 30, unit: "bytes", peer: Some(("p", 120)), goal: Some(30) };
        let json = figure.to_json("size");
        assert_eq!(json["ratio"], 0.25);
        assert_eq!(json["met"], false);
        figure.value = 29;
        assert_eq!(figure.to_json("size")["met"], true);
    }

    #[test]
    fn every_bench_can_be_run_by_its_name_alone() {
        let names: Vec<_> = names().map(|(name, about)| (named(&name).is_some(), name, about)).collect();
        assert!(names.iter().all(|(runs, _, about)| *runs && !about.is_empty()), "{names:?}");
        assert!(names.len() >= 8 && named("nothing").is_none());
    }
}
