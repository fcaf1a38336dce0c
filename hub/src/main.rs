//! The command `alleycat-hub`.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use alleycat_hub::config::{Cli, Command};
use alleycat_hub::doctor::{self, Verdict};
use alleycat_hub::{Config, Hub, plan, rehearse, store};
use alleycat_shared::program::parse;
use anyhow::Context;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { command } = parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let done = match &command {
        Command::Serve(config) => serve(config).await,
        Command::Doctor(config) => {
            let findings = doctor::examine(config);
            let well = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
            for finding in findings {
                _ = writeln!(std::io::stdout(), "{finding}");
            }
            return if well { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
        Command::Plan(options) => say(plan::run(options)),
        Command::Rules(command) => say(rehearse(command)),
        command => say(administer(command)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what needs no running hub; returns what to say.
fn administer(command: &Command) -> Result<String, store::StoreError> {
    Ok(match command {
        Command::Serve(_) | Command::Doctor(_) | Command::Plan(_) | Command::Rules(_) => String::new(),
        Command::Backup { data, file } => {
            store::backup(data, file)?;
            format!("{} is written", file.display())
        }
        Command::Restore { data, file } => {
            store::restore(file, data)?;
            format!("{} is restored: start the hub with --data {}", file.display(), data.display())
        }
        Command::Wipe { data, .. } => {
            store::wipe(data)?;
            format!("nothing that a hub keeps is left in {}", data.display())
        }
        Command::Verify { data } => format!("all is well: {}", store::verify(data)?),
    })
}

fn say<E>(done: Result<String, E>) -> anyhow::Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    writeln!(std::io::stdout(), "{}", done?)?;
    Ok(())
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen).await.with_context(|| {
        format!(
            "can't listen on {}: is another program using it? Choose another one with --listen",
            config.listen
        )
    })?;
    // Before anybody is told that the hub runs, so that whoever knows can end it well.
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT can't be caught")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM can't be caught")?;
    let mut hang_up = signal(SignalKind::hangup()).context("SIGHUP can't be caught")?;
    let hub = Hub::start(config, listener).await?;
    tracing::info!(
        race_seconds = config.race_seconds,
        riders_at_most = hub.riders(),
        "listening on {}",
        hub.url()
    );
    match config.folder() {
        Some(folder) => tracing::info!("races are kept in {}", folder.display()),
        None => tracing::warn!("races are kept in memory and end with this hub: keep them with --data DIR"),
    }
    match (&config.host_key, config.folder()) {
        (Some(_), _) => {
            tracing::info!("the host's page is {}/host, its key the one of --host-key", hub.url())
        }
        (None, Some(folder)) => {
            tracing::info!("the host's page is {}/host, its key in {}/host.key", hub.url(), folder.display());
        }
        (None, None) => {}
    }
    if config.open {
        tracing::warn!("open hub: anybody may ride as anybody");
    }
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            // Without rules there is nothing to read again, and a terminal that is closed ends the hub.
            _ = hang_up.recv() => if config.rules.is_some() { hub.read_rules_again().await } else { break },
        }
    }
    tracing::info!("ending");
    hub.shutdown().await;
    Ok(())
}
