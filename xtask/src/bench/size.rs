//! What must be downloaded: the MQTT client in a page, as the difference of two builds, and the whole page.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::iter::Sum;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Figure;
use crate::page::{PAGE, PROFILE};
use crate::setup::{self, Tools};
use crate::shell::{self, cargo};
use crate::{node, pack, page, parts, wasm};

/// What the client may weigh in the page, brotli.
const CLIENT_GOAL: usize = 30 * 1024;
/// What a first load may weigh, gzip: as much as MQTT.js alone.
const PAGE_GOAL: usize = 103 * 1024;
/// The peers, as their packages ship them for browsers.
const MQTT_JS: (&str, &str) = ("MQTT.js", "mqtt/dist/mqtt.min.js");
const PAHO: (&str, &str) = ("Paho", "paho-mqtt/paho-mqtt-min.js");

/// Bytes: as they are, by gzip at its best and by brotli at its best.
#[derive(Clone, Copy, Default)]
struct Weight {
    raw: usize,
    gzip: usize,
    brotli: usize,
}

impl Weight {
    fn of(file: &Path) -> anyhow::Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
        Ok(Self { raw: bytes.len(), gzip: pack::gzip(&bytes)?.len(), brotli: pack::brotli(&bytes)?.len() })
    }

    /// All files of a folder, each packed by itself as a server sends them.
    fn of_folder(folder: &Path) -> anyhow::Result<Self> {
        Ok(files(folder)?.into_values().sum())
    }

    fn without(self, other: Self) -> Self {
        Self {
            raw: self.raw.saturating_sub(other.raw),
            gzip: self.gzip.saturating_sub(other.gzip),
            brotli: self.brotli.saturating_sub(other.brotli),
        }
    }
}

impl Sum for Weight {
    fn sum<I: Iterator<Item = Self>>(weights: I) -> Self {
        weights.fold(Self::default(), |sum, one| Self {
            raw: sum.raw + one.raw,
            gzip: sum.gzip + one.gzip,
            brotli: sum.brotli + one.brotli,
        })
    }
}

/// The files of a folder by name, with what each weighs.
fn files(folder: &Path) -> anyhow::Result<BTreeMap<String, Weight>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))?;
    let weighed = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).map(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).context("a file with a plain name")?;
        Ok((name.to_owned(), Weight::of(&path)?))
    });
    weighed.collect()
}

/// The page by when it is loaded: what comes before Start Race can be pressed, as an empty name, and what comes
/// later by its name. Icons of an installed page are in neither.
fn by_moment(dist: &Path) -> anyhow::Result<BTreeMap<String, Weight>> {
    let mut moments = BTreeMap::<String, Weight>::new();
    for (file, weight) in files(dist)? {
        let name = match parts::loaded_later(&file) {
            _ if file.ends_with(".png") || pack::is_packed(&file) => continue,
            Some(part) => part,
            None if file.starts_with(page::READER) => page::READER,
            None => "",
        };
        let sum = moments.entry(name.to_owned()).or_default();
        *sum = [*sum, weight].into_iter().sum();
    }
    Ok(moments)
}

/// Builds and weighs.
pub(super) fn measure() -> anyhow::Result<Vec<Figure>> {
    let tools = setup::for_page()?;
    let modules = node::packages(&shell::root().join("bench"))?;
    let with = Weight::of_folder(&module(&tools, "with", &[])?)?;
    let without = Weight::of_folder(&module(&tools, "without", &["--no-default-features"])?)?;
    let client = with.without(without);
    let mut figures = Vec::new();
    for (name, file) in [MQTT_JS, PAHO] {
        let peer = Weight::of(&modules.join(file))?;
        // Paho does a small part of it: it is shown, and no goal.
        let goal = (name == MQTT_JS.0).then_some(CLIENT_GOAL);
        figures.extend([
            figure("MQTT client, raw", client.raw, Some((name, peer.raw)), None),
            figure("MQTT client, gzip", client.gzip, Some((name, peer.gzip)), None),
            figure("MQTT client, brotli 11", client.brotli, Some((name, peer.brotli)), goal),
        ]);
    }
    let mqtt_js = Weight::of(&modules.join(MQTT_JS.1))?;
    let dist = page::build(&tools)?;
    let mut moments = by_moment(&dist)?;
    let first = moments.remove("").context("nothing is loaded first")?;
    figures.extend([
        figure("first load, raw", first.raw, None, None),
        figure("first load, gzip", first.gzip, Some((MQTT_JS.0, mqtt_js.gzip)), Some(PAGE_GOAL)),
        figure("first load, brotli 11", first.brotli, Some((MQTT_JS.0, mqtt_js.brotli)), None),
    ]);
    for (name, weight) in moments {
        figures.extend([
            figure(format!("later: {name}, gzip"), weight.gzip, None, None),
            figure(format!("later: {name}, brotli 11"), weight.brotli, None, None),
        ]);
    }
    Ok(figures)
}

fn figure(
    metric: impl Into<Cow<'static, str>>,
    value: usize,
    peer: Option<(&'static str, usize)>,
    goal: Option<usize>,
) -> Figure {
    Figure { metric: metric.into(), value, unit: "bytes", peer, goal }
}

/// Builds the page's module and glue into a folder, as Trunk has them built for release.
fn module(tools: &Tools, name: &str, features: &[&str]) -> anyhow::Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--package", PAGE, "--bin", PAGE, "--profile", PROFILE, "--target", wasm::TARGET]);
    build.args(features);
    tools.prepare(&mut build);
    shell::run(&format!("build the page {name} the MQTT client"), &mut build)?;
    let built = wasm::target_dir().join(wasm::TARGET).join(PROFILE).join(PAGE).with_extension("wasm");
    let folder = shell::root().join("target/bench").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{} can't be removed", folder.display()))?;
    }
    page::bind(tools, &built, &folder, "page")?;
    page::strip(&folder.join("page_bg.wasm"))?;
    Ok(folder)
}
