//! The command `alleycat-kinesis-limits`.
#![expect(clippy::print_stdout, reason = "where it listens is what its caller waits for")]

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;

use alleycat_kinesis_limits::{Limits, Settings};
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Throttles the shards of a Kinesis emulator as the service does.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Config {
    /// The emulator.
    #[arg(long, default_value = "http://127.0.0.1:4567", value_name = "URL")]
    upstream: String,
    /// Where to listen; port 0 is any free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    listen: SocketAddr,
    #[command(flatten)]
    settings: Settings,
}

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match Limits::start(config.listen, &config.upstream, config.settings).await {
        Ok(limits) => {
            println!("{}", limits.url());
            // Ctrl-C ends the wait, and so does a failure to wait for it.
            _ = tokio::signal::ctrl_c().await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "not started");
            ExitCode::FAILURE
        }
    }
}
