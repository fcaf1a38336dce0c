//! What must be downloaded: the MQTT client in a page, as the difference of two builds, and the whole page.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::Figure;
use crate::setup::{self, Tools};
use crate::shell::{self, cargo, command};
use crate::{node, page, wasm};

const PAGE: &str = "alleycat-app";
/// As the page is built; see the root `Cargo.toml`.
const PROFILE: &str = "page";
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
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&bytes)?;
        let best = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
        let mut packed = Vec::new();
        brotli::BrotliCompress(&mut bytes.as_slice(), &mut packed, &best)?;
        Ok(Self { raw: bytes.len(), gzip: gzip.finish()?.len(), brotli: packed.len() })
    }

    /// All files of a folder, each packed by itself as a server sends them.
    fn of_folder(folder: &Path) -> anyhow::Result<Self> {
        Self::of_files(folder, &|_| true)
    }

    /// Those files of a folder whose names are wanted.
    fn of_files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<Self> {
        let mut sum = Self::default();
        for entry in fs::read_dir(folder).with_context(|| format!("{} can't be read", folder.display()))? {
            let path = entry?.path();
            let one = match path.file_name().and_then(|name| name.to_str()) {
                _ if path.is_dir() => Self::of_files(&path, wanted)?,
                Some(name) if wanted(name) => Self::of(&path)?,
                _ => continue,
            };
            sum.raw += one.raw;
            sum.gzip += one.gzip;
            sum.brotli += one.brotli;
        }
        Ok(sum)
    }

    fn without(self, other: Self) -> Self {
        Self {
            raw: self.raw.saturating_sub(other.raw),
            gzip: self.gzip.saturating_sub(other.gzip),
            brotli: self.brotli.saturating_sub(other.brotli),
        }
    }
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
            figure("MQTT client, gzip -9", client.gzip, Some((name, peer.gzip)), None),
            figure("MQTT client, brotli 11", client.brotli, Some((name, peer.brotli)), goal),
        ]);
    }
    let mqtt_js = Weight::of(&modules.join(MQTT_JS.1))?;
    let dist = page::build(&tools)?;
    // Loaded when a rider wants it, and not before.
    let is_reader = |name: &str| name.starts_with(page::READER);
    let reader = Weight::of_files(&dist, &is_reader)?;
    let whole = Weight::of_files(&dist, &|name| !is_reader(name))?;
    figures.extend([
        figure("what reads bikes, loaded when wanted, gzip -9", reader.gzip, None, None),
        figure("whole page, raw", whole.raw, None, None),
        figure("whole page, gzip -9", whole.gzip, Some((MQTT_JS.0, mqtt_js.gzip)), Some(PAGE_GOAL)),
        figure("whole page, brotli 11", whole.brotli, Some((MQTT_JS.0, mqtt_js.brotli)), None),
    ]);
    Ok(figures)
}

fn figure(
    metric: &'static str,
    value: usize,
    peer: Option<(&'static str, usize)>,
    goal: Option<usize>,
) -> Figure {
    Figure { metric, value, unit: "bytes", peer, goal }
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
    let mut bindgen = command("wasm-bindgen");
    tools.prepare(&mut bindgen);
    bindgen.args(["--target", "web", "--no-typescript", "--out-name", "page", "--out-dir"]);
    shell::run("wasm-bindgen", bindgen.arg(&folder).arg(built))?;
    page::strip(&folder.join("page_bg.wasm"))?;
    Ok(folder)
}
