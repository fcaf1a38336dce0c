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

/// What a program's help says.
async fn help(programs: &Programs, name: &str, command: &[&str]) -> anyhow::Result<String> {
    let help = programs.command(name, command.iter().chain(&["--help"])).output().await?;
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    ensure!(help.status.success() && text.contains("Examples:"), "{name} {command:?}: {text}");
    Ok(text)
}

/// The commands that a program's help names.
fn commands(help: &str) -> impl Iterator<Item = &str> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    // Descriptions go on in lines that are further in.
    let names = lines.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help")
}

#[tokio::test]
async fn every_program_and_each_of_its_commands_has_help_with_examples() -> anyhow::Result<()> {
    let programs = Programs::from_env()?;
    for (name, least) in [("alleycat-hub", 8), ("alleycat-bridge", 9), ("alleycat-sim", 0)] {
        let text = help(&programs, name, &[]).await?;
        let commands: Vec<_> = commands(&text).collect();
        ensure!(commands.len() >= least, "{name}: {commands:?}");
        for command in commands {
            help(&programs, name, &[command]).await?;
        }
        let version = programs.command(name, ["--version"]).output().await?;
        ensure!(String::from_utf8_lossy(&version.stdout).starts_with(name), "{name}");
    }
    Ok(())
}
