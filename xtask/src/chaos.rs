//! `cargo xtask chaos` and `cargo xtask soak`: the programs, the page, a broker and a browser for `chaos/`.

use std::process::Command;

use crate::setup::{self, Browser, Tools};
use crate::shell;
use crate::{page, programs};

/// What to run; the rest goes to `alleycat-chaos`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// With the programs as the tests have them, which are built sooner and ride slower.
    #[arg(long)]
    debug: bool,
    /// Options of the run itself; see them with `--help` after another option of it.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    rest: Vec<String>,
}

/// Runs `chaos` or `soak` with what it needs.
pub(crate) fn run(what: &str, options: &Options) -> anyhow::Result<()> {
    let (tools, browser) = setup::everything()?;
    let mut run = command(what, !options.debug, &tools, &browser)?;
    shell::run(what, run.args(&options.rest))
}

/// About a minute, a hundred riders, always the same faults: for CI.
pub(crate) fn short(tools: &Tools, browser: &Browser) -> anyhow::Result<()> {
    let mut run = command("chaos", false, tools, browser)?;
    run.args(["--minutes", "0.75", "--seed", "7", "--riders", "100", "--broker", "embedded"]);
    run.args(["--race-seconds", "15", "--grace-seconds", "20"]);
    shell::run("a minute of chaos", &mut run)
}

fn command(what: &str, release: bool, tools: &Tools, browser: &Browser) -> anyhow::Result<Command> {
    let mut run = shell::command(programs::for_tests(&["alleycat-chaos"])?.join("alleycat-chaos"));
    run.env("ALLEYCAT_BIN", programs::build(release)?).env("ALLEYCAT_PAGE", page::build(tools)?);
    run.env("MOSQUITTO", setup::mosquitto()?);
    run.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.chromedriver);
    // Full disks and killed brokers are no news here.
    run.env("RUST_LOG", "error");
    run.arg(what);
    Ok(run)
}
