//! The command `alleycat-chaos`.
#![expect(
    clippy::print_stdout,
    reason = "standard error belongs to the programs, whose words are searched for panics"
)]

use std::process::ExitCode;

use alleycat_chaos::{chaos, soak};
use clap::{Parser, Subcommand};

/// Breaks the whole system on purpose, or wears it out, and says whether it held.
#[derive(Parser)]
#[command(name = "alleycat-chaos", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Kills, stops, cuts and fills whatever there is while riders race.
    Chaos(chaos::Options),
    /// A day of races, each of a few seconds: does anything grow?
    Soak(soak::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let held = match Cli::parse().command {
        Command::Chaos(options) => chaos::run(&options).await,
        Command::Soak(options) => soak::run(&options).await,
    };
    match held {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(2),
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
