//! What a person is told when something can't work.

use std::time::Duration;

use alleycat_tests::{Programs, free_port};
use anyhow::ensure;

/// Runs a program that can't succeed; returns what it says.
async fn fails(programs: &Programs, name: &str, args: &[&str]) -> anyhow::Result<String> {
    let output =
        tokio::time::timeout(Duration::from_secs(20), programs.command(name, args).output()).await??;
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    ensure!(!output.status.success(), "{name} {args:?} succeeded: {text}");
    ensure!(!text.contains("panicked"), "{text}");
    Ok(text)
}

#[tokio::test]
async fn a_simulator_without_a_hub_says_so() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    let target = format!("ws://127.0.0.1:{}/mqtt", free_port()?);
    let text = fails(&programs, "alleycat-sim", &["--target", &target]).await?;
    ensure!(text.contains("can't be reached: is it running?"), "{text}");
    Ok(())
}

#[tokio::test]
async fn every_program_has_help_with_examples() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    for name in ["alleycat-hub", "alleycat-bridge", "alleycat-sim"] {
        let help = programs.command(name, ["--help"]).output().await?;
        let text = String::from_utf8_lossy(&help.stdout).into_owned();
        ensure!(help.status.success() && text.contains("Examples:"), "{name}: {text}");
        let version = programs.command(name, ["--version"]).output().await?;
        ensure!(String::from_utf8_lossy(&version.stdout).starts_with(name), "{name}");
    }
    Ok(())
}
