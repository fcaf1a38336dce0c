//! The command `alleycat-bridge`.
#![expect(clippy::print_stdout, reason = "`list` and `probe` print what was asked for")]

use std::io::IsTerminal;
use std::process::ExitCode;

use alleycat_bridge::config::{Bike, Cli, Command};
use alleycat_bridge::{Serve, Source, install, kiosk, sensor};
use alleycat_shared::program::parse;
use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Cli { command } = parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let outcome = match command {
        Command::Run { bike, serve } => run(Source::Serial(bike), serve).await,
        Command::Virtual { seed, script, serve } => run(Source::Virtual { seed, script }, serve).await,
        Command::Record { file, bike, serve } => match bike.recorded(&file) {
            Ok(bike) => run(Source::Serial(bike), serve).await,
            Err(error) => Err(error).with_context(|| format!("{} can't be recorded to", file.display())),
        },
        Command::Replay { file, speed, once, serve } => match Source::replay(file, speed, once) {
            Ok(source) => run(source, serve).await,
            Err(error) => Err(error).context("the capture's settings are not understood"),
        },
        Command::List => {
            sensor::ports::list().map(|text| print!("{text}")).context("the serial ports can't be listed")
        }
        Command::Probe { bike } => probe(&bike).await,
        Command::Kiosk { kiosk } => match stopped() {
            Ok(stopped) => kiosk::run(kiosk, stopped).await.context("the kiosk stopped"),
            Err(error) => Err(error),
        },
        Command::Install { user, place } => {
            install::install(&user, &place, &mut std::io::stdout()).context("the bridge is not installed")
        }
        Command::Uninstall { place } => {
            install::uninstall(&place, &mut std::io::stdout()).context("the bridge is not uninstalled")
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whatever the log's filter is, this must be read.
            eprintln!("alleycat-bridge: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn probe(bike: &Bike) -> anyhow::Result<()> {
    bike.check()?;
    let found = sensor::probe::probe(bike, &mut std::io::stdout()).await.context("nothing can be told")?;
    anyhow::ensure!(found, "no bike was found: start pedalling and try again, or name its --driver");
    Ok(())
}

async fn run(source: Source, serve: Serve) -> anyhow::Result<()> {
    source.check()?;
    serve.check()?;
    let listener = TcpListener::bind(serve.listen).await.with_context(|| {
        format!(
            "can't listen on {}: is another bridge running? Choose another address with --listen",
            serve.listen
        )
    })?;
    tracing::info!(
        driver = source.driver(),
        port = source.port(),
        "listening on http://{}",
        listener.local_addr()?
    );
    let shutdown = stopped()?;
    alleycat_bridge::run(source, serve, listener, shutdown).await.context("the bridge stopped")
}

/// Done when somebody ends the program.
fn stopped() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be caught")?;
    Ok(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    })
}
