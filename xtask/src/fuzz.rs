//! `cargo xtask fuzz`: libFuzzer on what reads bytes from outside. It begins from the inputs that are kept and keeps the
//! few that reach something new, so that tests try them from then on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::{setup, shell};

/// What to try, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these targets, one after the other; all of them unless some are named.
    targets: Vec<String>,
    /// Seconds for each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only says which targets there are.
    #[arg(long)]
    list: bool,
}

/// A program for libFuzzer.
struct Target {
    /// The package whose code it tries, a folder.
    package: &'static str,
    name: String,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut targets = targets()?;
    if !options.targets.is_empty() {
        let known = |name: &String| targets.iter().any(|target| target.name == *name);
        if let Some(unknown) = options.targets.iter().find(|name| !known(name)) {
            bail!("{unknown} is no target: `cargo xtask fuzz --list` names them");
        }
        targets.retain(|target| options.targets.contains(&target.name));
    }
    if options.list {
        targets.iter().for_each(|target| println!("{:<9} {}", target.package, target.name));
        return Ok(());
    }
    let bin = setup::installed("cargo-fuzz", CARGO_FUZZ)?;
    println!("{} targets, {} s each", targets.len(), options.seconds);
    println!("{:<14} {:>12} {:>8} {:>8} {:>10}", "target", "inputs", "edges", "kept", "bytes");
    for target in &targets {
        target.fuzz(&bin, options.seconds).with_context(|| format!("{}, {}", target.package, target.name))?;
    }
    Ok(())
}

/// All targets, by where their programs are.
fn targets() -> anyhow::Result<Vec<Target>> {
    let mut targets = Vec::new();
    for package in ["mqtt", "sensors"] {
        let folder = shell::root().join(package).join("fuzz/fuzz_targets");
        let files = fs::read_dir(&folder).with_context(|| format!("{} can't be read", folder.display()))?;
        let mut names: Vec<_> = files
            .flatten()
            .filter_map(|file| file.file_name().to_str()?.strip_suffix(".rs").map(str::to_owned))
            .collect();
        names.sort();
        targets.extend(names.into_iter().map(|name| Target { package, name }));
    }
    Ok(targets)
}

impl Target {
    /// The file of the inputs that are kept.
    fn kept(&self) -> PathBuf {
        shell::root().join(self.package).join("fuzz/kept").join(&self.name).with_extension("txt")
    }

    fn fuzz(&self, bin: &Path, seconds: u32) -> anyhow::Result<()> {
        let corpus = shell::root().join("target/fuzz").join(self.package).join(&self.name);
        if corpus.exists() {
            fs::remove_dir_all(&corpus)?;
        }
        fs::create_dir_all(&corpus)?;
        let kept = self.kept();
        unpack(&kept, &corpus)?;
        let limit = format!("-max_total_time={seconds}");
        let said = self.cargo_fuzz(bin, "run", &corpus, &[&limit, MAX_LEN, "-print_final_stats=1"])?;
        // The same reach with fewer and shorter inputs.
        self.cargo_fuzz(bin, "cmin", &corpus, &[MAX_LEN])?;
        let (inputs, bytes) = pack(&corpus, &kept)?;
        let tried = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let edges = said.rsplit_once(" cov: ").and_then(|(_, rest)| rest.split(' ').next());
        println!(
            "{:<14} {:>12} {:>8} {inputs:>8} {bytes:>10}",
            self.name,
            tried.context("libFuzzer gives no figures")?.trim(),
            edges.context("libFuzzer tells no coverage")?,
        );
        Ok(())
    }

    /// What it says.
    fn cargo_fuzz(&self, bin: &Path, verb: &str, corpus: &Path, options: &[&str]) -> anyhow::Result<String> {
        let mut fuzz = Command::new(bin.join("cargo-fuzz"));
        fuzz.current_dir(shell::root().join(self.package)).env("RUSTUP_TOOLCHAIN", "nightly");
        fuzz.args(["fuzz", verb, &self.name]).arg(corpus).arg("--").args(options);
        let output = fuzz.stdin(Stdio::null()).output().context("cargo-fuzz can't be started")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(
            output.status.success(),
            "cargo fuzz {verb} ended with {}; it takes a nightly compiler (`rustup toolchain install nightly`). It said:\n{}",
            output.status,
            said.lines().rev().take(40).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
        );
        Ok(said)
    }
}

/// Makes a file of each line of base64.
fn unpack(kept: &Path, corpus: &Path) -> anyhow::Result<()> {
    if !kept.exists() {
        return Ok(());
    }
    for line in fs::read_to_string(kept)?.lines() {
        let input =
            STANDARD.decode(line).with_context(|| format!("{}: {line} is no base64", kept.display()))?;
        let name: String = Sha256::digest(&input).iter().take(10).map(|byte| format!("{byte:02x}")).collect();
        fs::write(corpus.join(name), input)?;
    }
    Ok(())
}

/// Makes a line of base64 of each file, the shortest first. How many there are, and how many bytes.
fn pack(corpus: &Path, kept: &Path) -> anyhow::Result<(usize, usize)> {
    let files: Vec<PathBuf> = fs::read_dir(corpus)?.flatten().map(|file| file.path()).collect();
    let mut inputs = files.iter().map(fs::read).collect::<Result<Vec<_>, _>>()?;
    inputs.retain(|input| !input.is_empty());
    inputs.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    let lines: String = inputs.iter().flat_map(|input| [STANDARD.encode(input), "\n".to_owned()]).collect();
    fs::create_dir_all(kept.parent().context("a file is in a folder")?)?;
    fs::write(kept, lines)?;
    Ok((inputs.len(), inputs.iter().map(Vec::len).sum()))
}

/// cargo-fuzz builds targets for libFuzzer and runs them.
const CARGO_FUZZ: &str = "0.13.2";
/// Long enough for some frames of any protocol, short enough to be read by a person.
const MAX_LEN: &str = "-max_len=400";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_the_same_after_its_way_through_files() {
        let folder = std::env::temp_dir().join(format!("alleycat-fuzz-{}", std::process::id()));
        let (kept, corpus) = (folder.join("kept.txt"), folder.join("corpus"));
        fs::create_dir_all(&corpus).unwrap();
        fs::write(&kept, "AQ==\nAQI=\n/wAB\n").unwrap();
        unpack(&kept, &corpus).unwrap();
        assert_eq!(fs::read_dir(&corpus).unwrap().count(), 3);
        let again = folder.join("again.txt");
        assert_eq!(pack(&corpus, &again).unwrap(), (3, 6));
        assert_eq!(fs::read(&again).unwrap(), fs::read(&kept).unwrap());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn every_target_has_its_inputs_kept() {
        for target in targets().unwrap() {
            let kept = target.kept();
            assert!(kept.is_file(), "{}: run `cargo xtask fuzz {}`", kept.display(), target.name);
        }
    }
}
