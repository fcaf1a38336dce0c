//! The command `alleycat-sim`.
#![expect(clippy::print_stdout, reason = "the closing report is this program's output")]

use std::io::IsTerminal;
use std::process::ExitCode;

use alleycat_shared::program::parse;
use alleycat_sim::config::Config;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let config: Config = parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let json = config.json.clone();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    match alleycat_sim::run(config, stopped()).await {
        Ok(report) => {
            println!("{report}");
            let text = serde_json::to_vec_pretty(&report).unwrap_or_default();
            if let Some(file) = json
                && let Err(error) = std::fs::write(&file, text)
            {
                tracing::error!("the report can't be written to {}: {error}", file.display());
                return ExitCode::FAILURE;
            }
            // Whoever runs this in a script wants to know whether anything was lost.
            if report.is_well() { ExitCode::SUCCESS } else { ExitCode::from(2) }
        }
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C or SIGTERM.
async fn stopped() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
