//! `cargo xtask test`: what CI runs, in the order in which it is cheapest to fail.

use std::process::Command;
use std::time::Instant;

use anyhow::Context;
use clap::ValueEnum;

use crate::broker::Broker;
use crate::page::{PAGE, READER};
use crate::setup::{self, Browser, Tools};
use crate::shell::{self, cargo, command};
use crate::{chaos, kinesis, node, page, programs, python};

/// Which steps to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these steps.
    #[arg(long, value_delimiter = ',', value_name = "STEP")]
    only: Vec<Step>,
    /// Of the steps `system` and `look` only the tests that have one of these in their names, and no chaos.
    #[arg(last = true, value_name = "FILTER", requires = "only")]
    filters: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Step {
    /// The code is formatted.
    Format,
    /// Clippy has nothing to say, natively and for wasm32.
    Lint,
    /// The documentation has no broken links.
    Docs,
    /// Licences and sources of all dependencies are as deny.toml allows.
    Deny,
    /// Native tests of all crates.
    Native,
    /// Tests on wasm32 in headless Chromium.
    Browser,
    /// Real processes, a real pty, a real broker, a real browser; and a minute in which all of them break.
    System,
    /// Of the system's tests only those of how the page looks and whether everybody can use it.
    Look,
}

const ALL: [Step; 7] =
    [Step::Format, Step::Lint, Step::Docs, Step::Deny, Step::Native, Step::Browser, Step::System];

/// Needs the programs and a browser: run in its own step.
const SYSTEM: &str = "alleycat-tests";

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let start = Instant::now();
    let (tools, browser) = setup::everything()?;
    let mut took = vec![format!("tools {:.0} s", start.elapsed().as_secs_f64())];
    let steps = if options.only.is_empty() { ALL.to_vec() } else { options.only.clone() };
    for step in &steps {
        let began = Instant::now();
        match step {
            Step::Format => shell::run("format", cargo().args(["fmt", "--all", "--check"]))?,
            Step::Lint => lint(&tools)?,
            Step::Docs => docs(&tools)?,
            Step::Deny => deny(&tools)?,
            Step::Native => native()?,
            Step::Browser => in_browser(&tools, &browser)?,
            Step::System => system(&tools, &browser, &options.filters)?,
            Step::Look => look(&tools, &browser, &options.filters)?,
        }
        took.push(format!("{step:?} {:.0} s", began.elapsed().as_secs_f64()).to_lowercase());
    }
    let all = start.elapsed().as_secs_f64();
    println!("\nall of {} steps passed in {all:.0} s: {}", steps.len(), took.join(", "));
    Ok(())
}

fn lint(tools: &Tools) -> anyhow::Result<()> {
    let mut native = cargo();
    shell::workspace(native.arg("clippy")).args(["--all-targets", "--", "-D", "warnings"]);
    shell::run("clippy, native", &mut native)?;
    let mut wasm = cargo();
    tools.prepare(&mut wasm);
    wasm.args(["clippy", "--target", "wasm32-unknown-unknown", "--all-targets"]);
    wasm.args([
        "-p",
        PAGE,
        "-p",
        READER,
        "-p",
        "alleycat-shared",
        "-p",
        "alleycat-mqtt",
        "-p",
        "alleycat-sensors",
    ]);
    shell::run("clippy, wasm32", wasm.args(["--", "-D", "warnings"]))
}

fn docs(tools: &Tools) -> anyhow::Result<()> {
    let mut doc = cargo();
    shell::workspace(doc.arg("doc")).arg("--no-deps").env("RUSTDOCFLAGS", "-D warnings");
    shell::run("documentation", &mut doc)?;
    let mut page = cargo();
    tools.prepare(&mut page);
    page.args(["doc", "--target", "wasm32-unknown-unknown", "--no-deps", "-p", PAGE, "-p", READER]);
    shell::run("documentation of the page", page.env("RUSTDOCFLAGS", "-D warnings"))?;
    // Not every machine has Prometheus.
    if shell::which("promtool").is_none() {
        return Ok(());
    }
    let folder = shell::root().join("deploy/prometheus");
    let promtool = |args: &[&str]| {
        let mut promtool = command("promtool");
        promtool.args(args).current_dir(&folder);
        promtool
    };
    shell::run("alarms", &mut promtool(&["check", "rules", "alleycat.rules.yml"]))?;
    shell::run("alarms on made-up days", &mut promtool(&["test", "rules", "alleycat.test.yml"]))
}

