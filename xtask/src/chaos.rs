//! `cargo xtask chaos` and `cargo xtask soak`: the programs, the page, a broker and a browser for `chaos/`.

use std::path::PathBuf;
use std::process::Command;

use crate::setup::{self, Browser, Tools};
use crate::shell;
use crate::{page, programs};

/// What to run; the rest goes to `alleycat-chaos`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// With the programs as the tests have them, which are built sooner and ride slower. It stands before the
    /// options of the run.
    #[arg(long)]
    debug: bool,
    /// Options of the run itself, see below.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTIONS")]
    rest: Vec<String>,
}

/// What `chaos/src/chaos.rs` takes.
pub(crate) const CHAOS: &str = "Options of the run, with what they are unless given:
  --minutes 5         how long riders race, all deployments together
  --seed SEED         the same one breaks the same things at the same moments; else one is made up
  --riders 1000       how many simulated riders
  --race-seconds 60   the length of a race
  --grace-seconds 30  how long messages count after a race
  --broker both       `embedded`, `mosquitto`, or half of the time each
  --no-page           without Chromium
  --plan              only print what would break, and when
  --json FILE         also write what happened and what was found";

/// What `chaos/src/soak.rs` takes.
pub(crate) const SOAK: &str = "Options of the run, with what they are unless given:
  --races 288         how many races: a day
  --race-seconds 5    the length of a race
  --riders 100        how many simulated riders
  --json FILE         also write the measurements";

/// Runs `chaos` or `soak` with what it needs.
pub(crate) fn run(what: &str, options: &Options) -> anyhow::Result<()> {
    if options.rest.iter().any(|option| option == "--plan") {
        // Nothing is started.
        let mut run = shell::command(program()?);
        return shell::run(what, run.arg(what).args(&options.rest));
    }
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
    let mut run = shell::command(program()?);
    run.env("ALLEYCAT_BIN", programs::build(release)?).env("ALLEYCAT_PAGE", page::build(tools)?);
    run.env("MOSQUITTO", setup::mosquitto()?);
    run.env("CHROMIUM", &browser.chromium).env("CHROMEDRIVER", &browser.chromedriver);
    // Full disks and killed brokers are no news here.
    run.env("RUST_LOG", "error");
    run.arg(what);
    Ok(run)
}

fn program() -> anyhow::Result<PathBuf> {
    Ok(programs::for_tests(&["alleycat-chaos"])?.join("alleycat-chaos"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The options of a struct for clap, as they stand in its source: name, and what it is unless given.
    fn options(source: &str) -> Vec<(String, Option<String>)> {
        let (_, fields) = source.split_once("pub struct Options {").unwrap();
        let (fields, _) = fields.split_once("\n}").unwrap();
        let (mut options, mut usual) = (Vec::new(), None);
        for line in fields.lines().map(str::trim).filter(|line| !line.starts_with("///")) {
            if line.starts_with("#[arg") {
                let said = line.split("default_value").nth(1).and_then(|rest| rest.split("= ").nth(1));
                usual = said.map(|said| {
                    said.trim_end_matches(")]").trim_matches('"').replace('_', "").replace(".0", "")
                });
            } else if let Some((name, _)) = line.split_once(": ") {
                options.push((format!("--{}", name.replace('_', "-")), usual.take()));
            }
        }
        options
    }

    #[test]
    fn help_names_every_option_of_a_run_with_what_it_is_unless_given() {
        for (help, source) in [
            (CHAOS, include_str!("../../chaos/src/chaos.rs")),
            (SOAK, include_str!("../../chaos/src/soak.rs")),
        ] {
            let options = options(source);
            assert!(options.len() > 3, "{options:?}");
            for (name, usual) in &options {
                let said =
                    usual.as_ref().map_or_else(|| format!("  {name} "), |usual| format!("  {name} {usual} "));
                assert!(help.contains(&said), "`{said}` is not in: {help}");
            }
            assert_eq!(help.matches("\n  --").count(), options.len());
        }
    }
}
