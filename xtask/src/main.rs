//! The project's own commands: `cargo xtask setup | env | page | run | kinesis | gallery | test | chaos | soak | fuzz | bench | dist`.
#![expect(clippy::print_stdout, reason = "these commands talk to the person at the terminal")]

mod bench;
mod broker;
mod chaos;
#[cfg(test)]
mod cited;
mod dist;
mod fuzz;
mod kinesis;
mod node;
mod pack;
mod page;
mod parts;
mod programs;
mod python;
mod run;
mod setup;
mod shell;
mod styles;
mod test;
mod wasm;
mod worker;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, runs and tests Alleycat, and first installs what that takes.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs the WebAssembly target, Trunk, wasm-bindgen, wasm-pack and a browser for the tests.
    Setup,
    /// Prints shell exports with which plain `trunk serve` and `wasm-pack test` find those tools.
    Env,
    /// Builds the page for release into `target/page`, with what starts it while the network is down.
    Page(page::Options),
    /// Starts everything on this machine: hub, page, bridge with a bike, simulated riders.
    Run(run::Options),
    /// Starts a Kinesis emulator behind the service's limits, to try streams with.
    Kinesis(kinesis::Options),
    /// Builds the gallery of all screens and parts, and says how to look at it.
    Gallery,
    /// Runs what CI runs: format, lints, tests native and in the browser, whole-system tests.
    Test(test::Options),
    /// Breaks everything at random while riders race, and compares what must be the same.
    #[command(after_help = chaos::CHAOS)]
    Chaos(chaos::Options),
    /// A day of races in 25 minutes: does anything grow that should not?
    #[command(after_help = chaos::SOAK)]
    Soak(chaos::Options),
    /// Tries what reads bytes from outside with libFuzzer, from the inputs that are kept.
    Fuzz(fuzz::Options),
    /// Measures Alleycat next to others, in one run, and says which goals are met.
    Bench(bench::Options),
    /// Makes what is handed out: tarball, Debian packages, bill of materials, checksums.
    Dist(dist::Options),
}

const EXAMPLES: &str = "Examples:
  cargo xtask run                            race against 25 simulated riders on a virtual bike
  cargo xtask run --bike auto                race on the bike that is found at a USB port
  cargo xtask kinesis --shards 2             a stream on this machine that throttles as the service does
  cargo xtask test                           what CI runs
  cargo xtask test --only browser            one step of it
  cargo xtask test --only look               pictures of every screen, compared with those that are kept
  cargo xtask test --only system -- kiosk    of the whole system's tests those with `kiosk` in their names
  cargo xtask bench size --json size.json    what the page and its MQTT client weigh
  cargo xtask chaos --minutes 20 --seed 7    1,000 riders, and everything breaks
  cargo xtask soak --races 288               a day of races in 25 minutes
  cargo xtask fuzz csafe --seconds 600       libFuzzer on one decoder for ten minutes
  eval \"$(cargo xtask env)\" && trunk serve   work on the page with live reload";

fn gallery() -> anyhow::Result<()> {
    let folder = page::gallery(&setup::for_page()?)?;
    println!("look at it with `cargo run -p alleycat-hub -- serve --open --page {}`", folder.display());
    Ok(())
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Setup => setup::everything().map(|_| println!("everything is set up")),
        Command::Env => setup::for_page().map(|tools| print!("{}", tools.exports())),
        Command::Page(options) => page::run(&options),
        Command::Run(options) => run::run(&options),
        Command::Kinesis(options) => kinesis::run(&options),
        Command::Gallery => gallery(),
        Command::Test(options) => test::run(&options),
        Command::Chaos(options) => chaos::run("chaos", &options),
        Command::Soak(options) => chaos::run("soak", &options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Dist(options) => dist::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