fn deny(tools: &Tools) -> anyhow::Result<()> {
    // Advisories are left out: their database needs a network that not every machine has.
    let mut deny = cargo();
    deny.env("PATH", tools.path()).args(["deny", "--offline", "check", "bans", "licenses", "sources"]);
    shell::run("licences and sources", &mut deny)
}

fn native() -> anyhow::Result<()> {
    let mut all = cargo();
    shell::workspace(all.arg("test")).args(["--exclude", SYSTEM]);
    all.env("ALLEYCAT_NODE_MODULES", node::packages(&shell::root().join("mqtt/tests/differential"))?);
    // Nobody looks for credentials on the network.
    all.envs(kinesis::ENVIRONMENT);
    shell::run("native tests", &mut all)?;
    shell::run("native tests of the page's rules", cargo().args(["test", "-p", PAGE, "--lib"]))
}

fn in_browser(tools: &Tools, browser: &Browser) -> anyhow::Result<()> {
    let broker = Broker::start()?;
    let rooms: [(&str, &str, &[&str]); 4] = [
        ("the shared rules on wasm32", "shared", &[]),
        ("the MQTT client in Chromium", "mqtt", &["--features", "web"]),
        ("the page in Chromium", "app", &[]),
        ("what reads bikes in Chromium", "app/bike", &[]),
    ];
    for (what, folder, more) in rooms {
        let mut pack = command("wasm-pack");
        pack.args(["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"]);
        pack.arg(&browser.chromedriver).arg(folder).args(more);
        // A program in a browser has no environment: this is compiled in.
        pack.env("ALLEYCAT_TEST_BROKER", broker.url());
        tools.prepare(&mut pack);
        shell::run(what, &mut pack)?;
    }
    Ok(())
}

fn system(tools: &Tools, browser: &Browser, filters: &[String]) -> anyhow::Result<()> {
    let bin = programs::build(false)?;
    let (dist, gallery) = (page::build(tools)?, page::gallery(tools)?);
    let mut test = whole(&suites()?, filters);
    // What a test says when it fails is worth more than where it was said.
    test.env("RUST_LIB_BACKTRACE", "0")
        .env("ALLEYCAT_BIN", bin)
        .env("ALLEYCAT_PAGE", dist)
        .env("ALLEYCAT_GALLERY", gallery);
    test.env("MOSQUITTO", setup::mosquitto()?);
    test.env("ALLEYCAT_NODE_MODULES", node::packages(&shell::root().join("tests/node"))?);
    test.env("ALLEYCAT_PYTHON", python::interpreter(&shell::root().join("tests/python"))?);
    test.envs(kinesis::ENVIRONMENT);
    if shell::which("mosquitto_pub").is_none() {
        shell::apt_install(&["mosquitto-clients"], "Mosquitto's clients, for the tests")?;
    }
    test.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.chromedriver);
    shell::run("whole system", &mut test)?;
    if filters.is_empty() { chaos::short(tools, browser) } else { Ok(()) }
}

/// Tests of the whole system, by the names of their folders, one after the other; with filters, those that have one
/// of them in their names.
fn whole(suites: &[String], filters: &[String]) -> Command {
    let mut test = cargo();
    shell::workspace(test.arg("test")).args(suites.iter().flat_map(|suite| ["--test", suite]));
    test.args(["--", "--test-threads", "1", "--nocapture"]).args(filters);
    test
}

/// All tests of the whole system: each is a folder with a `main.rs`.
fn suites() -> anyhow::Result<Vec<String>> {
    let entries = std::fs::read_dir(shell::root().join("tests")).context("tests/ can't be read")?.flatten();
    let folders = entries.filter(|entry| entry.path().join("main.rs").is_file());
    let mut names: Vec<_> = folders.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn look(tools: &Tools, browser: &Browser, filters: &[String]) -> anyhow::Result<()> {
    let bin = programs::build(false)?;
    let gallery = page::gallery(tools)?;
    let mut test = whole(&["look".to_owned()], filters);
    test.env("RUST_LIB_BACKTRACE", "0").env("ALLEYCAT_BIN", bin);
    // The hub of these tests serves the gallery as its page.
    test.env("ALLEYCAT_PAGE", &gallery).env("ALLEYCAT_GALLERY", &gallery);
    test.env("ALLEYCAT_NODE_MODULES", node::packages(&shell::root().join("tests/node"))?);
    test.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.chromedriver);
    shell::run("how the page looks", &mut test)
}
